# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding out what other processes did to a folder: packs that are new, have grown, shrank or are gone."""

import os
import time
from collections.abc import Callable

from ...filesystem import Entry as FileEntry
from ...filesystem import Folder, Location
from ..base.counts import Tally
from . import sidecar
from .access_times import Touches
from .index import Entry, Pack
from .pack import OpenPacks, list_packs_and_sidecars, scan
from .registry import Known
from .sidecar import Ledger
from .table import Columns

_IDLE_SECONDS = 60.0  # a pack that has not grown for so long is worth a sidecar


class News:
    """Brings what is known of a folder up to date. For one thread at a time."""

    def __init__(
        self,
        home: Location,
        known: Known,
        files: OpenPacks,
        touches: Touches,
        tally: Tally,
        warn: Callable[[OSError], None],
        mode: int | None,
    ) -> None:
        """Look into the folder `home`; sidecars that are written get the permissions `mode`; without none are."""
        self._home = home
        self._known = known
        self._files = files
        self._touches = touches
        self._tally = tally
        self._warn = warn
        self._mode = mode

    def gather(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        try:
            folder = self._home.open()
        except OSError as error:
            self._warn(error)
            return
        with folder:
            self._gather(folder)

    def _gather(self, folder: Folder) -> None:
        try:
            listed = list_packs_and_sidecars(folder)
        except OSError as error:
            self._warn(error)
            return
        names = {name for name, _ in listed}
        with self._known.lock:
            gone = [pack for name, pack in self._known.packs.items() if name not in names]
            self._known.vanish(gone)
        told: list[tuple[Pack, Columns]] = []
        grown: list[tuple[Pack, os.stat_result]] = []
        for name, has_sidecar in listed:
            try:
                self._read_sidecar(folder, name, told, grown, has_sidecar=has_sidecar)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._known.lock:
            self._known.index.add_columns(told)
        for pack, status in grown:
            try:
                self._read_tail(folder, pack, status)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._known.lock:
            self._known.catch_up()

    def rescan(self, pack: Pack) -> None:
        """Forget what a pack's sidecar told, and read the pack itself."""
        fresh = Pack(pack.name, due=pack.due)
        with self._known.lock:
            self._known.drop(pack)
            self._known.packs[pack.name] = fresh
        try:
            with self._home.open() as folder:
                self._read_tail(folder, fresh, folder.status(pack.name))
        except FileNotFoundError:
            return
        except OSError as error:
            self._warn(error)

    def _read_sidecar(
        self,
        folder: Folder,
        name: str,
        told: list[tuple[Pack, Columns]],
        grown: list[tuple[Pack, os.stat_result]],
        *,
        has_sidecar: bool,
    ) -> None:
        """Take a pack's news from its sidecar into `told`; list it as `grown` where that is not all."""
        pack = self._known.packs.get(name)
        if pack is not None and (pack.sealed or pack.writer == os.getpid()):
            return
        status = folder.status(name)
        if not FileEntry(name, status).is_file:  # somebody's link or pipe: no pack, or none any more
            if pack is not None:
                with self._known.lock:
                    self._known.vanish([pack])
            return
        self._touches.saw(status.st_mtime_ns)
        with self._known.lock:
            if pack is not None and status.st_size < pack.resume:  # emptied by a purge: what it held is gone
                self._known.vanish([pack])
                pack = None
            if pack is None:
                pack = self._known.packs[name] = Pack(name)
        if pack.resume == 0 and has_sidecar:
            known = sidecar.read(folder, name, status.st_size)
            if known is not None:
                told.append((pack, known.columns))
                pack.told, pack.resume = True, known.covers
                pack.sealed = known.sealed and known.covers == status.st_size
                if known.covers == status.st_size:
                    pack.seen = status.st_size
        if pack.seen != status.st_size:
            grown.append((pack, status))
        elif has_sidecar and not pack.told:
            pack.sealed = sidecar.says_sealed(folder, name, status.st_size)

    def _read_tail(self, folder: Folder, pack: Pack, status: os.stat_result) -> None:
        start, size = pack.resume, status.st_size
        tail = scan(self._files.file(pack.name), start, size)
        with self._known.lock:
            for found in tail.records:
                self._known.index.add(found.digest, Entry(pack, found.offset, found.size))
            pack.resume, pack.seen = tail.resume, size
            news = [offset for offset in tail.damaged if offset > pack.damaged]
            pack.damaged = max(tail.damaged, default=pack.damaged)
        self._tally.add(corrupt=len(news))
        if self._mode is None:
            return
        if start == 0 and not tail.damaged and time.time() - status.st_mtime > _IDLE_SECONDS:
            ledger = Ledger()
            for found in tail.records:
                ledger.add(found.digest, found.offset, found.size)
            try:
                ledger.write(folder, pack.name, tail.resume, sealed=False, mode=self._mode)
            except OSError:
                return  # a folder that is full or only readable does without
