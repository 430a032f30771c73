# SPDX-License-Identifier: GPL-3.0-or-later
"""The folder tier: stage results in append-only packs, shared by any number of processes without a lock."""

import threading
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from ...filesystem import Access
from ..base.counts import StoreCounter, StoreCounts
from ..base.key import Key
from ..base.payload import decode, encode
from ..base.store import Arrays
from ..packs.appender import PackAppender
from ..packs.disk_usage import size_on_disk
from ..packs.inventory import REFRESH_SECONDS, Inventory
from ..packs.layout import prepare_cache_folder
from ..packs.record import (
    MAX_UNCHECKED_BYTES,
    EntryInfo,
    build_record,
    find_payload,
    read_entry_info,
    read_large_record,
)
from ..removal.dependents import CacheEntry, dependents_of
from ..removal.evict import EvictionReport
from ..removal.purge import walk_packs
from ..removal.scheduler import EvictionScheduler
from .folder_warnings import READ_ONLY_PREFIX, FolderWarnings
from .pack_remover import PackRemover
from .usage_log import record_usage

__all__ = ["PACK_BYTES", "REFRESH_SECONDS", "PackStore"]

PACK_BYTES = 1 << 28
_EVICTION_INTERVAL_BYTES = 1 << 26  # how much is written between two looks at the cap
_MIN_PACKS_UNDER_CAP = 16  # a cap is kept by packs: so many at least, or little would be left after one went


