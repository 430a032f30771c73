# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render`: one clip, one movie."""

import argparse
import os
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from ..batch.job import MovieJob, open_job
from ..batch.movie_render import movie_warnings, render_movie
from ..batch.render_counts import RenderCounts
from ..batch.report import write_report
from ..cache.stack import OpenCache
from ..export.inputs import follow_link, output_kind, require_movie_name, require_output
from ..provenance.settings import mark_settings
from ..sessions.run_log import log_end
from .export_arguments import encoding_choice
from .open_run import open_checked_run, quiet_encoders
from .output import show
from .render_display import RenderDisplay, print_warnings
from .request import corrected_swaps
from .signals import StopSignal


def render(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Render as the arguments of `arguments.parser` ask; return whether any frame failed.

    Raises UnderstudyError if the render can't be done. Prints progress and warnings on stderr.
    """
    began = time.perf_counter()
    quiet_encoders()
    stop.check()
    job = _job(arguments)
    marks = mark_settings(os.environ, online=arguments.online, required=arguments.require_marks)
    _require_outputs(job, arguments.report)
    with ExitStack() as stack:
        opened = open_job(stack, job)
        stop.check()
        run = open_checked_run(stack, arguments, job.output.parent, job.requests, stop)
        pipeline = run.pipeline
        with RenderDisplay(stop, quiet=arguments.quiet) as display:
            outcome = render_movie(pipeline, opened, display, marks=marks)
        for warning in (*movie_warnings(opened, outcome), *run.settings.ignored, *run.cache.warnings):
            pipeline.counter.warn(warning)
        report = pipeline.report()
        log_end("render", report)
        early = set(outcome.early_warnings)
        print_warnings([line for line in report.warnings if line not in early], arguments.report)
        seconds = time.perf_counter() - began
        if arguments.report:
            write_report(arguments.report, report.as_dict() | _report_extras(outcome, seconds, run.cache))
        if not arguments.quiet:
            show(outcome.summary(seconds, names_copies=arguments.copy_untouched))
        pipeline.finish_graphs()
    return bool(outcome.failed_frames)


def _job(arguments: argparse.Namespace) -> MovieJob:
    """Return what the arguments ask for. Raises BatchError, FaceImageError, RecipeError."""
    return MovieJob(
        arguments.clip,
        corrected_swaps(arguments),
        arguments.output,
        arguments.start,
        arguments.end,
        arguments.fps,
        encoding_choice(arguments),
        arguments.sound,
        arguments.copy_untouched,
        arguments.colorspace,
    )


def _require_outputs(job: MovieJob, report: Path | None) -> None:
    """Make sure that the movie and the report can be written."""
    require_movie_name(job.output)
    kind = output_kind(job.output)
    require_output(follow_link(job.output, kind), kind, job.sources)
    if report:
        require_output(report, "report", [*job.sources, job.output])


def _report_extras(outcome: RenderCounts, seconds: float, cache: OpenCache) -> dict[str, object]:
    return {
        **outcome.as_dict(),
        "seconds": round(seconds, 3),
        "store": {"memory": asdict(cache.store.counts), "folder": asdict(cache.folder_counts)},
    }
