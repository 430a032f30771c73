# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that a user named to be written: a report, a statement beside a model, a line in a log."""

from pathlib import Path

from .folder import Folder


def write_file(path: Path, data: bytes, *, private: bool = False, sync: bool = False) -> None:
    """Write a file whole or not at all; a `private` one is for its owner only. Raises OSError.

    Others get what the umask leaves. The path is the user's own: links in it are followed but for the last.
    """
    with Folder(path.parent) as folder:
        folder.write_file(path.name, data, mode=0o600 if private else None, sync=sync)


def make_folder(path: Path) -> None:
    """Make a folder that the user named, and those above it, with what the umask leaves. Raises OSError."""
    path.mkdir(parents=True, exist_ok=True)