class PackStore:
    """A cache folder on a disk or share. Safe to use from several threads.

    Several processes may read and write one folder at once; each sees what the others wrote within
    `REFRESH_SECONDS` of its next miss. Nothing is forced to the disk (no fsync): a killed process loses at most
    the entry it was writing, a power cut may lose the last seconds; both are noticed and never read.
    """

    def __init__(
        self,
        root: Path,
        *,
        pack_bytes: int = PACK_BYTES,
        cap_bytes: int | None = None,
        max_age_seconds: float | None = None,
        access: Access | None = None,
        read_only: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the cache folder `root`, making it if need be, and index its packs.

        A pack grows to about `pack_bytes`. Where `cap_bytes` or `max_age_seconds` (seconds without use) is given,
        puts now and then start a thread that evicts. `access` says for whom new files are, and whose folders may
        be written to; without one they are the owner's. Nothing is changed in a folder that may not be, which is
        a warning, or that is to be `read_only`. `clock` gives seconds that never go back. Raises CacheError
        where the folder can't be used at all.
        """
        access = Access() if access is None else access
        self.root = root
        self._pack_folder, self.write_fault = prepare_cache_folder(root, access, read_only=read_only)
        self.read_only = read_only or bool(self.write_fault)
        self._mode = access.file_mode
        self._cap_bytes, self._max_age_seconds = cap_bytes, max_age_seconds
        self._pack_bytes = pack_bytes
        if cap_bytes is not None:
            self._pack_bytes = min(pack_bytes, max(cap_bytes // _MIN_PACKS_UNDER_CAP, 1))
        self._eviction_scheduler: EvictionScheduler | None = None
        if not self.read_only and (cap_bytes is not None or max_age_seconds is not None):
            self._eviction_scheduler = EvictionScheduler(
                self.evict, min(_EVICTION_INTERVAL_BYTES, self._pack_bytes)
            )
        self._write_lock = threading.Lock()  # one thread at a time appends
        self._warnings = FolderWarnings(root)
        self._counter = StoreCounter()
        self._inventory = Inventory(
            self._pack_folder,
            clock,
            self._counter,
            self._warnings.add_error,
            None if self.read_only else self._mode,
        )
        self._files = self._inventory.files
        self._appender = PackAppender(self._pack_folder, self._inventory, self._pack_bytes, self._mode)
        self._remover = PackRemover(
            root=root,
            pack_folder=self._pack_folder,
            pack_bytes=self._pack_bytes,
            mode=self._mode,
            inventory=self._inventory,
            appender=self._appender,
            write_lock=self._write_lock,
            warnings=self._warnings,
            counter=self._counter,
        )
        self._clock = clock

    def get(self, key: Key) -> Arrays | None:
        """Return the arrays under `key`, read-only and bit for bit as put, or None."""
        entry = self._inventory.find(key.digest, mark_used=True)
        while entry is not None:
            pack, offset, size = entry
            try:
                if size <= MAX_UNCHECKED_BYTES:
                    raw = self._files.read(pack.name, offset, size)
                else:
                    raw = read_large_record(self._files.file(pack.name).read, offset, size)
            except FileNotFoundError:
                raw = b""
            except OSError as error:
                self._files.close_pack(pack.name)
                self._warnings.add_error(error)
                break
            start = find_payload(raw, key)
            arrays = decode(raw, start) if start is not None else None
            if arrays is not None:
                if self._clock() >= pack.next_touch_at:
                    self._inventory.record_use(pack)
                self._counter.add_hit(size)
                return arrays
            if raw:
                entry = self._inventory.next_copy_after_damage(key.digest, entry)
            else:  # the pack was emptied or removed, which is nobody's fault
                entry = self._inventory.next_copy_after_removal(key.digest, entry)
        self._counter.add(misses=1)
        return None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Keep `arrays` under `key`.

        Raises TypeError for a dtype that can't be kept and ValueError for a result too large or an array name
        that can't be kept: faults of the caller, not of the place.
        """
        if self.read_only:
            return
        before = self._inventory.added_count
        if self._inventory.find_indexed(key.digest, mark_used=True) is not None:
            self._counter.add(known=1)
            return
        payload, payload_bytes = encode(arrays)
        chunks, size = build_record(key, payload, payload_bytes, int(time.time()))
        try:
            stored = self._append(key.digest, chunks, size, before)
        except OSError as error:
            self._warnings.add_error(error)
            self._counter.add(dropped=1)
            return
        if stored:
            self._counter.add_put(size)
        else:
            self._counter.add(known=1)

    def __contains__(self, key: Key) -> bool:
        """Tell whether a record of `key` is indexed; it may still prove damaged when read."""
        return self._inventory.find(key.digest) is not None

    def refresh(self, seconds: float) -> None:
        """Look for what others wrote, unless that was done less than so many seconds ago."""
        self._inventory.refresh_if_due(seconds)

    def skip_copy(self, key: Key) -> bool:
        """Leave out, as long as this folder is open, the copy of `key` that `get` returns; True if there was one.

        The next `get` returns another copy, and a `put` adds one.
        """
        return self._inventory.skip_copy(key.digest)

    def entries(self) -> Iterator[EntryInfo]:
        """List what is kept: each entry's key text and size. What can't be read is left out."""
        for entry in self._inventory.entries():
            try:
                item = read_entry_info(self._files.file(entry.pack.name).read, entry.offset)
            except OSError:
                continue
            if item is not None:
                yield item

    def walk_entries(self) -> Iterator[CacheEntry]:
        """Yield every undamaged record and the id it holds. Looking through them does not count as use."""
        return walk_packs(self._pack_folder)

    def size_on_disk(self) -> int:
        """Return the bytes of all the folder's files as the file system says now; 0 if it can't be read."""
        try:
            return size_on_disk(self.root)
        except OSError as error:
            self._warnings.add_error(error)
            return 0

    def index_bytes(self) -> int:
        """Return the memory that the index of records takes, in bytes: 26 an entry and a bounded rest."""
        return self._inventory.index_bytes()

    def evict(
        self, cap_bytes: int | None = None, max_age_seconds: float | None = None
    ) -> EvictionReport | None:
        """Bring the folder under a cap and an age, the ones it was opened with unless said, oldest use first.

        What this process has used is never evicted: a cap below that is a warning. None where another
        process evicts already, or where it is impossible, which is a warning.
        """
        if self._warn_if_read_only():
            return None
        return self._remover.evict(
            self._cap_bytes if cap_bytes is None else cap_bytes,
            self._max_age_seconds if max_age_seconds is None else max_age_seconds,
            self._eviction_scheduler.is_stopping if self._eviction_scheduler is not None else lambda: False,
        )

    def purge(self, matches: Callable[[str], bool] | None = None) -> int:
        """Remove the entries whose key text `matches`, or everything; return the bytes freed.

        Everything means every pack, of other formats and processes too, each emptied before it is removed,
        so that its data is gone even where another process holds the file open. Otherwise packs are
        rewritten without those entries. What can't be removed is a warning.
        """
        if matches is None:
            return self._purge(None)
        chosen = matches
        return self._purge(lambda kept: chosen(kept.info.text))

    def purge_written_before(self, moment: float) -> int:
        """Remove the entries written before `moment`, in seconds since 1970; return the bytes freed."""
        return self._purge(lambda kept: kept.info.written_at < moment)

    def purge_dependents(self, seeds: Collection[str]) -> int:
        """Remove all that the `seeds`, hex digests and ids, lead to (see `dependents_of`); return the bytes freed."""
        return self._purge(dependents_of(lambda: walk_packs(self._pack_folder), seeds))

    def _purge(self, matches: Callable[[CacheEntry], bool] | None) -> int:
        if self._warn_if_read_only():
            return 0
        return self._remover.purge(matches)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Every distinct trouble met so far, one line each, oldest first."""
        return (*self.read_only_warnings, *self._warnings.lines())

    @property
    def read_only_warnings(self) -> tuple[str, ...]:
        """One line that the folder is only read, if it must not be written to."""
        return (
            (f"{READ_ONLY_PREFIX}can't write to {self.root}: {self.write_fault}",) if self.write_fault else ()
        )

    @property
    def operation_warnings(self) -> tuple[str, ...]:
        """The warnings but the one that the folder is only read."""
        return self._warnings.lines()

    def record_run(self, memory: StoreCounts) -> None:
        """Add this run's counts, and those of the memory above, to the folder's own."""
        if not self.read_only:
            record_usage(self.root, memory, self.counts, self._mode)

    @property
    def counts(self) -> StoreCounts:
        """Counters since the folder was opened here."""
        return self._counter.snapshot()

    def close(self) -> None:
        """Close every file and forget the index. Later gets miss; a later put starts a new pack."""
        if self._eviction_scheduler is not None:
            self._eviction_scheduler.stop()
        with self._write_lock:
            self._appender.finish_pack()
            self._inventory.clear()

    def _warn_if_read_only(self) -> bool:
        if self.read_only:
            self._warnings.add_not_writable(self.write_fault or "it was opened for reading alone")
        return self.read_only

    def _append(self, digest: bytes, chunks: list[bytes], size: int, added_before: int) -> bool:
        """Append a record and index it; False where another thread was quicker. Raises OSError.

        `added_before` is how many had been added when the digest was not known.
        """
        with self._write_lock:
            if (
                self._inventory.added_count != added_before
                and self._inventory.find_indexed(digest) is not None
            ):
                return False
            pack = self._appender.append(digest, chunks, size)
            if self._clock() >= pack.next_touch_at:
                self._inventory.record_use(pack)
            if self._eviction_scheduler is not None:
                self._eviction_scheduler.record_write(size)
            return True
