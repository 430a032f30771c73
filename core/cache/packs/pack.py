# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack files: records one after the other, appended by one process, read by all.

A pack is never changed but at its end, and no other process writes to it, so nobody needs a lock. What a
killed writer leaves unfinished at the end is never taken for a record. A pack may shrink or vanish at any
time (purge, a user with a file browser), so it is read with positioned reads: a memory map would end the
process with SIGBUS.
"""

import errno
import os
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from ...filesystem import Folder, FolderEntry, Location
from .names import PACK_NAME, new_pack_name, sidecar_name
from .record import HEADER_BYTES, MAGIC, parse_header

_BLOCK_BYTES = 1 << 14
_SEARCH_BLOCK_BYTES = 1 << 20
_MAX_SEARCH_BYTES = 1 << 25
_MIN_OPEN_PACKS = 8
# What the system says where a link, a pipe, a socket or a folder lies in a file's place.
NOT_A_FILE_ERRNOS = {errno.ELOOP, errno.EMLINK, errno.ENXIO, errno.EINVAL, errno.EISDIR}
_NO_DESCRIPTOR_ERRNOS = {errno.EMFILE, errno.ENFILE}


class OpenPack:
    """A pack open for reading.

    It closes when the last user lets go of it, so that no thread reads a file that another just closed.
    """

    def __init__(self, folder: Folder, name: str) -> None:
        """Open a pack of `folder`. Raises OSError; what is no regular file is not there."""
        self._fd = -1
        try:
            self._fd = folder.open_file(name, os.O_RDONLY)
        except OSError as error:
            if error.errno in NOT_A_FILE_ERRNOS:
                raise FileNotFoundError(errno.ENOENT, "no regular file", str(folder.path / name)) from error
            raise
        self._lock = threading.Lock()

    def __del__(self) -> None:
        self.close()

    def close(self) -> None:
        """Close the file at once; only for one that no other thread has."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)

    def size(self) -> int:
        """Return the file's length in bytes. Raises OSError."""
        return os.fstat(self._fd).st_size

    if sys.platform == "win32":

        def read(self, offset: int, size: int) -> bytes:
            """Return the `size` bytes at `offset`, fewer where the file ends. Raises OSError."""
            with self._lock:
                os.lseek(self._fd, offset, os.SEEK_SET)
                return os.read(self._fd, size)
    else:

        def read(self, offset: int, size: int) -> bytes:
            """Return the `size` bytes at `offset`, fewer where the file ends. Raises OSError."""
            return os.pread(self._fd, size, offset)


