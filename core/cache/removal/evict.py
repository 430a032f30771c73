# SPDX-License-Identifier: GPL-3.0-or-later
"""Eviction: keeps a cache folder under its cap, unused packs first, one process at a time.

It may be killed at any instant: a new pack is written under a temporary name and moved into place whole
before the packs it replaces are removed, so the worst that stays behind is a file with a name that tells
(removed by the next eviction) or a record that is there twice.
"""

import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, Protocol

import numpy as np

from ...filesystem import Location
from ..packs.disk_usage import size_on_disk
from ..packs.folder_lock import folder_lock
from ..packs.index import UsedRecords
from ..packs.layout import require_cache_folder
from ..packs.pack import OpenPack, ScannedRecord, scan
from ..packs.rewrite import PackRewriter, remove_pack
from ..packs.table import UInt64s
from .order import PackUsage, packs_by_last_use, remove_leftovers

_MERGE_IDLE_SECONDS = 600.0
_LOW_WATER = 0.9  # evicting a little more than need be makes it rare
_MIN_COLD_FRACTION = 0.1  # the part of a pack that must be cold
_SMALL_PACK_DIVISOR = 8  # a pack under pack_bytes / _SMALL is small
_MIN_SMALL_PACKS = 32


class WorkingSet(Protocol):
    """What the process that evicts has used itself: that is never evicted."""

    def used_records(self, name: str) -> UsedRecords:
        """Return the records of a pack that were used."""
        ...

    def release(self, name: str, copied_offsets: UInt64s, target_pack: str | None) -> bool:
        """Give up a pack whose records at offsets `carried` were copied into another; False if others are used."""
        ...


class EmptyWorkingSet:
    """The working set of a process that only evicts."""

    def used_records(self, name: str) -> UsedRecords:  # noqa: ARG002
        """Return no records."""
        return UsedRecords(np.empty(0, np.uint64), 0)

    def release(self, name: str, copied_offsets: UInt64s, target_pack: str | None) -> bool:  # noqa: ARG002
        """Give up the pack."""
        return True


@dataclass(frozen=True)
class EvictionReport:
    """What an eviction did: sizes in bytes of the whole folder, records that are no longer kept."""

    bytes_before: int
    bytes_after: int
    evicted_packs: int = 0
    evicted_records: int = 0
    copied_records: int = 0
    merged_packs: int = 0
    in_use_bytes: int = 0
    """Bytes that the tidying process has used itself, in the packs that were looked at."""
    errors: tuple[OSError, ...] = ()


class _RemovalCounts(NamedTuple):
    records: int
    copied: int


def evict(
    root: Path,
    cap_bytes: int | None,
    *,
    pack_folder: Location | None = None,
    max_age_seconds: float | None = None,
    pack_bytes: int = 1 << 28,
    working_set: WorkingSet | None = None,
    own_packs: Callable[[], Collection[str]] = tuple,
    should_stop: Callable[[], bool] = lambda: False,
    clock_ns: Callable[[], int] = time.time_ns,
    mode: int = 0o600,
) -> EvictionReport | None:
    """Bring a cache folder under `cap_bytes` and drop packs unused for `max_age_seconds` seconds.

    `pack_folder` is the folder of the packs that this version reads and carries records from, `root` unless said;
    `own_packs` names packs that the caller is writing to. Many small packs are merged into one. Returns None where
    another process evicts. Raises OSError where the folder can't be cleaned at all, CacheError where it is
    not ours.
    """
    place = Location(root)
    pack_folder = place if pack_folder is None else pack_folder
    with place.open() as folder:
        require_cache_folder(folder)
    with folder_lock(place, mode=mode) as held:
        if not held:
            return None
        before = size_on_disk(root)
        run = _EvictionRun(pack_folder, working_set or EmptyWorkingSet(), mode)
        run.clean(place, clock_ns())
        packs = packs_by_last_use(place, clock_ns())
        # Asked after the packs are listed: one that is made in between is not in the list.
        written = own_packs()
        packs = [pack for pack in packs if pack.name not in written]
        if max_age_seconds is not None:
            oldest = clock_ns() - int(max_age_seconds * 1e9)
            for pack in packs:
                if pack.last_used_ns < oldest and not should_stop():
                    run.evict_pack(pack)
        if cap_bytes is not None and before - run.freed_bytes > cap_bytes:
            for pack in packs:
                if before - run.freed_bytes <= cap_bytes * _LOW_WATER or should_stop():
                    break
                run.evict_pack(pack)
        if not should_stop():
            run.merge_small_packs(
                [pack for pack in packs if pack.pack_folder == pack_folder], pack_bytes, clock_ns()
            )
        return run.report(before, size_on_disk(root))


