# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each record lies: digest of the key to pack, offset and size.

The latest few thousand entries are in a dict, the rest in sorted tables (26 bytes an entry at most). A table is
merged into the one before it when it has grown to a quarter of that, so that there are few of them and each
entry is merged few times: a look-up stays flat, and so does an addition on the average.
"""

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .table import PREFIX_BYTES, USED, VOID, Columns, Table, UInt64s, build_columns, merge_tables, prefix_of

_MAX_RECENT_ENTRIES = 4096
_RECENT_ENTRY_BYTES = 400  # of Python objects, on the high side
_MERGE_RATIO = 4


@dataclass(eq=False, slots=True)
class Pack:
    """What is known of one pack. `removed` makes every entry that points to it void at once."""

    name: str
    writer_pid: int = 0
    """The process, if it is ours, that indexes each record as it appends it, so that no scan is needed."""
    indexed_until: int = 0
    """Where the next scan starts, in bytes."""
    scanned_size: int = 0
    """The size at the last scan, in bytes."""
    last_damaged_offset: int = -1
    """The offset of the last damaged header counted."""
    finished: bool = False
    """Whether its writer said that it will not grow any more."""
    from_sidecar: bool = False
    """Whether its records are known from a sidecar, not from the pack itself."""
    next_touch_at: float = -math.inf
    """When this process may touch the file again, by the clock it was given."""
    number: int = -1
    removed: bool = False

    def record_sidecar(self, covered_bytes: int, size: int) -> None:
        """Note that a sidecar told the records in the first `covered_bytes` of the `size` bytes of the pack."""
        self.from_sidecar, self.indexed_until = True, covered_bytes
        if covered_bytes == size:
            self.scanned_size = size

    def record_scan(self, resume_offset: int, size: int, damaged_offsets: Sequence[int]) -> int:
        """Note a scan of a pack of `size` bytes; return how many of its damaged headers were not counted before."""
        self.indexed_until, self.scanned_size = resume_offset, size
        new_count = sum(offset > self.last_damaged_offset for offset in damaged_offsets)
        self.last_damaged_offset = max(damaged_offsets, default=self.last_damaged_offset)
        return new_count


class IndexEntry(NamedTuple):
    """One record: its pack, offset and whole length in bytes."""

    pack: Pack
    offset: int
    size: int


class UsedRecords(NamedTuple):
    """The records of one pack that were used: their offsets, ascending, and their bytes together."""

    offsets: UInt64s
    size: int


class Index:
    """The entries by digest. Every copy of a record is remembered, for when the first is damaged.

    Not safe for several threads by itself.
    """

    def __init__(self) -> None:
        self._recent: dict[bytes, IndexEntry] = {}
        self._duplicates: dict[bytes, list[IndexEntry]] = {}
        self._used_digests: set[bytes] = set()
        self._tables: list[Table] = []
        self._packs: list[Pack] = []

    def clear(self) -> None:
        """Forget everything."""
        self._recent, self._duplicates, self._used_digests = {}, {}, set()
        self._tables, self._packs = [], []

    def add(self, digest: bytes, entry: IndexEntry, *, used: bool = False) -> None:
        """Remember an entry, as a spare where the digest has one already."""
        first = self._recent.setdefault(digest, entry)
        if first is not entry:
            self._duplicates.setdefault(digest, []).append(entry)
        if used:
            self._used_digests.add(digest)
        if len(self._recent) >= _MAX_RECENT_ENTRIES:
            self._flush_recent()

    def add_columns(self, packs: Iterable[tuple[Pack, Columns]]) -> None:
        """Remember the records of whole packs at once."""
        tables = [
            Table(
                columns,
                np.full(len(columns.prefixes), self._pack_number(pack), np.uint32),
                np.zeros(len(columns.prefixes), np.uint8),
            )
            for pack, columns in packs
        ]
        if len(tables) == 1:
            self._push(tables[0])
        elif tables:
            self._push(merge_tables(tables, self._removed_mask()))

    def find(self, digest: bytes, *, mark_used: bool = False) -> IndexEntry | None:
        """Return an entry whose pack is still there, or None. `mark_used` marks it as used by this process."""
        if self._recent:
            entry = self._recent.get(digest)
            while entry is not None and entry.pack.removed:
                entry = self._forget_recent(digest)
            if entry is not None:
                if mark_used:
                    self._used_digests.add(digest)
                return entry
        prefix = prefix_of(digest)
        mark = USED if mark_used else 0
        for table in self._tables:
            place = table.first_match(prefix, mark)
            while place is not None:
                row, number, offset, size = place
                pack = self._packs[number]
                if not pack.removed:
                    return IndexEntry._make((pack, offset, size))  # sooner done than Entry(...)
                place = table.next_match(row, prefix, mark)
        return None

    def forget(self, digest: bytes, entry: IndexEntry) -> None:
        """Drop a useless entry, so that the next `find` gives another copy or None."""
        if self._recent.get(digest) == entry:
            self._forget_recent(digest)
            return
        prefix = prefix_of(digest)
        for table in self._tables:
            place = table.first_match(prefix)
            while place is not None:
                row, number, offset, _ = place
                if self._packs[number] is entry.pack and offset == entry.offset:
                    table.add_mark(row, VOID)
                place = table.next_match(row, prefix)

    def used_records(self, pack: Pack) -> UsedRecords:
        """Return the records of a pack that this process used."""
        self._flush_recent()
        offsets, size = [np.empty(0, np.uint64)], 0
        for table in self._tables if pack.number >= 0 else ():
            rows = (table.packs == pack.number) & ((table.marks & (USED | VOID)) == USED)
            offsets.append(table.offsets[rows])
            size += int(table.sizes[rows].sum(dtype=np.uint64))
        return UsedRecords(np.sort(np.concatenate(offsets)), size)

    def used_prefixes(self, packs: Collection[Pack]) -> UInt64s:
        """Return the digest prefixes of the used records of some packs."""
        self._flush_recent()
        numbers = [pack.number for pack in packs]
        marked = [
            table.prefixes[((table.marks & (USED | VOID)) == USED) & np.isin(table.packs, numbers)]
            for table in self._tables
        ]
        return np.concatenate([np.empty(0, np.uint64), *marked])

    def mark_used(self, prefixes: UInt64s, pack: Pack | None = None) -> None:
        """Mark the records with these digest prefixes as used, those of one pack or of all."""
        self._flush_recent()
        for table in self._tables:
            rows = np.searchsorted(table.prefixes, prefixes)
            ends = np.searchsorted(table.prefixes, prefixes, "right")
            while len(rows):
                rows, ends = rows[rows < ends], ends[rows < ends]
                of_pack = rows if pack is None else rows[table.packs[rows] == pack.number]
                table.marks[of_pack] |= USED
                rows = rows + 1

    def held_bytes(self) -> int:
        """Return the bytes held: the tables', and about 400 for each of the few thousand recent entries."""
        recent = len(self._recent) + sum(map(len, self._duplicates.values()))
        return sum(table.held_bytes for table in self._tables) + _RECENT_ENTRY_BYTES * recent

    def compact(self) -> None:
        """Free the memory of packs that are gone, once they make up half of what is held."""
        gone = self._removed_mask()
        held = sum(len(table) for table in self._tables)
        if 2 * sum(int(table.valid_rows(gone).sum()) for table in self._tables) < held:
            tables, self._tables = self._tables, []
            self._push(merge_tables(tables, gone))

    def entries(self) -> Iterator[IndexEntry]:
        """Yield one entry a digest, in the order of packs and offsets, as things stood at the call."""
        self._flush_recent()
        # A copy: merged tables share nothing, so nobody changes this one while it is walked.
        everything = merge_tables(self._tables, self._removed_mask()) if self._tables else None
        return self._iterate(everything, list(self._packs))

    @staticmethod
    def _iterate(table: Table | None, packs: list[Pack]) -> Iterator[IndexEntry]:
        if table is None:
            return
        first = np.ones(len(table), np.bool_)
        first[1:] = table.prefixes[1:] != table.prefixes[:-1]
        numbers, offsets, sizes = table.packs[first], table.offsets[first], table.sizes[first]
        for row in np.lexsort((offsets, numbers)):
            yield IndexEntry(packs[int(numbers[row])], int(offsets[row]), int(sizes[row]))

    def _forget_recent(self, digest: bytes) -> IndexEntry | None:
        spares = self._duplicates.get(digest)
        if spares:
            self._recent[digest] = spares.pop()
        else:
            del self._recent[digest]
            self._duplicates.pop(digest, None)
        return self._recent.get(digest)

    def _flush_recent(self) -> None:
        """Move the recent entries into a table."""
        if not self._recent:
            return
        items = list(self._recent.items())
        items += [
            (digest, spare) for digest, spares in self._duplicates.items() for spare in reversed(spares)
        ]
        digests, entries = [item[0] for item in items], [item[1] for item in items]
        columns, order = build_columns(
            b"".join(digest[:PREFIX_BYTES] for digest in digests),
            [entry.offset for entry in entries],
            [entry.size for entry in entries],
        )
        packs = np.array([self._pack_number(entry.pack) for entry in entries], np.uint32)
        # The first copy is the one that was found; spares come after.
        firsts = len(self._recent)
        marks = np.array(
            [
                USED if row < firsts and digest in self._used_digests else 0
                for row, digest in enumerate(digests)
            ],
            np.uint8,
        )
        self._recent, self._duplicates, self._used_digests = {}, {}, set()
        self._push(Table(columns, packs[order], marks[order]))

    def _push(self, table: Table) -> None:
        if not len(table):
            return
        self._tables.append(table)
        while len(self._tables) > 1 and len(self._tables[-2]) < _MERGE_RATIO * len(self._tables[-1]):
            later, earlier = self._tables.pop(), self._tables.pop()
            self._tables.append(merge_tables([earlier, later], self._removed_mask()))

    def _pack_number(self, pack: Pack) -> int:
        if pack.number < 0:
            pack.number = len(self._packs)
            self._packs.append(pack)
        return pack.number

    def _removed_mask(self) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
        return np.array([pack.removed for pack in self._packs], np.bool_)
