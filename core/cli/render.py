# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render`: one clip, one person, one movie."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from ..cache.factory import open_cache
from ..cache.settings import CACHE_FOLDER_NAME, CacheSettings
from ..cache.stack import OpenCache
from ..errors import OutputError, os_error_reason
from ..export.clip_writer import clip_writer
from ..export.frames import RenderedFrame, render_frames
from ..export.movie_writer import VideoWriter
from ..export.packet_copy import plan_splice
from ..export.provenance import COMMENT, provenance_of, sidecar
from ..filesystem import write_file
from ..media.open import Clip
from ..media.prefetching_clip import PrefetchingClip
from ..models.embedded import embedded_models
from ..pipeline.pipeline import Pipeline
from ..pipeline.stage_schemas import STAGE_SCHEMAS
from ..recipe.request import SwapRequest
from ..reporting.spans import frame_spans
from ..sessions.pipeline_factory import make_pipeline
from ..sessions.run_log import log_end, log_start
from ..sessions.settings import CACHE_VARIABLE, RunSettings, resolve_settings
from .export_arguments import encoding_choice
from .inputs import (
    follow_link,
    frame_range,
    frame_rate,
    open_named_clip,
    require_movie_name,
    require_output,
)
from .output import is_terminal, print_diagnostic, show
from .progress import ProgressDisplay
from .request import request_from_arguments
from .signals import StopSignal
from .untouched_frames import find_changes

_MAX_WARNINGS = 10
_SVT_ERRORS_ONLY = "1"
"""The AV1 encoder prints about itself unless its environment variable says otherwise."""


@dataclass
class _RenderCounts:
    """What became of the frames so far."""

    written_count: int = 0
    changed_count: int = 0
    copied_count: int = 0
    """How many frames keep the clip's own packets."""
    still_count: int = 0
    """How many frames in a row, up to the last, showed the same image as the one before."""
    failed_frames: dict[str, list[int]] = field(default_factory=dict)
    early_warnings: list[str] = field(default_factory=list)
    """What was said before the first frame."""
    track_faults: list[str] = field(default_factory=list)
    """What was wrong with the clip's other tracks."""

    def add(self, frame: RenderedFrame) -> None:
        self.written_count += 1
        self.changed_count += frame.is_changed
        self.still_count = self.still_count + 1 if frame.is_repeat else 0
        if frame.fault:
            self.failed_frames.setdefault(frame.fault, []).append(frame.number)

    def add_copied(self, number: int, fault: str) -> None:
        """Count a frame whose packet stays as it is."""
        self.written_count += 1
        self.copied_count += 1
        if fault:
            self.failed_frames.setdefault(fault, []).append(number)

    @property
    def failure_count(self) -> int:
        return sum(map(len, self.failed_frames.values()))

    def summary(self, seconds: float, *, names_copies: bool) -> str:
        """Return the last line of a render that took so long."""
        copied = f", {self.copied_count} copied" if names_copies else ""
        return (
            f"{self.written_count} frames, {self.changed_count} of them changed{copied}, in {seconds:.1f} s"
        )

    def warnings(self, fps: Fraction, min_height: float) -> list[str]:
        """Return a line for each reason, naming its frames, and for what else looks wrong.

        Faces that are lower than `min_height` pixels were not replaced.
        """
        lines = [
            f"{frame_spans(numbers)} the original: {' '.join(reason.split())}"
            for reason, numbers in self.failed_frames.items()
        ]
        if not self.changed_count and not self.failed_frames:
            lines.append(
                "no frame was changed: no face to replace was found, or the settings hide it; "
                f"faces lower than {min_height:g} pixels are not replaced: lower that with --set select.min_height"
            )
        # A movie file that was cut off still says its full length; decoders then go on showing what they have.
        if fps / 2 < self.still_count < self.written_count - 1:
            lines.append(
                f"the last {self.still_count + 1} frames show the same image: is the clip's file complete?"
            )
        return lines


