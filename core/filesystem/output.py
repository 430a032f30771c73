# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a user named to be written: a report, a statement beside a model, a line in a log."""

import os
import stat
from pathlib import Path

from .folder import Folder

_ANY_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def is_read_only(path: Path) -> bool:
    """Tell whether a file is there and not to be written; False where there is none. Raises OSError.

    It holds whoever asks: an administrator's programs may write it all the same.
    """
    try:
        mode = path.stat().st_mode
    except FileNotFoundError:
        return False
    return not mode & _ANY_WRITE or not os.access(path, os.W_OK)


def write_file(path: Path, data: bytes, *, private: bool = False, sync: bool = False) -> None:
    """Write a file whole or not at all; a `private` one is for its owner only. Raises OSError.

    Others get what the umask leaves. The path is the user's own: links in it are followed but for the last.
    """
    with Folder(path.parent) as folder:
        folder.write_file(path.name, data, mode=0o600 if private else None, sync=sync)


def make_folder(path: Path) -> None:
    """Make a folder that the user named, and those above it, with what the umask leaves. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True)
