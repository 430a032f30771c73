# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding out what other processes did to a folder: packs that are new, have grown, shrank or are gone."""

import os
import time
from collections.abc import Callable

from ...filesystem import Folder, Location
from ...filesystem import FolderEntry as FileEntry
from ..base.counts import StoreCounter
from . import sidecar
from .access_times import AccessTimes
from .index import IndexEntry, Pack
from .pack import OpenPacks, list_packs_and_sidecars, scan
from .registry import PackRegistry
from .sidecar import SidecarBuilder
from .table import Columns

_SIDECAR_IDLE_SECONDS = 60.0  # a pack that has not grown for so long is worth a sidecar


class FolderRefresher:
    """Brings what is known of a folder up to date. For one thread at a time."""

    def __init__(
        self,
        pack_folder: Location,
        registry: PackRegistry,
        files: OpenPacks,
        access_times: AccessTimes,
        counter: StoreCounter,
        warn: Callable[[OSError], None],
        mode: int | None,
    ) -> None:
        """Look into `pack_folder`; new sidecars get the permissions `mode`; without it none are written."""
        self._pack_folder = pack_folder
        self._registry = registry
        self._files = files
        self._access_times = access_times
        self._counter = counter
        self._warn = warn
        self._mode = mode

    def refresh(self) -> None:
        """Index what other processes appended and forget the packs that are gone."""
        try:
            folder = self._pack_folder.open()
        except OSError as error:
            self._warn(error)
            return
        with folder:
            self._refresh(folder)

    def _refresh(self, folder: Folder) -> None:
        try:
            listed = list_packs_and_sidecars(folder)
        except OSError as error:
            self._warn(error)
            return
        names = {name for name, _ in listed}
        with self._registry.lock:
            gone = [pack for name, pack in self._registry.packs.items() if name not in names]
            self._registry.drop_removed(gone)
        new_columns: list[tuple[Pack, Columns]] = []
        grown: list[tuple[Pack, os.stat_result]] = []
        for name, has_sidecar in listed:
            try:
                self._read_sidecar(folder, name, new_columns, grown, has_sidecar=has_sidecar)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._registry.lock:
            self._registry.index.add_columns(new_columns)
        for pack, status in grown:
            try:
                self._read_tail(folder, pack, status)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
        with self._registry.lock:
            self._registry.finish_refresh()

    def rescan(self, pack: Pack) -> None:
        """Forget what a pack's sidecar told, and read the pack itself."""
        fresh = Pack(pack.name, next_touch_at=pack.next_touch_at)
        with self._registry.lock:
            self._registry.drop(pack)
            self._registry.packs[pack.name] = fresh
        try:
            with self._pack_folder.open() as folder:
                self._read_tail(folder, fresh, folder.status(pack.name))
        except FileNotFoundError:
            return
        except OSError as error:
            self._warn(error)

    def _read_sidecar(
        self,
        folder: Folder,
        name: str,
        new_columns: list[tuple[Pack, Columns]],
        grown_packs: list[tuple[Pack, os.stat_result]],
        *,
        has_sidecar: bool,
    ) -> None:
        """Take a pack's news from its sidecar into `new_columns`; list it as `grown_packs` where that is not all."""
        pack = self._registry.packs.get(name)
        if pack is not None and (pack.finished or pack.writer_pid == os.getpid()):
            return
        status = folder.status(name)
        if not FileEntry(name, status).is_file:  # somebody's link or pipe: no pack, or none any more
            if pack is not None:
                with self._registry.lock:
                    self._registry.drop_removed([pack])
            return
        self._access_times.observe(status.st_mtime_ns)
        with self._registry.lock:
            if (
                pack is not None and status.st_size < pack.indexed_until
            ):  # emptied by a purge: what it held is gone
                self._registry.drop_removed([pack])
                pack = None
            if pack is None:
                pack = self._registry.packs[name] = Pack(name)
        if pack.indexed_until == 0 and has_sidecar:
            known = sidecar.read(folder, name, status.st_size)
            if known is not None:
                new_columns.append((pack, known.columns))
                pack.from_sidecar, pack.indexed_until = True, known.covered_bytes
                pack.finished = known.finished and known.covered_bytes == status.st_size
                if known.covered_bytes == status.st_size:
                    pack.scanned_size = status.st_size
        if pack.scanned_size != status.st_size:
            grown_packs.append((pack, status))
        elif has_sidecar and not pack.from_sidecar:
            pack.finished = sidecar.is_finished(folder, name, status.st_size)

    def _read_tail(self, folder: Folder, pack: Pack, status: os.stat_result) -> None:
        start, size = pack.indexed_until, status.st_size
        tail = scan(self._files.file(pack.name), start, size)
        with self._registry.lock:
            for record in tail.records:
                self._registry.index.add(record.digest, IndexEntry(pack, record.offset, record.size))
            pack.indexed_until, pack.scanned_size = tail.resume_offset, size
            news = [offset for offset in tail.damaged_offsets if offset > pack.last_damaged_offset]
            pack.last_damaged_offset = max(tail.damaged_offsets, default=pack.last_damaged_offset)
        self._counter.add(corrupt=len(news))
        if self._mode is None:
            return
        if start == 0 and not tail.damaged_offsets and time.time() - status.st_mtime > _SIDECAR_IDLE_SECONDS:
            ledger = SidecarBuilder()
            for record in tail.records:
                ledger.add(record.digest, record.offset, record.size)
            try:
                ledger.write(folder, pack.name, tail.resume_offset, finished=False, mode=self._mode)
            except OSError:
                return  # a folder that is full or only readable does without
