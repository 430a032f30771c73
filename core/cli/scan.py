# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy scan`: the frames of a clip that are likely to look wrong, and why."""

import argparse
import sys
from contextlib import ExitStack
from dataclasses import replace

from ..batch.job import correction_warnings
from ..errors import OutputError, os_error_reason
from ..export.inputs import follow_link, frame_range, open_named_clip, require_output
from ..filesystem import write_file
from ..media.prefetching_clip import PrefetchingClip
from ..pipeline.pipeline import Pipeline
from ..reporting.layer_outcomes import pluralise
from ..scan.page import encode_page
from ..scan.problems import ScanResult
from ..scan.runs import problem_runs
from ..scan.scan import scan_clip
from ..sessions.settings import RunSettings
from .open_run import open_run, run_settings
from .output import is_terminal, print_diagnostic, show, show_json
from .progress import ProgressDisplay
from .render_display import print_warnings
from .request import corrected_request
from .signals import StopSignal

_MEMORY_BYTES = 1 << 24


def scan(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Scan a clip as the arguments of `scan_arguments.add_scan` ask; return False, since no frame is rendered.

    Raises UnderstudyError if that can't be done. Prints progress and warnings on stderr.
    """
    request = corrected_request(arguments)
    if arguments.html:
        require_output(follow_link(arguments.html, "page"), "page", [arguments.clip, *arguments.face])
    with ExitStack() as stack:
        opened = open_named_clip(arguments.clip, arguments.colorspace)
        clip = stack.enter_context(PrefetchingClip(opened.clip))
        numbers = frame_range(clip, arguments.start, arguments.end)
        folder = arguments.clip if arguments.clip.is_dir() else arguments.clip.parent
        settings = _with_little_memory(run_settings(arguments, folder))
        run = open_run(stack, settings, arguments, stop)
        for image in request.identity.images:
            run.pipeline.texture_key(image, request.recipe.detect)  # else one that can't be used goes unsaid
        with ProgressDisplay(len(numbers), sys.stderr, is_terminal() and not arguments.quiet) as progress:
            follow = _Follower(run.pipeline, progress, stop, quiet=arguments.quiet)
            result = scan_clip(run.pipeline, clip, numbers, request, follow)
        corrected = correction_warnings(clip, [request])
        for warning in (*opened.warnings, *corrected, *clip.faults, *settings.ignored, *run.cache.warnings):
            run.pipeline.counter.warn(warning)
        print_warnings(run.pipeline.report().warnings, None)
    _show_result(arguments, numbers, result)
    return False


def _with_little_memory(settings: RunSettings) -> RunSettings:
    """Return settings whose folder keeps what a scan reads, once each: memory is for the frames around the one read."""
    cache = settings.cache
    if not cache.keep:
        return settings
    return replace(settings, cache=replace(cache, memory_bytes=min(cache.memory_bytes, _MEMORY_BYTES)))


class _Follower:
    """Shows how far a scan is, ends it where the user does, and says where frames have to be analyzed for it."""

    def __init__(
        self, pipeline: Pipeline, progress: ProgressDisplay, stop: StopSignal, *, quiet: bool
    ) -> None:
        self._counter = pipeline.counter
        self._progress = progress
        self._stop = stop
        self._is_said = quiet

    def __call__(self, done: int) -> None:
        self._stop.check()
        self._progress.update(done)
        if not self._is_said and self._counter.runs["landmark"]:
            self._is_said = True
            print_diagnostic("analyzing frames that are not in the cache, as a render does")


def _show_result(arguments: argparse.Namespace, numbers: range, result: ScanResult) -> None:
    if arguments.json:
        show_json(result.as_dict())
        return
    flagged = f"{len(result.flagged_frames)} of {pluralise(result.frame_count, 'frame')} flagged"
    if result.unknown_count:
        flagged += f", {result.unknown_count} could not be read"
    if arguments.html:
        page = encode_page(arguments.clip.name, numbers, result)
        try:
            write_file(follow_link(arguments.html, "page"), page)
        except OSError as error:
            reason = os_error_reason(error).lower()
            raise OutputError(
                f"can't write the page {arguments.html}: {reason}; check the folder and space"
            ) from error
        show(f"{flagged}: {arguments.html}")
        return
    for run in problem_runs(result.problems):
        person = "" if run.person is None else f"person {run.person + 1}"
        show(f"{run.frames_text:<18} {person:<10} {run.text}".rstrip())
    show(flagged)
