# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the cells of a sheet, frame by frame: each is decoded once for all variants, and shows what a render makes."""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from itertools import islice

from ..analysis.display import display_pixels
from ..errors import ClipError, RefusalError, UnderstudyError
from ..export.frames import NO_MEMORY, render_frames
from ..face.types import Floats, Pixels
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..pipeline.face_traits import FrameTraits
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest
from .sheet import Cell, Cost, Variant
from .view import View, face_view, frame_view

CheckStop = Callable[[], None]
"""Raises if the work is to end."""


@dataclass(frozen=True)
class CellOptions:
    """How cells show their frames.

    Attributes
    ----------
    side : int
        The longer side of a cell's image in pixels.
    shows_frame : bool
        Whether it shows all of the frame, or only the faces that are replaced with what is around them.
    """

    side: int
    shows_frame: bool = False


class CostMeter:
    """Measures what a pipeline does from now on."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline
        self._began, self._before = time.perf_counter(), pipeline.report()

    def cost(self) -> Cost:
        """Return what was done since it was made; runs of the stages on the source images are not counted."""
        report = self._pipeline.report().since(self._before)
        stages = {name: int(counts["run"]) for name, counts in report.stages.items() if counts["run"]}
        return Cost(time.perf_counter() - self._began, stages, report.frames_decoded, report.models_loaded)


@dataclass
class _Column:
    """What is known of a frame before its variants are swapped."""

    boxes: list[Floats] = field(default_factory=list)
    """(4,) each: the faces that any of them replaces."""
    costs: dict[int, Cost] = field(default_factory=dict)
    """What it took to find the faces, by the variant that was the first to need them so."""


def check_variants(
    pipeline: Pipeline,
    variants: Sequence[Variant],
    describe: Callable[[UnderstudyError], str],
    check_stop: CheckStop,
) -> list[tuple[str, Cost]]:
    """Make sure that each variant's source person can be used; return why not, and what that took.

    `describe` puts an error in words. Raises the first variant's UnderstudyError where none of them can be used.
    """
    checks: list[tuple[str, Cost]] = []
    first_error: UnderstudyError | None = None
    for variant in variants:
        check_stop()
        meter, fault = CostMeter(pipeline), ""
        try:
            if variant.fault:
                raise RefusalError(variant.fault)
            pipeline.check([variant.request])
        except UnderstudyError as error:
            fault, first_error = describe(error), first_error or error
        checks.append((fault, meter.cost()))
    if first_error is not None and all(fault for fault, _ in checks):
        raise first_error
    return checks


def make_cells(
    pipeline: Pipeline,
    clip: Clip,
    numbers: Sequence[int],
    variants: Sequence[Variant],
    faults: Sequence[str],
    options: CellOptions,
    check_stop: CheckStop,
) -> Iterator[Cell]:
    """Make the cells of each frame of `numbers`, in their order: the original, then one of each variant.

    `faults` say of each variant why it can't be swapped at all, or nothing. What fails becomes a cell that says why;
    nothing but what `check_stop` raises ends the work.
    """
    for number in numbers:
        check_stop()
        began = CostMeter(pipeline)
        column = _find_faces(pipeline, clip, number, variants, faults)
        original, fault = _read(clip, number)
        view = _view(column.boxes, clip, options)
        # Finding the faces counts as the original's, but where a variant chooses other ones.
        own = column.costs.pop(min(column.costs, default=-1), Cost())
        others = sum((cost.seconds for cost in column.costs.values()), 0.0)
        spent = Cost(began.cost().seconds - others, own.stages, own.frames_decoded, own.models_loaded)
        shown = None if original is None else view.thumbnail(original)
        yield Cell(number, "failed" if fault else "unchanged", shown, fault, spent)
        for place, (variant, own_fault) in enumerate(zip(variants, faults, strict=True)):
            check_stop()
            if fault or own_fault:
                yield Cell(number, "failed", None, fault or own_fault, Cost())
                continue
            cell = _make_cell(pipeline, clip, number, variant.request, view)
            cost = column.costs.get(place, Cost()) + cell.cost
            yield Cell(number, cell.state, cell.image, cell.fault, cost)


def make_columns(
    pipeline: Pipeline,
    clip: Clip,
    numbers: Sequence[int],
    variants: Sequence[Variant],
    faults: Sequence[str],
    options: CellOptions,
    check_stop: CheckStop,
) -> Iterator[tuple[Cell, ...]]:
    """Make the cells of each frame of `numbers`, all of a frame together; see `make_cells`."""
    cells = make_cells(pipeline, clip, numbers, variants, faults, options, check_stop)
    for _ in numbers:
        yield tuple(islice(cells, len(variants) + 1))


def read_traits(pipeline: Pipeline, clip: Clip, number: int, request: SwapRequest) -> FrameTraits:
    """Return `Pipeline.frame_traits`, found anew where the cache knew the clip as another file."""
    try:
        return pipeline.frame_traits(clip, number, request)
    except ClipChangedError:
        return pipeline.frame_traits(clip, number, request)


def _find_faces(
    pipeline: Pipeline, clip: Clip, number: int, variants: Sequence[Variant], faults: Sequence[str]
) -> _Column:
    """Find the faces that variants replace, once for those that choose faces alike."""
    column, known = _Column(), set()
    for place, (variant, fault) in enumerate(zip(variants, faults, strict=True)):
        recipe = variant.request.recipe
        choice = (
            recipe.detect,
            recipe.landmark,
            recipe.embed,
            recipe.select,
            variant.request.target_references,
        )
        if fault or choice in known:
            continue
        known.add(choice)
        meter = CostMeter(pipeline)
        try:
            traits = read_traits(pipeline, clip, number, variant.request)
        except (UnderstudyError, MemoryError):  # said by the cell, which meets it as well
            continue
        finally:
            column.costs[place] = meter.cost()
        column.boxes += [face.sample.face.box for face in traits.faces]
    return column


def _view(boxes: Sequence[Floats], clip: Clip, options: CellOptions) -> View:
    size = clip.info.width, clip.info.height
    return frame_view(size, options.side) if options.shows_frame else face_view(boxes, size, options.side)


def _read(clip: Clip, number: int) -> tuple[Pixels | None, str]:
    try:
        return display_pixels(clip, clip.read(number)), ""
    except ClipError as error:
        return None, str(error)
    except MemoryError:
        return None, NO_MEMORY


def _make_cell(pipeline: Pipeline, clip: Clip, number: int, request: SwapRequest, view: View) -> Cell:
    meter = CostMeter(pipeline)
    try:
        with closing(render_frames(pipeline, clip, [request], [number])) as frames:
            frame = next(frames)
        if frame.fault:
            return Cell(number, "failed", None, frame.fault, meter.cost())
        thumbnail = view.thumbnail(frame.pixels)
    except UnderstudyError as error:
        return Cell(number, "failed", None, str(error), meter.cost())
    except MemoryError:
        return Cell(number, "failed", None, NO_MEMORY, meter.cost())
    return Cell(number, "changed" if frame.is_changed else "unchanged", thumbnail, "", meter.cost())
