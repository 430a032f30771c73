# SPDX-License-Identifier: GPL-3.0-or-later
"""From what is known of a project and what is wanted to the plan of a job. It only reasons: no file is looked at."""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..sessions.settings import CACHE_VARIABLE, FOLDER_VARIABLE, LAYERS_VARIABLE, REDIS_VARIABLE
from ..system.trust import TRUST_VARIABLE
from .chunks import automatic_chunk_size, make_chunks
from .estimate import estimate
from .folder_checks import FolderChecks
from .plan import Asset, FarmPlan, ProjectFacts

ORIGINALS_VARIABLE = "UNDERSTUDY_ORIGINALS"
REFUSE_ORIGINALS = "refuse"
_NEEDED_KINDS = {
    "project": "the project",
    "clip": "the clip",
    "image": "the face image",
    "model": "the model",
    "consent": "the consent file",
}
"""What a render fails without, and how it is called."""
_RELATIVE_PREFIX = "//"


@dataclass(frozen=True)
class PlanOptions:
    """What is wanted of a job."""

    chunk_size: int | None = None
    """Frames a task; None chooses."""
    workers: int = 1
    """How many machines work at once."""
    prepares_first: bool = False
    is_strict: bool = True


def make_plan(facts: ProjectFacts, options: PlanOptions, checks: FolderChecks) -> FarmPlan:
    """Return the plan of a job.

    Parameters
    ----------
    facts : ProjectFacts
        What Blender says of the project; its range is the job's.
    options : PlanOptions
        What is wanted.
    checks : FolderChecks
        What was found of the project's folders.

    Returns
    -------
    FarmPlan
        The plan. With faults it is a plan all the same: whoever writes a job decides.
    """
    frame_count = len(range(facts.first_frame, facts.last_frame + 1, facts.frame_step))
    size = options.chunk_size or automatic_chunk_size(frame_count, options.workers)
    if facts.writes_movie and options.chunk_size is None:
        size = frame_count
    chunks = make_chunks(facts.first_frame, facts.last_frame, facts.frame_step, size)
    environment = _environment(facts, options, checks)
    return FarmPlan(
        facts=facts,
        chunks=chunks,
        chunk_size=size,
        prepares_first=options.prepares_first,
        is_strict=options.is_strict,
        environment=environment,
        estimate=estimate(facts, chunks, checks.averages, prepares_first=options.prepares_first),
        faults=tuple(dict.fromkeys(_faults(facts, checks, len(chunks)))),
        warnings=tuple(dict.fromkeys(_warnings(facts, options, checks, environment, len(chunks)))),
    )


def _faults(facts: ProjectFacts, checks: FolderChecks, chunk_count: int) -> Iterator[str]:
    yield from facts.faults
    said = [f"{strip.name}: {fault}" for strip in facts.strips for fault in strip.faults]
    yield from said
    for asset in _missing(facts, _NEEDED_KINDS):
        if not any(asset.path.name in text for text in said):
            yield f"{_NEEDED_KINDS[asset.kind]} {asset.stored_path} is missing: put it back, or choose another"
    if not (Path(facts.output).is_absolute() and facts.stored_output):
        shown = facts.stored_output or "which is empty"
        yield f"the output path {shown} is relative to nothing: begin it with // for beside the project"
    elif checks.output_fault:
        yield f"the output {facts.output} can't be written: {checks.output_fault}; choose another folder"
    if facts.writes_movie and chunk_count > 1:
        yield (
            f"the output is one movie, which {chunk_count} tasks can't share: choose an image format in Output, or "
            "one chunk for all frames"
        )


def _warnings(
    facts: ProjectFacts,
    options: PlanOptions,
    checks: FolderChecks,
    environment: Mapping[str, str],
    chunk_count: int,
) -> Iterator[str]:
    yield from facts.warnings
    for asset in facts.assets:
        if asset.byte_count is not None and asset.advice:
            yield f"{asset.kind} {asset.stored_path}: {asset.advice}"
    for asset in _missing(facts, ("media",)):
        yield f"{asset.stored_path} is missing: where it is shown, Blender shows nothing"
    for strip in facts.strips:
        if strip.outdated_frame_count:
            yield f"{strip.name}: {strip.outdated_frame_count} outdated layers are made again"
    if facts.writes_movie and chunk_count == 1 and options.workers > 1:
        yield "the output is one movie, so one task renders it: choose an image format in Output to use more machines"
    elif chunk_count < options.workers:
        yield f"{options.workers} workers, but only {chunk_count} tasks: a smaller chunk uses more of them"
    if checks.is_output_temporary:
        yield f"the output {facts.output} is in a folder for temporary files: every worker has one of its own"
    if not checks.is_cache_writable:
        yield (
            f"the cache folder {facts.cache_folder} is read-only here, and where it is so for workers no result is "
            f"kept: name another in {CACHE_VARIABLE}"
        )
    if not checks.are_layers_writable:
        yield (
            f"the folder of layers {facts.layers_folder} is read-only here: name another in {LAYERS_VARIABLE}, so that "
            "tasks need not make layers anew"
        )
    if options.workers > 1 and not {FOLDER_VARIABLE, REDIS_VARIABLE} & environment.keys():
        yield (
            f"no shared cache is named: workers share results only where all of them have {facts.cache_folder} on one "
            f"share; else name {FOLDER_VARIABLE} or {REDIS_VARIABLE}"
        )


def _missing(facts: ProjectFacts, kinds: Iterable[str]) -> list[Asset]:
    return [asset for asset in facts.assets if asset.kind in kinds and asset.byte_count is None]


def _environment(facts: ProjectFacts, options: PlanOptions, checks: FolderChecks) -> dict[str, str]:
    """Return the variables of tasks: the places that facts name, and which of them may be written to.

    A worker has another account than the editor, whose folders are written to only where they are trusted.
    """
    environment = dict(facts.environment)
    folders = [facts.project.parent, facts.cache_folder, facts.layers_folder]
    named = (environment.get(name, "") for name in (CACHE_VARIABLE, LAYERS_VARIABLE, FOLDER_VARIABLE))
    folders += [Path(name) for name in named if name]
    output = Path(facts.output).parent
    # A folder that the project's own lies in holds more than this job.
    if (
        output.is_absolute()
        and not checks.is_output_temporary
        and not facts.project.parent.is_relative_to(output)
    ):
        folders.append(output)
    environment[TRUST_VARIABLE] = os.pathsep.join(map(str, _outermost(folders)))
    if options.is_strict:
        environment[ORIGINALS_VARIABLE] = REFUSE_ORIGINALS
    return environment


def _outermost(folders: Iterable[Path]) -> list[Path]:
    """Return folders, each once, without those within others of them, nor a root: that would trust everything."""
    unique = [folder for folder in dict.fromkeys(folders) if folder != folder.parent]
    return [
        folder
        for folder in unique
        if not any(folder != other and folder.is_relative_to(other) for other in unique)
    ]
