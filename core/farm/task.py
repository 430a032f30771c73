# SPDX-License-Identifier: GPL-3.0-or-later
"""A task of a farm: a range of frames, rendered or prepared by one Blender, that ends right or says why not.

All engines call it; see `exit_codes` for how it ends.
"""

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from ..concurrency.timeouts import StopToken
from ..errors import FarmError, MessageError, OutputError, UnderstudyError
from ..reporting.process_report import range_text
from .blender_program import find_blender
from .exit_codes import (
    DONE,
    FAILURE,
    FRAMES_FAILED,
    TRY_AGAIN,
    UNFIT_MACHINE,
    signal_exit_code,
    signal_of,
)
from .places import does_exist, missing_places, silent_places
from .report_file import parse_range
from .stall_watch import StallWatch
from .task_check import CheckAnswer, CheckQuestion, read_answer
from .task_output import TaskOutput
from .task_process import TaskProcess
from .task_report import TaskRecord, host_name, read_render_report, write_task_report
from .task_request import TaskRequest, blender_command

REPORT_VARIABLE = "UNDERSTUDY_REPORT"
_ANSWER_NAME, _RENDER_NAME = "check.json", "render.json"
_OUT_OF_MEMORY_HINT = "it may have run out of memory"


@dataclass(frozen=True)
class _TaskEnd:
    exit_code: int
    reason: str = ""


def run_task(
    request: TaskRequest, environment: Mapping[str, str], show: Callable[[str], None], stop: StopToken
) -> int:
    """Do a task and return its exit code.

    Parameters
    ----------
    request : TaskRequest
        What it is to do.
    environment : mapping of str to str
        The variables for Blender, such as those of `os.environ`.
    show : callable
        Prints a line.
    stop : StopToken
        Its signal is handed on to Blender, which is waited for.

    Returns
    -------
    int
        One of `exit_codes`, or 128 plus the number of the signal that came.

    Raises
    ------
    OSError, OutputError
        Lines could not be printed. The task was done all the same, and its report written.
    """
    started_at, cpu_before = time.time(), _children_cpu_seconds()
    with tempfile.TemporaryDirectory(prefix="understudy_") as folder:  # gate: Blender writes there, not we
        frame_step = partial(_frame_step, Path(folder))
        output = TaskOutput(request.engine, show, lambda: len(request.frames(frame_step() or 1)))
        end = _run(request, environment, output, stop, Path(folder))
        render, step = read_render_report(Path(folder) / _RENDER_NAME), frame_step()
    if end.reason:
        output.fail(end.reason)
    record = TaskRecord(
        request.first_frame,
        request.last_frame,
        host_name(),
        request.engine,
        started_at,
        time.time(),
        end.exit_code,
        round(_children_cpu_seconds() - cpu_before, 3),
        request.prepares,
        end.reason,
        step,
    )
    code = end.exit_code
    if request.report_folder is not None and not request.checks_only:
        reports = Path(request.path_mapping.apply(str(request.report_folder)))
        try:
            does_exist(reports)  # to write to a share that stalls would not end
            write_task_report(reports, record, render)
        except TimeoutError as error:
            output.fail(f"can't write the task's report: {error}")
            code = code or TRY_AGAIN
        except OutputError as error:
            output.fail(str(error))
            code = code or FAILURE
    if output.fault is not None:
        raise output.fault
    return code


def _run(
    request: TaskRequest, environment: Mapping[str, str], output: TaskOutput, stop: StopToken, folder: Path
) -> _TaskEnd:
    """Look whether this machine can do the task, and have Blender do it."""
    mapping = request.path_mapping
    environment = {**environment, **mapping.apply_to_environment(environment)}
    project = Path(mapping.apply(str(request.project))).absolute()
    try:
        blender = find_blender(request.blender, environment)
    except FarmError as error:
        return _TaskEnd(UNFIT_MACHINE, str(error))
    end = _look_at_places(project, environment)
    if end is not None:
        return end
    question = CheckQuestion(
        str(folder / _ANSWER_NAME), request.extension_version, mapping.rules, request.prepares, request.scene
    )
    output.status(f"{_verb(request)} frames {_range(request)}")
    watch = StallWatch(partial(silent_places, environment, (project.parent,)))

    def on_line(line: str) -> None:
        watch.note_line()
        output.pass_on(line)

    with watch:
        try:
            process = TaskProcess(
                blender_command(blender, project, request, question),
                {**environment, REPORT_VARIABLE: str(folder / _RENDER_NAME)},
                on_line,
            )
        except OSError as error:
            return _TaskEnd(UNFIT_MACHINE, f"{blender} can't be started: {error.strerror or error}")
        code = process.wait(stop, lambda: bool(watch.reason))
    if stop.signal_number:
        return _TaskEnd(signal_exit_code(stop.signal_number), "the task was stopped")
    if watch.reason:
        return _TaskEnd(TRY_AGAIN, watch.reason)
    try:
        answer = read_answer(folder / _ANSWER_NAME)
        render = read_render_report(folder / _RENDER_NAME)
    except UnderstudyError as error:
        return _TaskEnd(TRY_AGAIN, str(error))
    end = _end(request, code, answer, render, output)
    if end.exit_code in (FAILURE, FRAMES_FAILED):
        silent = silent_places(environment, (project.parent,))
        if silent:
            return _TaskEnd(TRY_AGAIN, "; ".join((*silent, end.reason)))
    return end


