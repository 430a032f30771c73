# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the command that every job calls, and the variables that it calls it with."""

import os
from pathlib import Path

from ...errors import FarmError
from ...reporting.quoting import quote
from ...system.trust import TRUST_VARIABLE
from ..plan import FarmPlan
from .options import JobOptions

_MAX_NAME_CHARACTERS = 100
REPORTS_FOLDER_NAME = "understudy_reports"


def job_name(plan: FarmPlan, options: JobOptions) -> str:
    """Return what a farm calls the job, in one line."""
    return quote(options.name or plan.facts.project.stem, _MAX_NAME_CHARACTERS)


def output_pattern(plan: FarmPlan, options: JobOptions) -> str:
    """Return the images' path, absolute, as `blender -o` takes it."""
    return options.output or plan.facts.output


def report_folder(plan: FarmPlan, options: JobOptions) -> Path:
    """Return where tasks write their reports."""
    return options.report_folder or Path(output_pattern(plan, options)).parent / REPORTS_FOLDER_NAME


def environment_of(plan: FarmPlan) -> dict[str, str]:
    """Return the variables of every task; `UNDERSTUDY_TRUST` is always one of them.

    A worker has no user who was asked whether a project may have its folders.
    """
    folders = dict.fromkeys((str(plan.facts.cache_folder), str(plan.facts.layers_folder)))
    return dict(sorted({TRUST_VARIABLE: os.pathsep.join(folders), **plan.environment}.items()))


def environment_words(plan: FarmPlan) -> list[str]:
    """Return the variables as arguments, for engines whose tasks have no environment of their own."""
    return [word for name, value in environment_of(plan).items() for word in ("--env", f"{name}={value}")]


def task_words(
    plan: FarmPlan,
    options: JobOptions,
    engine: str,
    frames: list[str],
    *,
    prepares: bool = False,
    project: str = "",
    scene: str = "",
    blender: str = "",
    output: str = "",
    reports: str = "",
) -> list[str]:
    """Return the words of a task after the launcher's.

    Parameters
    ----------
    plan : FarmPlan
        The job.
    options : JobOptions
        How tasks are started.
    engine : str
        The name of the engine.
    frames : list of str
        The words that name a chunk, in the engine's own variables.
    prepares : bool
        Whether the task fills the cache alone.
    project, scene, blender, output, reports : str
        What the engine has in place of these; empty for those of the plan and the options.

    Returns
    -------
    list of str
        The words, such as `farm run-task /x/shot.blend --start 1 --end 50`.
    """
    words = ["farm", "run-task", project or str(plan.facts.project), *frames]
    words += ["--engine", engine, "--expect-extension", plan.facts.extension_version]
    # In one word with their options: a name may begin with a dash.
    words += [f"--scene={scene or plan.facts.scene}"] if plan.facts.scene else []
    words += [f"--blender={blender or options.blender}"] if options.blender else []
    words += ["--report-dir", reports or str(report_folder(plan, options))]
    words += ["--strict" if plan.is_strict else "--no-strict"]
    return [*words, "--prepare" if prepares else f"--output={output or output_pattern(plan, options)}"]


def frame_range(plan: FarmPlan) -> tuple[int, int]:
    """Return the first and the last frame of the job."""
    return plan.chunks[0].first_frame, plan.chunks[-1].last_frame


def chunk_length(plan: FarmPlan) -> int:
    """Return how many frames of the timeline an even chunk spans, those that the scene's step leaves out included."""
    return plan.chunk_size * max(plan.facts.frame_step, 1)


def has_even_chunks(plan: FarmPlan) -> bool:
    """Tell whether the chunks are those that an engine makes which counts them itself by `chunk_length`."""
    first, length, step = plan.chunks[0].first_frame, chunk_length(plan), max(plan.facts.frame_step, 1)
    starts = [first + number * length for number in range(len(plan.chunks))]
    ends = [*(start + length - step for start in starts[:-1]), plan.chunks[-1].last_frame]
    made = [(chunk.first_frame, chunk.last_frame) for chunk in plan.chunks]
    return made == list(zip(starts, ends, strict=True)) and made[-1][1] < starts[-1] + length


def require_even_chunks(plan: FarmPlan, engine: str) -> None:
    """Raise FarmError where an engine that counts chunks itself would make others than the plan's."""
    if not has_even_chunks(plan):
        raise FarmError(f"{engine} can't have chunks of different sizes: choose one size")


def require_one_line(text: str, engine: str) -> str:
    """Return a text that an engine's format can hold. Raises FarmError for one with line breaks or controls."""
    if quote(text, len(text) + 1) != text:
        raise FarmError(f"{engine} can't have {quote(text)!r}, for its control characters: rename it")
    return text
