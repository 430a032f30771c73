# SPDX-License-Identifier: GPL-3.0-or-later
"""Many records in little memory: columns sorted by the first bytes of the digest, searched by halving.

A row takes 25 bytes: 8 of the digest, 8 the offset, 4 the size, 4 the pack's number, 1 for marks. Digests
are spread evenly, so their first bits say nearly where to search: a table of where the digests of each
beginning start takes half a byte a row at most. Eight bytes of a digest may match by chance, once in 10^13
look-ups among a million records; the record itself then says that it is another's, which is a miss.
"""

import struct
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

USED = 1
VOID = 2
PREFIX_BYTES = 8
_STEP_BITS = 3  # one in 8 to 16 rows has an entry in the table of beginnings
_read_prefix = struct.Struct(">Q").unpack_from

UInt64s = npt.NDArray[np.uint64]
UInt32s = npt.NDArray[np.uint32]
UInt8s = npt.NDArray[np.uint8]


RowLocation = tuple[int, int, int, int]
"""A record's row, the number of its pack, its offset and its size in bytes."""


class Columns(NamedTuple):
    """Records of one pack, sorted by prefix: digest prefixes, offsets and sizes in bytes, one row each."""

    prefixes: UInt64s
    offsets: UInt64s
    sizes: UInt32s


def prefix_of(digest: bytes) -> int:
    """Return the first 8 bytes of a digest as a number."""
    prefix: int
    (prefix,) = _read_prefix(digest)
    return prefix


def build_columns(
    joined_prefixes: bytes, offsets: Sequence[int], sizes: Sequence[int]
) -> tuple[Columns, npt.NDArray[np.intp]]:
    """Make the columns of records given in any order.

    Parameters
    ----------
    joined_prefixes : bytes
        The first 8 bytes of each digest, one after the other.
    offsets : sequence of int
        Where each record begins in its pack, in bytes.
    sizes : sequence of int
        How long each is, in bytes.

    Returns
    -------
    columns : Columns
        n rows, sorted by prefix.
    order : ndarray, shape (n,), intp
        The permutation that sorts the records.
    """
    prefixes = np.frombuffer(joined_prefixes, ">u8").astype(np.uint64)
    order = np.argsort(prefixes, kind="stable")
    columns = Columns(prefixes[order], np.array(offsets, np.uint64)[order], np.array(sizes, np.uint32)[order])
    return columns, order


class Table:
    """Rows of any number of packs, sorted by prefix; of equal ones the earlier added comes first."""

    def __init__(self, columns: Columns, packs: UInt32s, marks: UInt8s) -> None:
        self.prefixes, self.offsets, self.sizes = columns
        self.packs = packs
        self.marks = marks
        # Python reads single items of a memoryview several times faster than those of an array.
        self._prefixes = self.prefixes.data
        self._offsets = self.offsets.data
        self._sizes = self.sizes.data
        self._packs = packs.data
        self._marks = marks.data
        bits = max((len(marks) >> _STEP_BITS).bit_length() - 1, 0)
        self._shift = 64 - bits
        beginnings = np.arange(1, 1 << bits, dtype=np.uint64) << np.uint64(self._shift % 64)
        inner = np.searchsorted(self.prefixes, beginnings)
        self._bounds = np.concatenate([[0], inner, [len(marks)]]).astype(np.uint32)
        self._starts = self._bounds.data

    def __len__(self) -> int:
        return len(self.prefixes)

    @property
    def held_bytes(self) -> int:
        """The bytes of the columns."""
        columns = (self.prefixes, self.offsets, self.sizes, self.packs, self.marks, self._bounds)
        return sum(column.nbytes for column in columns)

    def first_match(self, prefix: int, mark: int = 0) -> RowLocation | None:
        """Return where the first record with this prefix lies, or None; add `add_mark` to its row's marks."""
        prefixes, starts = self._prefixes, self._starts
        part = prefix >> self._shift
        end = starts[part + 1]
        row = bisect_left(prefixes, prefix, starts[part], end)
        if row < end and prefixes[row] == prefix:
            marks = self._marks[row]
            if not marks & VOID:
                self._marks[row] = marks | mark
                return row, self._packs[row], self._offsets[row], self._sizes[row]
            return self.next_match(row, prefix, mark)
        return None

    def next_match(self, row: int, prefix: int, mark: int = 0) -> RowLocation | None:
        """Return where the next record with this prefix lies after `row`, or None."""
        while row + 1 < len(self._prefixes) and self._prefixes[row + 1] == prefix:
            row += 1
            if not self._marks[row] & VOID:
                self._marks[row] |= mark
                return row, self._packs[row], self._offsets[row], self._sizes[row]
        return None

    def add_mark(self, row: int, mark: int) -> None:
        """Add USED or VOID to a row's marks."""
        self._marks[row] |= mark

    def valid_rows(self, removed: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        """Tell of each row whether it is of use.

        Parameters
        ----------
        removed : ndarray, shape (packs,), bool
            Of each pack number whether that pack is gone.

        Returns
        -------
        ndarray, shape (rows,), bool
            True where the row is neither void nor of such a pack.
        """
        fit: npt.NDArray[np.bool_] = ((self.marks & VOID) == 0) & ~removed[self.packs]
        return fit


def merge_tables(tables: Sequence[Table], removed: npt.NDArray[np.bool_]) -> Table:
    """Make one table of several, leaving out what is void or lies in packs that are gone.

    Parameters
    ----------
    tables : sequence of Table
        The earlier come first among rows of one prefix.
    removed : ndarray, shape (packs,), bool
        Of each pack number whether that pack is gone.

    Returns
    -------
    Table
        Sorted by prefix.
    """
    kept = [table.valid_rows(removed) for table in tables]
    prefixes = np.concatenate([table.prefixes[rows] for table, rows in zip(tables, kept, strict=True)])
    order = np.argsort(prefixes, kind="stable")  # merges sorted runs in one go

    parts = list(zip(tables, kept, strict=True))
    return Table(
        Columns(
            prefixes[order],
            np.concatenate([table.offsets[rows] for table, rows in parts])[order],
            np.concatenate([table.sizes[rows] for table, rows in parts])[order],
        ),
        np.concatenate([table.packs[rows] for table, rows in parts])[order],
        np.concatenate([table.marks[rows] for table, rows in parts])[order],
    )
