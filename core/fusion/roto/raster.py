# SPDX-License-Identifier: GPL-3.0-or-later
"""Draw a mask as Blender does: a filled outline is 1, and from there to the outline of its feather it falls to 0.

Source: blender.org, blenkernel/intern/mask_rasterize.cc, for the feather of one pixel that a hard edge gets, for the
shape of falloffs and how layers are blended; blenlib/intern/math_geom.cc, for the mean value coordinates of a quad.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...face.types import Floats
from ...recipe.roto import Doubles, RotoLayer, RotoSpline
from .outlines import spline_outlines

_CAP_PIXELS, _MIN_CAP_STEPS, _MAX_CAP_STEPS = 2, 8, 64
_MIN_OUTLINE_POINTS = 4
_CHUNK_PIXELS = 1 << 18
_SLACK = 1e-9
_BLENDS: Mapping[str, Callable[[Doubles, Doubles], Doubles]] = {
    "merge_add": lambda below, value: below + value * (1 - below),
    "merge_subtract": lambda below, value: below - value * below,
    "add": lambda below, value: below + value,
    "subtract": lambda below, value: below - value,
    "lighten": np.maximum,
    "darken": np.minimum,
    "mul": lambda below, value: below * value,
    "difference": lambda below, value: np.abs(below - value),
}
Switches = npt.NDArray[np.bool_]
Counts = npt.NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class DrawnLayer:
    """A layer in one frame: its points, see `RotoShape.splines`, and its opacity."""

    layer: RotoLayer
    points: tuple[Doubles, ...]
    opacity: float


@dataclass(frozen=True)
class Window:
    """A part of a frame: the frame's width and height, and the part's left, top, width and height, in pixels."""

    frame: tuple[int, int]
    left: int
    top: int
    width: int
    height: int

    @property
    def across(self) -> Doubles:
        """Where the middles of its columns are, 0 to 1 across the frame."""
        return np.asarray((np.arange(self.width) + self.left + 0.5) / self.frame[0])

    @property
    def up(self) -> Doubles:
        """Where the middles of its rows are, 0 at the frame's lower edge, in ascending order."""
        low = self.frame[1] - self.top - self.height
        return np.asarray((np.arange(self.height) + low + 0.5) / self.frame[1])


def draw_layers(layers: Sequence[DrawnLayer], window: Window) -> Floats:
    """Draw a mask.

    Parameters
    ----------
    layers : sequence of DrawnLayer
        Its layers, the lowest first.
    window : Window
        Which part of the frame is drawn.

    Returns
    -------
    ndarray, shape (height, width), float32
        0 to 1.
    """
    value = np.zeros((window.height, window.width))
    for drawn in layers:
        value = np.clip(_blend(value, _layer_value(drawn, window), drawn), 0, 1)
    return np.asarray(value[::-1], np.float32)


def _layer_value(drawn: DrawnLayer, window: Window) -> Doubles:
    if drawn.opacity == 0:
        value = np.zeros((window.height, window.width))
    else:
        value = _apply_falloff(1 - _distance(drawn, window), drawn.layer.falloff)
        if drawn.layer.blend != "replace":
            value = value * drawn.opacity
    return 1 - value if drawn.layer.invert else value


def _apply_falloff(value: Doubles, falloff: str) -> Doubles:
    if falloff == "smooth":
        return value * value * (3 - 2 * value)
    if falloff == "sphere":
        return np.asarray(np.sqrt(2 * value - value * value))
    if falloff == "root":
        return np.asarray(np.sqrt(value))
    if falloff == "sharp":
        return value * value
    return value * (2 - value) if falloff == "inverse_square" else value


def _blend(below: Doubles, value: Doubles, drawn: DrawnLayer) -> Doubles:
    if drawn.layer.blend == "replace":
        return np.asarray(below * (1 - drawn.opacity) + value * drawn.opacity)
    return np.asarray(_BLENDS[drawn.layer.blend](below, value))