class _EvictionRun:
    """One round of tidying."""

    def __init__(self, pack_folder: Location, working_set: WorkingSet, mode: int) -> None:
        self._pack_folder = pack_folder
        self._working_set = working_set
        self._mode = mode
        self._evicted_packs = self._evicted_records = self._copied_records = self._merged_packs = (
            self._in_use_bytes
        ) = 0
        self._errors: list[OSError] = []
        self.freed_bytes = 0
        """Bytes freed so far, as the sizes of the files say."""

    def report(self, before: int, after: int) -> EvictionReport:
        return EvictionReport(
            before,
            after,
            self._evicted_packs,
            self._evicted_records,
            self._copied_records,
            self._merged_packs,
            self._in_use_bytes,
            tuple(self._errors),
        )

    def clean(self, root: Location, now_ns: int) -> None:
        self.freed_bytes += remove_leftovers(root, now_ns, self._errors)

    def evict_pack(self, pack: PackUsage) -> None:
        """Remove a pack, its used records carried into a new one, unless nearly all of it was used."""
        if not _exists(pack):
            return
        used = self._working_set.used_records(pack.name)
        self._in_use_bytes += used.size
        if used.size > pack.size * (1 - _MIN_COLD_FRACTION):
            return
        try:
            emptied = self._replace_packs([pack], lambda name: self._working_set.used_records(name).offsets)
        except FileNotFoundError:
            return  # somebody was quicker
        except OSError as error:
            self._errors.append(error)
            return
        self._evicted_packs += 1
        self._evicted_records += emptied.records - emptied.copied
        self._copied_records += emptied.copied

    def merge_small_packs(self, packs: list[PackUsage], pack_bytes: int, now_ns: int) -> None:
        """Make one pack of many small ones that nobody has written to or read from for a while."""
        idle = now_ns - int(_MERGE_IDLE_SECONDS * 1e9)
        small = [
            pack
            for pack in packs
            if pack.size * _SMALL_PACK_DIVISOR < pack_bytes and pack.last_used_ns < idle and _exists(pack)
        ]
        while len(small) >= _MIN_SMALL_PACKS:
            batch, size = [], 0
            while small and size < pack_bytes:
                batch.append(small.pop(0))
                size += batch[-1].size
            try:
                self._replace_packs(batch, None)
            except OSError as error:
                self._errors.append(error)
                return
            self._merged_packs += len(batch)

    def _replace_packs(
        self, packs: list[PackUsage], offsets_to_keep: Callable[[str], UInt64s] | None
    ) -> _RemovalCounts:
        """Copy the wanted records (all, for None) of some packs into one new pack and remove the packs."""
        copied = [self._open(pack) for pack in packs]
        offsets = [
            np.array([record.offset for record in item.records], np.uint64)
            if offsets_to_keep is None
            else offsets_to_keep(item.pack.name)
            for item in copied
        ]
        chosen = list(zip(copied, offsets, strict=True))
        into = self._copy(chosen)
        emptied = [
            self._remove(item, chosen, into, copy_all=offsets_to_keep is None) for item, chosen in chosen
        ]
        return _RemovalCounts(sum(e.records for e in emptied), sum(e.copied for e in emptied))

    def _open(self, pack: PackUsage) -> "_Source":
        with pack.pack_folder.open() as folder:
            file = OpenPack(folder, pack.name)
        if pack.pack_folder != self._pack_folder:  # of another version: nothing in it can be used here
            return _Source(pack, file, [], pack.size)
        scanned = scan(file, 0, pack.size)
        return _Source(pack, file, scanned.records, scanned.resume_offset)

    def _copy(self, selections: "list[tuple[_Source, UInt64s]]") -> str | None:
        """Copy the records at the offsets given into one new pack and return its name, if there are any."""
        if not any(len(offsets) for _, offsets in selections):
            return None
        rewrite = PackRewriter(self._pack_folder, self._mode)
        try:
            for source, offsets in selections:
                keep = set(offsets.tolist())
                for record in source.records:
                    if record.offset in keep:
                        rewrite.copy(source.file, record)
            name = rewrite.finish(max(source.pack.last_used_ns for source, _ in selections))
        except OSError:
            rewrite.abandon()
            raise
        self.freed_bytes -= rewrite.bytes_on_disk
        return name

    def _remove(
        self, source: "_Source", copied_offsets: UInt64s, target_pack: str | None, *, copy_all: bool
    ) -> _RemovalCounts:
        """Remove a pack whose records at `carried` were copied; what was used or added meanwhile too."""
        name = source.pack.name
        while not self._working_set.release(name, copied_offsets, target_pack):
            more = np.setdiff1d(self._working_set.used_records(name).offsets, copied_offsets)
            target_pack = self._copy([(source, more)])
            copied_offsets = np.union1d(copied_offsets, more)
        if sys.platform == "win32":  # removes no file that is open
            source.file.close()
            self.freed_bytes += _remove_pack(source.pack)
            return _RemovalCounts(len(source.records), len(copied_offsets))
        self.freed_bytes += _remove_pack(source.pack)
        # A writer that appended just before the pack vanished believes its record kept.
        late = scan(source.file, source.resume_offset, source.file.size()).records
        if late and copy_all:
            offsets = np.array([record.offset for record in late], np.uint64)
            self._copy([(source._replace(records=late), offsets)])
            copied_offsets = np.union1d(copied_offsets, offsets)
        return _RemovalCounts(len(source.records) + len(late), len(copied_offsets))


def _exists(pack: PackUsage) -> bool:
    try:
        with pack.pack_folder.open() as folder:
            folder.status(pack.name)
    except OSError:
        return False
    return True


def _remove_pack(pack: PackUsage) -> int:
    with pack.pack_folder.open() as folder:
        return remove_pack(folder, pack.name)


class _Source(NamedTuple):
    """A pack that is to be removed, open, with what was found in it and where that ends."""

    pack: PackUsage
    file: OpenPack
    records: list[ScannedRecord]
    resume_offset: int
