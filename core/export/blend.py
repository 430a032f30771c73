# SPDX-License-Identifier: GPL-3.0-or-later
"""Lays a fused face over an image in the pixel format that will be encoded: no other pixel passes through RGB."""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from av.video.frame import VideoFrame
from av.video.plane import VideoPlane
from av.video.reformatter import Colorspace

from ..fusion.patch import Patch
from ..geometry.levels import as_floats
from ..media.yuv_to_rgb import matrix_table
from .colour_tags import ColourTags

Samples = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
_Floats = npt.NDArray[np.float32]

# Red's and blue's part of luma, by the table that frames are read with.
_LUMA_PARTS = {
    Colorspace.ITU709: (0.2126, 0.0722),
    Colorspace.FCC: (0.30, 0.11),
    Colorspace.ITU601: (0.299, 0.114),
    Colorspace.SMPTE240M: (0.212, 0.087),
    Colorspace.BT2020: (0.2627, 0.0593),
}


@dataclass(frozen=True)
class _Region:
    """A patch on an image as coded: whole chroma samples, the patch's alpha being 0 in what was added."""

    rows: slice
    columns: slice
    colours: _Floats
    """(h, w, 3) RGB from 0 to 1."""
    alpha: _Floats
    """(h, w) from 0 to 1."""


