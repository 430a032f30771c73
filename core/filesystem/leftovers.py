# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a program was killed over before they had their names: the next that writes the same removes them.

A program holds a lock on what it writes, which the system takes back when it dies. Where the file system has no such
locks, and on Windows, nothing is removed.
"""

import os
import re
import secrets
import sys
from contextlib import suppress

from .folder import Folder, shortened


def part_name(name: str) -> str:
    """Return what a file is called until it is complete: `.<stem>.<eight hex digits>.part<ending>`."""
    stem, ending = _split(name)
    return f".{shortened(stem)}.{secrets.token_hex(4)}.part{ending}"


def hold_part(fd: int) -> int:
    """Lock an open file that is being written; return a descriptor to close when it is complete, or -1."""
    held = os.dup(fd)
    if _try_lock(held):
        return held
    os.close(held)
    return -1


def remove_leftovers(folder: Folder, name: str) -> None:
    """Remove what programs left that were killed while they wrote a file of this name. Raises nothing."""
    stem, ending = _split(name)
    part = re.compile(rf"\.{re.escape(shortened(stem))}\.[0-9a-f]{{8}}\.part{re.escape(ending)}")
    with suppress(OSError):
        for leftover in filter(part.fullmatch, folder.names()):
            with suppress(OSError):
                _remove_leftover(folder, leftover)


def _remove_leftover(folder: Folder, name: str) -> None:
    fd = folder.open_file(name, os.O_RDWR)
    try:
        if _try_lock(fd):
            folder.remove_file(name)
    finally:
        os.close(fd)


def _split(name: str) -> tuple[str, str]:
    stem, dot, ending = name.rpartition(".")
    return (stem, dot + ending) if stem else (name, "")


def _try_lock(fd: int) -> bool:
    """Lock an open file; return whether that could be done."""
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True
