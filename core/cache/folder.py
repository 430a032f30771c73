# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder tier: stage results in append-only packs, shared by any number of processes without a lock."""

import errno
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from .counts import StoreCounts, Tally
from .index import Entry, Index, Pack
from .key import Key
from .layout import pack_folders, prepare
from .pack import OpenPacks, PackWriter, erase, list_packs, scan
from .payload import Chunk, decode, encode
from .record import KeyText, build, find_payload, read_key_text
from .store import Arrays

PACK_BYTES = 1 << 28
LOOK_SECONDS = 1.0
_OPEN_PACKS = 64
_FIXES = {
    errno.ENOSPC: "free some space there or choose another cache folder",
    errno.EDQUOT: "free some space there or choose another cache folder",
    errno.EFBIG: "raise the file size limit or choose another cache folder",
    errno.EROFS: "make it writable or choose another cache folder",
    errno.EACCES: "make it readable and writable or choose another cache folder",
    errno.EPERM: "make it readable and writable or choose another cache folder",
    errno.ENOENT: "it was removed; start again to make it anew",
}


class PackFolder:
    """A cache folder on a disk or share. Safe to use from several threads.

    Several processes may read and write one folder at once; each sees what the others wrote within
    `LOOK_SECONDS` of its next miss. Nothing is forced to the disk (no fsync): a killed process loses at most
    the entry it was writing, a power cut may lose the last seconds; both are noticed and never read.
    """

    def __init__(
        self, root: Path, *, pack_bytes: int = PACK_BYTES, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Open the cache folder `root`, making it if need be, and index its packs.

        A pack grows to about `pack_bytes`. `clock` gives seconds that never go back. Raises CacheError where
        the folder can't be used at all; a folder that can only be read is used so.
        """
        self.root = root
        self._home = prepare(root)
        self._pack_bytes = pack_bytes
        self._clock = clock
        self._lock = threading.Lock()  # the index, the packs, the warnings; never held while a file is read
        self._look_lock = threading.Lock()  # one thread at a time looks for news
        self._write_lock = threading.Lock()  # one thread at a time appends
        self._index = Index()
        self._packs: dict[str, Pack] = {}
        self._files = OpenPacks(self._home, _OPEN_PACKS)
        self._writer: PackWriter | None = None
        self._warnings: dict[str, None] = {}
        self._tally = Tally()
        self._looked = clock()
        self._look()

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, read-only and bit for bit as put, or None."""
        entry = self._find(key.digest)
        while entry is not None:
            try:
                raw = self._files.file(entry.pack.name).read(entry.offset, entry.size)
            except FileNotFoundError:
                raw = b""
            except OSError as error:
                self._files.let_go(entry.pack.name)
                self._warn(error)
                break
            start = find_payload(raw, key)
            arrays = decode(raw, start) if start is not None else None
            if arrays is not None:
                self._tally.add(hits=1, bytes_read=len(raw))
                return arrays
            if raw:  # else the pack was emptied or removed, which is nobody's fault
                self._tally.add(corrupt=1)
            with self._lock:
                entry = self._index.forget(key.digest, entry)
        self._tally.add(misses=1)
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`.

        Raises TypeError for a dtype that can't be kept and ValueError for a result too large or an array name
        that can't be kept: faults of the caller, not of the place.
        """
        with self._lock:
            known = self._index.find(key.digest) is not None
        if known:
            self._tally.add(known=1)
            return
        payload, payload_bytes = encode(arrays)
        chunks, size = build(key, payload, payload_bytes, int(time.time()))
        try:
            stored = self._append(key.digest, chunks, size)
        except OSError as error:
            self._warn(error)
            self._tally.add(dropped=1)
            return
        if stored:
            self._tally.add(puts=1, bytes_written=size)
        else:
            self._tally.add(known=1)

    def __contains__(self, key: Key) -> bool:
        """Tell whether a record of `key` is indexed; it may still prove damaged when read."""
        return self._find(key.digest) is not None

    def entries(self) -> Iterator[KeyText]:
        """List what is kept: each entry's key text and size. What can't be read is left out."""
        with self._lock:
            listed = self._index.entries()
        for entry in listed:
            try:
                item = read_key_text(self._files.file(entry.pack.name).read, entry.offset)
            except OSError:
                continue
            if item is not None:
                yield item

    def purge(self) -> int:
        """Remove every pack in the folder, of other formats and processes too; return the bytes freed.

        A pack is emptied before it is removed, so that its data is gone even where another process holds
        the file open. What can't be removed is a warning.
        """
        freed = 0
        with self._write_lock, self._look_lock:
            self._end_pack()
            try:
                for folder in pack_folders(self.root):
                    for path in list_packs(folder):
                        freed += self._erase(path)
            except OSError as error:
                self._warn(error)
            with self._lock:
                self._forget_packs()
        return freed

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every distinct trouble met so far, one line each, oldest first."""
        with self._lock:
            return tuple(self._warnings)

    @property
    def counts(self) -> StoreCounts:
        """Counters since the folder was opened here."""
        return self._tally.snapshot()

    def close(self) -> None:
        """Close every file and forget the index. Later gets miss; a later put starts a new pack."""
        with self._write_lock, self._look_lock:
            self._end_pack()
            with self._lock:
                self._forget_packs()

    # Reading

    def _find(self, digest: bytes) -> Entry | None:
        with self._lock:
            entry = self._index.find(digest)
        if entry is None:
            self._look_again()
            with self._lock:
                entry = self._index.find(digest)
        return entry

    def _look_again(self) -> None:
        with self._look_lock:
            now = self._clock()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                self._look()

    def _look(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        try:
            paths = list_packs(self._home)
        except OSError as error:
            self._warn(error)
            return
        names = {path.name for path in paths}
        with self._lock:
            for pack in [pack for name, pack in self._packs.items() if name not in names]:
                self._drop_pack(pack)
        for path in paths:
            try:
                self._read_tail(path.name, path.stat().st_size)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)

    def _read_tail(self, name: str, size: int) -> None:
        with self._lock:
            pack = self._packs.setdefault(name, Pack(name))
            if pack.writer == os.getpid() or pack.seen == size:
                return
            if size < pack.resume:  # emptied by a purge: what it held is gone
                self._drop_pack(pack)
                pack = self._packs[name] = Pack(name)
        tail = scan(self._files.file(name), pack.resume, size)
        with self._lock:
            for found in tail.records:
                self._index.add(found.digest, Entry(pack, found.offset, found.size))
            pack.resume, pack.seen = tail.resume, size
            news = [offset for offset in tail.damaged if offset > pack.damaged]
            pack.damaged = max(tail.damaged, default=pack.damaged)
        self._tally.add(corrupt=len(news))

    def _drop_pack(self, pack: Pack) -> None:
        pack.gone = True
        self._files.let_go(pack.name)
        self._packs.pop(pack.name, None)

    def _forget_packs(self) -> None:
        for pack in list(self._packs.values()):
            self._drop_pack(pack)
        self._index = Index()

    # Writing

    def _append(self, digest: bytes, chunks: list[Chunk], size: int) -> bool:
        """Append a record and index it; False where another thread was quicker. Raises OSError."""
        with self._write_lock:
            with self._lock:
                if self._index.find(digest) is not None:
                    return False
            writer, pack = self._pack_to_write()
            offset = writer.append(chunks, size)
            with self._lock:
                self._index.add(digest, Entry(pack, offset, size))
                pack.resume = pack.seen = offset + size
            return True

    def _pack_to_write(self) -> tuple[PackWriter, Pack]:
        writer = self._writer
        if writer is not None and self._usable(writer):
            return writer, self._packs[writer.name]
        self._end_pack()
        # No thread may see the new file before it is known as ours, or it would be indexed twice.
        with self._look_lock:
            writer = PackWriter(self._home)
            pack = Pack(writer.name, writer=writer.process)
            with self._lock:
                self._packs[pack.name] = pack
        self._writer = writer
        return writer, pack

    def _usable(self, writer: PackWriter) -> bool:
        if writer.closed or writer.process != os.getpid() or writer.size >= self._pack_bytes:
            return False
        if writer.name not in self._packs:
            return False
        try:
            return not writer.removed()
        except OSError:  # a stale handle on a share
            return False

    def _end_pack(self) -> None:
        writer, self._writer = self._writer, None
        if writer is None:
            return
        with self._lock:
            pack = self._packs.get(writer.name)
            if pack is not None:
                pack.writer = 0
        writer.close()

    def _erase(self, path: Path) -> int:
        try:
            return erase(path)
        except OSError as error:
            self._warn(error)
            return 0

    def _warn(self, error: OSError) -> None:
        reason = error.strerror or type(error).__name__
        fix = _FIXES.get(error.errno or 0, "check the drive or choose another cache folder")
        with self._lock:
            self._warnings[f"cache folder {self.root} fails ({reason}): {fix}"] = None
