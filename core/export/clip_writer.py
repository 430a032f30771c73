# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer for a clip's frames: it knows what the clip is like and what is asked for."""

from fractions import Fraction
from pathlib import Path

from ..media.clip import Clip
from .frame_times import variable_times
from .movie_writer import VideoWriter
from .options import EncodingChoice
from .source_video import describe_clip
from .tracks import TrackRange


def clip_writer(
    clip: Clip,
    output: Path,
    numbers: range,
    fps: Fraction,
    *,
    choice: EncodingChoice | None = None,
    sound: str = "copy",
    comment: str = "",
) -> VideoWriter:
    """Return what writes the frames of `numbers`, in their order, as a movie that is like the clip.

    Parameters
    ----------
    clip : Clip
        The clip, which the frames are rendered from.
    output : pathlib.Path
        The movie; its ending chooses the container.
    numbers : range
        The frames, in steps of 1.
    fps : fractions.Fraction
        Frames per second.
    choice : EncodingChoice, optional
        How the video is coded.
    sound : {"copy", "encode", "none"}
        What becomes of the clip's sound.
    comment : str
        Kept in the movie's metadata.

    Raises
    ------
    ClipError
        The clip can't be read.
    OutputError
        It can't be written so.
    """
    info = clip.info
    is_movie = info.kind == "movie"
    return VideoWriter(
        output,
        info.width,
        info.height,
        fps,
        info.path if is_movie else None,
        comment,
        source=describe_clip(info),
        choice=choice,
        sound=sound,
        shown=_shown(clip, numbers, fps),
        times=variable_times(info.path, fps) if is_movie else None,
    )


def _shown(clip: Clip, numbers: range, fps: Fraction) -> TrackRange | None:
    """Return what is shown of the clip; None for all of it."""
    ends_early = numbers.stop < clip.info.frame_count
    if not numbers.start and not ends_early:
        return None
    return TrackRange(numbers.start, numbers.stop if ends_early else None, fps)
