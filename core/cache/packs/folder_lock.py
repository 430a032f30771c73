# SPDX-License-Identifier: GPL-3.0-or-later
"""One process at a time evicts from a folder: a lock that the system takes back when its holder dies."""

import errno
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ...filesystem import Folder, Location

LOCK_NAME = ".janitor.lock"
_BUSY_ERRNOS = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_UNSUPPORTED_ERRNOS = {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP, errno.EINVAL}
_POLL_SECONDS = 0.02


@contextmanager
def folder_lock(
    root: Location, *, wait_seconds: float = 0.0, mode: int = 0o600, name: str = LOCK_NAME
) -> Iterator[bool]:
    """Hold the folder's lock while the body runs.

    Where the file system has no locks it gives True: two at once then cost each other work, and nothing that is not in
    the cache by right.

    Parameters
    ----------
    root : Location
        The folder.
    wait_seconds : float
        How long another holder is waited for.
    mode : int
        The lock file's permissions, if it is made.
    name : str
        The lock file's: that of eviction, or another for work that need not wait for that.

    Yields
    ------
    bool
        False if another holds it still.

    Raises
    ------
    OSError
        The lock file can't be opened.
    """
    with root.open() as folder:
        fd = _open(folder, name, mode)
    try:
        deadline = time.monotonic() + wait_seconds
        held = _try_lock(fd)
        while not held and time.monotonic() < deadline:
            time.sleep(_POLL_SECONDS)
            held = _try_lock(fd)
        try:
            yield held
        finally:
            if held:
                _unlock(fd)
    finally:
        os.close(fd)


def _open(folder: Folder, name: str, mode: int) -> int:
    try:
        return folder.open_file(name, os.O_RDWR)
    except FileNotFoundError:
        try:
            return folder.create_file(name, os.O_RDWR, mode)
        except FileExistsError:  # another was quicker
            return folder.open_file(name, os.O_RDWR)


def _try_lock(fd: int) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _UNSUPPORTED_ERRNOS:
            return True
        if error.errno in _BUSY_ERRNOS:
            return False
        raise
    return True


def _unlock(fd: int) -> None:
    # Said outright, for a forked child may still have the file open.
    try:
        if sys.platform == "win32":
            import msvcrt

            os.lseek(fd, 0, os.SEEK_SET)
            msvcrt.locking(fd, msvcrt.LK_UNLCK, 1)
        else:
            import fcntl

            fcntl.flock(fd, fcntl.LOCK_UN)
    except OSError as error:
        if error.errno not in _UNSUPPORTED_ERRNOS:
            raise