def _frame_step(folder: Path) -> int:
    """Return the scene's step, which Blender says before the first frame; 0 where it has not said it."""
    try:
        answer = read_answer(folder / _ANSWER_NAME)
    except FarmError:
        answer = None
    return 0 if answer is None else answer.frame_step


def _look_at_places(project: Path, environment: Mapping[str, str]) -> _TaskEnd | None:
    """Return why the task can't begin here or now; None where it can."""
    try:
        if not does_exist(project):
            return _TaskEnd(UNFIT_MACHINE, f"{project} is missing: mount its folder, or map its path")
        missing = missing_places(environment)
    except TimeoutError as error:
        return _TaskEnd(
            TRY_AGAIN,
            str(error),
        )
    if missing:
        return _TaskEnd(UNFIT_MACHINE, "; ".join(missing))
    silent = silent_places(environment, ())
    return _TaskEnd(TRY_AGAIN, "; ".join(silent)) if silent else None


def _end(
    request: TaskRequest,
    code: int,
    answer: CheckAnswer | None,
    render: Mapping[str, Any] | None,
    output: TaskOutput,
) -> _TaskEnd:
    """Tell from what Blender did how the task ended."""
    number = signal_of(code)
    if number:
        return _TaskEnd(TRY_AGAIN, f"Blender was ended by signal {number}: {_OUT_OF_MEMORY_HINT}")
    said = output.last_error or "it gave no reason"
    if code == UNFIT_MACHINE:
        reason = "; ".join(answer.faults) if answer is not None and answer.faults else output.last_error
        return _TaskEnd(UNFIT_MACHINE, reason or "this machine can't do the task")
    if answer is None:
        return _TaskEnd(FAILURE, f"Blender ended with {code} before it looked at the project: {said}")
    if code == FRAMES_FAILED:
        return _TaskEnd(FRAMES_FAILED, _failed_text(render, said))
    if code != 0:
        return _TaskEnd(FAILURE, f"Blender ended with {code}: {said}")
    lack = "" if request.checks_only else _lack(request, request.frames(answer.frame_step), render, output)
    return _TaskEnd(FRAMES_FAILED, f"{lack}: {said}") if lack else _TaskEnd(DONE)


def _lack(request: TaskRequest, expected: range, render: Mapping[str, Any] | None, output: TaskOutput) -> str:
    """Say what a task lacks of which Blender ended as if all were well; empty for nothing."""
    undone = _undone_frames(expected, render, "prepared" if request.prepares else "range")
    if undone:
        return f"Blender did not {'prepare' if request.prepares else 'render'} frames {undone}"
    if not request.prepares and output.written_count < len(expected):
        return f"Blender wrote {output.written_count} of {len(expected)} frames"
    return ""


def _undone_frames(expected: range, render: Mapping[str, Any] | None, kind: str) -> str:
    """Return the frames that a process's report leaves out, as `1-24,30`; empty for none, or without a report.

    A project may have Blender end at any time as if all were well. A render without a report had no face to swap.
    """
    if render is None:
        return range_text(expected) if kind == "prepared" else ""
    try:
        done = parse_range(str(render.get(kind, "")))
    except MessageError:
        done = frozenset()
    return range_text(set(expected) - done)


def _failed_text(render: Mapping[str, Any] | None, said: str) -> str:
    if render is not None and render.get("refused"):
        return str(render["refused"])
    failed = render.get("failed") if render is not None else None
    frames = ", ".join(map(str, failed)) if isinstance(failed, list) else ""
    return f"frames failed: {frames}: {said}" if frames else f"frames failed: {said}"


def _verb(request: TaskRequest) -> str:
    return "checking" if request.checks_only else "preparing" if request.prepares else "rendering"


def _range(request: TaskRequest) -> str:
    return f"{request.first_frame} to {request.last_frame}"


def _children_cpu_seconds() -> float:
    """Return the processor time of the programs that were started and waited for; 0 where the system does not say."""
    if sys.platform == "win32":
        return 0.0
    import resource

    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
