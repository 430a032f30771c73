# SPDX-License-Identifier: GPL-3.0-or-later
"""Purging: chosen entries are taken out of every pack, so that no file of the folder holds them any more.

A pack that has a chosen entry, or bytes that are no whole record and so might be one, is rewritten without
it. A purge that is killed has purged some packs and not others; the next one does the rest.
"""

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from ...filesystem import Location
from ..base.payload import decode
from ..packs.folder_lock import folder_lock
from ..packs.layout import ENGINES, pack_folders, require_ours
from ..packs.pack import Found, OpenPack, empty, list_packs, scan
from ..packs.record import read_key_text, verified
from ..packs.rewrite import Rewrite, remove
from ..shared.lease_folder import LEASE_FOLDER
from .dependents import Kept
from .order import leftovers, remove_leftovers
from .remove_contents import emptied, has_files

WAIT_SECONDS = 120.0
_LEASE_SET_ASIDE = re.compile(r"[0-9a-f]{64}\.[0-9a-f]{32}")
_ID_RECORD_BYTES = 4096  # a frame's id and its look from afar


@dataclass(frozen=True)
class Purged:
    """What a purge did: bytes freed, entries taken out, and what went wrong."""

    freed: int
    entries: int
    troubles: tuple[OSError, ...] = ()
    foreign_packs: int = 0
    """Packs of other format versions, which can't be searched and were left."""
    busy: bool = False
    """Whether nothing was done because another process kept the folder locked."""


def purge_packs(
    root: Path,
    home: Location,
    matches: Callable[[Kept], bool],
    now_ns: int,
    replaced: Callable[[str, str | None], None] = lambda _old, _new: None,
    mode: int = 0o600,
) -> Purged:
    """Take the entries that match out of the packs in `home`.

    `replaced(old, new)` is called between a pack's being copied and its removal. Raises OSError where the
    folder can't be read at all, CacheError where it is not ours.
    """
    place = Location(root)
    with place.open() as folder:
        require_ours(folder)
    with folder_lock(place, wait_seconds=WAIT_SECONDS, mode=mode) as held:
        if not held:
            return Purged(0, 0, busy=True)
        entries = 0
        troubles: list[OSError] = []
        freed = remove_leftovers(place, now_ns, troubles)
        for name in _pack_names(home):
            try:
                done = _purge_pack(home, name, matches, replaced, mode)
                freed, entries = freed + done.freed, entries + done.entries
                troubles += done.troubles
            except FileNotFoundError:
                continue
            except OSError as error:
                troubles.append(error)
        foreign = sum(len(_pack_names(other)) for other in pack_folders(place) if other != home)
        return Purged(freed, entries, tuple(troubles), foreign)


def purge_all(root: Path, now_ns: int, mode: int = 0o600) -> Purged:
    """Remove every pack of every format, emptied first, all engines, and what killed processes left.

    Raises OSError, CacheError where the folder is not ours.
    """
    place = Location(root)
    with place.open() as folder:
        require_ours(folder)
    with folder_lock(place, wait_seconds=WAIT_SECONDS, mode=mode) as held:
        freed = 0
        troubles: list[OSError] = []
        for home in pack_folders(place):
            for name in _pack_names(home):
                try:
                    with home.open() as folder:
                        freed += remove(folder, name, emptied=True)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    troubles.append(error)
        freed += remove_leftovers(place, now_ns, troubles, of_any_age=held)
        freed += emptied(place / ENGINES, troubles)
        _forget_asides(place)
        return Purged(freed, 0, tuple(troubles), busy=not held)


def _forget_asides(place: Location) -> None:
    """Remove the leases that were set aside by processes that were killed then."""
    with suppress(OSError), (place / LEASE_FOLDER).open() as folder:
        for entry in folder.entries():
            if _LEASE_SET_ASIDE.fullmatch(entry.name) and entry.is_file:
                with suppress(OSError):
                    folder.remove_file(entry.name)


