# SPDX-License-Identifier: GPL-3.0-or-later
"""Which packs a folder has and where each record lies in them, kept up as other processes write and tidy."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from . import sidecar
from .counts import Tally
from .index import Entry, Index, Pack, Used
from .pack import OpenPacks, PackWriter, list_packs_and_sidecars, scan
from .sidecar import Ledger
from .table import Columns, UInt64s
from .touch import Touches

LOOK_SECONDS = 1.0
_OPEN_PACKS = 128
_IDLE_SECONDS = 60.0  # a pack that has not grown for so long is worth a sidecar


class Inventory:
    """The packs of one folder and the index of their records. Safe to use from several threads."""

    def __init__(
        self,
        home: Path,
        clock: Callable[[], float],
        tally: Tally,
        warn: Callable[[OSError], None],
        mode: int = 0o600,
    ) -> None:
        """Index what is in the folder `home`. `clock` gives seconds that never go back."""
        self._home = home
        self._clock = clock
        self._tally = tally
        self._warn = warn
        self._mode = mode
        self._lock = threading.Lock()  # the index and the packs; never held while a file is read
        self._look_lock = threading.Lock()  # one thread at a time looks for news
        self._index = Index()
        self._packs: dict[str, Pack] = {}
        self.files = OpenPacks(home, _OPEN_PACKS)
        self._touches = Touches(home, clock)
        self.touch = self._touches.touch
        """Note the use of a pack: only worth a call once the pack is `due`."""
        self._moved: UInt64s = np.empty(0, np.uint64)
        self._unswept = False
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
                    self._vanish([entry.pack])
                self._look()
        return self.find_known(digest, use=True)

    def after_damaged(self, digest: bytes, entry: Entry) -> Entry | None:
        """Return another place for a record that was not where it should be, or None.

        Where it was a sidecar that told the place, that sidecar is trusted no more and the pack is scanned.
        """
        with self._look_lock:
            if entry.pack.told and not entry.pack.gone:
                self._rescan(entry.pack)
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
            pack = self._packs.get(name)
            return self._index.used(pack) if pack is not None else Used(np.empty(0, np.uint64), 0)

    def release(self, name: str, carried: UInt64s, into: str | None) -> bool:
        """Give up a pack whose records at the offsets `carried` were copied to the pack `into`.

        False, and nothing given up, if meanwhile this process used a record that was not copied.
        """
        with self._look_lock:
            self._look()
            with self._lock:
                old = self._packs.get(name)
                if old is None:
                    return True
                new = self._packs.get(into) if into is not None else None
                if new is not None:
                    self._index.mark_used(self._index.used_prefixes([old]), new)
                if not np.isin(self._index.used(old).offsets, carried).all():
                    return False
                self._drop(old)
                return True

    def replace(self, name: str, into: str | None) -> None:
        """Give up a pack, of whose records those that are kept were copied to the pack `into`."""
        with self._look_lock:
            self._look()
            with self._lock:
                old = self._packs.get(name)
                new = self._packs.get(into) if into is not None else None
                if old is not None:
                    if new is not None:
                        self._index.mark_used(self._index.used_prefixes([old]), new)
                    self._drop(old)

    # Writing

    def new_pack(self, make: Callable[[], PackWriter]) -> tuple[PackWriter, Pack]:
        """Make a pack with `make` and list it as this process's own. Raises what `make` raises."""
        # No look may see the new file before it is known as ours, or it would be indexed twice.
        with self._look_lock:
            writer = make()
            pack = Pack(writer.name, writer=writer.process)
            with self._lock:
                self._packs[pack.name] = pack
        return writer, pack

    def own(self, name: str) -> Pack | None:
        """Return a pack made here, if it was still there at the last look."""
        with self._lock:
            return self._packs.get(name)

    def add(self, digest: bytes, entry: Entry) -> None:
        """Index a record that this process has just appended."""
        with self._lock:
            self._index.add(digest, entry, used=True)
            self.added += 1
            entry.pack.resume = entry.pack.seen = entry.offset + entry.size

    def end_writing(self, name: str) -> None:
        """Look after a pack from now on as after anybody else's."""
        with self._lock:
            pack = self._packs.get(name)
            if pack is not None:
                pack.writer = 0

    def forget_all(self) -> None:
        """Forget every pack and close its file."""
        with self._look_lock, self._lock:
            for pack in list(self._packs.values()):
                self._drop(pack)
            self._index = Index()

    # Looking

    def look(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        with self._look_lock:
            self._look()

    def _look_again(self) -> None:
        with self._look_lock:
            now = self._clock()
            if now - self._looked >= LOOK_SECONDS:
                self._looked = now
                self._look()

    def _look(self) -> None:
        try:
            listed = list_packs_and_sidecars(self._home)
        except OSError as error:
            self._warn(error)
            return
        names = {path.name for path, _ in listed}
        with self._lock:
            gone = [pack for name, pack in self._packs.items() if name not in names]
            self._vanish(gone)
        told: list[tuple[Pack, Columns]] = []
        grown: list[tuple[Pack, os.stat_result]] = []
        for path, has_sidecar in listed:
            try:
                self._read_sidecar(path, told, grown, has_sidecar=has_sidecar)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._lock:
            self._index.add_columns(told)
        for pack, status in grown:
            try:
                self._read_tail(pack, status)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._lock:
            if len(self._moved):
                # Another janitor may have moved what this process uses: it is as much in use where it lies now.
                self._index.mark_used(self._moved)
                self._moved = np.empty(0, np.uint64)
            if self._unswept:
                self._index.sweep()
                self._unswept = False

    def _read_sidecar(
        self,
        path: Path,
        told: list[tuple[Pack, Columns]],
        grown: list[tuple[Pack, os.stat_result]],
        *,
        has_sidecar: bool,
    ) -> None:
        """Take a pack's news from its sidecar into `told`; list it as `grown` where that is not all."""
        pack = self._packs.get(path.name)
        if pack is not None and (pack.sealed or pack.writer == os.getpid()):
            return
        status = path.stat()
        self._touches.saw(status.st_mtime_ns)
        with self._lock:
            if pack is not None and status.st_size < pack.resume:  # emptied by a purge: what it held is gone
                self._vanish([pack])
                pack = None
            if pack is None:
                pack = self._packs[path.name] = Pack(path.name)
        if pack.resume == 0 and has_sidecar:
            known = sidecar.read(path, status.st_size)
            if known is not None:
                told.append((pack, known.columns))
                pack.told, pack.resume = True, known.covers
                pack.sealed = known.sealed and known.covers == status.st_size
                if known.covers == status.st_size:
                    pack.seen = status.st_size
        if pack.seen != status.st_size:
            grown.append((pack, status))
        elif has_sidecar and not pack.told:
            pack.sealed = sidecar.says_sealed(path, status.st_size)

    def _read_tail(self, pack: Pack, status: os.stat_result, *, count: bool = True) -> None:
        start, size = pack.resume, status.st_size
        tail = scan(self.files.file(pack.name), start, size)
        with self._lock:
            for found in tail.records:
                self._index.add(found.digest, Entry(pack, found.offset, found.size))
            pack.resume, pack.seen = tail.resume, size
            news = [offset for offset in tail.damaged if offset > pack.damaged]
            pack.damaged = max(tail.damaged, default=pack.damaged)
        if count:
            self._tally.add(corrupt=len(news))
        if start == 0 and not tail.damaged and time.time() - status.st_mtime > _IDLE_SECONDS:
            ledger = Ledger()
            for found in tail.records:
                ledger.add(found.digest, found.offset, found.size)
            try:
                ledger.write(self._home / pack.name, tail.resume, sealed=False, mode=self._mode)
            except OSError:
                return  # a folder that is full or only readable does without

    def _rescan(self, pack: Pack) -> None:
        fresh = Pack(pack.name, due=pack.due)
        with self._lock:
            self._drop(pack)
            self._packs[pack.name] = fresh
        try:
            self._read_tail(fresh, (self._home / pack.name).stat())
        except FileNotFoundError:
            return
        except OSError as error:
            self._warn(error)

    def _vanish(self, packs: list[Pack]) -> None:
        """Drop packs that were taken away, and remember what of them was used."""
        if packs:
            self._moved = np.concatenate([self._moved, self._index.used_prefixes(packs)])
        for pack in packs:
            self._drop(pack)

    def _drop(self, pack: Pack) -> None:
        pack.gone = self._unswept = True
        self.files.let_go(pack.name)
        if self._packs.get(pack.name) is pack:
            del self._packs[pack.name]
