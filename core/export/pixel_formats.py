# SPDX-License-Identifier: GPL-3.0-or-later
"""Which pixel format of an encoder loses the least of a clip's."""

from collections.abc import Iterable
from dataclasses import dataclass

from av.video.format import VideoFormat


@dataclass(frozen=True)
class PixelLayout:
    """What a pixel format can hold."""

    name: str
    depth: int
    """Bits of a sample."""
    chroma_size: tuple[int, int]
    """Width and height of a chroma plane for 8x8 pixels: 8 and 8 where it is not subsampled; 0 and 0 for grey."""
    is_rgb: bool
    has_alpha: bool
    is_planar: bool


def pixel_layout(name: str) -> PixelLayout:
    """Return what FFmpeg's pixel format of this name can hold. Raises ValueError for one it does not know."""
    layout = VideoFormat(name, 8, 8)
    parts = layout.components
    colours = len(parts) - (len(parts) in (2, 4))
    chroma = (parts[1].width, parts[1].height) if colours == 3 else (0, 0)
    planes = {part.plane for part in parts}
    return PixelLayout(
        name,
        max(part.bits for part in parts) if parts else 8,
        (8, 8) if layout.is_rgb or layout.has_palette else chroma,
        layout.is_rgb or layout.has_palette,
        len(parts) in (2, 4),
        len(planes) == len(parts) and not layout.is_bit_stream,
    )


def nearest_format(source: str, offered: Iterable[str]) -> str:
    """Return the pixel format of `offered`, at least one, that holds most of `source` and else is the smallest."""
    wanted = pixel_layout(source)

    def loss(name: str) -> tuple[int, ...]:
        layout = pixel_layout(name)
        return (
            sum(_missing(wanted.chroma_size, layout.chroma_size)),
            max(0, wanted.depth - layout.depth),
            wanted.has_alpha and not layout.has_alpha,
            wanted.is_rgb != layout.is_rgb,
            not layout.is_planar,
            name != source,
            name.startswith("yuvj"),
            layout.has_alpha and not wanted.has_alpha,
            layout.depth - wanted.depth,
            sum(layout.chroma_size) - sum(wanted.chroma_size),
        )

    return min(offered, key=loss)


def _missing(wanted: tuple[int, int], had: tuple[int, int]) -> tuple[int, int]:
    return max(0, wanted[0] - had[0]), max(0, wanted[1] - had[1])


def losses(source: str, target: str) -> list[str]:
    """Say what of `source` the format `target` can't hold, in words."""
    before, after = pixel_layout(source), pixel_layout(target)
    said = []
    if after.depth < before.depth:
        said.append(f"{before.depth} bits become {after.depth}")
    if any(_missing(before.chroma_size, after.chroma_size)) and not before.is_rgb:
        said.append("chroma detail is halved")
    if before.has_alpha and not after.has_alpha:
        said.append("transparency is lost")
    return said
