# SPDX-License-Identifier: GPL-3.0-or-later
"""The points of a mask's layer in a frame, between its keyframes too.

Source: blender.org, blenkernel/intern/mask_evaluate.cc, for what is interpolated and which handles are made anew;
blenkernel/intern/curve.cc, for where these lie.
"""

from collections.abc import Callable

import numpy as np

from ...recipe.roto import Doubles, RotoLayer, RotoShape, RotoSpline, neighbours

_AUTO_LENGTH = 2.5614
"""By which Blender divides an automatic handle's length: four of them then make a circle."""
Carry = Callable[[RotoShape], tuple[Doubles, ...]]
"""Brings the points of a keyframe to the frame that is drawn."""


def layer_points(layer: RotoLayer, frame: int, carry: Carry) -> tuple[Doubles, ...]:
    """Return the points of each spline of a layer.

    Parameters
    ----------
    layer : RotoLayer
        The layer.
    frame : int
        The frame of the clip.
    carry : callable
        Gives the points of a keyframe in this frame. Between two keyframes both are carried, and mixed.

    Returns
    -------
    tuple of ndarray, shape (n, 7), float64
        As `RotoShape.splines`.
    """
    before, after = neighbours(layer, frame)
    points = carry(before)
    if before is not after:
        share = (frame - before.frame) / (after.frame - before.frame)
        mixed = (one + share * (other - one) for one, other in zip(points, carry(after), strict=True))
        points = tuple(
            _align_handles(places, spline) for places, spline in zip(mixed, layer.splines, strict=True)
        )
    return tuple(_draw_handles(places, spline) for places, spline in zip(points, layer.splines, strict=True))


def opacity_at(layer: RotoLayer, frame: int) -> float:
    """Return a layer's opacity in a frame."""
    frames, values = zip(*layer.opacity, strict=True)
    return float(np.interp(frame, frames, values))


def _align_handles(points: Doubles, spline: RotoSpline) -> Doubles:
    """Straighten the handles that are to be straight: mixed ones have a kink."""
    points = points.copy()
    for place, kinds in enumerate(spline.handles):
        left, middle, right = (points[place, start : start + 2] for start in (0, 2, 4))
        lengths = [max(float(np.hypot(*(end - middle))), 1e-12) for end in (left, right)]
        is_aligned = [kind in ("aligned", "aligned_doubleside") for kind in kinds]
        if is_aligned[0]:
            left[:] = middle + (middle - right) * (lengths[0] / lengths[1])
        elif is_aligned[1]:
            right[:] = middle + (middle - left) * (lengths[1] / lengths[0])
    return points


def _draw_handles(points: Doubles, spline: RotoSpline) -> Doubles:
    """Place the handles that follow from the points around them: vector and automatic ones."""
    if len(points) < 2 or not any(kind in ("vector", "auto") for kinds in spline.handles for kind in kinds):
        return points
    drawn, knots = points.copy(), points[:, 2:4]
    for place, kinds in enumerate(spline.handles):
        here = knots[place]
        sides = [knots[place - 1], knots[(place + 1) % len(knots)]]
        if not spline.cyclic and place == 0:
            sides[0] = 2 * here - sides[1]
        elif not spline.cyclic and place == len(knots) - 1:
            sides[1] = 2 * here - sides[0]
        back, ahead = here - sides[0], sides[1] - here
        lengths = [float(np.hypot(*back)) or 1.0, float(np.hypot(*ahead)) or 1.0]
        tangent = back / lengths[0] + ahead / lengths[1]
        whole = float(np.hypot(*tangent)) * _AUTO_LENGTH
        for kind, column, side, own, other, sign in (
            (kinds[0], 0, sides[0], lengths[0], lengths[1], -1),
            (kinds[1], 4, sides[1], lengths[1], lengths[0], 1),
        ):
            if kind == "vector":
                drawn[place, column : column + 2] = here + (side - here) / 3
            elif kind == "auto" and whole:
                drawn[place, column : column + 2] = here + sign * tangent * min(own, other * 5) / whole
    return drawn
