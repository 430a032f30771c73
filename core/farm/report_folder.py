# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports that the tasks of a job leave in a folder."""

from dataclasses import dataclass
from pathlib import Path

from ..errors import MessageError, os_error_reason
from ..filesystem import Folder
from ..reporting.quoting import quote
from .report_file import TaskReport, parse_report

MAX_REPORT_BYTES = 16 << 20
_MAX_FRAMES_OF_ALL = 32 << 20
_SUFFIX = ".json"


@dataclass(frozen=True)
class ReportFolder:
    """What was found in a folder."""

    tasks: tuple[TaskReport, ...]
    skipped: tuple[str, ...]
    """Files that are no reports, each with the reason, in one line."""


def read_folder(folder: Path) -> ReportFolder:
    """Read every report of a folder, and leave out what is none.

    Parameters
    ----------
    folder : pathlib.Path
        Where the files `*.json` are.

    Returns
    -------
    ReportFolder
        The reports in the order of their files' names.

    Raises
    ------
    MessageError
        The folder can't be read.
    """
    tasks: list[TaskReport] = []
    skipped: list[str] = []
    frames_left = _MAX_FRAMES_OF_ALL
    try:
        with Folder(folder) as opened:
            for name in sorted(entry for entry in opened.names() if entry.endswith(_SUFFIX)):
                try:
                    task = parse_report(name, opened.read_file(name, MAX_REPORT_BYTES))
                except OSError as error:
                    skipped.append(f"{quote(name)}: {os_error_reason(error)}")
                except MessageError as error:
                    skipped.append(f"{quote(name)}: {error}")
                else:
                    frames_left -= len(task.frames_asked) + len(task.frames_right)
                    if frames_left >= 0:
                        tasks.append(task)
                    else:
                        skipped.append(f"{quote(name)}: the reports before it have too many frames already")
    except OSError as error:
        raise MessageError(
            f"can't read {folder}: {os_error_reason(error)}; name a folder of reports"
        ) from error
    return ReportFolder(_without_copies(tasks), tuple(skipped))


def _without_copies(tasks: list[TaskReport]) -> tuple[TaskReport, ...]:
    """Leave out a process's own report where its task has it too."""
    of_tasks = {task.render_id for task in tasks if task.exit_code is not None and task.render_id}
    return tuple(task for task in tasks if task.exit_code is not None or task.render_id not in of_tasks)
