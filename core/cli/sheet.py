# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy sheet`: several people, or values of a setting, in the frames of a clip that tell most."""

import argparse
import json
import os
import sys
import time
from contextlib import ExitStack
from pathlib import Path

from ..batch.patterns import Person
from ..errors import (
    ClipError,
    FaceImageError,
    FaceNumberError,
    OutputError,
    UnderstudyError,
    os_error_reason,
)
from ..export.inputs import follow_link, frame_range, open_named_clip, require_output
from ..filesystem import write_file
from ..media.clip import Clip
from ..media.prefetching_clip import PrefetchingClip
from ..pipeline.pipeline import Pipeline
from ..provenance.settings import mark_settings
from ..reporting.layer_outcomes import pluralise
from ..reporting.spans import frame_spans
from ..sessions.run_log import log_end
from ..sheet.cells import CellOptions, CostMeter, check_variants, make_columns
from ..sheet.chosen_frame import ChosenFrame
from ..sheet.contact_image import encode_contact_image
from ..sheet.marks import mark_sheet
from ..sheet.page import encode_page
from ..sheet.record import sheet_record
from ..sheet.scan import scan_frames, scan_numbers
from ..sheet.sheet import Cell, Cost, Sheet, Variant, Wedge
from ..sheet.source_label import source_hashes
from .open_run import open_run, run_settings
from .output import is_terminal, print_diagnostic, show
from .progress import ProgressDisplay
from .render_display import print_warnings
from .sheet_arguments import DEFAULT_COLUMNS, DEFAULT_IMAGE_SIDE, DEFAULT_PAGE_SIDE, DEFAULT_WEDGE_COLUMNS
from .signals import StopSignal
from .takes import takes_from_arguments
from .variants import variants_from_arguments, wedges_from_arguments

_ENCODERS = {".html": encode_page, ".png": encode_contact_image}
_MAX_PIXELS = 150_000_000
"""Of all cells together: three bytes each are in memory, and again while the sheet is encoded."""


