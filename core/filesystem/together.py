# SPDX-License-Identifier: GPL-3.0-or-later
"""New files of one folder that take their places together or not at all."""

import errno
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from ..concurrency.closing import Closeable
from .folder import Folder
from .leftovers import hold_part, part_name, remove_leftovers

_NO_FILE, _NO_BACKUP = "", "?"
"""Of what had a file's place before: there was nothing; it could not be kept."""


class _NewFile(NamedTuple):
    name: str
    """The name that the file will have."""
    temporary_name: str
    """The name that it has until then."""
    file_id: tuple[int, int]
    """The file's own numbers, which it keeps as long as nobody puts another in its place."""
    held_fd: int
    """What keeps others from taking it for a dead program's; -1 where there is no such thing."""


class NewFiles(Closeable):
    """Files that a user named, being written; close it, or use it as a context manager.

    Each lies beside its place under a name that nobody can foresee. What was not put in its place is removed at the
    end. Every method raises OSError. Permissions are those that the umask leaves.
    """

    def __init__(self, folder: Path) -> None:
        """Open the folder; links in its path are followed, for it is the user's own."""
        self._folder = Folder(folder)
        self._files: list[_NewFile] = []

    def close(self) -> None:
        """Remove what was not put in its place; closing twice is allowed."""
        for part in self._files:
            with suppress(OSError):  # where nothing can be written, nothing can be removed
                self._folder.remove_file(part.temporary_name)
        self._forget()
        self._folder.close()

    def create(self, name: str, data: bytes = b"") -> Path:
        """Make a file that will be called `name`; return where it lies until then, for whoever writes it.

        What a program left that was killed while it wrote a file of this name is removed.
        """
        remove_leftovers(self._folder, name)
        beside = part_name(name)
        fd = self._folder.create_file(beside, os.O_WRONLY, None)
        with open(fd, "wb") as file:
            status = os.fstat(fd)
            self._files.append(_NewFile(name, beside, (status.st_dev, status.st_ino), hold_part(fd)))
            file.write(data)
        return self._folder.path / beside

    def drop(self, path: Path) -> None:
        """Remove a file that `create` returned: it is to have no name."""
        for part in self._files:
            if part.temporary_name == path.name:
                with suppress(OSError):
                    self._folder.remove_file(part.temporary_name)
                self._files.remove(part)
                if part.held_fd >= 0:
                    os.close(part.held_fd)
                return

    def commit(self) -> None:
        """Give all files their names, the one created last first, each once it is on the disk.

        So a power cut may leave a later one's new state with an earlier one's old state, but never the reverse. Where
        one can't be put in its place, those before it are taken back. FileNotFoundError where all are, and the folder
        is not the one of this name any more.
        """
        for part in self._files:
            self._sync(part)
        placed: list[tuple[str, str]] = []
        try:
            for part in reversed(self._files):
                before = self._back_up(part.name) if part is not self._files[0] else _NO_BACKUP
                self._folder.rename(part.temporary_name, part.name, sync=True)
                placed.append((part.name, before))
        except BaseException:
            for name, before in reversed(placed):
                with suppress(OSError):
                    self._restore(name, before)
            raise
        names = [part.name for part in self._files]
        self._forget()
        for _, before in placed:
            if before not in (_NO_FILE, _NO_BACKUP):
                with suppress(OSError):
                    self._folder.remove_file(before)
        for name in names:
            if not (self._folder.path / name).exists():
                raise FileNotFoundError(errno.ENOENT, "its folder was moved or unmounted meanwhile", name)

    def _forget(self) -> None:
        for part in self._files:
            if part.held_fd >= 0:
                os.close(part.held_fd)
        self._files.clear()

    def _sync(self, part: _NewFile) -> None:
        fd = self._folder.open_file(part.temporary_name, os.O_RDWR)
        try:
            status = os.fstat(fd)
            if (status.st_dev, status.st_ino) != part.file_id:
                raise OSError(errno.ESTALE, "another program put a file in its place", part.temporary_name)
            os.fsync(fd)
        finally:
            os.close(fd)

    def _back_up(self, name: str) -> str:
        """Give what has a name a second one, and return that, `_NO_FILE`, or `_NO_BACKUP` where there are no links."""
        kept = f".{secrets.token_hex(8)}.old"
        try:
            self._folder.link(name, kept)
        except FileNotFoundError:
            return _NO_FILE
        except OSError:
            return _NO_BACKUP
        return kept

    def _restore(self, name: str, before: str) -> None:
        if before == _NO_FILE:
            self._folder.remove_file(name)
        elif before != _NO_BACKUP:
            self._folder.rename(before, name)
