# SPDX-License-Identifier: GPL-3.0-or-later
"""What a clip's own video track is like, so that a movie made of it can be alike."""

import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path
from typing import cast

from av.sidedata.sidedata import SideData, Type
from av.video.frame import VideoFrame

from ..errors import ClipError
from ..media.clip import ClipInfo
from ..media.movie_stream import READ_ERRORS, decode_error, open_media, video_stream
from .colour_tags import RGB, ColourTags, tags_of_images, tags_of_stream
from .pixel_formats import pixel_layout
from .track_header import FIELD_ORDER, FLAG_INTERLACED, track_numbers

PROGRESSIVE = 1
"""FFmpeg's number for a field order; 0 is unknown, 2 to 5 are interlaced."""

_TOP_FIRST = (2, 4)
_FIELD_ORDERS = {1: 2, 6: 3, 9: 4, 14: 5}
"""FFmpeg's numbers by Matroska's."""
_RATIONALS = struct.Struct("=20i")


@dataclass(frozen=True)
class MasteringDisplay:
    """The screen that an HDR movie was graded on, as SMPTE ST 2086 says it.

    Chromaticities are in units of 0.00002, luminances in 0.0001 cd/m2.
    """

    red: tuple[int, int]
    green: tuple[int, int]
    blue: tuple[int, int]
    white: tuple[int, int]
    brightest: int
    darkest: int

    def x265_text(self) -> str:
        """Return it as x264 and x265 take it."""
        points = (("G", self.green), ("B", self.blue), ("R", self.red), ("WP", self.white))
        return "".join(f"{name}({x},{y})" for name, (x, y) in points) + f"L({self.brightest},{self.darkest})"

    def svt_text(self) -> str:
        """Return it as SVT-AV1 takes it."""
        points = (("G", self.green), ("B", self.blue), ("R", self.red), ("WP", self.white))
        text = "".join(f"{name}({x / 50_000:.5f},{y / 50_000:.5f})" for name, (x, y) in points)
        return f"{text}L({self.brightest / 10_000:.4f},{self.darkest / 10_000:.4f})"


@dataclass(frozen=True)
class SourceVideo:
    """A clip's video track."""

    codec: str
    """FFmpeg's name of its decoder; empty for image files."""
    pixel_format: str
    width: int
    height: int
    """In pixels, as coded."""
    tags: ColourTags = field(default_factory=ColourTags)
    sample_aspect: Fraction | None = None
    """Width of a pixel by its height; None where it is not said."""
    field_order: int = 0
    display_matrix: tuple[int, ...] | None = None
    quarter_turns: int = 0
    """How often the image is turned counter-clockwise by 90 degrees to stand upright."""
    mastering: MasteringDisplay | None = None
    light_levels: tuple[int, int] | None = None
    """MaxCLL and MaxFALL in cd/m2."""

    @property
    def upright_aspect(self) -> Fraction | None:
        """Width of a pixel by its height in the upright image; None where it is not said."""
        aspect = self.sample_aspect
        return 1 / aspect if aspect and self.quarter_turns % 2 else aspect

    @property
    def is_images(self) -> bool:
        """Whether the clip is image files, which have no chroma format of their own to keep."""
        return not self.codec

    @property
    def is_interlaced(self) -> bool:
        """Whether images are made of two fields."""
        return self.field_order > PROGRESSIVE

    @property
    def is_top_first(self) -> bool:
        """Whether the upper field comes first."""
        return self.field_order in _TOP_FIRST


def describe_clip(info: ClipInfo) -> SourceVideo:
    """Return what a clip's video track is like; of images, what a movie of them is to be like. Raises ClipError."""
    if info.kind == "movie":
        return describe_video(info.path)
    return describe_images(info.width, info.height, info.bit_depth)


def describe_images(width: int, height: int, bit_depth: int) -> SourceVideo:
    """Return what RGB images are like, as the source of a movie.

    Parameters
    ----------
    width, height : int
        Their size in pixels.
    bit_depth : int
        8 or 16 bits a channel.

    Returns
    -------
    SourceVideo
        What is known of them.
    """
    pixel_format = "rgb24" if bit_depth == 8 else "rgb48le"
    return SourceVideo("", pixel_format, width, height, tags_of_images(width, height))