def remains(root: Path) -> list[str]:
    """Return what a purge of everything left in a cache folder, as paths below it. Raises OSError."""
    place = Location(root)
    left = ["/".join((*home.names, name)) for home in pack_folders(place) for name in _pack_names(home)]
    left += ["/".join((*item.home.names, item.name)) for item in leftovers(place, 0, of_any_age=True)]
    return [*left, *([ENGINES] if has_files(place / ENGINES) else [])]


def _pack_names(home: Location) -> list[str]:
    with home.open() as folder:
        return [entry.name for entry in list_packs(folder)]


def walk_packs(home: Location) -> Iterator[Kept]:
    """Yield every undamaged entry of every pack in a folder; what can't be read is left out."""
    try:
        names = _pack_names(home)
    except OSError:
        return
    for name in names:
        try:
            with home.open() as folder:
                file = OpenPack(folder, name)
            for found in scan(file, 0, file.size()).records:
                kept = _looked_at(file, found)
                if kept is not None:
                    yield kept
        except OSError:
            continue


def _looked_at(file: OpenPack, found: Found) -> Kept | None:
    entry = read_key_text(file.read, found.offset)
    if entry is None:
        return None
    held = None
    if found.size <= _ID_RECORD_BYTES:
        raw = file.read(found.offset, found.size)
        known = verified(raw)
        arrays = decode(raw, known[0].payload_start) if known is not None else None
        identity = arrays.get("id") if arrays is not None else None
        if identity is not None and identity.nbytes == 32:
            held = identity.tobytes().hex()
    return Kept(entry, held)


def _purge_pack(
    home: Location,
    name: str,
    matches: Callable[[Kept], bool],
    replaced: Callable[[str, str | None], None],
    mode: int,
) -> Purged:
    """Rewrite one pack without what matches, if it has any of it. Raises OSError."""
    with home.open() as folder:
        used_ns = folder.status(name).st_mtime_ns
        file = OpenPack(folder, name)
        size = file.size()
        keep, dropped, resume = _sorted_out(file, 0, size, matches)
        if not dropped and sum(found.size for found in keep) == size:
            return Purged(0, 0)
        troubles: list[OSError] = []
        into, added = _kept_copy(home, file, keep, used_ns, mode, troubles)
        replaced(name, into)
        if sys.platform == "win32":  # removes no file that is open
            file.close()
            return Purged(remove(folder, name, emptied=True) - added, dropped, tuple(troubles))
        fd = folder.open_file(name, os.O_RDWR)
        try:
            freed = remove(folder, name)
            # Who was appending just before believes those records kept.
            late, late_dropped, _ = _sorted_out(file, resume, file.size(), matches)
            added += _kept_copy(home, file, late, used_ns, mode, troubles)[1]
            if not os.fstat(fd).st_nlink:  # a second name, outside perhaps, is not ours
                empty(fd)  # for those who hold it open
        finally:
            os.close(fd)
    return Purged(freed - added, dropped + late_dropped, tuple(troubles))


def _sorted_out(
    file: OpenPack, start: int, end: int, matches: Callable[[Kept], bool]
) -> tuple[list[Found], int, int]:
    """Return the records to keep, how many there are not to be kept, and where the last one ends."""
    keep: list[Found] = []
    dropped = 0
    scanned = scan(file, start, end)
    for found in scanned.records:
        kept = _looked_at(file, found)
        if kept is not None and not matches(kept):
            keep.append(found)
        else:
            dropped += 1
    return keep, dropped, scanned.resume


def _kept_copy(
    home: Location, file: OpenPack, keep: list[Found], used_ns: int, mode: int, troubles: list[OSError]
) -> tuple[str | None, int]:
    """Copy records into a new pack; return its name and size. On failure they are lost: purging goes first."""
    if not keep:
        return None, 0
    rewrite: Rewrite | None = None
    try:
        rewrite = Rewrite(home, mode)
        for found in keep:
            rewrite.copy(file, found)
        return rewrite.finish(used_ns), rewrite.bytes_on_disk
    except OSError as error:
        troubles.append(error)
        if rewrite is not None:
            rewrite.abandon()
        return None, 0
