# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer image covers of its frame: the frame's own pixels there, and how far they differ from what is seen."""

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
ShownPixels = Literal["original", "difference"]


@dataclass(frozen=True, eq=False)
class Comparison:
    """The part of a frame that its layer changes.

    Attributes
    ----------
    size : tuple of int
        Width and height of the frame in pixels.
    left, top : int
        Where the part begins in the frame.
    original : ndarray, shape (h, w, 3), uint8
        The frame's own pixels, RGB.
    result : ndarray, shape (h, w, 3), uint8
        The same with the layer over them.
    """

    size: tuple[int, int]
    left: int
    top: int
    original: Pixels
    result: Pixels

    def texels(self, shown: ShownPixels, *, for_gamma: bool = False) -> Floats:
        """Return what is shown as a graphics processor takes it.

        Parameters
        ----------
        shown : {"original", "difference"}
            The frame's own pixels, or how far the layer changes each channel, `DIFFERENCE_GAIN` times.
        for_gamma : bool
            Whether what is drawn is decoded by the curve of sRGB and then encoded by a gamma of 2.2: then the values
            are such that the frame's own come out.

        Returns
        -------
        ndarray, shape (h, w, 4), float32
            RGBA from 0 to 1, opaque, the lowest row first.
        """
        pixels = self.original if shown == "original" else self._difference()
        texels = np.ones((*pixels.shape[:2], 4), np.float32)
        texels[..., :3] = _levels(for_gamma=for_gamma)[pixels[::-1]]
        return texels

    def _difference(self) -> Pixels:
        far = np.abs(self.result.astype(np.int32) - self.original) * DIFFERENCE_GAIN
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
    frame: Pixels, layer_path: Path, to_display: Callable[[LayerPixels], Pixels] = display_levels
) -> Comparison | None:
    """Compare a frame with what its layer image makes of it.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    layer_path : pathlib.Path
        Its layer image.
    to_display : callable
        Returns what of the layer's pixels is seen, RGBA of 8 bits: see `samples.layer_display`.

    Returns
    -------
    Comparison or None
        None where the layer changes nothing: it is a placeholder, empty, missing or of another frame.
    """
    try:
        data = read_input(layer_path, MAX_LAYER_BYTES)
    except OSError:
        return None
    height, width = frame.shape[:2]
    patch = read_patch(data, (width, height))
    if patch is None:
        return None
    rows, columns = (np.flatnonzero(patch.pixels[..., 3].any(axis)) for axis in (1, 0))
    if not len(rows):
        return None
    shown = to_display(patch.pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    part = shown.astype(np.int32)
    left, top = patch.left + int(columns[0]), patch.top + int(rows[0])
    original, alpha = frame[top : top + part.shape[0], left : left + part.shape[1]], part[..., 3:]
    result = (part[..., :3] * alpha + original * (255 - alpha) + 127) // 255
    return Comparison((width, height), left, top, original.copy(), result.astype(np.uint8))
