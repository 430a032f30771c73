# SPDX-License-Identifier: GPL-3.0-or-later
"""What a job will cost: a model whose constants were measured, and sizes that a cache has learned.

A process costs its start. A frame costs its render and, where a layer is not ready, its analysis and its faces. At
the border of a chunk frames of the neighbour are read as well, since faces are smoothed over time: what is found there
is shared, decoding is not. What is in the cache without a layer is not looked up, so the figures are upper bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from .folder_checks import CacheAverages
from .plan import Chunk, Estimate, ProjectFacts, StripFacts

BORDER_FRAMES = 3
"""How many frames beyond a chunk's end are read: `landmark.steady` and `gaps` at their default."""
START_SECONDS = 2.7
"""CPU seconds of a Blender 5.2 that opens a project and renders nothing new."""
# CPU seconds a frame on two x86-64 cores in the module bpy 4.5, and bytes: fits through 48 frames each of footage 09 at
# 540p, 02 at 720p and 30 at 1080p, with one face and the default settings. The second is for each million pixels.
_RENDER_SECONDS = 0.005, 0.037
_ANALYSIS_SECONDS = 0.082, 0.038
_FACE_SECONDS = 0.011, 0.020
_DECODE_SECONDS = 0.0, 0.0025
_RESULT_BYTES = 0.51e6, 1.21e6
_LAYER_BYTES = 0.34e6, 0.88e6
MEASURED_BASIS = "two x86-64 cores, default settings, one face at 540p to 1080p"


@dataclass(frozen=True)
class _StripWork:
    """What is to do for one strip in the job."""

    strip: StripFacts
    shown_count: int
    missing: frozenset[int]
    """Frames whose layer is to be made."""


def estimate(
    facts: ProjectFacts, chunks: Sequence[Chunk], averages: CacheAverages | None, *, prepares_first: bool
) -> Estimate:
    """Return what a job costs.

    Parameters
    ----------
    facts : ProjectFacts
        What is known of the project.
    chunks : sequence of Chunk
        The ranges of the tasks; the step is that of `facts`.
    averages : CacheAverages or None
        What the project's cache holds a frame; None where it holds too little to tell.
    prepares_first : bool
        Whether each chunk with something to compute has a task of its own for that.

    Returns
    -------
    Estimate
        CPU seconds and bytes. The rendered images themselves are in no figure.
    """
    step = facts.frame_step
    frames_of = [frozenset(range(chunk.first_frame, chunk.last_frame + 1, step)) for chunk in chunks]
    frames = frozenset().union(*frames_of)
    work = [_work_of(strip, frames) for strip in facts.strips]
    missing = frozenset().union(*(entry.missing for entry in work))
    busy = sum(not missing.isdisjoint(own) for own in frames_of)
    processes = len(chunks) + (busy if prepares_first else 0)
    borders = [border for chunk in chunks for border in _borders(chunk, facts, missing)]

    seconds = processes * START_SECONDS + len(frames) * _linear(_RENDER_SECONDS, facts.render_size)
    growth = layer_reads = 0.0
    for entry in work:
        size, faces = entry.strip.frame_size, entry.strip.modifier_count
        per_frame = _linear(_ANALYSIS_SECONDS, size) + faces * _linear(_FACE_SECONDS, size)
        decoded = sum(entry.strip.first_frame <= frame <= entry.strip.last_frame for frame in borders)
        seconds += len(entry.missing) * per_frame + decoded * _linear(_DECODE_SECONDS, size)
        result = faces * (averages.result_bytes if averages else _linear(_RESULT_BYTES, size))
        layer = averages.layer_bytes if averages else _linear(_LAYER_BYTES, size)
        growth += len(entry.missing) * (result + layer)
        layer_reads += entry.shown_count * layer
    media = sum(asset.byte_count or 0 for asset in facts.assets if asset.kind in ("clip", "image", "media"))
    project = sum(asset.byte_count or 0 for asset in facts.assets if asset.kind == "project")
    overlap = 1 + len(borders) / max(len(frames), 1)
    return Estimate(
        frames_to_compute=len(missing),
        frames_ready=len(frames) - len(missing),
        cpu_seconds=round(seconds, 1),
        cache_bytes=round(growth),
        share_bytes=round(growth + layer_reads + media * overlap + project * processes),
        basis=_basis(averages),
    )


def _work_of(strip: StripFacts, frames: frozenset[int]) -> _StripWork:
    shown = frames.intersection(range(strip.first_frame, strip.last_frame + 1))
    ready = {frame for part in strip.ready_ranges for frame in range(part.first_frame, part.last_frame + 1)}
    return _StripWork(strip, len(shown), shown - ready)


def _borders(chunk: Chunk, facts: ProjectFacts, missing: frozenset[int]) -> list[int]:
    """Return the frames of the neighbours that a chunk reads for what it computes at its ends."""
    before = range(max(chunk.first_frame - BORDER_FRAMES, facts.first_frame), chunk.first_frame)
    after = range(chunk.last_frame + 1, min(chunk.last_frame + BORDER_FRAMES, facts.last_frame) + 1)
    return [
        frame
        for end, frames in ((chunk.first_frame, before), (chunk.last_frame, after))
        if end in missing
        for frame in frames
    ]


def _linear(constant: tuple[float, float], size: tuple[int, int]) -> float:
    return constant[0] + constant[1] * size[0] * size[1] / 1e6


def _basis(averages: CacheAverages | None) -> str:
    if averages is None:
        return f"measured on {MEASURED_BASIS}"
    return f"bytes as in this cache ({averages.frame_count} frames); seconds measured on {MEASURED_BASIS}"
