# SPDX-License-Identifier: GPL-3.0-or-later
"""The gate to the disk: every file that is written, removed, renamed or listed goes through here.

A `Location` says where something is: a root, which its user chose, and the names below it. Opened, it is a
`Folder`: names in it are opened relative to its descriptor, one at a time, and never through a link, so that
nobody who can write to a share or hand over a project can lead a write elsewhere. `tools/check_gate.py` holds
that no other code of `core` or `addon` writes, removes, renames or walks.
"""

from .access import Access
from .entry import EntryKind, FolderEntry
from .folder import MAX_NAME_BYTES, Folder, temporary_name, write_all
from .group import set_access
from .input import has_content, open_input, read_input
from .location import Location
from .output import is_read_only, make_folder, write_file
from .together import NewFiles

__all__ = [
    "MAX_NAME_BYTES",
    "Access",
    "EntryKind",
    "Folder",
    "FolderEntry",
    "Location",
    "NewFiles",
    "has_content",
    "is_read_only",
    "make_folder",
    "open_input",
    "read_input",
    "set_access",
    "temporary_name",
    "write_all",
    "write_file",
]
