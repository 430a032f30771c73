# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a user named to be written: a report, a statement beside a model, a line in a log."""

import os
from pathlib import Path

from .folder import Folder


def write_file(path: Path, data: bytes, *, private: bool = False, sync: bool = False) -> None:
    """Write a file whole or not at all; a `private` one is for its owner only. Raises OSError.

    Others get what the umask leaves. The path is the user's own: links in it are followed but for the last.
    """
    with Folder(path.parent) as folder:
        folder.write_file(path.name, data, mode=0o600 if private else None, sync=sync)


def append_file(path: Path, data: bytes) -> None:
    """Add to the end of a file, which is made if need be. Raises OSError."""
    with Folder(path.parent) as folder:
        fd = folder.open_file(path.name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o666)
        with open(fd, "wb", buffering=0) as file:
            file.write(data)


def make_folder(path: Path) -> None:
    """Make a folder that the user named, and those above it, with what the umask leaves. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True)
