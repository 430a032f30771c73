# SPDX-License-Identifier: GPL-3.0-or-later
"""When the images of a clip are shown, where they do not come at a fixed rate."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
from av.video.stream import VideoStream

from ..media.movie_stream import READ_ERRORS, open_media, video_stream

_INDEXED_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2"
"""FFmpeg's name of the formats that list each of their images at the start or end of the file."""
_TOLERANCE_TICKS, _TOLERANCE_FRAMES = 1.5, 0.02


@dataclass(frozen=True)
class FrameTimes:
    """The own times of a clip's images."""

    time_base: Fraction
    """Seconds of one tick."""
    start: int
    """When the first image is shown, in ticks."""
    hidden: int
    """How many images are never shown, since another one comes within the same frame."""


def variable_times(path: Path, fps: Fraction) -> FrameTimes | None:
    """Return the times of a movie's images, where they do not come at a constant rate.

    An image that is shown for several frames makes the times variable too, but not one that stays to the end.

    Parameters
    ----------
    path : pathlib.Path
        The movie.
    fps : fractions.Fraction
        Its nominal frames per second.

    Returns
    -------
    FrameTimes or None
        None where they come at `fps`, or can't be told.
    """
    try:
        with open_media(path) as container:
            stream = video_stream(path, container)
            # AVI stores no time of showing.
            if not stream.time_base or container.format.name == "avi":
                return None
            if container.format.name == _INDEXED_FORMATS and _is_even(stream):
                return None
            times = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
            start = stream.start_time or 0
    except READ_ERRORS:
        return None
    ticks = float(1 / (fps * stream.time_base))
    shown = [time for time in times if time >= start]
    frames = np.floor((np.array(shown, np.float64) - start) / ticks + 0.5).astype(np.int64)
    off = np.abs(np.array(shown) - start - frames * ticks)
    late = off.size and off.max() > max(_TOLERANCE_TICKS, _TOLERANCE_FRAMES * ticks)
    gaps = np.diff(frames) if len(frames) > 1 else np.ones(1, np.int64)
    if not late and (gaps == 1).all():
        return None
    return FrameTimes(stream.time_base, start, _hidden_count(shown, start, ticks))


def _is_even(stream: VideoStream) -> bool:
    """Tell whether images are stored in equal steps; the last one may last longer."""
    entries = stream.index_entries
    times = [entries[place].timestamp for place in range(len(entries))]
    steps = {later - earlier for earlier, later in pairwise(times)}
    return len(times) > 1 and len(steps) == 1


def _hidden_count(times: Sequence[int], start: int, ticks: float) -> int:
    """Return how many images begin and end between the times of two frames."""
    frames = np.ceil((np.array(times, np.float64) - start - 0.5) / ticks)
    return int((np.diff(frames) == 0).sum())