def max_open_packs() -> int:
    """Return how many packs to keep open: a quarter of the files that this process may open, 8 to 1024 of them.

    Under Linux that is 256 as a rule, more than a cache at its usual limit has: opening one takes 10 us or more.
    """
    if sys.platform == "win32":
        return 128
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if files == resource.RLIM_INFINITY else min(max(files // 4, _MIN_OPEN_PACKS), 1024)


class OpenPacks:
    """The packs of a folder that are open for reading: the `max_open` opened last. For several threads."""

    def __init__(self, pack_folder: Location, max_open: int) -> None:
        self._pack_folder = pack_folder
        self._max_open = max_open
        self._lock = threading.Lock()
        self._files: dict[str, OpenPack] = {}

    def file(self, name: str) -> OpenPack:
        """Return the pack, opened if need be. Raises OSError."""
        file = self._files.get(name)
        if file is None:
            try:
                file = self._open(name)
            except OSError as error:
                if error.errno not in _NO_DESCRIPTOR_ERRNOS:
                    raise
                with self._lock:  # what else is open here can be opened again
                    self._files.clear()
                file = self._open(name)
            with self._lock:
                if len(self._files) >= self._max_open:
                    del self._files[next(iter(self._files))]
                self._files[name] = file
        return file

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Return `size` bytes of a pack, fewer where it ends. Raises OSError."""
        file = self._files.get(name)
        return (file if file is not None else self.file(name)).read(offset, size)

    def _open(self, name: str) -> OpenPack:
        with self._pack_folder.open() as folder:
            return OpenPack(folder, name)

    def close_pack(self, name: str) -> None:
        """Close the pack as soon as no thread reads it any more."""
        with self._lock:
            self._files.pop(name, None)


class ScannedRecord(NamedTuple):
    """A record met in a scan: the key's digest, and where the record lies in its pack, in bytes."""

    digest: bytes
    offset: int
    size: int


class Scan(NamedTuple):
    """The records met in order, where to go on when the pack has grown, where damaged headers begin."""

    records: list[ScannedRecord]
    resume_offset: int
    damaged_offsets: list[int]


def scan(pack: OpenPack, start: int, size: int) -> Scan:
    """List the records between `start`, a record's first byte, and `size`, the pack's length in bytes.

    Only headers are read, so a listed record may still prove damaged when it is read. After a damaged header
    the next good one is looked for, at most 32 MiB further on. Raises OSError.
    """
    records: list[ScannedRecord] = []
    damaged: list[int] = []
    block, base = b"", start
    offset = start
    search_left = _MAX_SEARCH_BYTES
    while offset + HEADER_BYTES <= size:
        if not base <= offset <= base + len(block) - HEADER_BYTES:
            block, base = pack.read(offset, _BLOCK_BYTES), offset
            if len(block) < HEADER_BYTES:
                break
        header = parse_header(block, offset - base)
        if header is None:
            damaged.append(offset)
            following = _next_header(pack, offset + 1, min(size, offset + search_left))
            if following is None:
                break
            search_left -= following - offset
            offset = following
        elif offset + header.size > size:
            break  # still being written, or torn
        else:
            records.append(ScannedRecord(header.digest, offset, header.size))
            offset += header.size
    return Scan(records, offset, damaged)


def _next_header(pack: OpenPack, start: int, end: int) -> int | None:
    while start + HEADER_BYTES <= end:
        block = pack.read(start, min(_SEARCH_BLOCK_BYTES, end - start))
        if len(block) < HEADER_BYTES:
            return None
        at = block.find(MAGIC)
        while 0 <= at <= len(block) - HEADER_BYTES:
            if parse_header(block, at) is not None:
                return start + at
            at = block.find(MAGIC, at + 1)
        start += len(block) - HEADER_BYTES + 1  # so that no header hides across two blocks
    return None


def list_packs_and_sidecars(folder: Folder) -> list[tuple[str, bool]]:
    """List what has the name of a pack in a folder, oldest first, and whether each has a sidecar. Raises OSError.

    Whatever else lies there is passed over. A listed name may still prove to be no regular file.
    """
    names = set(folder.names())
    return [(name, sidecar_name(name) in names) for name in sorted(names) if PACK_NAME.fullmatch(name)]


def list_packs(folder: Folder) -> Iterator[FolderEntry]:
    """Yield the packs in a folder, oldest first; what is no regular file is passed over. Raises OSError."""
    for name in sorted(filter(PACK_NAME.fullmatch, folder.names())):
        with suppress(FileNotFoundError):  # removed meanwhile
            entry = FolderEntry(name, folder.status(name))
            if entry.is_file:
                yield entry


class PackWriter:
    """A new pack in a folder, open for appending by this process alone.

    Not safe for several threads at once.
    """

    def __init__(self, pack_folder: Location, mode: int = 0o600) -> None:
        """Create the pack, readable by its owner only unless `mode` says else. Raises OSError."""
        self.name = new_pack_name()
        self.process_id = os.getpid()
        self.size = 0
        self.removed = False
        """Whether, after the last append, someone had deleted the file: nobody sees what was appended."""
        with pack_folder.open() as folder:
            self._fd = folder.create_file(self.name, os.O_WRONLY | os.O_APPEND, mode)

    def append(self, chunks: list[bytes], size: int) -> int:
        """Write one record of `size` bytes with one call and return the offset where it landed.

        Raises OSError, and has then left nothing behind, or has closed the pack (`closed`) because it could
        not clean up.
        """
        if sys.platform == "win32":
            written = os.write(self._fd, b"".join(chunks))
        else:
            written = os.writev(self._fd, chunks)
        # Asked, not counted: a purge elsewhere may have cut the file since the last record.
        try:
            status = os.fstat(self._fd)
            self.size, self.removed = status.st_size, status.st_nlink == 0
        except OSError:  # a stale handle on a share
            self.removed = True
            return 0
        if written != size:
            self._truncate_to(self.size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.size - written

    def _truncate_to(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)  # gate: of a file that the gate opened
            self.size = size
        except OSError:
            self.close()  # a torn end: nothing may follow it

    @property
    def closed(self) -> bool:
        """Whether the pack takes no more records."""
        return self._fd < 0

    def close(self) -> None:
        """Close the file; closing twice is allowed."""
        if self._fd >= 0:
            fd, self._fd = self._fd, -1
            os.close(fd)


def erase_pack(folder: Folder, name: str) -> int:
    """Empty a pack, then remove it; return the bytes freed. Raises OSError.

    One that has a second name, outside perhaps, is removed alone: what lies there by that name is not ours.
    """
    # Emptied first: a process that holds it open would otherwise keep its data on the disk.
    fd = folder.open_file(name, os.O_RDWR)
    try:
        status = os.fstat(fd)
        if status.st_nlink <= 1:
            truncate(fd)
    finally:
        os.close(fd)
    folder.remove_file(name)
    return status.st_size


def truncate(fd: int) -> None:
    """Empty an open file. Raises OSError."""
    os.ftruncate(fd, 0)  # gate: of a file that the gate opened
