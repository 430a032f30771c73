# SPDX-License-Identifier: GPL-3.0-or-later
"""Purging: chosen entries are taken out of every pack, so that no file of the folder holds them any more.

A pack that has a chosen entry, or bytes that are no whole record and so might be one, is rewritten without
it. A purge that is killed has purged some packs and not others; the next one does the rest.
"""

import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from ...filesystem import Location
from ..base.payload import decode
from ..packs.folder_lock import folder_lock
from ..packs.layout import ENGINES_FOLDER, pack_folders, require_cache_folder
from ..packs.pack import OpenPack, ScannedRecord, list_packs, scan, truncate
from ..packs.record import parse_record, read_entry_info
from ..packs.rewrite import PackRewriter, remove_pack
from ..shared.lease_folder import LEASE_FOLDER, remove_aside_leases
from .dependents import CacheEntry
from .order import find_leftovers, remove_leftovers
from .remove_contents import empty_folder, has_files

LOCK_WAIT_SECONDS = 120.0
_MAX_ID_RECORD_BYTES = 4096  # a frame's id and its look from afar


@dataclass(frozen=True)
class PurgeReport:
    """What a purge did: bytes freed, entries taken out, and what went wrong."""

    freed_bytes: int
    removed_entries: int
    errors: tuple[OSError, ...] = ()
    foreign_packs: int = 0
    """Packs of other format versions, which can't be searched and were left."""
    busy: bool = False
    """Whether nothing was done because another process kept the folder locked."""


def purge_packs(
    root: Path,
    pack_folder: Location,
    matches: Callable[[CacheEntry], bool],
    now_ns: int,
    on_replace: Callable[[str, str | None], None] = lambda _old, _new: None,
    mode: int = 0o600,
) -> PurgeReport:
    """Take the entries that match out of the packs in `pack_folder`.

    `on_replace(old, new)` is called between a pack's being copied and its removal. Raises OSError where the
    folder can't be read at all, CacheError where it is not ours.
    """
    place = Location(root)
    with place.open() as folder:
        require_cache_folder(folder)
    with folder_lock(place, wait_seconds=LOCK_WAIT_SECONDS, mode=mode) as held:
        if not held:
            return PurgeReport(0, 0, busy=True)
        entries = 0
        troubles: list[OSError] = []
        freed = remove_leftovers(place, now_ns, troubles)
        for name in _pack_names(pack_folder):
            try:
                done = _purge_pack(pack_folder, name, matches, on_replace, mode)
                freed, entries = freed + done.freed_bytes, entries + done.removed_entries
                troubles += done.errors
            except FileNotFoundError:
                continue
            except OSError as error:
                troubles.append(error)
        foreign = sum(len(_pack_names(other)) for other in pack_folders(place) if other != pack_folder)
        return PurgeReport(freed, entries, tuple(troubles), foreign)


def purge_all(root: Path, now_ns: int, mode: int = 0o600) -> PurgeReport:
    """Remove every pack of every format, emptied first, all engines, and what killed processes left.

    Raises OSError, CacheError where the folder is not ours.
    """
    place = Location(root)
    with place.open() as folder:
        require_cache_folder(folder)
    with folder_lock(place, wait_seconds=LOCK_WAIT_SECONDS, mode=mode) as held:
        freed = 0
        troubles: list[OSError] = []
        for home in pack_folders(place):
            for name in _pack_names(home):
                try:
                    with home.open() as folder:
                        freed += remove_pack(folder, name, truncate_first=True)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    troubles.append(error)
        freed += remove_leftovers(place, now_ns, troubles, any_age=held)
        freed += empty_folder(place / ENGINES_FOLDER, troubles)
        remove_aside_leases(root / LEASE_FOLDER)
        return PurgeReport(freed, 0, tuple(troubles), busy=not held)


def remaining_files(root: Path) -> list[str]:
    """Return what a purge of everything left in a cache folder, as paths below it. Raises OSError."""
    place = Location(root)
    left = ["/".join((*home.names, name)) for home in pack_folders(place) for name in _pack_names(home)]
    left += [
        "/".join((*item.pack_folder.names, item.name)) for item in find_leftovers(place, 0, any_age=True)
    ]
    return [*left, *([ENGINES_FOLDER] if has_files(place / ENGINES_FOLDER) else [])]


