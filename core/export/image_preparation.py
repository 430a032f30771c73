# SPDX-License-Identifier: GPL-3.0-or-later
"""From a clip's decoded image to the one that is encoded: with faces over it, and else the same where that can be."""

import itertools
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import ColorRange, Interpolation, VideoReformatter

from ..errors import ClipError
from ..fusion.patch import Patch
from ..media.yuv_to_rgb import matrix_table
from .blend import blend_patch, plane_rows
from .colour_tags import ColourTags

_SCALER_FLAGS = Interpolation.BICUBIC | Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INP
_YUVJ = "yuvj"


class ImagePreparation:
    """Makes images of one pixel format and size, in new frames: the clip's own are never written into.

    `tags` are those of the movie, `quarter_turns` how often its images are turned counter-clockwise to stand upright.
    `field_order` is `tff` or `bff` where the images are to be marked as interlaced, `sample_aspect` a pixel's width by
    its height, which some codecs take from the images.
    """

    def __init__(
        self,
        width: int,
        height: int,
        pixel_format: str,
        tags: ColourTags,
        *,
        quarter_turns: int = 0,
        field_order: str = "",
        sample_aspect: Fraction | None = None,
    ) -> None:
        self._size = (width, height)
        self._even = _even_size(width, height, pixel_format)
        self._format = pixel_format
        self._tags = tags
        self._turns = quarter_turns
        self._marks = [("setfield", f"mode={field_order}")] if field_order else []
        if sample_aspect is not None:
            self._marks.append(("setsar", f"{sample_aspect.numerator}/{sample_aspect.denominator}"))
        self._reformatter = VideoReformatter()
        self._graphs: dict[tuple[int, int, str, bool], Graph] = {}

    @property
    def coded_size(self) -> tuple[int, int]:
        """Width and height of what is made: even where chroma is subsampled."""
        return self._even

    def prepare(self, image: VideoFrame, patch: Patch | None) -> VideoFrame:
        """Return an image with a patch over it, ready to be encoded."""
        converted = self._converted(image)
        own = converted is not image
        if not own or self._marks:
            converted = self._passed(converted, copy=patch is not None and not own)
        if patch is not None:
            blend_patch(converted, patch, self._tags, self._turns)
        if self._even != self._size:
            converted = _padded(converted, self._even)
        self._tags.apply_to_image(converted)
        # The clip's own choice of key frames is no order to the encoder.
        converted.pict_type = PictureType.NONE
        return converted

    def _converted(self, image: VideoFrame) -> VideoFrame:
        """Return the image in the movie's pixel format and the clip's size; the very one if it is so already."""
        name, size = image.format.name, (image.width, image.height)
        if name == self._format and size == self._size:
            return image
        if name.replace(_YUVJ, "yuv") == self._format and size == self._size:
            return _relabelled(image, self._format)
        same_range = ColorRange.JPEG if self._tags.full_range else ColorRange.MPEG
        matrix = matrix_table(self._tags.matrix)
        return self._reformatter.reformat(
            image,
            width=self._size[0],
            height=self._size[1],
            format=self._format,
            src_colorspace=matrix,
            dst_colorspace=matrix,
            src_color_range=None if image.format.is_rgb else same_range,
            dst_color_range=same_range,
            interpolation=_SCALER_FLAGS,
        )

    def _passed(self, image: VideoFrame, *, copy: bool) -> VideoFrame:
        """Return a frame of its own with the image's memory, or a copy of it, and all that is said beside it."""
        key = (image.width, image.height, image.format.name, copy)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = _graph(*key[:3], self._marks, copy=copy)
        graph.push(image)
        passed = graph.pull()
        if not isinstance(passed, VideoFrame):
            raise ClipError(f"can't copy a {image.format.name} frame; transcode the clip to H.264")
        return passed


def _graph(
    width: int, height: int, pixel_format: str, marks: Sequence[tuple[str, str]], *, copy: bool
) -> Graph:
    graph = Graph()
    layout = VideoFormat(pixel_format, width, height)
    # Any time base does: the image passes straight through.
    steps = [graph.add_buffer(width=width, height=height, format=layout, time_base=Fraction(1, 1000))]
    steps += [graph.add(*mark) for mark in marks]
    steps.append(graph.add("copy" if copy else "null"))
    steps.append(graph.add("buffersink"))
    for one, other in itertools.pairwise(steps):
        one.link_to(other)
    graph.configure()
    return graph


def _even_size(width: int, height: int, pixel_format: str) -> tuple[int, int]:
    chroma = VideoFormat(pixel_format, 8, 8).components
    last = chroma[2] if len(chroma) > 2 else chroma[0]
    across, down = 8 // last.width, 8 // last.height
    return -(-width // across) * across, -(-height // down) * down


def _relabelled(image: VideoFrame, pixel_format: str) -> VideoFrame:
    same = VideoFrame(image.width, image.height, pixel_format)
    for source, target in zip(image.planes, same.planes, strict=True):
        width = min(source.line_size, target.line_size)
        plane_rows(target, 8)[:, :width] = plane_rows(source, 8)[:, :width]
    return same


def _padded(image: VideoFrame, size: tuple[int, int]) -> VideoFrame:
    """Return the image with a column or row more, copies of its last."""
    larger = VideoFrame(*size, image.format.name)
    for part, target_part in zip(image.format.components, larger.format.components, strict=True):
        source = plane_rows(image.planes[part.plane], part.bits)[: part.height, : part.width]
        target = plane_rows(larger.planes[part.plane], part.bits)
        more = (target_part.height - part.height, target_part.width - part.width)
        target[: target_part.height, : target_part.width] = np.pad(
            source, ((0, more[0]), (0, more[1])), mode="edge"
        )
    return larger
