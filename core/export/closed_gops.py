# SPDX-License-Identifier: GPL-3.0-or-later
"""The groups of images (GOPs) of a clip's video that can be decoded, and so replaced, by themselves."""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from av.container import InputContainer
from av.video.stream import VideoStream

from ..errors import ClipError, OutputError
from ..media.movie_stream import READ_ERRORS, open_media, video_stream
from .nal_units import is_idr_slice, is_parameter_set, split_lengths
from .parameter_sets import TrackHeader, read_header

_CODECS = ("h264", "hevc")


@dataclass(frozen=True)
class CodedImage:
    """One packet of a video track. Times are in ticks of the track."""

    pts: int
    dts: int
    duration: int
    size: int
    """In bytes."""


@dataclass(frozen=True)
class Gop:
    """The images from a key frame to before the next, in the order of decoding; no other image needs them."""

    images: tuple[CodedImage, ...]

    @property
    def times(self) -> list[int]:
        """When its images are shown, in their order."""
        return sorted(image.pts for image in self.images)


@dataclass(frozen=True)
class GopMap:
    """A video track as GOPs."""

    header: TrackHeader
    gops: tuple[Gop, ...]
    time_base: Fraction
    """Seconds of one tick."""
    start: int
    """When frame 0 is shown, in ticks."""
    profile: str
    """FFmpeg's name of the codec's profile."""

    @property
    def reorder_depth(self) -> int:
        """How many images come before one in the order of decoding, and after it in that of showing, at most."""
        return max(_reorder_depth(gop) for gop in self.gops)

    def shown_times(self, numbers: range, fps: Fraction) -> list[int]:
        """Return for each frame the time of the image that it shows: the last one by then, or the first of all.

        Parameters
        ----------
        numbers : range
            The frames' numbers, from 0.
        fps : fractions.Fraction
            Frames per second.

        Returns
        -------
        list of int
            In ticks of the stream's time base, one for each frame.
        """
        times = [time for gop in self.gops for time in gop.times]
        ticks = float(1 / (fps * self.time_base))
        wanted = (self.start + math.floor(number * ticks + 0.5) for number in numbers)
        return [times[max(0, bisect.bisect_right(times, time) - 1)] for time in wanted]


def read_gops(path: Path) -> GopMap:
    """Read all packets of a movie's video. Raises ClipError, and OutputError where its GOPs can't be told apart."""
    try:
        with open_media(path) as container:
            return _read(path, container, video_stream(path, container))
    except READ_ERRORS as fault:
        raise ClipError(f"{path} can't be read to its end; check that it plays") from fault


def _read(path: Path, container: InputContainer, stream: VideoStream) -> GopMap:
    codec, time_base = stream.codec_context.name, stream.time_base
    if codec not in _CODECS:
        raise _refusal(path, f"its video is {codec}, not H.264 or HEVC", "leave out --copy-untouched")
    try:
        header = read_header(codec, stream.codec_context.extradata or b"")
    except ValueError as error:
        fix = "copy it with `ffmpeg -i CLIP -c copy NEW.mp4` first"
        raise _refusal(path, f"it has {error}", fix) from error
    gop_list = [Gop(tuple(images)) for images in _grouped(path, container, stream, header)]
    if not gop_list or time_base is None:
        raise _refusal(path, "it has no image", "choose another clip")
    if any(one.times[-1] >= other.times[0] for one, other in pairwise(gop_list)):
        raise _open_refusal(path, codec)
    if not _are_dts_usable(gop_list):
        gop_list = _with_own_dts(gop_list)
    profile = stream.codec_context.profile or ""
    return GopMap(header, tuple(gop_list), time_base, stream.start_time or 0, profile)


def _grouped(
    path: Path, container: InputContainer, stream: VideoStream, header: TrackHeader
) -> list[list[CodedImage]]:
    codec = header.codec
    gops: list[list[CodedImage]] = []
    for packet in container.demux(stream):
        if not packet.size:
            continue
        if packet.pts is None:
            raise _refusal(path, "its packets have no times", "copy it to an .mp4 first")
        if packet.is_discard:
            raise _refusal(path, "an edit list hides some of its images", "transcode it first")
        try:
            units = split_lengths(bytes(packet))
        except ValueError as error:
            raise _refusal(path, "it has a damaged packet", "leave out --copy-untouched") from error
        if any(is_parameter_set(codec, unit) and unit not in header.sets for unit in units):
            raise _refusal(path, "its parameter sets change on the way", "transcode it first")
        if any(is_idr_slice(codec, unit) for unit in units):
            gops.append([])
        elif not gops or packet.is_keyframe:
            raise _open_refusal(path, codec)
        # Matroska stores no decoding times; one that can't be guessed fails `_are_dts_usable`.
        dts = packet.pts + 1 if packet.dts is None else packet.dts
        gops[-1].append(CodedImage(packet.pts, dts, packet.duration or 0, packet.size))
    return gops


def _reorder_depth(gop: Gop) -> int:
    earlier: list[int] = []
    depth = 0
    for image in gop.images:
        place = bisect.bisect(earlier, image.pts)
        depth = max(depth, len(earlier) - place)
        earlier.insert(place, image.pts)
    return depth


def _are_dts_usable(gops: Sequence[Gop]) -> bool:
    images = [image for gop in gops for image in gop.images]
    rising = all(one.dts < other.dts for one, other in pairwise(images))
    return rising and all(image.dts <= image.pts for image in images)


def _with_own_dts(gops: Sequence[Gop]) -> list[Gop]:
    """Count decoding times as the images' own times, early enough for the one that is decoded longest before."""
    times = [time for gop in gops for time in gop.times]
    images = [image for gop in gops for image in gop.images]
    if any(one >= other for one, other in pairwise(times)):
        raise OutputError("two images of the clip have the same time: leave out --copy-untouched")
    shift = max(time - image.pts for time, image in zip(times, images, strict=True))
    ticking = iter(times)
    return [
        Gop(
            tuple(
                CodedImage(image.pts, next(ticking) - shift, image.duration, image.size)
                for image in gop.images
            )
        )
        for gop in gops
    ]


def _refusal(path: Path, reason: str, fix: str) -> OutputError:
    return OutputError(f"the packets of {path.name} can't be kept: {reason}; {fix}")


def _open_refusal(path: Path, codec: str) -> OutputError:
    encoder = "libx265 -x265-params open-gop=0" if codec == "hevc" else "libx264"
    return _refusal(
        path,
        "its GOPs are open, so that images of one need another",
        f"transcode it with closed ones (ffmpeg -c:v {encoder}), or leave out --copy-untouched",
    )
