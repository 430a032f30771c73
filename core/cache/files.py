# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a cache folder: no link is followed, no byte translated, and a new one is private from the first."""

import os
import secrets
import sys
from pathlib import Path

_BINARY = getattr(os, "O_BINARY", 0)  # Windows only
_NO_LINK = getattr(os, "O_NOFOLLOW", 0)  # not on Windows


def open_file(path: Path, flags: int, mode: int = 0o600) -> int:
    """Open a file as `os.open` does, with its flags; `mode` is for one that they create. Raises OSError."""
    return os.open(path, flags | _BINARY | _NO_LINK, mode)


def create(path: Path, flags: int, mode: int) -> int:
    """Create a file that is not there yet, with exactly these permissions; return it open. Raises OSError."""
    fd = open_file(path, flags | os.O_CREAT | os.O_EXCL, mode)
    if mode & 0o070 and sys.platform != "win32":
        os.fchmod(fd, mode)  # what a group was promised, the umask takes away
    return fd


def put_whole(path: Path, data: bytes, mode: int) -> None:
    """Write a file that others see whole or not at all; one that is there is replaced. Raises OSError.

    Until then it lies beside that as `.<stem>.<eight hex digits>.<ending>.tmp`.
    """
    beside = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}.tmp")
    fd = create(beside, os.O_WRONLY, mode)
    try:
        with os.fdopen(fd, "wb") as file:
            file.write(data)
        beside.replace(path)
    except OSError:
        beside.unlink(missing_ok=True)
        raise