def blend_patch(image: VideoFrame, patch: Patch, tags: ColourTags, quarter_turns: int = 0) -> None:
    """Write a patch into the planes of an image, which must be the caller's own.

    Parameters
    ----------
    image : av.video.frame.VideoFrame
        Planar YUV or RGB, grey or packed RGB, little-endian, of 8 to 16 bits.
    patch : Patch
        In the pixels of the upright image.
    tags : ColourTags
        Matrix and range of the image.
    quarter_turns : int
        How often the image is turned counter-clockwise to stand upright.
    """
    parts = image.format.components
    colours = parts[: 3 if len(parts) > 2 else 1]
    step_x = -(-image.width // colours[-1].width)
    step_y = -(-image.height // colours[-1].height)
    region = _region(patch, (image.width, image.height), quarter_turns, (step_x, step_y))
    if region is None:
        return
    if image.format.is_rgb:
        for channel, part in enumerate(colours):
            values = region.colours[..., channel] * (2**part.bits - 1)
            _mix(_samples(image, channel), region, values, region.alpha)
        return
    luma, blue, red = _luma_and_chroma(region.colours, tags, colours[0].bits)
    _mix(_samples(image, 0), region, luma, region.alpha)
    if len(colours) == 1:
        return
    # A mean over the pixels that share a sample is what reading undoes, which gives all of them that sample.
    height, width = region.alpha.shape
    size = (width // step_x, height // step_y)
    alpha = _mean(region.alpha, size)
    small = _Region(
        slice(region.rows.start // step_y, region.rows.start // step_y + size[1]),
        slice(region.columns.start // step_x, region.columns.start // step_x + size[0]),
        region.colours,
        alpha,
    )
    for channel, values in ((1, blue), (2, red)):
        mean = _mean(values * region.alpha, size) / np.maximum(alpha, 1e-6)
        _mix(_samples(image, channel), small, mean, alpha)


def _region(patch: Patch, size: tuple[int, int], turns: int, steps: tuple[int, int]) -> _Region | None:
    """Turn a patch as the image is coded, and add to it what is missing to whole chroma samples."""
    pixels = as_floats(np.rot90(patch.pixels, -turns))
    height, width = pixels.shape[:2]
    upright_width, upright_height = size if turns % 2 == 0 else size[::-1]
    left, top = patch.left, patch.top
    right, bottom = upright_width - left - patch.pixels.shape[1], upright_height - top - patch.pixels.shape[0]
    # Distances to the image's edges move on by a quarter, clockwise, with each turn back.
    for _ in range(turns % 4):
        left, top, right, bottom = bottom, left, top, right
    before = (top % steps[1], left % steps[0])
    after = (-(top + height) % steps[1], -(left + width) % steps[0])
    at_edge = (bottom <= 0, right <= 0)
    if not pixels.any() or not height or not width:
        return None
    # At an odd edge the last sample has fewer pixels than others: its own are taken twice.
    pixels = np.pad(
        pixels,
        ((0, after[0] if at_edge[0] else 0), (0, after[1] if at_edge[1] else 0), (0, 0)),
        mode="edge",
    )
    pixels = np.pad(
        pixels,
        (
            (before[0], 0 if at_edge[0] else after[0]),
            (before[1], 0 if at_edge[1] else after[1]),
            (0, 0),
        ),
    )
    colours = as_floats(cv2.cvtColor(pixels, cv2.COLOR_RGBA2RGB))
    alpha = as_floats(cv2.extractChannel(pixels, 3))
    top, left = top - before[0], left - before[1]
    return _Region(
        slice(top, top + pixels.shape[0]),
        slice(left, left + pixels.shape[1]),
        colours * np.float32(1 / 255),
        alpha * np.float32(1 / 255),
    )


def _luma_and_chroma(colours: _Floats, tags: ColourTags, bits: int) -> tuple[_Floats, _Floats, _Floats]:
    red, blue = _LUMA_PARTS[matrix_table(tags.matrix)]
    luma = np.array([red, 1 - red - blue, blue])
    rows = np.stack(
        [luma, (np.array([0, 0, 1]) - luma) / (2 - 2 * blue), (np.array([1, 0, 0]) - luma) / (2 - 2 * red)]
    )
    if tags.full_range:
        scales, offsets = np.full(3, 2**bits - 1), np.array([0, 2 ** (bits - 1), 2 ** (bits - 1)])
    else:
        scales, offsets = (
            np.array([219, 224, 224]) * 2 ** (bits - 8),
            np.array([16, 128, 128]) * 2 ** (bits - 8),
        )
    matrix = np.concatenate([rows * scales[:, None], offsets[:, None]], 1).astype(np.float32)
    mixed = np.asarray(cv2.transform(colours, matrix), np.float32)
    return mixed[..., 0], mixed[..., 1], mixed[..., 2]


def _mean(values: _Floats, size: tuple[int, int]) -> _Floats:
    if values.shape[::-1] == size:
        return values
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _mix(samples: Samples, region: _Region, values: _Floats, alpha: _Floats) -> None:
    """Replace samples by the values where alpha is 1, and by part where it is less; where it is 0 they stay."""
    part = samples[region.rows, region.columns]
    height, width = part.shape  # less than the region's where the image ends within a chroma sample
    alpha, values = alpha[:height, :width], values[:height, :width]
    before = part.astype(np.float32)
    mixed = np.rint(before + (values - before) * alpha)
    part[...] = np.where(alpha > 0, mixed, before).astype(part.dtype)


def _samples(image: VideoFrame, channel: int) -> Samples:
    """Return one component of an image as a writable (h, w) view."""
    parts, name = image.format.components, image.format.name
    part = parts[channel]
    rows = plane_rows(image.planes[part.plane], part.bits)
    if sum(other.plane == part.plane for other in parts) == 1:
        return rows[: part.height, : part.width]
    step = 4 if name[3] in "a0" else 3
    pixels = rows[: part.height, : part.width * step].reshape(part.height, part.width, step)
    return pixels[..., name.index("rgb"[channel])]


def plane_rows(plane: VideoPlane, bits: int) -> Samples:
    """Return a plane's memory as rows of samples of 8 or 16 `bits`, padding at their ends included."""
    memory = memoryview(plane)
    if bits > 8:
        return np.frombuffer(memory, np.uint16).reshape(-1, plane.line_size // 2)
    return np.frombuffer(memory, np.uint8).reshape(-1, plane.line_size)
