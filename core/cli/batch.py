# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy batch`: many clips and faces, one run."""

import argparse
import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from ..batch.finished_movies import FinishedMovies
from ..batch.row_check import RowChecker
from ..batch.rows import RowList, read_rows
from ..batch.run import BatchRun, RowResult
from ..batch.tables import Table, read_table
from ..errors import BatchError
from ..models.embedded import embedded_folder
from ..models.library import user_model_folder
from ..provenance.settings import mark_settings
from ..reporting.layer_outcomes import pluralise
from ..sessions.request_digest import RequestDigester
from ..sessions.run_log import log_end
from .batch_display import BatchDisplay, CheckDisplay, show_table
from .open_run import OpenRun, open_run, quiet_encoders, run_settings
from .output import print_diagnostic
from .render_display import print_warnings
from .signals import StopSignal

_COMMAND_LINE = "the command line"
_OPTIONS = (
    "clips", "faces", "output", "codec", "quality", "preset", "pixel-format", "sdr", "sound", "copy-untouched",
    "set", "start", "end", "fps", "consent", "colorspace",
)  # fmt: skip


def batch(arguments: argparse.Namespace, stop: StopSignal) -> bool:
    """Render as the arguments of `arguments.parser` ask; return whether any movie is not as asked for.

    Raises UnderstudyError if nothing can be rendered. Prints progress, warnings and faults on stderr.
    """
    quiet_encoders()
    stop.check()
    marks = mark_settings(os.environ, online=arguments.online, required=arguments.require_marks)
    listing = _read_rows(arguments)
    for note in listing.notes:
        print_diagnostic(f"warning: {note}")
    checker = RowChecker(listing.rows, stop.check)
    checker.check_outputs(arguments.report)
    if not listing.rows:
        raise _refusal(listing, [])
    with ExitStack() as stack:
        settings = run_settings(arguments, listing.rows[0].job.output.parent)
        run = open_run(stack, settings, arguments, stop, several=True)
        finished = FinishedMovies(_digester(run))
        with CheckDisplay(len(listing.rows), quiet=arguments.quiet) as check_display:
            rows = checker.check_rows(run.pipeline, finished, check_display.update)
        if listing.faults or checker.faults:
            raise _refusal(listing, checker.faults)
        for warning in settings.ignored:
            print_diagnostic(f"warning: {warning}")
        work = BatchRun(run.pipeline, finished, rows, arguments.report, marks)
        with BatchDisplay(work.pending, stop, quiet=arguments.quiet) as display:
            work.run(display.observe)
        for warning in run.cache.warnings:
            print_diagnostic(f"warning: {warning}")
        log_end("batch", run.pipeline.report())
    _print_faults(work.results, arguments.report)
    if not arguments.quiet:
        show_table(work.results)
    return any(result.is_faulty for result in work.results)


def _read_rows(arguments: argparse.Namespace) -> RowList:
    """Return the rows that are asked for. Raises BatchError where there is no file that could be understood."""
    said: dict[str, Any] = {name: getattr(arguments, name.replace("-", "_")) for name in _OPTIONS}
    given = {name: value for name, value in said.items() if value or (value == 0 and value is not False)}
    if arguments.file is None and not {"clips", "faces"} <= given.keys():
        raise BatchError("there is nothing to render: give FILE.toml, or --clips and --faces")
    file = None if arguments.file is None else read_table(arguments.file)
    return read_rows(Table(given, _COMMAND_LINE, Path()), file)


def _refusal(listing: RowList, faults: list[str]) -> BatchError:
    """Print each fault and return what ends the program."""
    lines = [*listing.faults, *faults]
    for line in lines:
        print_diagnostic(" ".join(line.split()))
    return BatchError(
        f"nothing was rendered: mend what is wrong, {pluralise(len(lines), 'fault')}, and run it again"
    )


def _digester(run: OpenRun) -> RequestDigester:
    folders = embedded_folder(), run.settings.model_folder or user_model_folder()
    return RequestDigester(folders, run.settings.provider, run.stamps, safeguard=run.settings.safeguard)


def _print_faults(results: list[RowResult], report: Path | None) -> None:
    """Print why rows failed, then what else is to be said of rows, each once."""
    labels: dict[str, list[str]] = {}
    for result in results:
        if result.fault:
            print_diagnostic(f"{result.row.label}: {result.fault}")
        for text in result.warnings:
            if text not in result.counts.early_warnings:
                labels.setdefault(text, []).append(result.row.label)
    lines = []
    for text, (first, *others) in labels.items():
        more = f" and {pluralise(len(others), 'other row')}" if others else ""
        lines.append(f"{first}{more}: {text}")
    print_warnings(lines, report)
