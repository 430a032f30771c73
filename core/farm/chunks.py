# SPDX-License-Identifier: GPL-3.0-or-later
"""Cutting the frames of a job into chunks, one contiguous range for each task."""

from ..errors import FarmError
from .plan import Chunk

MAX_FRAME = 1_048_574
"""Blender's own limit."""

MIN_CHUNK_FRAMES, MAX_CHUNK_FRAMES = 50, 250
"""What an automatic chunk keeps to: shorter, starts and borders cost much; longer, the last task is waited for."""


def require_blender_frames(*frames: int) -> None:
    """Raise FarmError for a frame that Blender does not render: it takes `-s -5` as five frames before its own."""
    if not all(0 <= frame <= MAX_FRAME for frame in frames):
        raise FarmError(f"Blender renders frames from 0 to {MAX_FRAME} alone: choose a range within")


def automatic_chunk_size(frame_count: int, workers: int) -> int:
    """Return how many frames a task renders where nobody chose.

    Two tasks for each worker: one that ends early takes another.

    Parameters
    ----------
    frame_count : int
        How many frames are rendered.
    workers : int
        How many machines work at once.

    Returns
    -------
    int
        Frames, from `MIN_CHUNK_FRAMES` to `MAX_CHUNK_FRAMES`.
    """
    return min(max(frame_count // (2 * max(workers, 1)), MIN_CHUNK_FRAMES), MAX_CHUNK_FRAMES)


def make_chunks(first: int, last: int, step: int, size: int) -> tuple[Chunk, ...]:
    """Return the chunks of the frames from `first` to `last`, every `step`-th of them.

    Parameters
    ----------
    first, last : int
        Frames of the timeline, both rendered where the step meets them.
    step : int
        1 for every frame.
    size : int
        How many frames a chunk renders; the last may have fewer.

    Returns
    -------
    tuple of Chunk
        In order. Each begins and ends with a frame that is rendered, so that Blender's own step, which counts from a
        chunk's first frame, meets the same frames.
    """
    frames = range(first, last + 1, step)
    parts = (frames[place : place + size] for place in range(0, len(frames), size))
    return tuple(Chunk(part[0], part[-1]) for part in parts)
