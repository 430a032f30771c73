# SPDX-License-Identifier: GPL-3.0-or-later
"""The janitor: keeps a cache folder under its cap, unused packs first, one process at a time.

It may be killed at any instant: a new pack is written under a temporary name and moved into place whole
before the packs it replaces are removed, so the worst that stays behind is a file with a name that tells
(removed by the next janitor) or a record that is there twice.
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
from ..packs.index import Used
from ..packs.layout import require_ours
from ..packs.pack import Found, OpenPack, scan
from ..packs.rewrite import Rewrite, remove
from ..packs.table import UInt64s
from .order import Candidate, packs_by_use, remove_leftovers

_IDLE_SECONDS = 600.0
_LOW_WATER = 0.9  # evicting a little more than need be makes it rare
_WORTH_REWRITING = 0.1  # the part of a pack that must be cold
_SMALL = 8  # a pack under pack_bytes / _SMALL is small
_MANY_SMALL = 32


class WorkingSet(Protocol):
    """What the process that tidies has used itself: that is never evicted."""

    def used(self, name: str) -> Used:
        """Return the records of a pack that were used."""
        ...

    def release(self, name: str, carried: UInt64s, into: str | None) -> bool:
        """Give up a pack whose records at offsets `carried` were copied into another; False if others are used."""
        ...


class NothingUsed:
    """The working set of a process that only tidies."""

    def used(self, name: str) -> Used:  # noqa: ARG002
        """Return no records."""
        return Used(np.empty(0, np.uint64), 0)

    def release(self, name: str, carried: UInt64s, into: str | None) -> bool:  # noqa: ARG002
        """Give up the pack."""
        return True


@dataclass(frozen=True)
class Tidied:
    """What a janitor did: sizes in bytes of the whole folder, records that are no longer kept."""

    before: int
    after: int
    evicted_packs: int = 0
    evicted_records: int = 0
    carried_records: int = 0
    merged_packs: int = 0
    needed: int = 0
    """Bytes that the tidying process has used itself, in the packs that were looked at."""
    troubles: tuple[OSError, ...] = ()


class _Emptied(NamedTuple):
    records: int
    carried: int


def tidy(
    root: Path,
    cap_bytes: int | None,
    *,
    home: Location | None = None,
    max_age: float | None = None,
    pack_bytes: int = 1 << 28,
    working_set: WorkingSet | None = None,
    own: Callable[[], Collection[str]] = tuple,
    stop: Callable[[], bool] = lambda: False,
    now: Callable[[], int] = time.time_ns,
    mode: int = 0o600,
) -> Tidied | None:
    """Bring a cache folder under `cap_bytes` and drop packs unused for `max_age` seconds.

    `home` is the folder of the packs that this version reads and carries records from, `root` unless said;
    `own` names packs that the caller is writing to. Many small packs are merged into one. Returns None where
    another janitor is at work. Raises OSError where the folder can't be tidied at all, CacheError where it is
    not ours.
    """
    place = Location(root)
    home = place if home is None else home
    with place.open() as folder:
        require_ours(folder)
    with folder_lock(place, mode=mode) as held:
        if not held:
            return None
        before = size_on_disk(root)
        janitor = _Janitor(home, working_set or NothingUsed(), mode)
        janitor.clean(place, now())
        packs = [pack for pack in packs_by_use(place, now()) if pack.name not in own()]
        if max_age is not None:
            oldest = now() - int(max_age * 1e9)
            for pack in packs:
                if pack.used_ns < oldest and not stop():
                    janitor.evict(pack)
        if cap_bytes is not None and before - janitor.freed > cap_bytes:
            for pack in packs:
                if before - janitor.freed <= cap_bytes * _LOW_WATER or stop():
                    break
                janitor.evict(pack)
        if not stop():
            janitor.merge([pack for pack in packs if pack.home == home], pack_bytes, now())
        return janitor.report(before, size_on_disk(root))


class _Janitor:
    """One round of tidying."""

    def __init__(self, home: Location, working_set: WorkingSet, mode: int) -> None:
        self._home = home
        self._set = working_set
        self._mode = mode
        self._evicted_packs = self._evicted = self._carried = self._merged = self._needed = 0
        self._troubles: list[OSError] = []
        self.freed = 0
        """Bytes freed so far, as the sizes of the files say."""

    def report(self, before: int, after: int) -> Tidied:
        return Tidied(
            before,
            after,
            self._evicted_packs,
            self._evicted,
            self._carried,
            self._merged,
            self._needed,
            tuple(self._troubles),
        )

    def clean(self, root: Location, now_ns: int) -> None:
        self.freed += remove_leftovers(root, now_ns, self._troubles)

    def evict(self, pack: Candidate) -> None:
        """Remove a pack, its used records carried into a new one, unless nearly all of it was used."""
        if not _is_there(pack):
            return
        used = self._set.used(pack.name)
        self._needed += used.size
        if used.size > pack.size * (1 - _WORTH_REWRITING):
            return
        try:
            emptied = self._empty([pack], lambda name: self._set.used(name).offsets)
        except FileNotFoundError:
            return  # somebody was quicker
        except OSError as error:
            self._troubles.append(error)
            return
        self._evicted_packs += 1
        self._evicted += emptied.records - emptied.carried
        self._carried += emptied.carried

    def merge(self, packs: list[Candidate], pack_bytes: int, now_ns: int) -> None:
        """Make one pack of many small ones that nobody has written to or read from for a while."""
        idle = now_ns - int(_IDLE_SECONDS * 1e9)
        small = [
            pack
            for pack in packs
            if pack.size * _SMALL < pack_bytes and pack.used_ns < idle and _is_there(pack)
        ]
        while len(small) >= _MANY_SMALL:
            batch, size = [], 0
            while small and size < pack_bytes:
                batch.append(small.pop(0))
                size += batch[-1].size
            try:
                self._empty(batch, None)
            except OSError as error:
                self._troubles.append(error)
                return
            self._merged += len(batch)

    def _empty(self, packs: list[Candidate], wanted: Callable[[str], UInt64s] | None) -> _Emptied:
        """Copy the wanted records (all, for None) of some packs into one new pack and remove the packs."""
        copied = [self._open(pack) for pack in packs]
        offsets = [
            np.array([record.offset for record in item.found], np.uint64)
            if wanted is None
            else wanted(item.pack.name)
            for item in copied
        ]
        chosen = list(zip(copied, offsets, strict=True))
        into = self._copy(chosen)
        emptied = [self._remove(item, chosen, into, everything=wanted is None) for item, chosen in chosen]
        return _Emptied(sum(e.records for e in emptied), sum(e.carried for e in emptied))

    def _open(self, pack: Candidate) -> "_Source":
        with pack.home.open() as folder:
            file = OpenPack(folder, pack.name)
        if pack.home != self._home:  # of another version: nothing in it can be used here
            return _Source(pack, file, [], pack.size)
        scanned = scan(file, 0, pack.size)
        return _Source(pack, file, scanned.records, scanned.resume)

    def _copy(self, chosen: "list[tuple[_Source, UInt64s]]") -> str | None:
        """Copy the records at the offsets given into one new pack and return its name, if there are any."""
        if not any(len(offsets) for _, offsets in chosen):
            return None
        rewrite = Rewrite(self._home, self._mode)
        try:
            for source, offsets in chosen:
                keep = set(offsets.tolist())
                for record in source.found:
                    if record.offset in keep:
                        rewrite.copy(source.file, record)
            name = rewrite.finish(max(source.pack.used_ns for source, _ in chosen))
        except OSError:
            rewrite.abandon()
            raise
        self.freed -= rewrite.bytes_on_disk
        return name

    def _remove(self, source: "_Source", carried: UInt64s, into: str | None, *, everything: bool) -> _Emptied:
        """Remove a pack whose records at `carried` were copied; what was used or added meanwhile too."""
        name = source.pack.name
        while not self._set.release(name, carried, into):
            more = np.setdiff1d(self._set.used(name).offsets, carried)
            into = self._copy([(source, more)])
            carried = np.union1d(carried, more)
        if sys.platform == "win32":  # removes no file that is open
            source.file.close()
            self.freed += _remove(source.pack)
            return _Emptied(len(source.found), len(carried))
        self.freed += _remove(source.pack)
        # A writer that appended just before the pack vanished believes its record kept.
        late = scan(source.file, source.resume, source.file.size()).records
        if late and everything:
            offsets = np.array([record.offset for record in late], np.uint64)
            self._copy([(source._replace(found=late), offsets)])
            carried = np.union1d(carried, offsets)
        return _Emptied(len(source.found) + len(late), len(carried))


def _is_there(pack: Candidate) -> bool:
    try:
        with pack.home.open() as folder:
            folder.status(pack.name)
    except OSError:
        return False
    return True


def _remove(pack: Candidate) -> int:
    with pack.home.open() as folder:
        return remove(folder, pack.name)


class _Source(NamedTuple):
    """A pack that is to be removed, open, with what was found in it and where that ends."""

    pack: Candidate
    file: OpenPack
    found: list[Found]
    resume: int
