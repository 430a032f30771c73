# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may use what is made in a folder of ours, and into which folders anything is written at all."""

import os
import stat
import sys
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Access:
    """The permissions of new files and folders, and the folders that this machine's user trusts."""

    shared_with_group: bool = False
    """Whether files and folders are for the folder's group too, and not for their owner only."""
    trusted_folders: tuple[Path, ...] = ()
    """Folders of other owners that may be written to, and all below them."""

    @property
    def file_mode(self) -> int:
        """The permissions of a file that holds a face or a measure of one."""
        return 0o660 if self.shared_with_group else 0o600

    @property
    def folder_mode(self) -> int:
        """The permissions of a folder. What a group makes in it belongs to that group."""
        return 0o2770 if self.shared_with_group else 0o700

    def write_fault(self, status: os.stat_result, path: Path) -> str:
        """Say why a folder must not be written to; empty where it may be.

        `status` is the folder's own, from its descriptor; `path` tells whether it is trusted.
        """
        if sys.platform == "win32":  # its permissions are not in the mode, nor its owner in the status
            return ""
        if status.st_mode & stat.S_IWOTH:
            return "everybody may write to it: take that permission away (chmod o-w)"
        if status.st_uid == os.geteuid() and not status.st_mode & stat.S_IWUSR:
            return "it is write-protected: give its owner the permission to write (chmod u+w)"
        if status.st_uid != os.geteuid() and not self.shared_with_group and not self.is_trusted(path):
            if status.st_mode & stat.S_IWGRP:
                return (
                    "it belongs to another user, and its group may write to it: set UNDERSTUDY_SHARED_WITH_GROUP=1 to "
                    "do so"
                )
            return "it belongs to another user: name it in UNDERSTUDY_TRUST to write to it"
        return ""

    def is_trusted(self, path: Path) -> bool:
        """Tell whether a path lies in a trusted folder, or is one, once all links in both are followed."""
        return any(is_within(path, folder) for folder in self.trusted_folders)


def is_within(path: Path, folder: Path) -> bool:
    """Tell whether a path lies in a folder, or is that, once all links in both are followed."""
    try:
        return path.resolve().is_relative_to(folder.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False
