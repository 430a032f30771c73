# SPDX-License-Identifier: GPL-3.0-or-later
"""What a movie says of its colour: primaries, transfer, matrix, range and where chroma samples lie.

The numbers are those of ISO/IEC 23091-2; 2 stands for "not said" in each of the first three.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from av.video.reformatter import ColorRange
from av.video.stream import VideoStream

from .track_header import CHROMA_HORIZONTAL, CHROMA_VERTICAL

if TYPE_CHECKING:
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame

UNSPECIFIED = 2
RGB, BT709, BT601, PQ, HLG = 0, 1, 6, 16, 18

# From this size on, images are written as BT.709, as cameras and players expect, below it as BT.601.
_HD_WIDTH_PIXELS, _HD_HEIGHT_PIXELS = 1280, 720

# By its horizontal and vertical place in Matroska.
_CHROMA_LOCATIONS = {(1, 2): "left", (2, 2): "center", (1, 1): "topleft", (2, 1): "top"}


@dataclass(frozen=True)
class ColourTags:
    """The colour of a video track, as its tags say it."""

    primaries: int = UNSPECIFIED
    transfer: int = UNSPECIFIED
    matrix: int = UNSPECIFIED
    full_range: bool = False
    chroma_location: str = ""
    """FFmpeg's name, such as `left`; empty where it is not said."""

    @property
    def is_hdr(self) -> bool:
        """Whether the light is coded as PQ or HLG."""
        return self.transfer in (PQ, HLG)

    def with_read_matrix(self) -> Self:
        """Return the tags with the matrix named that frames are read with: BT.601 where a clip names none."""
        return self if self.matrix != UNSPECIFIED else replace(self, matrix=BT601)

    def apply_to_encoder(self, context: "VideoCodecContext") -> None:
        """Have an encoder that is not open yet write these tags."""
        context.color_primaries, context.color_trc = self.primaries, self.transfer
        context.colorspace = self.matrix
        context.color_range = ColorRange.JPEG if self.full_range else ColorRange.MPEG
        if self.chroma_location:
            context.options["chroma_sample_location"] = self.chroma_location

    def apply_to_image(self, image: "VideoFrame") -> None:
        """Give an image these tags; its pixels stay as they are."""
        image.color_primaries, image.color_trc = self.primaries, self.transfer
        image.colorspace = self.matrix
        image.color_range = ColorRange.JPEG if self.full_range else ColorRange.MPEG


def tags_of_stream(stream: VideoStream, numbers: Mapping[int, int]) -> ColourTags:
    """Return what a movie's video track says of its colour; `numbers` are those of `track_header`."""
    context = stream.codec_context
    return ColourTags(
        int(context.color_primaries),
        int(context.color_trc),
        int(context.colorspace),
        context.color_range == ColorRange.JPEG or (context.pix_fmt or "").startswith("yuvj"),
        _CHROMA_LOCATIONS.get((numbers.get(CHROMA_HORIZONTAL, 0), numbers.get(CHROMA_VERTICAL, 0)), ""),
    )


def tags_of_images(width: int, height: int) -> ColourTags:
    """Return the tags to write a movie of RGB images with: BT.709 from HD on, BT.601 below.

    Parameters
    ----------
    width, height : int
        The movie's size in pixels.

    Returns
    -------
    ColourTags
        The tags.
    """
    if width >= _HD_WIDTH_PIXELS or height >= _HD_HEIGHT_PIXELS:
        return ColourTags(BT709, BT709, BT709)
    return ColourTags(BT601, BT601, BT601)