def _pack_names(pack_folder: Location) -> list[str]:
    with pack_folder.open() as folder:
        return [entry.name for entry in list_packs(folder)]


def walk_packs(pack_folder: Location) -> Iterator[CacheEntry]:
    """Yield every undamaged entry of every pack in a folder; what can't be read is left out."""
    try:
        names = _pack_names(pack_folder)
    except OSError:
        return
    for name in names:
        try:
            with pack_folder.open() as folder:
                file = OpenPack(folder, name)
            for record in scan(file, 0, file.size()).records:
                kept = _read_entry(file, record)
                if kept is not None:
                    yield kept
        except OSError:
            continue


def _read_entry(file: OpenPack, record: ScannedRecord) -> CacheEntry | None:
    entry = read_entry_info(file.read, record.offset)
    if entry is None:
        return None
    held = None
    if record.size <= _MAX_ID_RECORD_BYTES:
        raw = file.read(record.offset, record.size)
        known = parse_record(raw)
        arrays = decode(raw, known[0].payload_start) if known is not None else None
        identity = arrays.get("id") if arrays is not None else None
        if identity is not None and identity.nbytes == 32:
            held = identity.tobytes().hex()
    return CacheEntry(entry, held)


def _purge_pack(
    pack_folder: Location,
    name: str,
    matches: Callable[[CacheEntry], bool],
    on_replace: Callable[[str, str | None], None],
    mode: int,
) -> PurgeReport:
    """Rewrite one pack without what matches, if it has any of it. Raises OSError."""
    with pack_folder.open() as folder:
        used_ns = folder.status(name).st_mtime_ns
        file = OpenPack(folder, name)
        size = file.size()
        keep, dropped, resume = _partition_records(file, 0, size, matches)
        if not dropped and sum(record.size for record in keep) == size:
            return PurgeReport(0, 0)
        troubles: list[OSError] = []
        into, added = _copy_records(pack_folder, file, keep, used_ns, mode, troubles)
        on_replace(name, into)
        if sys.platform == "win32":  # removes no file that is open
            file.close()
            return PurgeReport(
                remove_pack(folder, name, truncate_first=True) - added, dropped, tuple(troubles)
            )
        fd = folder.open_file(name, os.O_RDWR)
        try:
            freed = remove_pack(folder, name)
            # Who was appending just before believes those records kept.
            late, late_dropped, _ = _partition_records(file, resume, file.size(), matches)
            added += _copy_records(pack_folder, file, late, used_ns, mode, troubles)[1]
            if not os.fstat(fd).st_nlink:  # a second name, outside perhaps, is not ours
                truncate(fd)  # for those who hold it open
        finally:
            os.close(fd)
    return PurgeReport(freed - added, dropped + late_dropped, tuple(troubles))


def _partition_records(
    file: OpenPack, start: int, end: int, matches: Callable[[CacheEntry], bool]
) -> tuple[list[ScannedRecord], int, int]:
    """Return the records to keep, how many there are not to be kept, and where the last one ends."""
    keep: list[ScannedRecord] = []
    dropped = 0
    scanned = scan(file, start, end)
    for record in scanned.records:
        kept = _read_entry(file, record)
        if kept is not None and not matches(kept):
            keep.append(record)
        else:
            dropped += 1
    return keep, dropped, scanned.resume_offset


def _copy_records(
    pack_folder: Location,
    file: OpenPack,
    records: list[ScannedRecord],
    last_used_ns: int,
    mode: int,
    errors: list[OSError],
) -> tuple[str | None, int]:
    """Copy records into a new pack; return its name and size. On failure they are lost: purging goes first."""
    if not records:
        return None, 0
    rewrite: PackRewriter | None = None
    try:
        rewrite = PackRewriter(pack_folder, mode)
        for record in records:
            rewrite.copy(file, record)
        return rewrite.finish(last_used_ns), rewrite.bytes_on_disk
    except OSError as error:
        errors.append(error)
        if rewrite is not None:
            rewrite.abandon()
        return None, 0