def _distance(drawn: DrawnLayer, window: Window) -> Doubles:
    """Return 0 where a layer is filled, 1 where it is not, and between across its feather; lowest rows first."""
    width, height = window.frame
    fills, quads = [], []
    for points, spline in zip(drawn.points, drawn.layer.splines, strict=True):
        if len(points) < 2:
            continue
        outline, feather = (
            _to_frame(places, window.frame) for places in spline_outlines(points, spline, window.frame)
        )
        if len(outline) < _MIN_OUTLINE_POINTS:
            continue
        feather = _widen_to_pixel(outline, feather, 1 / min(width, height))
        if spline.fill:
            fills.append(outline)
            quads.append(_sides(np.roll(outline, 1, axis=0), outline, np.roll(feather, 1, axis=0), feather))
        else:
            quads += _stroke_quads(outline, feather, spline, window.frame)
    distance = np.ones((window.height, window.width))
    if quads:
        _draw_quads(distance, np.concatenate(quads), window)
    layer = drawn.layer
    together = [fills] if layer.holes else [[outline] for outline in fills]
    for outlines in together:
        distance[_inside(outlines, window)] = 0
    return distance


def _to_frame(places: Doubles, size: tuple[int, int]) -> Doubles:
    """Bring places of masks to 0..1 across and up the frame."""
    longer = max(size)
    return np.asarray((places - 0.5) * (longer / size[0], longer / size[1]) + 0.5, np.float64)


def _widen_to_pixel(outline: Doubles, feather: Doubles, offset: float) -> Doubles:
    """Give the outline a feather of one pixel where it has a narrower one: that is how Blender smooths its edges."""
    # Each point gets the normal of the one before it, in Blender too.
    along = np.roll(outline, 1, axis=0) - outline
    unit = along / np.maximum(np.hypot(along[:, :1], along[:, 1:]), 1e-30)
    sums = np.roll(unit, 1, axis=0) + unit
    sums = np.asarray(sums / np.maximum(np.hypot(sums[:, :1], sums[:, 1:]), 1e-30))
    widened = outline + np.stack([sums[:, 1], -sums[:, 0]], axis=1) * offset
    narrow = ((feather - outline) ** 2).sum(1) < offset * offset
    return np.where(narrow[:, None], widened, feather)


def _sides(first: Doubles, second: Doubles, first_feather: Doubles, second_feather: Doubles) -> Doubles:
    """Return quads (n, 4, 2) between edges of an outline and those of its feather."""
    return np.stack([first, second, second_feather, first_feather], axis=1)


def _stroke_quads(
    outline: Doubles, feather: Doubles, spline: RotoSpline, size: tuple[int, int]
) -> list[Doubles]:
    """Return the quads on both sides of a spline that is not filled, and its round ends."""
    other = 2 * outline - feather
    quads = []
    for side in (feather, other):
        quads.append(_sides(outline[:-1], outline[1:], side[:-1], side[1:]))
        if spline.cyclic:
            quads.append(_sides(outline[-1:], outline[:1], side[-1:], side[:1]))
    if not spline.cyclic:
        for place, sign in ((0, 1), (-1, -1)):
            quads.append(_cap(outline[place], feather[place], sign, size))
    return quads


def _cap(centre: Doubles, edge: Doubles, sign: int, size: tuple[int, int]) -> Doubles:
    length = float(np.hypot(*(edge - centre)))
    steps = int(np.clip(int(length * min(size) / _CAP_PIXELS), _MIN_CAP_STEPS, _MAX_CAP_STEPS))
    shape = np.array((min(size) / size[0], min(size) / size[1]))
    angles = sign * np.arange(steps + 1) / steps * np.pi
    arm = (edge - centre) / shape
    turned = np.stack(
        [
            arm[0] * np.cos(angles) - arm[1] * np.sin(angles),
            arm[0] * np.sin(angles) + arm[1] * np.cos(angles),
        ],
        axis=1,
    )
    rim = turned * shape + centre
    return np.stack([np.stack([centre, centre, one, two]) for one, two in pairwise(rim)])


def _inside(outlines: Sequence[Doubles], window: Window) -> Switches:
    """Tell which pixels' middles lie within outlines, those within two of them not; bool (height, width)."""
    across, up = window.across, window.up
    crossings = np.zeros((window.height, window.width + 1), np.int32)
    for outline in outlines:
        start, end = outline, np.roll(outline, -1, axis=0)
        first = np.searchsorted(up, np.minimum(start[:, 1], end[:, 1]), side="left")
        last = np.searchsorted(up, np.maximum(start[:, 1], end[:, 1]), side="left")
        edge = np.repeat(np.arange(len(outline)), last - first)
        row = first[edge] + _count_up(last - first)
        rise = end[edge, 1] - start[edge, 1]
        at = start[edge, 0] + (up[row] - start[edge, 1]) / rise * (end[edge, 0] - start[edge, 0])
        np.add.at(crossings, (row, np.searchsorted(across, at, side="left")), 1)
    return np.asarray(np.cumsum(crossings, axis=1)[:, :-1] % 2 == 1)


