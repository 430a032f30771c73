# SPDX-License-Identifier: GPL-3.0-or-later
"""The rows of a batch: each is one movie, by a table of the file, the file's own entries and the command line."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import BatchError, UnderstudyError
from ..reporting.quoting import quote
from .job import MovieJob
from .row_layers import ROW_NAMES, RowLayers
from .tables import Table


@dataclass(frozen=True)
class Row:
    """One movie of a batch.

    Attributes
    ----------
    number : int
        Its place in the batch, counted from 1.
    take : str
        What tells it from other rows of its clip: the person, or several joined by "+".
    job : MovieJob
        The movie.
    """

    number: int
    take: str
    job: MovieJob

    @property
    def label(self) -> str:
        """What messages call it."""
        return row_label(self.number, self.job.clip, self.take)


@dataclass(frozen=True)
class RowList:
    """What a batch asks for.

    Attributes
    ----------
    rows : list of Row
        The rows that can be understood.
    faults : list of str
        Why others can't, a line each that names the row or the table, and the fix.
    notes : list of str
        What patterns have found that is not meant.
    """

    rows: list[Row] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def row_label(number: int, clip: Path, take: str) -> str:
    """Return what messages call a row."""
    return f"row {number} ({quote(clip.name)}, {quote(take)})"


def read_rows(command_line: Table, file: Table | None) -> RowList:
    """Return the rows that a command line and a file ask for.

    Parameters
    ----------
    command_line : Table
        What the command line says; it comes before what the file says.
    file : Table or None
        The file: entries for all rows, and `[[row]]` tables. Without such a table its own entries are the only row.

    Returns
    -------
    RowList
        The rows, and what is wrong with others.
    """
    listing = RowList()
    try:
        tables = _row_tables(command_line, file)
    except BatchError as error:
        listing.faults.append(str(error))
        return listing
    count = 0
    for table in tables:
        shared = [] if file is None else [file]
        try:
            table.require_known(ROW_NAMES)
            layers = RowLayers([command_line, table, *shared])
            clips, takes = layers.clips(), list(layers.takes())
        except UnderstudyError as error:
            named = str(error).startswith(tuple(place.name for place in (command_line, table, *shared)))
            listing.faults.append(str(error) if named else f"{table.name}: {error}")
            continue
        listing.notes.extend(note for note in layers.notes if note not in listing.notes)
        for clip in clips:
            for take in takes:
                count += 1
                try:
                    listing.rows.append(Row(count, take.name, layers.job(clip, take)))
                except UnderstudyError as error:
                    listing.faults.append(f"{row_label(count, clip, take.name)}: {error}")
    return listing


def _row_tables(command_line: Table, file: Table | None) -> Sequence[Table]:
    """Return the `[[row]]` tables of a file; an empty one where there is none. Raises BatchError."""
    if file is None:
        return [Table({}, command_line.name, command_line.folder)]
    file.require_known((*ROW_NAMES, "row"))
    return file.tables("row") or [Table({}, file.name, file.folder)]
