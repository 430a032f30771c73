# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine says of a project's folders: which may be written to, and what a frame takes in the cache."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ..cache.maintenance.statistics import folder_summary
from ..cache.packs.disk_usage import layer_bytes_on_disk
from ..errors import CacheError
from .plan import ProjectFacts

_LEAST_FRAMES = 24
"""So many frames a cache must hold before a frame's average is taken from it."""
_FACE_STAGE = "swap"
"""The stage with one result for each face of each frame."""


@dataclass(frozen=True)
class CacheAverages:
    """What a frame takes in a cache, on average."""

    frame_count: int
    """How many faces of frames were looked at."""
    result_bytes: float
    """On disk, a frame and face."""
    layer_bytes: float
    """On disk, a frame."""


@dataclass(frozen=True)
class FolderChecks:
    """What was found of a project's folders."""

    output_fault: str = ""
    """Why the output can't be written; empty where it can."""
    is_output_temporary: bool = False
    """Whether the output lies in this machine's folder for temporary files, which no other machine sees."""
    is_cache_writable: bool = True
    are_layers_writable: bool = True
    averages: CacheAverages | None = None


def check_folders(facts: ProjectFacts) -> FolderChecks:
    """Look at the folders that facts name, on this machine. Nothing is written.

    Parameters
    ----------
    facts : ProjectFacts
        What is known of the project.

    Returns
    -------
    FolderChecks
        What was found.
    """
    output = Path(facts.output)
    return FolderChecks(
        output_fault=_write_fault(output.parent) if output.is_absolute() else "",
        is_output_temporary=any(_is_temporary(output, facts, Path(name)) for name in _temporary_folders()),
        is_cache_writable=not _write_fault(facts.cache_folder),
        are_layers_writable=not _write_fault(facts.layers_folder),
        averages=_averages(facts),
    )


def _temporary_folders() -> tuple[str, ...]:
    """Return this machine's folder for temporary files, and the one that Blender's default output names."""
    return tempfile.gettempdir(), f"{os.sep}tmp"


def _is_temporary(output: Path, facts: ProjectFacts, temporary: Path) -> bool:
    """Tell whether an output lies with temporary files; one of a project that lies there itself only at their top."""
    return output.is_relative_to(temporary) and (
        output.parent == temporary or not facts.project.is_relative_to(temporary)
    )


def _write_fault(folder: Path) -> str:
    """Say why nothing can be written into a folder, which may have to be made; empty where it can be."""
    here = folder
    while True:
        try:
            is_folder, is_there = here.is_dir(), here.exists()
        except OSError as error:
            return f"{here} can't be looked at ({error.strerror})"
        if is_folder:
            return "" if os.access(here, os.W_OK | os.X_OK) else f"{here} is read-only for this user"
        if is_there:
            return f"{here} is a file, not a folder"
        if here == here.parent:
            return f"{here} is not there"
        here = here.parent


def _averages(facts: ProjectFacts) -> CacheAverages | None:
    """Return what a cache says of a frame; None where it holds too few, or can't be read."""
    try:
        summary = folder_summary(facts.cache_folder)
        layers = layer_bytes_on_disk(facts.layers_folder.parent)
    except (CacheError, OSError):
        return None
    share = summary.stages.get(_FACE_STAGE)
    layer_count = sum(strip.ready_frame_count + strip.outdated_frame_count for strip in facts.strips)
    if share is None or min(share.entries, layer_count) < _LEAST_FRAMES:
        return None
    return CacheAverages(share.entries, summary.bytes_on_disk / share.entries, layers / layer_count)