def _draw_quads(distance: Doubles, quads: Doubles, window: Window) -> None:
    """Lower `distance` to how far across each quad (n, 4, 2) the pixels in it are."""
    across, up = window.across, window.up
    first = np.searchsorted(up, quads[..., 1].min(1), side="left")
    lines = np.searchsorted(up, quads[..., 1].max(1), side="right") - first
    number = np.repeat(np.arange(len(quads)), lines)
    row = np.repeat(first, lines) + _count_up(lines)
    left, right = _extent(quads[number], up[row])
    begin = np.searchsorted(across, left - _SLACK, side="left")
    counts = np.maximum(np.searchsorted(across, right + _SLACK, side="right") - begin, 0)
    ends = np.cumsum(counts)
    start = 0
    while start < len(counts):
        already = ends[start - 1] if start else 0
        stop = max(int(np.searchsorted(ends, already + _CHUNK_PIXELS, side="right")), start + 1)
        part = slice(start, stop)
        line = np.repeat(np.arange(start, stop), counts[part])
        column = begin[line] + _count_up(counts[part])
        places = np.stack([across[column], up[row[line]]], axis=1)
        around = quads[number[line]]
        inside = _in_triangle(places, around[:, (0, 1, 2)]) | _in_triangle(places, around[:, (0, 2, 3)])
        depth = _depth(places[inside], around[inside])
        np.minimum.at(distance, (row[line[inside]], column[inside]), depth)
        start = stop


def _count_up(counts: Counts) -> Counts:
    """Return 0, 1, 2... for each of several counts, one after the other."""
    return np.asarray(np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts))


def _extent(quads: Doubles, up: Doubles) -> tuple[Doubles, Doubles]:
    """Return from where to where lines at heights (n,) cross the two triangles of quads (n, 4, 2)."""
    left, right = np.full(len(up), np.inf), np.full(len(up), -np.inf)
    for one, other in ((0, 1), (1, 2), (2, 3), (3, 0), (0, 2)):
        (x, y), (far_x, far_y) = quads[:, one].T, quads[:, other].T
        rise = far_y - y
        share = np.clip((up - y) / np.where(rise == 0, 1, rise), 0, 1)
        crosses = (np.minimum(y, far_y) <= up) & (up <= np.maximum(y, far_y))
        at = x + share * (far_x - x)
        left = np.where(crosses, np.minimum(left, np.where(rise == 0, np.minimum(x, far_x), at)), left)
        right = np.where(crosses, np.maximum(right, np.where(rise == 0, np.maximum(x, far_x), at)), right)
    return left, right


def _in_triangle(places: Doubles, triangles: Doubles) -> Switches:
    sides = [
        _cross(triangles[:, (place + 1) % 3] - triangles[:, place], places - triangles[:, place])
        for place in range(3)
    ]
    signs = np.stack(sides)
    return np.asarray((signs >= 0).all(0) | (signs <= 0).all(0))


def _depth(places: Doubles, quads: Doubles) -> Doubles:
    """Return how far places (n, 2) are from the first side of their quads (n, 4, 2) to the third, 0 to 1."""
    to_corner = quads - places[:, None]
    lengths = np.maximum(np.hypot(to_corner[..., 0], to_corner[..., 1]), 1e-12)
    after, after_lengths = np.roll(to_corner, -1, axis=1), np.roll(lengths, -1, axis=1)
    area = to_corner[..., 0] * after[..., 1] - to_corner[..., 1] * after[..., 0]
    dot = (to_corner * after).sum(-1)
    tangents = np.where(area != 0, (lengths * after_lengths - dot) / np.where(area != 0, area, 1), 0.0)
    weights = (np.roll(tangents, 1, axis=1) + tangents) / lengths
    total = weights.sum(1)
    shares = np.where(total[:, None] != 0, weights / np.where(total != 0, total, 1)[:, None], 0.25)
    return np.asarray(np.clip(shares[:, 2] + shares[:, 3], 0, 1))


def _cross(one: Doubles, other: Doubles) -> Doubles:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
