# SPDX-License-Identifier: GPL-3.0-or-later
"""New files of one folder that take their places together or not at all."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..concurrency.closing import Closing
from .folder import Folder

_NOTHING, _NOT_KEPT = "", "?"
"""Of what had a file's place before: there was nothing; it could not be kept."""


class _Part(NamedTuple):
    name: str
    """The name that the file will have."""
    beside: str
    """The name that it has until then."""
    identity: tuple[int, int]
    """The file's own numbers, which it keeps as long as nobody puts another in its place."""


class NewFiles(Closing):
    """Files that a user named, being written; close it, or use it as a context manager.

    Each lies beside its place under a name that nobody can foresee. What was not put in its place is removed at the
    end. Every method raises OSError. Permissions are those that the umask leaves.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder; links in its path are followed, for it is the user's own."""
        self._folder = Folder(folder)
        self._parts: list[_Part] = []

    def close(self) -> None:
        """Remove what was not put in its place; closing twice is allowed."""
        for part in self._parts:
            with suppress(OSError):  # where nothing can be written, nothing can be removed
                self._folder.remove_file(part.beside)
        self._parts.clear()
        self._folder.close()

    def create(self, name: str, data: bytes = b"") -> Path:
        """Make a file that will be called `name`; return where it lies until then, for whoever writes it."""
        stem, dot, ending = name.rpartition(".")
        stem, ending = (stem, dot + ending) if stem else (name, "")
        # A name may have 255 bytes.
        short = stem.encode(errors="surrogateescape")[:200].decode(errors="ignore")
        beside = f".{short}.{secrets.token_hex(4)}.part{ending}"
        fd = self._folder.create_file(beside, os.O_WRONLY, None)
        with open(fd, "wb") as file:
            status = os.fstat(fd)
            self._parts.append(_Part(name, beside, (status.st_dev, status.st_ino)))
            file.write(data)
        return self._folder.path / beside

    def put_in_place(self) -> None:
        """Give all files their names, the one created last first, each once it is on the disk.

        So a power cut may leave a later one's new state with an earlier one's old state, but never the reverse. Where
        one can't be put in its place, those before it are taken back.
        """
        for part in self._parts:
            self._sync(part)
        placed: list[tuple[str, str]] = []
        try:
            for part in reversed(self._parts):
                before = self._keep(part.name) if part is not self._parts[0] else _NOT_KEPT
                self._folder.rename(part.beside, part.name, sync=True)
                placed.append((part.name, before))
        except BaseException:
            for name, before in reversed(placed):
                with suppress(OSError):
                    self._take_back(name, before)
            raise
        self._parts.clear()
        for _, before in placed:
            if before not in (_NOTHING, _NOT_KEPT):
                with suppress(OSError):
                    self._folder.remove_file(before)

    def _sync(self, part: _Part) -> None:
        fd = self._folder.open_file(part.beside, os.O_RDWR)
        try:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) != part.identity:
                raise OSError(errno.ESTALE, "another program put a file in its place", part.beside)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _keep(self, name: str) -> str:
        """Give what has a name a second one, and return that, `_NOTHING`, or `_NOT_KEPT` where there are no links."""
        kept = f".{secrets.token_hex(8)}.old"
        try:
            self._folder.link(name, kept)
        except FileNotFoundError:
            return _NOTHING
        except OSError:
            return _NOT_KEPT
        return kept

    def _take_back(self, name: str, before: str) -> None:
        if before == _NOTHING:
            self._folder.remove_file(name)
        elif before != _NOT_KEPT:
            self._folder.rename(before, name)
