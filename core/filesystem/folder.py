# SPDX-License-Identifier: GPL-3.0-or-later
"""An open folder. Names in it are opened relative to its descriptor, and never through a link.

Where the system opens nothing relative to a descriptor (Windows), names are looked at before they are opened:
links and junctions are refused, though one that is put there between the two is followed.
"""

import errno
import os
import secrets
import stat
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path

from ..concurrency.closing import Closeable
from .entry import EntryKind, FolderEntry, is_link
from .reserve import reserve

_SUPPORTS_DIR_FD = os.open in os.supports_dir_fd
_BINARY = getattr(os, "O_BINARY", 0)  # Windows only
_NO_FOLLOW = getattr(os, "O_NOFOLLOW", 0)  # not on Windows
# A pipe that someone put in a file's place would otherwise be waited for.
_NO_BLOCK = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_CLOEXEC", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_DEFAULT_MODE = 0o666
MAX_NAME_BYTES = 255
"""The longest name that the usual file systems take."""
_STEM_BYTES = 200
_SEPARATORS = frozenset("/\0\\:" if sys.platform == "win32" else "/\0")


class Folder(Closeable):
    """An open folder; close it, or use it as a context manager. For one thread at a time.

    Every method raises OSError where the system refuses, and for a name that is no plain name, a link, or
    something else than a regular file.
    """

    def __init__(self, path: Path) -> None:
        """Open the folder at `path`. Links in the path are followed: it is for roots, which a user chose."""
        self.path = path
        self._fd = -1
        if _SUPPORTS_DIR_FD:
            self._fd = os.open(path, os.O_RDONLY | _DIRECTORY | _NO_BLOCK)
        elif not path.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path))

    def close(self) -> None:
        """Close the folder; closing twice is allowed."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    # Folders in it

    def open_child(self, name: str) -> "Folder":
        """Open a folder in this one."""
        self._require_name(name)
        folder = Folder.__new__(Folder)
        folder.path = self.path / name
        folder._fd = -1
        if _SUPPORTS_DIR_FD:
            folder._fd = os.open(name, os.O_RDONLY | _DIRECTORY | _NO_FOLLOW | _NO_BLOCK, dir_fd=self._fd)
        else:
            status = folder.path.lstat()
            if is_link(status) or not stat.S_ISDIR(status.st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder.path))
        return folder

    def make_child(self, name: str, mode: int) -> "Folder":
        """Open a folder in this one, made if need be; if it is ours it gets exactly these permissions."""
        self._require_name(name)
        with suppress(FileExistsError):
            if _SUPPORTS_DIR_FD:
                os.mkdir(name, mode & 0o777, dir_fd=self._fd)
            else:
                os.mkdir(self.path / name, mode & 0o777)
        folder = self.open_child(name)
        try:
            folder.set_mode(mode)
        except BaseException:
            folder.close()
            raise
        return folder

    def set_mode(self, mode: int) -> None:
        """Give this folder exactly these permissions if it is ours and has others."""
        if sys.platform == "win32":
            return
        status = os.fstat(self._fd)
        if status.st_uid == os.geteuid() and stat.S_IMODE(status.st_mode) != mode:
            os.fchmod(self._fd, mode)

    def remove_child(self, name: str) -> None:
        """Remove an empty folder in this one."""
        self._require_name(name)
        if _SUPPORTS_DIR_FD:
            os.rmdir(name, dir_fd=self._fd)
        else:
            os.rmdir(self.path / name)

    # What is in it

    def status(self, name: str = "") -> os.stat_result:
        """Return the status of something in the folder, not of what a link leads to; without a name its own."""
        if not name:
            return os.fstat(self._fd) if _SUPPORTS_DIR_FD else self.path.stat()
        self._require_name(name)
        return os.lstat(name, dir_fd=self._fd) if _SUPPORTS_DIR_FD else os.lstat(self.path / name)

    def names(self) -> list[str]:
        """Return the names in the folder, in no order."""
        return os.listdir(self._fd if _SUPPORTS_DIR_FD else self.path)

    def file_names(self) -> list[str]:
        """Return the names of the regular files in the folder, in no order: quicker than to look at each."""
        with os.scandir(self._fd if _SUPPORTS_DIR_FD else self.path) as listing:
            return [entry.name for entry in listing if entry.is_file(follow_symlinks=False)]

    def entries(self) -> Iterator[FolderEntry]:
        """Yield what is in the folder, in no order; what vanishes meanwhile is left out."""
        for name in self.names():
            try:
                yield FolderEntry(name, self.status(name))
            except FileNotFoundError:
                continue

    def entry_kinds(self) -> Iterator[EntryKind]:
        """Yield the names in the folder with what has them, in no order; quicker than `entries`, read bit by bit."""
        with os.scandir(self._fd if _SUPPORTS_DIR_FD else self.path) as listing:
            for entry in listing:
                try:
                    linked = entry.is_symlink()
                    if sys.platform == "win32":  # a junction says that it is a folder
                        linked = is_link(entry.stat(follow_symlinks=False))
                    file = not linked and entry.is_file(follow_symlinks=False)
                    folder = not (linked or file) and entry.is_dir(follow_symlinks=False)
                except OSError:  # it vanished meanwhile
                    continue
                yield EntryKind(entry.name, file, folder, linked)

    # Files

    def open_file(self, name: str, flags: int, mode: int = 0o600) -> int:
        """Open a regular file as `os.open` does, with its flags; `mode` is for one that they create."""
        self._require_name(name)
        flags |= _BINARY | _NO_FOLLOW | _NO_BLOCK
        if _SUPPORTS_DIR_FD:
            fd = os.open(name, flags, mode, dir_fd=self._fd)
        else:
            with suppress(FileNotFoundError):
                if is_link((self.path / name).lstat()):
                    raise OSError(errno.ELOOP, os.strerror(errno.ELOOP), str(self.path / name))
            fd = os.open(self.path / name, flags, mode)
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            os.close(fd)
            raise OSError(errno.EINVAL, "not a regular file", str(self.path / name))
        return fd

    def create_file(self, name: str, flags: int, mode: int | None) -> int:
        """Create a file that is not there yet, with exactly these permissions; return it open.

        Without `mode` it gets those that the umask leaves: for what a user named, and nothing of ours.
        """
        fd = self.open_file(name, flags | os.O_CREAT | os.O_EXCL, _DEFAULT_MODE if mode is None else mode)
        if mode is not None and sys.platform != "win32":
            os.fchmod(fd, mode)  # the umask took away what a group was promised
        return fd

    def write_new_file(self, name: str, data: bytes, mode: int) -> None:
        """Write a short file where there is nothing; FileExistsError else. Others may see it before it is whole."""
        with open(self.create_file(name, os.O_WRONLY, mode), "wb", buffering=0) as file:
            write_all(file, data)

    def read_file(self, name: str, max_bytes: int) -> bytes:
        """Return a file's bytes. A larger one than `max_bytes` is an OSError, before any of it is read."""
        fd = self.open_file(name, os.O_RDONLY)
        with open(fd, "rb", buffering=0) as file:
            size = os.fstat(fd).st_size
            if size > max_bytes:
                raise OSError(errno.EFBIG, os.strerror(errno.EFBIG), str(self.path / name))
            return file.read(size) or b""

    def read_beginning(self, name: str, max_bytes: int) -> bytes:
        """Return the first bytes of a file, `max_bytes` at most, however large it is."""
        fd = self.open_file(name, os.O_RDONLY)
        with open(fd, "rb", buffering=0) as file:
            return file.read(max_bytes) or b""

    def write_file(
        self, name: str, *pieces: bytes | memoryview, mode: int | None = 0o600, sync: bool = False
    ) -> None:
        """Write a file of pieces that follow each other: others see it whole or not at all, in another's place.

        See `replace_file`.
        """
        with self.replace_file(name, mode, sync=sync) as file:
            reserve(file.fileno(), sum(memoryview(piece).nbytes for piece in pieces))
            for piece in pieces:
                write_all(file, piece)

    @contextmanager
    def replace_file(self, name: str, mode: int | None = 0o600, *, sync: bool = False) -> Iterator[FileIO]:
        """Yield a new file, which takes the place of another at the end of the block, but not after an exception.

        Until then it lies beside that under its `temporary_name`. With `sync` it is on the disk before it takes the
        other's place: a power cut leaves the one or the other. For `mode` see `create_file`.
        """
        beside = temporary_name(name)
        fd = self.create_file(beside, os.O_WRONLY, mode)
        try:
            with open(fd, "wb", buffering=0) as file:
                yield file
                if sync:
                    os.fsync(fd)
            self.rename(beside, name, sync=sync)
        except BaseException:
            with suppress(OSError):  # where nothing can be written, nothing can be removed
                self.remove_file(beside)
            raise

    def rename(self, name: str, new_name: str, *, sync: bool = False) -> None:
        """Give a file of the folder another name in it, in place of what had that name."""
        self._require_name(name)
        self._require_name(new_name)
        if _SUPPORTS_DIR_FD:
            os.replace(name, new_name, src_dir_fd=self._fd, dst_dir_fd=self._fd)
            if sync:
                with suppress(OSError):  # some network file systems can't, and need not
                    os.fsync(self._fd)
        else:
            os.replace(self.path / name, self.path / new_name)

    def link(self, name: str, new_name: str, target_folder: "Folder | None" = None) -> None:
        """Give a file a second name, in this folder or `target_folder` another. FileExistsError where that is there."""
        self._require_name(name)
        self._require_name(new_name)
        target_folder = self if target_folder is None else target_folder
        if _SUPPORTS_DIR_FD:
            os.link(name, new_name, src_dir_fd=self._fd, dst_dir_fd=target_folder._fd, follow_symlinks=False)
        else:
            os.link(self.path / name, target_folder.path / new_name)

    def remove_file(self, name: str) -> None:
        """Remove a name that is no folder's. A link is removed, not what it leads to."""
        self._require_name(name)
        if _SUPPORTS_DIR_FD:
            os.unlink(name, dir_fd=self._fd)
        else:
            os.unlink(self.path / name)

    def discard_file(self, name: str) -> bool:
        """Remove a name as `remove_file` does, unless it vanished meanwhile; return whether it was there."""
        try:
            self.remove_file(name)
        except FileNotFoundError:
            return False
        return True

    def set_times(self, name: str, stamp_ns: int | None = None) -> None:
        """Set a file's times, in nanoseconds since 1970; to now without one."""
        self._require_name(name)
        stamps = None if stamp_ns is None else (stamp_ns, stamp_ns)
        if _SUPPORTS_DIR_FD:
            if stamps is None:
                os.utime(name, dir_fd=self._fd, follow_symlinks=False)
            else:
                os.utime(name, ns=stamps, dir_fd=self._fd, follow_symlinks=False)
        elif stamps is None:
            os.utime(self.path / name)
        else:
            os.utime(self.path / name, ns=stamps)

    def _require_name(self, name: str) -> None:
        if name in ("", ".", "..") or not _SEPARATORS.isdisjoint(name):
            raise OSError(errno.EINVAL, f"not a name in a folder: {name!r}", str(self.path))


def temporary_name(name: str) -> str:
    """Return the name that a file has until it is whole: `.<stem>.<eight hex digits><ending>.tmp`."""
    stem, dot, ending = name.rpartition(".")
    stem, ending = (stem, dot + ending) if stem else (name, "")
    return f".{shortened(stem)}.{secrets.token_hex(4)}{ending}.tmp"


def shortened(stem: str) -> str:
    """Return as much of a name's stem as leaves room for what marks a file that is not whole yet."""
    stored = stem.encode(errors="surrogateescape")
    return stem if len(stored) <= _STEM_BYTES else stored[:_STEM_BYTES].decode(errors="ignore")


def write_all(file: FileIO, piece: bytes | memoryview) -> None:
    """Write a piece to its end, however often the system stops before it."""
    view = memoryview(piece).cast("B")
    while view:
        view = view[os.write(file.fileno(), view) :]
