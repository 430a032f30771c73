# SPDX-License-Identifier: GPL-3.0-or-later
"""Pack files: records one after the other, appended by one process, read by all.

A pack is never changed but at its end, and no other process writes to it, so nobody needs a lock. What a
killed writer leaves unfinished at the end is never taken for a record. A pack may shrink or vanish at any
time (purge, a user with a file browser), so it is read with positioned reads: a memory map would end the
process with SIGBUS.
"""

import errno
import os
import re
import secrets
import sys
import threading
import time
from pathlib import Path
from typing import NamedTuple

from .files import create, open_file
from .record import HEADER_BYTES, MAGIC, parse_header

PACK_NAME = re.compile(r"[0-9a-f]{16}-[0-9a-f]+-[0-9a-f]{8}\.pack")
_BLOCK = 1 << 14
_SEARCH_BLOCK = 1 << 20
_SEARCH_MAX = 1 << 25


class OpenPack:
    """A pack open for reading.

    It closes when the last user lets go of it, so that no thread reads a file that another just closed.
    """

    def __init__(self, path: Path) -> None:
        self._fd = -1
        self._fd = open_file(path, os.O_RDONLY)
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


def most_open() -> int:
    """Return how many packs to keep open: a quarter of the files that this process may open, 64 to 1024 of them.

    Under Linux that is 256 as a rule, more than a cache at its usual limit has: opening one again takes 10 us or more.
    """
    if sys.platform == "win32":
        return 128
    import resource

    files, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return 1024 if files == resource.RLIM_INFINITY else min(max(files // 4, 64), 1024)


class OpenPacks:
    """The packs of a folder that are open for reading: the `limit` opened last. For several threads."""

    def __init__(self, folder: Path, limit: int) -> None:
        self._folder = folder
        self._limit = limit
        self._lock = threading.Lock()
        self._files: dict[str, OpenPack] = {}

    def file(self, name: str) -> OpenPack:
        """Return the pack, opened if need be. Raises OSError."""
        file = self._files.get(name)
        if file is None:
            file = OpenPack(self._folder / name)
            with self._lock:
                if len(self._files) >= self._limit:
                    del self._files[next(iter(self._files))]
                self._files[name] = file
        return file

    def read(self, name: str, offset: int, size: int) -> bytes:
        """Return `size` bytes of a pack, fewer where it ends. Raises OSError."""
        file = self._files.get(name)
        return (file if file is not None else self.file(name)).read(offset, size)

    def let_go(self, name: str) -> None:
        """Close the pack as soon as no thread reads it any more."""
        with self._lock:
            self._files.pop(name, None)


class Found(NamedTuple):
    """A record met in a scan: the key's digest, and where the record lies in its pack, in bytes."""

    digest: bytes
    offset: int
    size: int


class Scan(NamedTuple):
    """The records met in order, where to go on when the pack has grown, where damaged headers begin."""

    records: list[Found]
    resume: int
    damaged: list[int]


def scan(pack: OpenPack, start: int, size: int) -> Scan:
    """List the records between `start`, a record's first byte, and `size`, the pack's length in bytes.

    Only headers are read, so a listed record may still prove damaged when it is read. After a damaged header
    the next good one is looked for, at most 32 MiB further on. Raises OSError.
    """
    records: list[Found] = []
    damaged: list[int] = []
    block, base = b"", start
    offset = start
    search_left = _SEARCH_MAX
    while offset + HEADER_BYTES <= size:
        if not base <= offset <= base + len(block) - HEADER_BYTES:
            block, base = pack.read(offset, _BLOCK), offset
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
            records.append(Found(header.digest, offset, header.size))
            offset += header.size
    return Scan(records, offset, damaged)


def _next_header(pack: OpenPack, start: int, end: int) -> int | None:
    while start + HEADER_BYTES <= end:
        block = pack.read(start, min(_SEARCH_BLOCK, end - start))
        if len(block) < HEADER_BYTES:
            return None
        at = block.find(MAGIC)
        while 0 <= at <= len(block) - HEADER_BYTES:
            if parse_header(block, at) is not None:
                return start + at
            at = block.find(MAGIC, at + 1)
        start += len(block) - HEADER_BYTES + 1  # so that no header hides across two blocks
    return None


def list_packs_and_sidecars(folder: Path) -> list[tuple[Path, bool]]:
    """List the packs in a folder, oldest first, and whether each has a sidecar. Raises OSError.

    Whatever else lies there is passed over.
    """
    with os.scandir(folder) as listing:
        names = {entry.name for entry in listing if entry.is_file(follow_symlinks=False)}
    packs = sorted(name for name in names if PACK_NAME.fullmatch(name))
    return [(folder / name, name.removesuffix(".pack") + ".idx" in names) for name in packs]


def list_packs(folder: Path) -> list[Path]:
    """List the packs in a folder, oldest first. Raises OSError."""
    return [path for path, _ in list_packs_and_sidecars(folder)]


def new_name() -> str:
    """Return a name for a pack that no other process gives."""
    return f"{time.time_ns():016x}-{os.getpid():x}-{secrets.token_hex(4)}.pack"


class PackWriter:
    """A new pack in a folder, open for appending by this process alone.

    Not safe for several threads at once.
    """

    def __init__(self, folder: Path, mode: int = 0o600) -> None:
        """Create the pack, readable by its owner only unless `mode` says else. Raises OSError."""
        self.name = new_name()
        self.process = os.getpid()
        self.size = 0
        self.removed = False
        """Whether, after the last append, someone had deleted the file: nobody sees what was appended."""
        self._fd = create(folder / self.name, os.O_WRONLY | os.O_APPEND, mode)

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
            self._take_back(self.size - written)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return self.size - written

    def _take_back(self, size: int) -> None:
        try:
            os.ftruncate(self._fd, size)
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


def erase(path: Path) -> int:
    """Empty a file, then remove it; return the bytes freed. Raises OSError."""
    # Emptied first: a process that holds it open would otherwise keep its data on the disk.
    fd = open_file(path, os.O_RDWR)
    try:
        size = os.fstat(fd).st_size
        os.ftruncate(fd, 0)
    finally:
        os.close(fd)
    path.unlink()
    return size
