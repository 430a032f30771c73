# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packs a folder has and where each record lies in them, kept up as other processes write and evict."""

import math
import threading
from collections.abc import Callable, Iterator

import numpy as np

from ...filesystem import Location
from ..base.counts import StoreCounter
from .access_times import AccessTimes
from .index import IndexEntry, Pack, UsedRecords
from .pack import OpenPacks, PackWriter, max_open_packs
from .refresh import FolderRefresher
from .registry import PackRegistry
from .table import UInt64s

REFRESH_SECONDS = 1.0


class Inventory:
    """The packs of one folder and the index of their records. Safe to use from several threads."""

    def __init__(
        self,
        pack_folder: Location,
        clock: Callable[[], float],
        counter: StoreCounter,
        warn: Callable[[OSError], None],
        mode: int | None = 0o600,
    ) -> None:
        """Index what is in the folder `pack_folder`. `clock` gives seconds that never go back.

        `mode` is the permissions of files that are made there; without one nothing is made or changed there.
        """
        self._clock = clock
        self._counter = counter
        self.files = OpenPacks(pack_folder, max_open_packs())
        self._registry = PackRegistry(self.files)
        self._lock, self._index = self._registry.lock, self._registry.index
        touches = AccessTimes(pack_folder, clock)
        self.record_use: Callable[[Pack], None] = touches.record_use if mode is not None else _ignore_use
        """Note the use of a pack: only worth a call once the pack is `due`."""
        self._refresh_lock = threading.Lock()  # one thread at a time looks for news
        self._refresher = FolderRefresher(
            pack_folder, self._registry, self.files, touches, counter, warn, mode
        )
        self.added_count = 0
        """How many records this process has appended and indexed."""
        self._last_refresh = clock()
        self.refresh()

    # Finding

    def find(self, digest: bytes, *, mark_used: bool = False) -> IndexEntry | None:
        """Return where a record lies, after a look for news if that is due, or None."""
        with self._lock:
            entry = self._index.find(digest, mark_used=mark_used)
        if entry is None and self._clock() - self._last_refresh >= REFRESH_SECONDS:
            self.refresh_if_due()
            with self._lock:
                entry = self._index.find(digest, mark_used=mark_used)
        return entry

    def find_indexed(self, digest: bytes, *, mark_used: bool = False) -> IndexEntry | None:
        """Return where a record lies as far as is known without a look."""
        with self._lock:
            return self._index.find(digest, mark_used=mark_used)

    def next_copy_after_removal(self, digest: bytes, entry: IndexEntry) -> IndexEntry | None:
        """Return another place for a record whose pack was removed or emptied, or None."""
        with self._refresh_lock:
            if not entry.pack.removed:
                with self._lock:
                    self._registry.drop_removed([entry.pack])
                self._refresher.refresh()
        return self.find_indexed(digest, mark_used=True)

    def next_copy_after_damage(self, digest: bytes, entry: IndexEntry) -> IndexEntry | None:
        """Return another place for a record that was not where it should be, or None.

        Where it was a sidecar that told the place, that sidecar is trusted no more and the pack is scanned.
        """
        with self._refresh_lock:
            if entry.pack.from_sidecar and not entry.pack.removed:
                self._refresher.rescan(entry.pack)
            else:
                self._counter.add(corrupt=1)
                with self._lock:
                    self._index.forget(digest, entry)
        return self.find_indexed(digest, mark_used=True)

    def skip_copy(self, digest: bytes) -> bool:
        """Leave out the place that `find` gives for a record, in this process; True if there was one."""
        with self._lock:
            entry = self._index.find(digest)
            if entry is not None:
                self._index.forget(digest, entry)
        return entry is not None

    def entries(self) -> Iterator[IndexEntry]:
        """Yield one entry a digest, in the order of packs and offsets, as things stood at the call."""
        with self._lock:
            return self._index.entries()

    def index_bytes(self) -> int:
        """Return the memory that the index takes, in bytes."""
        with self._lock:
            return self._index.held_bytes()

    # What eviction needs

    def used_records(self, name: str) -> UsedRecords:
        """Return the records of a pack that this process used."""
        with self._lock:
            pack = self._registry.packs.get(name)
            return (
                self._index.used_records(pack) if pack is not None else UsedRecords(np.empty(0, np.uint64), 0)
            )

    def release(self, name: str, copied_offsets: UInt64s, target_pack: str | None) -> bool:
        """Give up a pack whose records at the offsets `copied_offsets` were copied to the pack `target_pack`.

        False, and nothing given up, if meanwhile this process used a record that was not copied.
        """
        with self._refresh_lock:
            self._refresher.refresh()
            with self._lock:
                return self._registry.retire(name, target_pack, copied_offsets)

    def replace_pack(self, name: str, target_pack: str | None) -> None:
        """Give up a pack, of whose records those that are kept were copied to the pack `target_pack`."""
        with self._refresh_lock:
            self._refresher.refresh()
            with self._lock:
                self._registry.retire(name, target_pack)

    # Writing

    def create_pack(self, make: Callable[[], PackWriter]) -> tuple[PackWriter, Pack]:
        """Make a pack with `make` and list it as this process's own. Raises what `make` raises."""
        # No look may see the new file before it is known as ours, or it would be indexed twice.
        with self._refresh_lock:
            writer = make()
            pack = Pack(writer.name, writer_pid=writer.process_id)
            with self._lock:
                self._registry.packs[pack.name] = pack
        return writer, pack

    def own_pack(self, name: str) -> Pack | None:
        """Return a pack made here, if it was still there at the last look."""
        with self._lock:
            return self._registry.packs.get(name)

    def add(self, digest: bytes, entry: IndexEntry) -> None:
        """Index a record that this process has just appended."""
        with self._lock:
            self._index.add(digest, entry, used=True)
            self.added_count += 1
            entry.pack.indexed_until = entry.pack.scanned_size = entry.offset + entry.size

    def end_writing(self, name: str) -> None:
        """Look after a pack from now on as after anybody else's."""
        with self._lock:
            pack = self._registry.packs.get(name)
            if pack is not None:
                pack.writer_pid = 0

    def clear(self) -> None:
        """Forget every pack and close its file."""
        with self._refresh_lock, self._lock:
            self._registry.clear()

    # Looking

    def refresh(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        with self._refresh_lock:
            self._refresher.refresh()

    def refresh_if_due(self, seconds: float = REFRESH_SECONDS) -> None:
        """Refresh, unless that was done less than so many seconds ago."""
        with self._refresh_lock:
            now = self._clock()
            if now - self._last_refresh >= seconds:
                self._last_refresh = now
                self._refresher.refresh()


def _ignore_use(pack: Pack) -> None:
    pack.next_touch_at = math.inf
