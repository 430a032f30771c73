# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer image covers of its frame, compared with the frame's own pixels or with those of another layer."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from ..face.types import Floats, Pixels
from ..filesystem import read_input
from .label import MAX_LAYER_BYTES
from .samples import display_levels
from .tiff import read_patch
from .tile_layout import LayerPixels

DIFFERENCE_GAIN = 4
"""Times how much a difference is shown: one that an eye just sees side by side is plain then."""
_GAMMA = 2.2
ShownPixels = Literal["other", "difference"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The part of a frame that its layer, or the layer that it is compared with, changes.

    Attributes
    ----------
    size : tuple of int
        Width and height of the frame in pixels.
    left, top : int
        Where the part begins in the frame.
    other : ndarray, shape (h, w, 3), uint8
        What it is compared with: the frame's own pixels, RGB, or these with another layer over them.
    result : ndarray, shape (h, w, 3), uint8
        The frame's own pixels with the layer over them.
    """

    size: tuple[int, int]
    left: int
    top: int
    other: Pixels
    result: Pixels

    def texels(self, shown: ShownPixels, *, for_gamma: bool = False) -> Floats:
        """Return what is shown as a graphics processor takes it.

        Parameters
        ----------
        shown : {"other", "difference"}
            What is compared with, or how far the result differs from that in each channel, `DIFFERENCE_GAIN` times.
        for_gamma : bool
            Whether what is drawn is decoded by the curve of sRGB and then encoded by a gamma of 2.2: then the values
            are such that the frame's own come out.

        Returns
        -------
        ndarray, shape (h, w, 4), float32
            RGBA from 0 to 1, opaque, the lowest row first.
        """
        pixels = self.other if shown == "other" else self._difference()
        texels = np.ones((*pixels.shape[:2], 4), np.float32)
        texels[..., :3] = _levels(for_gamma=for_gamma)[pixels[::-1]]
        return texels

    def _difference(self) -> Pixels:
        far = np.abs(self.result.astype(np.int32) - self.other) * DIFFERENCE_GAIN
        return np.asarray(np.minimum(far, 255), np.uint8)


def _levels(*, for_gamma: bool) -> Floats:
    """Return what stands for each of the 256 levels of a channel, 0 to 1."""
    levels = np.linspace(0, 1, 256, dtype=np.float64)
    if for_gamma:
        # IEC 61966-2-1 gives the curve of sRGB: linear near black, else a power.
        linear = levels**_GAMMA
        levels = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055)
    return levels.astype(np.float32)


def compare_layer(
    frame: Pixels,
    layer_path: Path,
    to_display: Callable[[LayerPixels], Pixels] = display_levels,
    other_path: Path | None = None,
) -> Comparison | None:
    """Compare what a layer image makes of a frame with the frame itself, or with what another layer makes of it.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    layer_path : pathlib.Path
        Its layer image.
    to_display : callable
        Returns what of the layer's pixels is seen, RGBA of 8 bits: see `samples.layer_display`.
    other_path : pathlib.Path or None
        The layer image that it is compared with; None for the frame itself.

    Returns
    -------
    Comparison or None
        None where no layer changes anything: it is a placeholder, empty, missing or of another frame.
    """
    layer = _read_layer(layer_path, frame, to_display)
    other = None if other_path is None else _read_layer(other_path, frame, to_display)
    boxes = [patch.box for patch in (layer, other) if patch is not None]
    if not boxes:
        return None
    left, top = (min(box[place] for box in boxes) for place in (0, 1))
    right, bottom = (max(box[place] for box in boxes) for place in (2, 3))
    part = frame[top:bottom, left:right]
    size = frame.shape[1], frame.shape[0]
    return Comparison(size, left, top, _lay_over(part, other, left, top), _lay_over(part, layer, left, top))


@dataclass(frozen=True, eq=False)
class _Layer:
    """What a layer image shows: (h, w, 4) RGBA int32, and where that begins in its frame."""

    left: int
    top: int
    pixels: "np.ndarray[tuple[int, ...], np.dtype[np.int32]]"

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom edge in the frame."""
        height, width = self.pixels.shape[:2]
        return self.left, self.top, self.left + width, self.top + height


def _read_layer(path: Path, frame: Pixels, to_display: Callable[[LayerPixels], Pixels]) -> _Layer | None:
    try:
        data = read_input(path, MAX_LAYER_BYTES)
    except OSError:
        return None
    patch = read_patch(data, (frame.shape[1], frame.shape[0]))
    if patch is None:
        return None
    rows, columns = (np.flatnonzero(patch.pixels[..., 3].any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    shown = to_display(patch.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return _Layer(patch.left + int(columns[0]), patch.top + int(rows[0]), shown.astype(np.int32))


def _lay_over(part: Pixels, layer: _Layer | None, left: int, top: int) -> Pixels:
    """Return a part of a frame, which begins at `left`, `top`, with a layer over it."""
    shown = part.copy()
    if layer is not None:
        x0, y0, x1, y1 = layer.box
        below, alpha = shown[y0 - top : y1 - top, x0 - left : x1 - left], layer.pixels[..., 3:]
        mixed = (layer.pixels[..., :3] * alpha + below.astype(np.int32) * (255 - alpha) + 127) // 255
        below[...] = mixed.astype(np.uint8)
    return shown
