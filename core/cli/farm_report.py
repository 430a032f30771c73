# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy farm report`: what the tasks of a job did, as a table, as JSON and as a page."""

import argparse

from ..errors import MessageError, OutputError, RecipeError, os_error_reason
from ..farm.chunks import MAX_FRAME
from ..farm.report import JobReport, merge
from ..farm.report_folder import read_folder
from ..farm.report_page import report_page
from ..filesystem import write_file
from ..reporting.process_report import range_text
from .output import show, show_json

_EXIT_OK, _EXIT_FRAMES_FAILED = 0, 3


def report(arguments: argparse.Namespace) -> int:
    """Print the report of a folder, as `farm_report_arguments.add_report` says; return the exit code.

    Raises
    ------
    UnderstudyError
        The range is none, nothing in the folder can be read, or the page can't be written.
    """
    expected = _expected_frames(arguments.start, arguments.end, arguments.step)
    folder_tasks = read_folder(arguments.folder)
    if not folder_tasks.tasks:
        reasons = f" ({'; '.join(folder_tasks.skipped[:3])})" if folder_tasks.skipped else ""
        raise MessageError(
            f"{arguments.folder} holds no report of a task{reasons}; name the folder that they write to"
        )
    job = merge(folder_tasks.tasks, folder_tasks.skipped, expected)
    if arguments.html is not None:
        try:
            write_file(arguments.html, report_page(job).encode())
        except OSError as error:
            reason = os_error_reason(error).lower()
            raise OutputError(f"can't write {arguments.html}: {reason}; choose another file") from error
    if arguments.json:
        show_json(job.as_dict())
    else:
        _show_table(job)
    return _EXIT_OK if job.is_complete else _EXIT_FRAMES_FAILED


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


def _show_table(job: JobReport) -> None:
    show(job.result)
    for name, frames in (
        ("missing", job.missing),
        ("failed", job.failed),
        ("failed first, then right", job.failed_then_right),
        ("rendered more than once", job.doubled),
        ("not marked as a composite", job.unmarked),
    ):
        if frames:
            show(f"{name}: {range_text(frames)}")
    show(f"{'host':<24} {'tasks':>6} {'frames':>8} {'share':>7} {'seconds':>9} {'CPU s':>9}")
    for host in job.hosts:
        show(
            f"{host.host[:24]:<24} {host.task_count:>6} {host.frame_count:>8} {host.frame_percent:>5.1f} % "
            f"{host.seconds:>9.1f} {host.cpu_seconds:>9.1f}"
        )
    show(f"{'stage':<24} {'run':>6} {'cached':>8} {'needed':>7} {'twice':>9}")
    for name, stage in job.stages.items():
        show(f"{name:<24} {stage.run:>6} {stage.hit:>8} {stage.needed:>7} {stage.again:>9}")
    for line in (*job.notes, *(f"left out: {text}" for text in job.skipped)):
        show(line)
