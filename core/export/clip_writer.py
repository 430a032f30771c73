# SPDX-License-Identifier: GPL-3.0-or-later
"""The writer for a clip's frames: it knows what the clip is like and what is asked for."""

from fractions import Fraction
from pathlib import Path

from ..errors import OutputError
from ..filesystem import is_read_only
from ..geometry.levels import DEEP_BITS
from ..media.clip import Clip
from ..media.light_space import light_space
from .frame_times import ClipTimes, read_times
from .image_names import image_path, is_image_pattern
from .image_writer import ImageSequenceWriter
from .movie_writer import VideoWriter
from .options import EncodingChoice
from .packet_copy import Splice
from .pixel_formats import pixel_layout
from .source_video import describe_clip
from .tracks import TrackRange, has_other_tracks


def clip_writer(
    clip: Clip,
    output: Path,
    numbers: range,
    fps: Fraction,
    *,
    choice: EncodingChoice | None = None,
    sound: str = "copy",
    comment: str = "",
    splice: Splice | None = None,
) -> VideoWriter | ImageSequenceWriter:
    """Return what writes the frames of `numbers`, in their order, as a movie that is like the clip, or as images.

    Parameters
    ----------
    clip : Clip
        The clip, which the frames are rendered from.
    output : pathlib.Path
        The movie; its ending chooses the container. A name such as `out_%05d.png` stands for images.
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
    splice : Splice, optional
        For a movie that keeps packets of the clip, see `plan_splice` and `VideoWriter.copy_gops`.

    Raises
    ------
    ClipError
        The clip can't be read.
    OutputError
        It can't be written so.
    """
    if _has_floats(clip) and output.suffix.lower() != ".exr":
        raise OutputError(
            f"can't write light as {output.name}: give a pattern such as out_%05d.exr, or leave out --colorspace"
        )
    if is_image_pattern(output):
        return _image_writer(clip, output, numbers, choice, sound, comment)
    info = clip.info
    is_movie = info.kind == "movie"
    times = read_times(info.path, fps) if is_movie else ClipTimes()
    is_to_the_end = numbers.stop == clip.image_count
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
        track_range=_track_range(clip, numbers, fps),
        times=times.variable,
        unread_count=max(0, times.frame_count - clip.image_count) if is_to_the_end else 0,
        splice=splice,
    )


def _image_writer(
    clip: Clip, output: Path, numbers: range, choice: EncodingChoice | None, sound: str, comment: str
) -> ImageSequenceWriter:
    if choice is not None and choice != EncodingChoice():
        raise OutputError(
            "images have no codec: leave out --codec, --quality, --preset, --pixel-format and --sdr"
        )
    mine = {path.resolve() for path in clip.source.paths}
    over = next((path for number in numbers if (path := image_path(output, number)).resolve() in mine), None)
    if over is not None:
        raise OutputError(f"can't write an image over {over}, which is read: choose another name")
    fixed = next((path for number in numbers if is_read_only(path := image_path(output, number))), None)
    if fixed is not None:
        raise OutputError(f"can't write an image over {fixed}: it is read-only; choose another name")
    source = describe_clip(clip.info)
    if source.tags.is_hdr and output.suffix.lower() == ".exr":
        raise OutputError(
            f"can't write HDR as linear light: write {output.stem}.tif, which keeps the clip's values, or a movie"
        )
    space = light_space(clip.source.reading)
    if space is not None and not _has_floats(clip) and output.suffix.lower() == ".exr":
        raise OutputError(
            f"can't write {space.name} as linear light: write {output.stem}.tif, which keeps the clip's values"
        )
    writer = ImageSequenceWriter(output, source, comment, "" if space is None else space.name)
    if _has_floats(clip):
        writer.warnings.append(
            "R, G and B are written as OpenEXR, no other channels and attributes of the clip"
        )
    if pixel_layout(source.pixel_format).has_alpha:
        writer.warnings.append("transparency is lost: choose .mov with --codec prores, or --codec ffv1")
    if clip.info.kind == "movie":
        if sound != "none" and has_other_tracks(clip.info.path):
            writer.warnings.append("images hold no sound and no other tracks: make a movie for these")
        if source.tags.is_hdr:
            writer.warnings.append(
                "the images have the clip's HDR values, and do not say so: make a movie for HDR"
            )
    return writer


def _has_floats(clip: Clip) -> bool:
    """Tell whether a clip's numbers are floats, as those of OpenEXR images are."""
    return clip.info.bit_depth > DEEP_BITS


def _track_range(clip: Clip, numbers: range, fps: Fraction) -> TrackRange | None:
    """Return what is shown of the clip; None for all of it."""
    ends_early = numbers.stop < clip.image_count
    if not numbers.start and not ends_early:
        return None
    return TrackRange(numbers.start, numbers.stop if ends_early else None, fps)
