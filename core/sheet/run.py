# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a sheet beside an editor: its image is written again and again while its cells come, its page at the end."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import ClipError, OutputError, os_error_reason
from ..filesystem import make_folder, write_file
from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from .cells import CellOptions, CostMeter, check_variants, make_cells
from .chosen_frame import ChosenFrame
from .contact_image import cell_places, encode_contact_image
from .page import encode_page
from .request import SheetRequest
from .scan import scan_frames, scan_numbers
from .sheet import Cell, Cost, Sheet
from .source_label import source_hashes

PAGE_SUFFIX = ".html"
_MIN_DRAFT_SECONDS = 0.5
_DRAFT_SHARE = 8
"""A draft is written where making cells took this many times what the last draft took: it costs an eighth at most."""
OnLook = Callable[[float], None]
"""Hears which share of the frames was looked at, 0 to 1."""


@dataclass(frozen=True)
class SheetProgress:
    """How far a sheet is.

    Attributes
    ----------
    done, total : int
        How many cells are made, originals included, and how many there are.
    places : tuple of tuple of int
        Where the cells of the variants are in the image, see `CellPlace`; empty where it was not written anew.
    failed : int
        How many cells could not be made.
    """

    done: int
    total: int
    places: tuple[tuple[int, ...], ...]
    failed: int

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "done": self.done,
            "total": self.total,
            "places": [list(place) for place in self.places],
            "failed": self.failed,
        }


def make_sheet(
    pipeline: Pipeline, clip: Clip, request: SheetRequest, on_look: OnLook
) -> Iterator[SheetProgress]:
    """Make a sheet cell by cell. Ends once its image and its page are written.

    Parameters
    ----------
    pipeline : Pipeline
        What makes the cells; what it makes is in its cache, for renders as well.
    clip : Clip
        The clip of the request, open.
    request : SheetRequest
        What is shown.
    on_look : callable
        Is called while the frames that tell most are looked for.

    Yields
    ------
    SheetProgress
        After each cell.

    Raises
    ------
    FaceImageError, ModelError
        None of the variants can be used.
    ClipError
        The clip has none of the frames.
    OutputError
        A file can't be written.
    """
    last = min(request.last, clip.info.frame_count - 1)
    if request.first > last:
        raise ClipError(f"{clip.info.path.name} has no frame {request.first}: refresh the layer")
    checks = check_variants(pipeline, request.variants, str, _never_stop)
    faults = [fault for fault, _ in checks]
    meter, numbers = CostMeter(pipeline), range(request.first, last + 1)
    frames = _choose(pipeline, clip, request, numbers, faults, on_look)
    scan_cost = meter.cost() if len(frames) < len(numbers) else Cost()
    pending = tuple(Cell(frame.number, "pending", None, "", Cost()) for frame in frames)
    empty = Sheet(
        clip.info.path.name,
        frames,
        request.variants,
        request.wedges,
        pending,
        tuple(tuple(replace(cell) for cell in pending) for _ in request.variants),
        tuple(cost for _, cost in checks),
        scan_cost,
        source_hashes(request.variants),
    )
    chosen, options = [frame.number for frame in frames], CellOptions(request.side)
    made = make_cells(pipeline, clip, chosen, request.variants, faults, options, _never_stop)
    yield from _write_drafts(empty, made, request)


def _never_stop() -> None:
    """Do nothing: whoever asks ends the process."""


def _choose(
    pipeline: Pipeline, clip: Clip, request: SheetRequest, numbers: range, faults: list[str], on_look: OnLook
) -> tuple[ChosenFrame, ...]:
    if len(numbers) <= request.columns:
        return tuple(ChosenFrame(number) for number in numbers)
    total = len(scan_numbers(numbers))
    usable = next(variant for variant, fault in zip(request.variants, faults, strict=True) if not fault)
    return scan_frames(
        pipeline, clip, numbers, usable.request, request.columns, lambda done: on_look(done / total)
    )


def _write_drafts(sheet: Sheet, cells: Iterator[Cell], request: SheetRequest) -> Iterator[SheetProgress]:
    """Fill a sheet with its cells, in their order, and write it as it is seen best."""
    rows = len(sheet.variants) + 1
    total, failed = rows * len(sheet.frames), 0
    written, draft_seconds = -_MIN_DRAFT_SECONDS, 0.0
    _make_folder(request)
    for place, cell in enumerate(cells):
        column, row = divmod(place, rows)
        sheet, failed = _with_cell(sheet, row, column, cell), failed + (cell.state == "failed")
        began, is_last = time.monotonic(), place + 1 == total
        is_due = began - written >= max(_MIN_DRAFT_SECONDS, _DRAFT_SHARE * draft_seconds)
        if is_last:
            _write(request.path.with_suffix(PAGE_SUFFIX), encode_page(sheet))
        if is_last or is_due:
            _write(request.path, encode_contact_image(sheet, is_draft=not is_last))
            written = time.monotonic()
            draft_seconds = written - began
        places = cell_places(sheet) if is_last or is_due else ()
        yield SheetProgress(place + 1, total, places, failed)


def _with_cell(sheet: Sheet, row: int, column: int, cell: Cell) -> Sheet:
    """Return a sheet with one cell more; row 0 are the originals."""
    old = sheet.cells[row - 1] if row else sheet.originals
    new = (*old[:column], cell, *old[column + 1 :])
    if not row:
        return replace(sheet, originals=new)
    return replace(sheet, cells=(*sheet.cells[: row - 1], new, *sheet.cells[row:]))


def _make_folder(request: SheetRequest) -> None:
    try:
        make_folder(request.path.parent)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(
            f"can't make the folder {request.path.parent}: {reason}; check the folder"
        ) from error


def _write(path: Path, data: bytes) -> None:
    try:
        write_file(path, data)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the sheet {path}: {reason}; check the folder and space") from error
