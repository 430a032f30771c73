# SPDX-License-Identifier: GPL-3.0-or-later
"""Letting a folder's group in, or nobody but its owner."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import suppress

from .access import Access
from .folder import Folder

_NON_OWNER_WRITE_BITS = stat.S_IWGRP | stat.S_IWOTH


def set_access(folder: Folder, access: Access, is_own_name: Callable[[str], bool]) -> None:
    """Give a folder exactly the permissions that `access` says, if it is ours. Raises OSError.

    Where its group is let in only now, so it is to our files in it, those by names that `is_own_name` knows. Nobody
    else could put a file there until then.
    """
    if access.shared_with_group and sys.platform != "win32":
        status = folder.status()
        if status.st_uid == os.geteuid() and not status.st_mode & _NON_OWNER_WRITE_BITS:
            for name in filter(is_own_name, folder.file_names()):
                with suppress(OSError):
                    _grant_group(folder, name, status.st_gid, access.file_mode)
    folder.set_mode(access.folder_mode)


def _grant_group(folder: Folder, name: str, group: int, mode: int) -> None:
    fd = folder.open_file(name, os.O_RDONLY)
    try:
        if os.fstat(fd).st_uid == os.geteuid():
            os.fchown(fd, -1, group)
            os.fchmod(fd, mode)
    finally:
        os.close(fd)
