# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy turnover`: one clip, and its new faces in layers."""

import argparse
import os
import time
from contextlib import ExitStack

from ..batch.report import write_report
from ..export.inputs import require_output
from ..provenance.settings import mark_settings
from ..sessions.run_log import log_end
from ..turnover.job import TurnoverJob, open_turnover, require_folder
from ..turnover.run import write_turnover
from .open_run import open_checked_run
from .output import show
from .render_display import RenderDisplay, print_warnings
from .request import corrected_swaps
from .signals import StopSignal


def turnover(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Write a turnover as the arguments of `turnover_arguments` ask; return whether any frame failed.

    Raises UnderstudyError if it can't be done. Prints progress and warnings on stderr.
    """
    began = time.perf_counter()
    stop.check()
    job = TurnoverJob(
        arguments.clip,
        corrected_swaps(arguments),
        arguments.output,
        arguments.start,
        arguments.end,
        arguments.fps,
        arguments.colorspace,
    )
    marks = mark_settings(os.environ, online=arguments.online, required=arguments.require_marks)
    require_folder(job.folder)
    if arguments.report:
        require_output(arguments.report, "report", job.sources)
    with ExitStack() as stack:
        opened = open_turnover(stack, job)
        stop.check()
        run = open_checked_run(stack, arguments, job.folder.absolute().parent, job.requests, stop)
        pipeline = run.pipeline
        with RenderDisplay(stop, quiet=arguments.quiet) as display:
            outcome = write_turnover(pipeline, opened, display, marks)
        warnings = (*opened.warnings, *opened.clip.faults, *outcome.warnings(opened.fps, job.min_height))
        for warning in (*warnings, *run.settings.ignored, *run.cache.warnings):
            pipeline.counter.warn(warning)
        report = pipeline.report()
        log_end("turnover", report)
        print_warnings(report.warnings, arguments.report)
        seconds = time.perf_counter() - began
        if arguments.report:
            values = report.as_dict() | outcome.as_dict() | {"seconds": round(seconds, 3)}
            write_report(arguments.report, values)
    if not arguments.quiet:
        show(f"{outcome.summary(seconds, names_copies=False)}: {arguments.output}")
    return bool(outcome.failed_frames)
