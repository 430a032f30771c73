# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm report`: what the tasks of a job did, as a table, as JSON and as a page."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..errors import MessageError, OutputError, RecipeError, os_error_reason
from ..farm.report import JobReport, merge
from ..farm.report_file import MAX_FRAME, read_folder
from ..farm.report_page import report_page
from ..filesystem import write_file
from ..reporting.process_report import range_text
from .output import show, show_json

_DESCRIPTION = """\
Read the reports of a job's tasks, the files *.json in DIR, and say which frames are missing, doubled or failed, which
stages ran twice, and what each host did. They are what run-task writes, and what UNDERSTUDY_REPORT names. Files that
are no reports are named and left out. Exit codes: 0 each frame is right, 3 frames are missing or failed, 1 DIR holds no
report.
"""


def add_report(actions: Any, parse_number: Callable[[str], int] = int) -> None:
    """Add the action `report` to the sub-commands of `understudy farm`."""
    report: argparse.ArgumentParser = actions.add_parser(
        "report",
        help="say what the tasks of a job did",
        description=_DESCRIPTION,
        allow_abbrev=False,
    )
    report.add_argument("folder", type=Path, metavar="DIR", help="the folder of the tasks' reports")
    report.add_argument("--json", action="store_true", help="write values instead of a table")
    report.add_argument(
        "--html", type=Path, metavar="FILE", help="write a page with a plot of who worked when"
    )
    report.add_argument(
        "-s", "--start", type=parse_number, metavar="A", help="first frame that the job is to have"
    )
    report.add_argument("-e", "--end", type=parse_number, metavar="B", help="last frame, itself included")
    report.add_argument(
        "-j", "--step", type=parse_number, default=1, metavar="N", help="every N-th of these frames alone"
    )


def show_report(arguments: argparse.Namespace) -> bool:
    """Print the report of a folder; return whether each frame is right.

    Raises
    ------
    UnderstudyError
        The range is none, nothing in the folder can be read, or the page can't be written.
    """
    expected = _expected_frames(arguments.start, arguments.end, arguments.step)
    found = read_folder(arguments.folder)
    if not found.tasks:
        reasons = f" ({'; '.join(found.skipped[:3])})" if found.skipped else ""
        raise MessageError(
            f"{arguments.folder} holds no report of a task{reasons}; name the folder that they write to"
        )
    report = merge(found.tasks, found.skipped, expected)
    if arguments.html is not None:
        try:
            write_file(arguments.html, report_page(report).encode())
        except OSError as error:
            reason = os_error_reason(error).lower()
            raise OutputError(f"can't write {arguments.html}: {reason}; choose another file") from error
    if arguments.json:
        show_json(report.as_dict())
    else:
        _show_table(report)
    return report.is_complete


def _expected_frames(first: int | None, last: int | None, step: int) -> range | None:
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise RecipeError("the range has one end only: give both -s and -e")
    if not -MAX_FRAME <= first <= last <= MAX_FRAME or step < 1:
        raise RecipeError(
            f"the range {first} to {last} with step {step} is none: give -s below -e, and -j from 1"
        )
    return range(first, last + 1, step)


def _show_table(report: JobReport) -> None:
    show(report.result)
    for name, frames in (
        ("missing", report.missing),
        ("failed", report.failed),
        ("failed first, then right", report.rescued),
        ("rendered more than once", report.doubled),
    ):
        if frames:
            show(f"{name}: {range_text(frames)}")
    show(f"{'host':<24} {'tasks':>6} {'frames':>8} {'share':>7} {'seconds':>9} {'CPU s':>9}")
    for host in report.hosts:
        show(
            f"{host.host[:24]:<24} {host.task_count:>6} {host.frame_count:>8} {host.frame_percent:>5.1f} % "
            f"{host.seconds:>9.1f} {host.cpu_seconds:>9.1f}"
        )
    show(f"{'stage':<24} {'run':>6} {'cached':>8} {'needed':>7} {'twice':>9}")
    for name, stage in report.stages.items():
        show(f"{name:<24} {stage.run:>6} {stage.hit:>8} {stage.needed:>7} {stage.again:>9}")
    for line in (*report.notes, *(f"left out: {text}" for text in report.skipped)):
        show(line)
