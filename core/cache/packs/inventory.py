# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packs a folder has and where each record lies in them, kept up as other processes write and tidy."""

import math
import threading
from collections.abc import Callable, Iterator

import numpy as np

from ...filesystem import Location
from ..base.counts import Tally
from .access_times import Touches
from .index import Entry, Pack, Used
from .pack import OpenPacks, PackWriter, most_open
from .refresh import News
from .registry import Known
from .table import UInt64s

LOOK_SECONDS = 1.0


class Inventory:
    """The packs of one folder and the index of their records. Safe to use from several threads."""

    def __init__(
        self,
        home: Location,
        clock: Callable[[], float],
        tally: Tally,
        warn: Callable[[OSError], None],
        mode: int | None = 0o600,
    ) -> None:
        """Index what is in the folder `home`. `clock` gives seconds that never go back.

        `mode` is the permissions of files that are made there; without one nothing is made or changed there.
        """
        self._clock = clock
        self._tally = tally
        self.files = OpenPacks(home, most_open())
        self._known = Known(self.files)
        self._lock, self._index = self._known.lock, self._known.index
        touches = Touches(home, clock)
        self.note_use: Callable[[Pack], None] = touches.note if mode is not None else _note_nothing
        """Note the use of a pack: only worth a call once the pack is `due`."""
        self._look_lock = threading.Lock()  # one thread at a time looks for news
        self._news = News(home, self._known, self.files, touches, tally, warn, mode)
        self.added = 0
        """How many records this process has appended and indexed."""
        self._looked = clock()
        self.look()

    # Finding

    def find(self, digest: bytes, *, use: bool = False) -> Entry | None:
        """Return where a record lies, after a look for news if that is due, or None."""
        with self._lock:
            entry = self._index.find(digest, use=use)
        if entry is None and self._clock() - self._looked >= LOOK_SECONDS:
            self._look_again()
            with self._lock:
                entry = self._index.find(digest, use=use)
        return entry

    def find_known(self, digest: bytes, *, use: bool = False) -> Entry | None:
        """Return where a record lies as far as is known without a look."""
        with self._lock:
            return self._index.find(digest, use=use)

    def after_vanished(self, digest: bytes, entry: Entry) -> Entry | None:
        """Return another place for a record whose pack was removed or emptied, or None."""
        with self._look_lock:
            if not entry.pack.gone:
                with self._lock:
                    self._known.vanish([entry.pack])
                self._news.gather()
        return self.find_known(digest, use=True)

    def after_damaged(self, digest: bytes, entry: Entry) -> Entry | None:
        """Return another place for a record that was not where it should be, or None.

        Where it was a sidecar that told the place, that sidecar is trusted no more and the pack is scanned.
        """
        with self._look_lock:
            if entry.pack.told and not entry.pack.gone:
                self._news.rescan(entry.pack)
            else:
                self._tally.add(corrupt=1)
                with self._lock:
                    self._index.forget(digest, entry)
        return self.find_known(digest, use=True)

    def pass_over(self, digest: bytes) -> bool:
        """Leave out the place that `find` gives for a record, in this process; True if there was one."""
        with self._lock:
            entry = self._index.find(digest)
            if entry is not None:
                self._index.forget(digest, entry)
        return entry is not None

    def entries(self) -> Iterator[Entry]:
        """Yield one entry a digest, in the order of packs and offsets, as things stood at the call."""
        with self._lock:
            return self._index.entries()

    def index_bytes(self) -> int:
        """Return the memory that the index takes, in bytes."""
        with self._lock:
            return self._index.held_bytes()

    # What the janitor asks

    def used(self, name: str) -> Used:
        """Return the records of a pack that this process used."""
        with self._lock:
            pack = self._known.packs.get(name)
            return self._index.used(pack) if pack is not None else Used(np.empty(0, np.uint64), 0)

    def release(self, name: str, carried: UInt64s, into: str | None) -> bool:
        """Give up a pack whose records at the offsets `carried` were copied to the pack `into`.

        False, and nothing given up, if meanwhile this process used a record that was not copied.
        """
        with self._look_lock:
            self._news.gather()
            with self._lock:
                return self._known.give_up(name, into, carried)

    def replace(self, name: str, into: str | None) -> None:
        """Give up a pack, of whose records those that are kept were copied to the pack `into`."""
        with self._look_lock:
            self._news.gather()
            with self._lock:
                self._known.give_up(name, into)

    # Writing

    def new_pack(self, make: Callable[[], PackWriter]) -> tuple[PackWriter, Pack]:
        """Make a pack with `make` and list it as this process's own. Raises what `make` raises."""
        # No look may see the new file before it is known as ours, or it would be indexed twice.
        with self._look_lock:
            writer = make()
            pack = Pack(writer.name, writer=writer.process)
            with self._lock:
                self._known.packs[pack.name] = pack
        return writer, pack

    def own(self, name: str) -> Pack | None:
        """Return a pack made here, if it was still there at the last look."""
        with self._lock:
            return self._known.packs.get(name)

    def add(self, digest: bytes, entry: Entry) -> None:
        """Index a record that this process has just appended."""
        with self._lock:
            self._index.add(digest, entry, used=True)
            self.added += 1
            entry.pack.resume = entry.pack.seen = entry.offset + entry.size

    def end_writing(self, name: str) -> None:
        """Look after a pack from now on as after anybody else's."""
        with self._lock:
            pack = self._known.packs.get(name)
            if pack is not None:
                pack.writer = 0

    def forget_all(self) -> None:
        """Forget every pack and close its file."""
        with self._look_lock, self._lock:
            self._known.forget_all()

    # Looking

    def look(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        with self._look_lock:
            self._news.gather()

    def _look_again(self) -> None:
        with self._look_lock:
            now = self._clock()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                self._news.gather()


def _note_nothing(pack: Pack) -> None:
    pack.due = math.inf
