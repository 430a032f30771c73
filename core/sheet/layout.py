# SPDX-License-Identifier: GPL-3.0-or-later
"""How a sheet's cells stand in rows and columns: the same in the image and on the page."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..export.provenance import changed_settings
from .chosen_frame import ChosenFrame
from .sheet import Cell, Cost, Sheet, Variant

ORIGINAL = "original"


@dataclass(frozen=True, eq=False)
class LayoutCell:
    """A cell in its place.

    Attributes
    ----------
    cell : Cell
        What is shown.
    column : int
        Which frame of the sheet it shows, from 0.
    title : str
        What it shows, in words: "sargent, frame 20".
    is_original : bool
        Whether it is the clip itself.
    """

    cell: Cell
    column: int
    title: str
    is_original: bool


@dataclass(frozen=True, eq=False)
class LayoutRow:
    """A row of a section.

    Attributes
    ----------
    label : str
        Its name.
    details : tuple of str
        What else is to be known of it, a line each.
    cells : tuple of LayoutCell or None
        One for each column of the section; None where there is nothing.
    """

    label: str
    details: tuple[str, ...]
    cells: tuple[LayoutCell | None, ...]


@dataclass(frozen=True, eq=False)
class Section:
    """A table of a sheet.

    Attributes
    ----------
    title : str
        Its heading; empty where the sheet has this one alone.
    columns : tuple of (str, str)
        The label of each column, and a word on it.
    rows : tuple of LayoutRow
        Its rows.
    """

    title: str
    columns: tuple[tuple[str, str], ...]
    rows: tuple[LayoutRow, ...]


def lay_out(sheet: Sheet) -> tuple[Section, ...]:
    """Return a sheet's tables.

    Takes: rows are takes, the first one the original; columns are frames. One wedge: rows are frames, columns its
    values after the original. Two wedges: a table for each frame, whose columns are the first one's values and whose
    rows are the second's.
    """
    match len(sheet.wedges):
        case 0:
            return (_takes(sheet),)
        case 1:
            return (_values(sheet),)
        case _:
            return tuple(_grid(sheet, column) for column in range(len(sheet.frames)))


def frame_label(number: int) -> str:
    """Return what a frame is called."""
    return f"frame {number}"


def cost_text(cost: Cost, idle: str = "no stage") -> str:
    """Return what something took in a few words, such as "0.31 s · swap, fuse 2×, 1 model loaded".

    `idle` stands where no stage ran.
    """
    parts = [name if count == 1 else f"{name} {count}×" for name, count in cost.stages.items()]
    if cost.models_loaded:
        parts.append(f"{cost.models_loaded} model{'s' * (cost.models_loaded > 1)} loaded")
    digits = 3 if cost.seconds < 0.1 else 2 if cost.seconds < 10 else 1
    return f"{cost.seconds:.{digits}f} s · {', '.join(parts) or idle}"


def settings_text(variant: Variant) -> str:
    """Return the settings of a variant that are not the default, as `--set` writes them."""
    return " ".join(f"{name}={value!s}" for name, value in changed_settings(variant.request.recipe).items())


def image_names(variant: Variant) -> str:
    """Return the file names of a variant's source images."""
    return ", ".join(image.path.name for image in variant.request.identity.images)


def cell_text(shown: LayoutCell) -> str:
    """Return what is written below a cell: what it took, and whether it shows a new face."""
    cell = shown.cell
    if cell.state == "failed":
        return "failed"
    note = " · no new face" if cell.state == "unchanged" and not shown.is_original else ""
    return cost_text(cell.cost, "read") + note


def _takes(sheet: Sheet) -> Section:
    columns = tuple((frame_label(frame.number), frame.reason) for frame in sheet.frames)
    rows = [_row(sheet, ORIGINAL, (), sheet.originals, range(len(columns)), is_original=True)]
    for variant, cells, source in zip(sheet.variants, sheet.cells, sheet.source_costs, strict=True):
        total = sum((cell.cost for cell in cells), source)
        files = image_names(variant)
        details = (*([] if files.rpartition(".")[0] == variant.name else [files]), cost_text(total))
        rows.append(_row(sheet, variant.name, details, cells, range(len(columns))))
    return Section("", columns, tuple(rows))


def _values(sheet: Sheet) -> Section:
    wedge = sheet.wedges[0]
    columns = ((ORIGINAL, ""), *((value, wedge.label) for value in wedge.values))
    rows = []
    for place, frame in enumerate(sheet.frames):
        original = LayoutCell(sheet.originals[place], place, _title(ORIGINAL, frame), is_original=True)
        cells = [
            LayoutCell(cells[place], place, _title(f"{wedge.path}={value}", frame), is_original=False)
            for value, cells in zip(wedge.values, sheet.cells, strict=True)
        ]
        details = (frame.reason,) if frame.reason else ()
        rows.append(LayoutRow(frame_label(frame.number), details, (original, *cells)))
    return Section("", columns, tuple(rows))


def _grid(sheet: Sheet, column: int) -> Section:
    across, down = sheet.wedges
    frame, width = sheet.frames[column], len(across.values)
    columns = ((ORIGINAL, ""), *((value, across.label) for value in across.values))
    rows = []
    for place, value in enumerate(down.values):
        original = LayoutCell(sheet.originals[column], column, _title(ORIGINAL, frame), is_original=True)
        cells = [
            LayoutCell(
                sheet.cells[place * width + along][column],
                column,
                _title(f"{across.path}={other} {down.path}={value}", frame),
                is_original=False,
            )
            for along, other in enumerate(across.values)
        ]
        rows.append(LayoutRow(value, (down.label,), (None if place else original, *cells)))
    reason = f", {frame.reason}" if frame.reason else ""
    return Section(f"{frame_label(frame.number)}{reason}", columns, tuple(rows))


def _row(
    sheet: Sheet,
    label: str,
    details: tuple[str, ...],
    cells: Sequence[Cell],
    columns: range,
    *,
    is_original: bool = False,
) -> LayoutRow:
    shown = tuple(
        LayoutCell(cells[column], column, _title(label, sheet.frames[column]), is_original)
        for column in columns
    )
    return LayoutRow(label, details, shown)


def _title(name: str, frame: ChosenFrame) -> str:
    return f"{name}, {frame_label(frame.number)}"
