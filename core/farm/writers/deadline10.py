# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of jobs for Thinkbox Deadline 10, written by its documentation and never tried."""

from ..plan import FarmPlan
from .options import JobOptions
from .task_words import (
    chunk_length,
    environment_of,
    frame_range,
    job_name,
    require_even_chunks,
    require_one_line,
    task_words,
)

_ENGINE = "Deadline 10"
_FRAMES = ["--start", "<STARTFRAME>", "--end", "<ENDFRAME>"]
_README = """\
UNTRIED. These files follow the documentation of Deadline 10; no Deadline was at hand to try them with.

Submit the render: deadlinecommand render_job.txt render_plugin.txt
{prepare}
Each task calls `understudy farm run-task`, which fails on a machine that can't replace the faces.
"""
_PREPARE_README = """\
Submit the preparation first, and give its id to the render by a line JobDependencies=ID in render_job.txt:
deadlinecommand prepare_job.txt prepare_plugin.txt
"""


def write(plan: FarmPlan, options: JobOptions) -> dict[str, str]:
    """See `write_job`."""
    require_even_chunks(plan, _ENGINE)
    files = {
        "README.txt": _README.format(prepare=_PREPARE_README if plan.prepares_first else ""),
        "render_job.txt": _job_info(plan, options, ""),
        "render_plugin.txt": _plugin_info(plan, options, prepares=False),
    }
    if plan.prepares_first:
        files["prepare_job.txt"] = _job_info(plan, options, " prepare")
        files["prepare_plugin.txt"] = _plugin_info(plan, options, prepares=True)
    return files


def _job_info(plan: FarmPlan, options: JobOptions, suffix: str) -> str:
    first, last = frame_range(plan)
    values = {
        "Plugin": "CommandLine",
        "Name": f"{job_name(plan, options)}{suffix}",
        "Frames": f"{first}-{last}",
        "ChunkSize": str(chunk_length(plan)),
    }
    if options.max_parallel_tasks:
        values["MachineLimit"] = str(options.max_parallel_tasks)
    for number, (name, value) in enumerate(environment_of(plan).items()):
        values[f"EnvironmentKeyValue{number}"] = f"{name}={value}"
    return _lines(values)


def _plugin_info(plan: FarmPlan, options: JobOptions, *, prepares: bool) -> str:
    executable, *words = options.launcher
    words += task_words(plan, options, "deadline10", _FRAMES, prepares=prepares)
    arguments = " ".join(word if word in _FRAMES else _quote(word) for word in words)
    return _lines(
        {"Executable": executable, "Arguments": arguments, "Shell": "default", "ShellExecute": "False"}
    )


def _quote(word: str) -> str:
    return f"<QUOTE>{word}<QUOTE>" if any(sign in word for sign in " \t\"'") or not word else word


def _lines(values: dict[str, str]) -> str:
    return "".join(f"{name}={require_one_line(value, _ENGINE)}\n" for name, value in values.items())
