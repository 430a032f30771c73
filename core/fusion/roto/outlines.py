# SPDX-License-Identifier: GPL-3.0-or-later
"""From a spline's points to polygons: its own outline, and that of its feather.

Source: blender.org, blenkernel/intern/mask_evaluate.cc and mask.cc, for how finely a spline is divided, where its
normals point and how wide its feather is.
"""

import numpy as np

from ...recipe.roto import Doubles, RotoSpline

_MAX_STEPS = 128
_MIN_STEPS, _STEP_SHARE = 4, 4
_NORMAL_STEP = 0.05
_FEATHER_JUMP = 0.005


def segments_of(points: Doubles, *, cyclic: bool) -> Doubles:
    """Return the cubic Bezier segments of a spline: (segments, 4, 2)."""
    after = np.roll(points, -1, axis=0)
    both = np.stack([points[:, 2:4], points[:, 4:6], after[:, 0:2], after[:, 2:4]], axis=1)
    return np.asarray(both if cyclic else both[:-1], np.float64)


def curve_points(segments: Doubles, at: Doubles) -> Doubles:
    """Return the points of Bezier segments (s, 4, 2) at parameters (s, k) or (k,): (s, k, 2)."""
    u = np.broadcast_to(at, (len(segments), np.shape(at)[-1]))[..., None]
    back = 1 - u
    first, second, third, last = (segments[:, None, place] for place in range(4))
    return np.asarray(
        back**3 * first + 3 * back**2 * u * second + 3 * back * u**2 * third + u**3 * last, np.float64
    )


def spline_outlines(points: Doubles, spline: RotoSpline, size: tuple[int, int]) -> tuple[Doubles, Doubles]:
    """Return a spline's outline and that of its feather.

    Parameters
    ----------
    points : ndarray, shape (n, 7)
        At least two, see `RotoShape.splines`.
    spline : RotoSpline
        What else it is.
    size : tuple of int
        Width and height of the frame in pixels: it decides how finely a spline is divided.

    Returns
    -------
    outline, feather : ndarray, shape (m, 2), float64
        In the numbers of masks; point by point they belong together.
    """
    segments = segments_of(points, cyclic=spline.cyclic)
    steps = _step_count(segments, points, spline, size)
    at = np.arange(steps) / steps
    outline = curve_points(segments, at)
    weights = _segment_weights(points, spline, len(segments), at)
    if spline.offset == "even":
        feather = outline + _normals(segments, at, cyclic=spline.cyclic) * weights[..., None]
    else:
        feather = _smooth_feather(segments, points, spline, at, weights)
    flat, flat_feather = outline.reshape(-1, 2), feather.reshape(-1, 2)
    if spline.cyclic:
        return flat, flat_feather
    end = points[-1, 2:4]
    direction = end - curve_points(segments[-1:], np.array([1 - _NORMAL_STEP]))[0, 0]
    if spline.offset == "even":
        last = end + _left_of(direction) * points[-1, 6]
    else:
        last = end + _left_of(end - points[-1, 0:2]) * points[-1, 6]
    return np.vstack([flat, end]), np.vstack([flat_feather, last])


def _step_count(segments: Doubles, points: Doubles, spline: RotoSpline, size: tuple[int, int]) -> int:
    lengths = np.linalg.norm(np.diff(segments, axis=1), axis=2).sum(1)
    steps = int(np.clip(lengths.max(initial=0) * max(size), 1, _MAX_STEPS))
    feather_steps = steps
    if steps < _MAX_STEPS:
        jump = 0.0
        for place, own in enumerate(spline.feather):
            previous = 0.0, points[place, 6]
            for at, width in own:
                if at - previous[0] > 1e-7:
                    jump = max(jump, abs((width - previous[1]) / (at - previous[0])))
                previous = at, width
        feather_steps = int(np.clip(steps + jump / _FEATHER_JUMP, 1, _MAX_STEPS))
    return int(np.clip(max(steps // _STEP_SHARE, feather_steps // _STEP_SHARE), _MIN_STEPS, 512))


def _segment_weights(points: Doubles, spline: RotoSpline, count: int, at: Doubles) -> Doubles:
    """Return how wide the feather is at parameters (k,) of each segment: (segments, k)."""
    ends = np.stack([points[:, 6], np.roll(points[:, 6], -1)], axis=1)[:count]
    weights = np.empty((count, len(at)))
    for place in range(count):
        own = spline.feather[place] if spline.feather else ()
        knots = np.array([0.0, *(u for u, _ in own), 1.0])
        factors = np.array([1.0, *(w for _, w in own), 1.0])
        values = factors * (ends[place, 0] + (ends[place, 1] - ends[place, 0]) * knots)
        index = np.clip(np.searchsorted(knots, at, side="left") - 1, 0, len(knots) - 2)
        share = (at - knots[index]) / np.maximum(knots[index + 1] - knots[index], 1e-12)
        if spline.weight == "ease":
            share = share * share * (3 - 2 * share)
        weights[place] = values[index] + (values[index + 1] - values[index]) * share
    return weights


def _normals(segments: Doubles, at: Doubles, *, cyclic: bool) -> Doubles:
    """Return unit normals (segments, k, 2), to the left of the way along the spline."""
    here = curve_points(segments, at)
    count = len(segments)
    low, high = at - _NORMAL_STEP, at + _NORMAL_STEP
    before = curve_points(segments, np.maximum(low, 0))
    after = curve_points(segments, np.minimum(high, 1))
    early, late = low < 0, high > 1
    order = np.arange(count)
    before[:, early] = curve_points(segments[order - 1], 1 + low[early])
    after[:, late] = curve_points(segments[(order + 1) % count], high[late] - 1)
    if not cyclic:
        after[-1, late] = segments[-1, 3]
    direction = _unit(here - before) + _unit(after - here)
    if not cyclic:
        # At its beginning there is one side only; Blender measures it from the point, not from the place.
        direction[0, early] = curve_points(segments[:1], high[early])[0] - segments[0, 0]
    return _left_of(direction)


def _smooth_feather(
    segments: Doubles, points: Doubles, spline: RotoSpline, at: Doubles, weights: Doubles
) -> Doubles:
    """Lay the feather as a spline of its own beside each segment: (segments, k, 2)."""
    count = len(segments)
    normals = _left_of(points[:, 2:4] - points[:, 0:2]) * points[:, 6:7]
    ends = np.arange(count), (np.arange(count) + 1) % len(points)
    first, last = segments[:, 0] + normals[ends[0]], segments[:, 3] + normals[ends[1]]
    base = np.linalg.norm(segments[:, 3] - segments[:, 0], axis=1)
    scale = (np.linalg.norm(last - first, axis=1) / np.maximum(base, 1e-12))[:, None]
    drawn = np.stack(
        [
            first,
            first + (segments[:, 1] - segments[:, 0]) * scale,
            last + (segments[:, 2] - segments[:, 3]) * scale,
            last,
        ],
        axis=1,
    )
    feather = curve_points(drawn, at)
    plain = _segment_weights(points, RotoSpline(), count, at)
    outline = curve_points(segments, at)
    for place, own in enumerate(spline.feather[:count]):
        if own:
            factor = weights[place] / np.where(np.abs(plain[place]) > 1e-12, plain[place], 1)
            feather[place] = outline[place] + (feather[place] - outline[place]) * factor[:, None]
    return feather


def _unit(vectors: Doubles) -> Doubles:
    lengths = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-30), np.float64)


def _left_of(directions: Doubles) -> Doubles:
    unit = _unit(directions)
    return np.stack([-unit[..., 1], unit[..., 0]], axis=-1)
