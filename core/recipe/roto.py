# SPDX-License-Identifier: GPL-3.0-or-later
"""Masks drawn by hand, as plain values: what Blender keeps of a mask data-block, and how a face carries it along.

Numbers are those of Blender's masks: (0.5, 0.5) is the middle of the frame, 1 the length of its longer side, and y
points up.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

MAX_ROTO_LETTERS = 1 << 22
"""No `SwapRequest.roto` is longer."""
MAX_MASKS = 16
MODES = ("subtract", "add")
FOLLOWS = ("similarity", "surface", "position", "none")
BLENDS = (
    "merge_add", "merge_subtract", "add", "subtract", "lighten", "darken", "mul", "replace", "difference"
)  # fmt: skip
FALLOFFS = ("smooth", "sphere", "root", "inverse_square", "sharp", "linear")
HANDLES = ("free", "auto", "vector", "aligned", "aligned_doubleside")
OFFSETS = ("even", "smooth")
WEIGHTS = ("linear", "ease")
Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True)
class RotoSpline:
    """What does not move of a spline.

    Attributes
    ----------
    cyclic, fill : bool
        Whether its ends meet, and whether it is filled; else its feather alone is drawn, on both sides.
    offset : str
        One of `OFFSETS`: how its feather is laid around it.
    weight : str
        One of `WEIGHTS`: how the feather goes from point to point.
    handles : tuple of (str, str)
        The types of each point's handles, of `HANDLES`; empty where all are free.
    feather : tuple of tuple of (float, float)
        For each point the feather's own points on the segment after it: how far along, and how wide as a factor.
    """

    cyclic: bool = True
    fill: bool = True
    offset: str = "even"
    weight: str = "linear"
    handles: tuple[tuple[str, str], ...] = ()
    feather: tuple[tuple[tuple[float, float], ...], ...] = ()


@dataclass(frozen=True, eq=False)
class RotoShape:
    """Where a layer's points are in one frame.

    Attributes
    ----------
    frame : int
        The frame of the clip, from 0; below 0 where the keyframe is before the clip's beginning.
    splines : tuple of ndarray, shape (n, 7), float64
        For each spline and point: left handle, point, right handle, each x and y, and the feather's width.
    """

    frame: int
    splines: tuple[Doubles, ...]


@dataclass(frozen=True, eq=False)
class RotoLayer:
    """A layer of a mask: its splines, and their shapes in ascending frames.

    `opacity` has (frame, value) pairs in ascending frames; the other fields are those of Blender's mask layers.
    """

    splines: tuple[RotoSpline, ...]
    shapes: tuple[RotoShape, ...]
    opacity: tuple[tuple[int, float], ...] = ((0, 1.0),)
    blend: str = "merge_add"
    falloff: str = "smooth"
    invert: bool = False
    holes: bool = True


@dataclass(frozen=True, eq=False)
class RotoMask:
    """A mask and how it is used.

    Attributes
    ----------
    layers : tuple of RotoLayer
        Its layers, the lowest first.
    mode : str
        `subtract` shows the original where the mask is, `add` the new face.
    follow : str
        What of the face's movement the mask takes, one of `FOLLOWS`.
    feather : float
        How much wider every point's feather is, as a share of the frame's longer side.
    """

    layers: tuple[RotoLayer, ...]
    mode: str = "subtract"
    follow: str = "similarity"
    feather: float = 0.0


def neighbours(layer: RotoLayer, frame: int) -> tuple[RotoShape, RotoShape]:
    """Return the keyframes around a frame; one of them twice on a keyframe, and beyond the first and the last."""
    shapes = layer.shapes
    after = next((place for place, shape in enumerate(shapes) if shape.frame >= frame), len(shapes) - 1)
    if after == 0 or shapes[after].frame <= frame:
        return shapes[after], shapes[after]
    return shapes[after - 1], shapes[after]
