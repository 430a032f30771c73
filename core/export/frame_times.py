# SPDX-License-Identifier: GPL-3.0-or-later
"""When the images of a clip are shown, where they do not come at a fixed rate."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from av.video.stream import VideoStream

from ..media.movie_stream import READ_ERRORS, open_media, video_stream
from ..media.stream_faults import packets_before_jump

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


@dataclass(frozen=True)
class ClipTimes:
    """What a look at all of a clip's packets says."""

    variable: FrameTimes | None = None
    """The own times of its images; None where they come at a fixed rate, or can't be told."""
    frame_count: int = 0
    """How many frames there are up to the last image, or to where times begin anew; 0 if not counted."""


def read_times(path: Path, fps: Fraction) -> ClipTimes:
    """Return the times of a movie's images, of which `fps` are shown a second.

    An image that is shown for several frames makes the times variable, but not one that stays to the end.

    Parameters
    ----------
    path : pathlib.Path
        The movie.
    fps : fractions.Fraction
        Its nominal frames per second.

    Returns
    -------
    ClipTimes
        What the packets say of times and length.
    """
    try:
        with open_media(path) as container:
            stream = video_stream(path, container)
            # AVI stores no time of showing.
            if not stream.time_base or container.format.name == "avi":
                return ClipTimes()
            if container.format.name == _INDEXED_FORMATS and _is_even(stream):
                return ClipTimes()
            packets = packets_before_jump(container.demux(stream))
            # What an edit list hides is to be discarded.
            times = sorted(
                packet.pts for packet in packets if packet.pts is not None and not packet.is_discard
            )
            start = stream.start_time or 0
    except READ_ERRORS:
        return ClipTimes()
    ticks = float(1 / (fps * stream.time_base))
    shown = np.array([time for time in times if time >= start], np.int64)
    frames = np.floor((shown - start) / ticks + 0.5).astype(np.int64)
    frame_count = int(frames[-1]) + 1 if frames.size else 0
    return ClipTimes(_variable_times(shown, start, ticks, frames, stream.time_base), frame_count)


def _variable_times(
    times: npt.NDArray[np.int64], start: int, ticks: float, frames: npt.NDArray[np.int64], time_base: Fraction
) -> FrameTimes | None:
    """Return the times of images that are shown at `times` and nearest to `frames`; None if they are those of them."""
    off = np.abs(times - start - frames * ticks)
    late = off.size and off.max() > max(_TOLERANCE_TICKS, _TOLERANCE_FRAMES * ticks)
    gaps = np.diff(frames) if len(frames) > 1 else np.ones(1, np.int64)
    if not late and (gaps == 1).all():
        return None
    return FrameTimes(time_base, start, _hidden_count(times, start, ticks))


def _is_even(stream: VideoStream) -> bool:
    """Tell whether images are stored in equal steps; the last one may last longer."""
    entries = stream.index_entries
    times = [entries[place].timestamp for place in range(len(entries))]
    steps = {later - earlier for earlier, later in pairwise(times)}
    return len(times) > 1 and len(steps) == 1


def _hidden_count(times: npt.NDArray[np.int64], start: int, ticks: float) -> int:
    """Return how many images begin and end between the times of two frames."""
    frames = np.ceil((times - start - 0.5) / ticks)
    return int((np.diff(frames) == 0).sum())