def render(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Render as the arguments of `arguments.parser` ask; return whether any frame failed.

    Raises UnderstudyError if the render can't be done. Prints progress and warnings on stderr.
    """
    began = time.perf_counter()
    os.environ.setdefault("SVT_LOG", _SVT_ERRORS_ONLY)
    stop.check()
    request = request_from_arguments(arguments, arguments.consent)
    output = _require_outputs(arguments)
    with ExitStack() as stack:
        opened = open_named_clip(arguments.clip)
        clip = stack.enter_context(PrefetchingClip(opened.clip, keep_images=True))
        fps = frame_rate(arguments.clip, clip, arguments.fps)
        numbers = frame_range(clip, arguments.start, arguments.end)
        stop.check()
        settings = _settings(arguments)
        embedded_models()  # where one is missing that is said before a cache folder is made
        cache = stack.enter_context(
            open_cache(
                settings.cache,
                schemas=STAGE_SCHEMAS,
                required=_has_cache_folder_setting(arguments),
                stop=stop,
            )
        )
        pipeline = stack.enter_context(closing(make_pipeline(settings, cache.store, cache.flight)))
        log_start("render", settings)
        pipeline.check([request])
        stop.check()
        outcome = _write_movie(pipeline, clip, request, numbers, fps, arguments, output, stop)
        for warning in (
            *opened.warnings,
            *outcome.warnings(fps, request.recipe.select.min_height),
            *clip.faults,
            *outcome.track_faults,
            *settings.ignored,
            *cache.warnings,
        ):
            pipeline.counter.warn(warning)
        report = pipeline.report()
        log_end("render", report)
        early = set(outcome.early_warnings)
        _print_warnings([line for line in report.warnings if line not in early], arguments.report)
        seconds = time.perf_counter() - began
        if arguments.report:
            _write_report(arguments.report, report.as_dict() | _report_extras(outcome, seconds, cache))
    if not arguments.quiet:
        show(outcome.summary(seconds, names_copies=arguments.copy_untouched))
    return bool(outcome.failed_frames)


def _write_movie(
    pipeline: Pipeline,
    clip: Clip,
    request: SwapRequest,
    numbers: range,
    fps: Fraction,
    arguments: argparse.Namespace,
    output: Path,
    stop: StopSignal,
) -> _RenderCounts:
    """Write the movie and its sidecar."""
    outcome = _RenderCounts()
    choice = encoding_choice(arguments)
    splice = plan_splice(clip, output, numbers, fps, choice) if arguments.copy_untouched else None
    writer = clip_writer(
        clip,
        output,
        numbers,
        fps,
        choice=choice,
        sound=arguments.sound,
        comment=COMMENT,
        splice=splice,
    )
    shown = is_terminal() and not arguments.quiet
    with writer, ExitStack() as stack:
        outcome.early_warnings = [*clip.faults, *writer.warnings]
        for warning in outcome.early_warnings:
            print_diagnostic(f"warning: {warning}")
            pipeline.counter.warn(warning)
        rendered: Sequence[int] = numbers
        if splice is not None and isinstance(writer, VideoWriter):
            changes = find_changes(pipeline, clip, request, numbers, stop, shows_progress=shown)
            copied = splice.untouched_gops(changes.changed)
            writer.copy_gops(copied)
            rendered = splice.encoded_numbers(copied)
            for number in sorted(set(numbers).difference(rendered)):
                outcome.add_copied(number, changes.faults.get(number, ""))
        progress = stack.enter_context(ProgressDisplay(len(numbers), sys.stderr, shown))
        frames = stack.enter_context(closing(render_frames(pipeline, clip, [request], rendered)))
        for frame in frames:
            stop.check()
            writer.write_frame(frame)
            outcome.add(frame)
            progress.update(outcome.written_count)
        if rendered and rendered[-1] != numbers[-1]:
            outcome.still_count = 0  # what stands still is not the end
        writer.add_sidecar(*sidecar(output, provenance_of(arguments.clip, request, outcome.changed_count)))
    if isinstance(writer, VideoWriter):
        outcome.track_faults = writer.faults
    return outcome


def _settings(arguments: argparse.Namespace) -> RunSettings:
    """Return what the environment says, and the arguments before it. Raises CacheError for what is unusable."""
    folder = arguments.output.parent / CACHE_FOLDER_NAME
    default = RunSettings(CacheSettings(folder, keep=not arguments.no_cache), online=arguments.online)
    settings = resolve_settings(default, os.environ)
    cache = settings.cache
    return replace(
        settings,
        cache=replace(
            cache,
            folder=arguments.cache_dir or cache.folder,
            cap_bytes=cache.cap_bytes if arguments.cache_cap is None else arguments.cache_cap,
        ),
    )


def _has_cache_folder_setting(arguments: argparse.Namespace) -> bool:
    """Tell whether the user named the cache folder: another is no reason for a render to fail."""
    return arguments.cache_dir is not None or bool(os.environ.get(CACHE_VARIABLE, "").strip())


def _require_outputs(arguments: argparse.Namespace) -> Path:
    """Make sure that the movie and the report can be written; return the file that the movie becomes."""
    sources = [arguments.clip, *arguments.face]
    require_movie_name(arguments.output)
    output = follow_link(arguments.output, "movie")
    require_output(output, "movie", sources)
    if arguments.report:
        require_output(arguments.report, "report", [*sources, arguments.output])
    return output


def _print_warnings(warnings: Sequence[str], report: Path | None) -> None:
    for warning in warnings[:_MAX_WARNINGS]:
        print_diagnostic(f"warning: {warning}")
    more = len(warnings) - _MAX_WARNINGS
    if more > 0:
        where = f"see {report}" if report else "--report lists them"
        print_diagnostic(f"warning: {more} more warnings: {where}")


def _report_extras(outcome: _RenderCounts, seconds: float, cache: OpenCache) -> dict[str, object]:
    return {
        "frames_written": outcome.written_count,
        "frames_changed": outcome.changed_count,
        "frames_copied": outcome.copied_count,
        "frames_failed": outcome.failure_count,
        "seconds": round(seconds, 3),
        "store": {"memory": asdict(cache.store.counts), "folder": asdict(cache.folder_counts)},
    }


def _write_report(path: Path, values: dict[str, object]) -> None:
    try:
        write_file(path, (json.dumps(values, indent=2) + "\n").encode())
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the report {path}: {reason}; check the folder and space") from error
