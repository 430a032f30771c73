# SPDX-License-Identifier: GPL-3.0-or-later
"""What is in a folder, as it is itself: a link is not followed."""

import os
import stat
from typing import NamedTuple


class FolderEntry(NamedTuple):
    """Something in a folder, as it is itself: a link is not followed."""

    name: str
    status: os.stat_result

    @property
    def is_file(self) -> bool:
        """Whether it is a regular file."""
        return stat.S_ISREG(self.status.st_mode) and not is_link(self.status)

    @property
    def is_folder(self) -> bool:
        """Whether it is a folder."""
        return stat.S_ISDIR(self.status.st_mode) and not is_link(self.status)


class EntryKind(NamedTuple):
    """A name in a folder, and what has it; neither for a pipe, a socket or a device."""

    name: str
    is_file: bool
    is_folder: bool
    is_link: bool


def is_link(status: os.stat_result) -> bool:
    """Tell whether a status is a link's. A junction is a folder to Windows' own flags."""
    attributes: int = getattr(status, "st_file_attributes", 0)
    return stat.S_ISLNK(status.st_mode) or bool(attributes & stat.FILE_ATTRIBUTE_REPARSE_POINT)
