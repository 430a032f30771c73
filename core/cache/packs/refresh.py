# SPDX-License-Identifier: GPL-3.0-or-later
"""Finding out what other processes did to a folder: packs that are new, have grown, shrank or are gone."""

import os
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from ...filesystem import Folder, Location
from ...filesystem import FolderEntry as FileEntry
from ..base.counts import StoreCounter
from . import sidecar
from .access_times import AccessTimes
from .index import IndexEntry, Pack
from .pack import OpenPacks, list_packs_and_sidecars, scan
from .registry import PackRegistry
from .sidecar import Sidecar, SidecarBuilder

_SIDECAR_IDLE_SECONDS = 60.0  # a pack that has not grown for so long is worth a sidecar


@dataclass(frozen=True, eq=False, slots=True)
class PackChange:
    """What became of one pack since it was looked at last."""

    pack: Pack
    status: os.stat_result
    """Its file, as it was when it was looked at."""
    sidecar: Sidecar | None
    """Records that a sidecar tells of; None where there is none, or nothing in it that is new."""
    finished: bool
    """Whether its writer says that it will not grow any more."""
    needs_scan: bool
    """Whether it holds more than its sidecar says, so that it has to be read itself."""


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
        changes = self._changes(folder, listed)
        with self._registry.lock:
            self._apply(changes)
        for change in changes:
            if change.needs_scan:
                try:
                    self._scan(folder, change.pack, change.status)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    self._warn(error)
        with self._registry.lock:
            self._registry.finish_refresh()

    def _changes(self, folder: Folder, listed: Iterable[tuple[str, bool]]) -> list[PackChange]:
        """Return what became of the packs `listed`; a pack that can't be looked at has no change."""
        changes: list[PackChange] = []
        for name, has_sidecar in listed:
            try:
                change = self._change(folder, name, has_sidecar=has_sidecar)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._warn(error)
                continue
            if change is not None:
                changes.append(change)
        return changes

    def _apply(self, changes: Sequence[PackChange]) -> None:
        """Note what sidecars say, for all packs at once. Call it with the registry's lock held."""
        for change in changes:
            if change.sidecar is not None:
                change.pack.record_sidecar(change.sidecar.covered_bytes, change.status.st_size)
            change.pack.finished = change.finished
        self._registry.index.add_columns(
            [(change.pack, change.sidecar.columns) for change in changes if change.sidecar is not None]
        )

    def rescan(self, pack: Pack) -> None:
        """Forget what a pack's sidecar told, and read the pack itself."""
        fresh = Pack(pack.name, next_touch_at=pack.next_touch_at)
        with self._registry.lock:
            self._registry.drop(pack)
            self._registry.packs[pack.name] = fresh
        try:
            with self._pack_folder.open() as folder:
                self._scan(folder, fresh, folder.status(pack.name))
        except FileNotFoundError:
            return
        except OSError as error:
            self._warn(error)

    def _change(self, folder: Folder, name: str, *, has_sidecar: bool) -> PackChange | None:
        """Return what became of a pack, None where there is nothing to do. Raises OSError."""
        pack = self._registry.packs.get(name)
        if pack is not None and (pack.finished or pack.writer_pid == os.getpid()):
            return None
        status = folder.status(name)
        if not FileEntry(name, status).is_file:  # somebody's link or pipe: no pack, or none any more
            if pack is not None:
                with self._registry.lock:
                    self._registry.drop_removed([pack])
            return None
        self._access_times.observe(status.st_mtime_ns)
        return find_change(folder, self._register(name, status.st_size), status, has_sidecar=has_sidecar)

    def _register(self, name: str, size: int) -> Pack:
        """Return what is known of a pack of `size` bytes, which is nothing where it is new or has shrunk."""
        with self._registry.lock:
            pack = self._registry.packs.get(name)
            if pack is not None and size < pack.indexed_until:  # emptied by a purge: what it held is gone
                self._registry.drop_removed([pack])
                pack = None
            if pack is None:
                pack = self._registry.packs[name] = Pack(name)
        return pack

    def _scan(self, folder: Folder, pack: Pack, status: os.stat_result) -> None:
        """Index what a pack holds beyond what is indexed, and write its sidecar if it is worth one."""
        start, size = pack.indexed_until, status.st_size
        tail = scan(self._files.file(pack.name), start, size)
        with self._registry.lock:
            for record in tail.records:
                self._registry.index.add(record.digest, IndexEntry(pack, record.offset, record.size))
            new_damage_count = pack.record_scan(tail.resume_offset, size, tail.damaged_offsets)
        self._counter.add(corrupt=new_damage_count)
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


def find_change(
    folder: Folder, pack: Pack, status: os.stat_result, *, has_sidecar: bool
) -> PackChange | None:
    """Return what a pack of `folder` and its sidecar hold beyond what is known. Only looks, and changes nothing.

    Parameters
    ----------
    folder : Folder
        Where the pack lies.
    pack : Pack
        What is known of it.
    status : os.stat_result
        Its file as it is now.
    has_sidecar : bool
        Whether it has a sidecar.

    Returns
    -------
    PackChange or None
        None where there is nothing to do.
    """
    size = status.st_size
    known = sidecar.read(folder, pack.name, size) if pack.indexed_until == 0 and has_sidecar else None
    if known is not None:
        whole = known.covered_bytes == size
        # Not so for a pack that was scanned at this size before: there is nothing that the scan did not see.
        needs_scan = not whole and pack.scanned_size != size
        return PackChange(pack, status, known, finished=known.finished and whole, needs_scan=needs_scan)
    if pack.scanned_size != size:
        return PackChange(pack, status, None, finished=False, needs_scan=True)
    if has_sidecar and not pack.from_sidecar and sidecar.is_finished(folder, pack.name, size):
        return PackChange(pack, status, None, finished=True, needs_scan=False)
    return None
