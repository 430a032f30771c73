# SPDX-License-Identifier: GPL-3.0-or-later
"""Give a new file its place on the disk before it is written."""

import ctypes
import sys
from collections.abc import Callable
from functools import cache
from typing import cast


def reserve(fd: int, size: int) -> None:
    """Give a new, open file `size` bytes on the disk, where the system can.

    Else ext4 does so while the file takes another's place, and the writer waits: that takes longer than the
    writing (0.5 ms a layer of 1 MB, measured under Linux 6.1). After a power cut there may be zeros in it.
    """
    allocate = _fallocate()
    if allocate is not None and size:
        allocate(fd, 0, 0, size)  # where there is no room, writing says so


@cache
def _fallocate() -> Callable[[int, int, int, int], int] | None:
    """Return Linux's fallocate(2), or None where there is none.

    Not `os.posix_fallocate`: where a file system can't, as over a network, that writes into block after block.
    """
    if sys.platform != "linux":
        return None
    function = getattr(ctypes.CDLL(None), "fallocate64", None)
    if function is not None:
        function.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
    return cast("Callable[[int, int, int, int], int] | None", function)