def sheet(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Make a sheet as the arguments of `sheet_arguments.add_sheet` ask; return whether any cell failed.

    Raises UnderstudyError if it can't be made. Prints progress and warnings on stderr.
    """
    began = time.perf_counter()
    stop.check()
    takes = takes_from_arguments(arguments.take, arguments.faces)
    wedges = wedges_from_arguments(arguments, takes)
    variants = variants_from_arguments(arguments, takes, wedges)
    output = _require_outputs(arguments, takes)
    with ExitStack() as stack:
        opened = open_named_clip(arguments.clip, arguments.colorspace)
        clip = stack.enter_context(opened.clip)
        numbers = _numbers(arguments, clip)
        count = _column_count(arguments, numbers, len(variants))
        settings = run_settings(arguments, arguments.output.parent)
        marks = mark_settings(os.environ, online=settings.online)
        run = open_run(stack, settings, arguments, stop)
        pipeline = run.pipeline
        made = _make_sheet(pipeline, clip, arguments, variants, wedges, numbers, count, stop)
        stop.check()
        data, unmarked = mark_sheet(
            _ENCODERS[output.suffix.lower()](made),
            output.name,
            made,
            clip.source,
            pipeline.library,
            marks,
        )
        _write(output, "sheet", data)
        failures = [
            f"{frame_spans(sorted(set(frames)))} a cell that failed: {fault}"
            for fault, frames in made.failures.items()
        ]
        for warning in (
            *failures,
            *opened.warnings,
            *clip.faults,
            *settings.ignored,
            *run.cache.warnings,
            *unmarked,
        ):
            pipeline.counter.warn(warning)
        report = pipeline.report()
        log_end("sheet", report)
        print_warnings(report.warnings, arguments.json)
        seconds = time.perf_counter() - began
        if arguments.json:
            record = sheet_record(made) | {"report": report.as_dict(), "seconds": round(seconds, 3)}
            _write(arguments.json, "report", (json.dumps(record, indent=2) + "\n").encode())
    if not arguments.quiet:
        failed = f", {made.failure_count} failed" if made.failure_count else ""
        rows = pluralise(len(variants), "variant" if wedges else "take")
        show(f"{rows} in {pluralise(len(made.frames), 'frame')}{failed}, in {seconds:.1f} s: {output}")
    return bool(made.failure_count)


def _make_sheet(
    pipeline: Pipeline,
    clip: Clip,
    arguments: argparse.Namespace,
    variants: tuple[Variant, ...],
    wedges: tuple[Wedge, ...],
    numbers: range | tuple[int, ...],
    count: int,
    stop: StopSignal,
) -> Sheet:
    checks = _check(pipeline, variants, stop)
    shown = is_terminal() and not arguments.quiet
    meter, scan_cost = CostMeter(pipeline), Cost()
    if isinstance(numbers, range):
        usable = next(variant for variant, (fault, _) in zip(variants, checks, strict=True) if not fault)
        frames = _choose(pipeline, arguments, numbers, usable, count, stop, shows_progress=shown)
        scan_cost = meter.cost()
    else:
        frames = tuple(ChosenFrame(number) for number in numbers)
    columns: list[tuple[Cell, ...]] = []
    options = CellOptions(_side(arguments), shows_frame=arguments.view == "frame")
    faults = [fault for fault, _ in checks]
    with ProgressDisplay(len(frames), sys.stderr, shown) as progress:
        made = make_columns(
            pipeline, clip, [frame.number for frame in frames], variants, faults, options, stop.check
        )
        for column in made:
            columns.append(column)
            progress.update(len(columns))
    originals, *rows = zip(*columns, strict=True)
    return Sheet(
        arguments.clip.name,
        frames,
        variants,
        wedges,
        originals,
        tuple(rows),
        tuple(cost for _, cost in checks),
        scan_cost,
        source_hashes(variants),
    )


def _check(pipeline: Pipeline, variants: tuple[Variant, ...], stop: StopSignal) -> list[tuple[str, Cost]]:
    try:
        return check_variants(pipeline, variants, _error_text, stop.check)
    except FaceNumberError as error:
        raise FaceImageError(_error_text(error)) from error


def _error_text(error: UnderstudyError) -> str:
    """Return what is wrong with a take, and how it is written right."""
    remedy = "; give the number as --take IMAGE:NUMBER" if isinstance(error, FaceNumberError) else ""
    return f"{error}{remedy}"


def _choose(
    pipeline: Pipeline,
    arguments: argparse.Namespace,
    numbers: range,
    variant: Variant,
    count: int,
    stop: StopSignal,
    *,
    shows_progress: bool,
) -> tuple[ChosenFrame, ...]:
    """Choose the frames that tell most; say so where the clip has to be analysed for that."""
    counter = pipeline.counter
    before, is_said = counter.runs["landmark"], False
    looked_at = scan_numbers(numbers)
    # A clip of its own: it is decoded ahead, and the cells' frames are then read from another, which stays where it is.
    with (
        PrefetchingClip(open_named_clip(arguments.clip, arguments.colorspace).clip) as clip,
        ProgressDisplay(len(looked_at), sys.stderr, shows_progress) as progress,
    ):

        def follow(done: int) -> None:
            nonlocal is_said
            stop.check()
            progress.update(done)
            if not is_said and not arguments.quiet and counter.runs["landmark"] > before:
                is_said = True
                print_diagnostic(
                    f"analyzing {pluralise(len(looked_at), 'frame')} to choose from, as a render does; "
                    "--frames 0,20 needs only those around these"
                )

        return scan_frames(pipeline, clip, numbers, variant.request, count, follow)


def _numbers(arguments: argparse.Namespace, clip: Clip) -> range | tuple[int, ...]:
    """Return the frames to choose from, as a range, or those that are given. ClipError."""
    if arguments.frames is None:
        return frame_range(clip, arguments.start, arguments.end)
    if arguments.start is not None or arguments.end is not None or arguments.columns is not None:
        raise ClipError("--frames names the frames: leave out --start, --end and --columns")
    frames = tuple(sorted(set[int](arguments.frames)))
    for number in frames:
        frame_range(clip, number, number)
    return frames


def _column_count(arguments: argparse.Namespace, numbers: range | tuple[int, ...], variants: int) -> int:
    """Return how many frames the sheet has. OutputError where it would be too large."""
    usual = DEFAULT_WEDGE_COLUMNS if arguments.wedge else DEFAULT_COLUMNS
    most = len(numbers) if arguments.frames is not None else arguments.columns or usual
    count = min(most, len(numbers))
    if count * (variants + 1) * _side(arguments) ** 2 > _MAX_PIXELS:
        raise OutputError(
            f"a sheet of {variants + 1} rows and {count} columns is too large: give fewer, or a smaller --size"
        )
    return count


def _side(arguments: argparse.Namespace) -> int:
    usual = DEFAULT_PAGE_SIDE if arguments.output.suffix.lower() == ".html" else DEFAULT_IMAGE_SIDE
    return int(arguments.size or usual)


def _require_outputs(arguments: argparse.Namespace, takes: tuple[Person, ...]) -> Path:
    """Make sure that the sheet and the report can be written; return the file that the sheet becomes."""
    sources = [arguments.clip, *arguments.replace, *(image for take in takes for image in take.images)]
    if arguments.output.suffix.lower() not in _ENCODERS:
        raise OutputError(
            f"can't tell the kind of sheet from {arguments.output.name}: end it in .html or .png"
        )
    output = follow_link(arguments.output, "sheet")
    require_output(output, "sheet", sources)
    if arguments.json:
        require_output(arguments.json, "report", [*sources, arguments.output])
    return output


def _write(path: Path, kind: str, data: bytes) -> None:
    try:
        write_file(path, data)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the {kind} {path}: {reason}; check the folder and space") from error