def describe_video(path: Path) -> SourceVideo:
    """Read what `path` says of its video, and its first image. Raises ClipError."""
    try:
        with open_media(path) as container:
            stream = video_stream(path, container)
            first = next(container.decode(stream), None)
            if first is None:
                raise ClipError(f"{path} has no image that can be decoded; transcode it")
            context, numbers = stream.codec_context, track_numbers(stream)
            return SourceVideo(
                codec=context.name,
                pixel_format=first.format.name,
                width=context.width,
                height=context.height,
                tags=tags_of_stream(stream, numbers),
                sample_aspect=stream.sample_aspect_ratio or None,
                field_order=_field_order(numbers),
                display_matrix=_display_matrix(first),
                quarter_turns=_quarter_turns(first),
                mastering=_mastering_display(first),
                light_levels=_light_levels(first),
            )
    except READ_ERRORS as fault:
        raise decode_error(path, fault) from fault


def written_tags(source: SourceVideo, pixel_format: str) -> ColourTags:
    """Return the tags of a movie whose pixel format may be of another kind than the clip's.

    A clip without a matrix is written with the one that it is read with. RGB has none, nor has grey; a clip of RGB
    becomes YUV as images do.
    """
    before, after = pixel_layout(source.pixel_format), pixel_layout(pixel_format)
    if after.is_rgb:
        return replace(source.tags, matrix=RGB, full_range=True, chroma_location="")
    if before.is_rgb:
        matrix = tags_of_images(source.width, source.height).matrix
        return replace(source.tags, matrix=matrix, full_range=False, chroma_location="")
    return source.tags.with_read_matrix() if any(before.chroma_size) else source.tags


def _field_order(numbers: Mapping[int, int]) -> int:
    flag = numbers.get(FLAG_INTERLACED, 0)
    return _FIELD_ORDERS.get(numbers.get(FIELD_ORDER, 0), 0) if flag == 1 else PROGRESSIVE if flag else 0


def _quarter_turns(image: VideoFrame) -> int:
    # As Blender, which leaves any other angle as it is stored.
    return image.rotation % 360 // 90 if image.rotation % 90 == 0 else 0


def _side_data(image: VideoFrame, kind: Type) -> bytes | None:
    every = cast("Iterable[SideData]", image.side_data)  # declared as a mapping, it yields its values
    return next((bytes(data) for data in every if data.type == kind), None)


def _display_matrix(image: VideoFrame) -> tuple[int, ...] | None:
    data = _side_data(image, Type.DISPLAYMATRIX)
    return None if data is None or len(data) < 36 else struct.unpack("=9i", data[:36])


def _mastering_display(image: VideoFrame) -> MasteringDisplay | None:
    # AVMasteringDisplayMetadata: three primaries, the white point, least and most light, each a fraction; two flags.
    data = _side_data(image, Type.MASTERING_DISPLAY_METADATA)
    if data is None or len(data) < _RATIONALS.size + 8:
        return None
    values = _RATIONALS.unpack(data[: _RATIONALS.size])
    has_primaries, has_luminance = struct.unpack("=2i", data[_RATIONALS.size : _RATIONALS.size + 8])
    bottoms = values[1::2]
    if not (has_primaries and has_luminance and all(bottoms)):
        return None
    numbers = [Fraction(top, bottom) for top, bottom in zip(values[::2], bottoms, strict=True)]
    red, green, blue, white = (
        (round(numbers[at] * 50_000), round(numbers[at + 1] * 50_000)) for at in (0, 2, 4, 6)
    )
    return MasteringDisplay(red, green, blue, white, round(numbers[9] * 10_000), round(numbers[8] * 10_000))


def _light_levels(image: VideoFrame) -> tuple[int, int] | None:
    data = _side_data(image, Type.CONTENT_LIGHT_LEVEL)
    if data is None or len(data) < 8:
        return None
    most, average = struct.unpack("=2I", data[:8])
    return (most, average) if most or average else None
