# SPDX-License-Identifier: GPL-3.0-or-later
"""A smooth warp of an image that never folds: displacements on a coarse grid, linear between its nodes.

A warp says for each place of the result where in the image it is taken from: `place + displacement(place)`. It is
drawn out of displacements at scattered points by radial basis functions of limited reach, so that it is smooth and
ends by itself. Between four nodes the warp is bilinear, and the determinant of a bilinear map's Jacobian is linear in
the place: it is positive within a cell where it is at the cell's corners. So the grid's nodes alone prove that nothing
folds.

Source of the basis functions: Wendland, "Piecewise polynomial, positive definite and compactly supported radial
functions of minimal degree", 1995.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from ..face.types import Floats
from .row_bands import row_bands
from .smoothstep import smoothstep

MIN_DETERMINANT = 0.2
"""A warp shrinks nothing to less than this share of its area."""
_GRID_CELLS = 9
"""Cells over a warp's reach."""
_SMOOTHING = 0.02
_BORDER_REACH_SHARE = 0.45
_NEIGHBOUR_REACH_SHARE = 0.54
_SOFTENING_ROUNDS = 10
_SOFTENING_SHARE = 0.3
_SOFTENING_CELLS = 2.5
_HALVINGS = 24
_BASIS_POINTS = 128
_INVERSION_ROUNDS = 24
_INVERSION_PIXELS = 1e-3
"""Nearer than this no picture tells the difference."""


@dataclass(frozen=True, eq=False)
class WarpGrid:
    """A warp over an upright region of a frame; beyond it nothing moves.

    Attributes
    ----------
    left, top, width, height
        The region, in frame pixels.
    displacement
        (rows, columns, 2) float32, frame pixels in x and y, at the middles of equal cells of the region.
    """

    left: int
    top: int
    width: int
    height: int
    displacement: Floats

    @property
    def cell(self) -> tuple[float, float]:
        """Width and height of a cell in frame pixels."""
        rows, columns = self.displacement.shape[:2]
        return self.width / columns, self.height / rows

    @property
    def place(self) -> tuple[slice, slice]:
        """The rows and columns of the region in the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def move_image(self, image: Floats, part: tuple[slice, slice], moved: Floats | None = None) -> Floats:
        """Move an image of the region as the grid says.

        Parameters
        ----------
        image : ndarray, shape (height, width, 3), float32
            Any image of the region, in its pixels.
        part : tuple of slice
            The rows and columns of the region that are to be returned.
        moved : ndarray, shape (h, w, 3), float32, optional
            Where to write it, such as a part of a larger image; without it in new memory.

        Returns
        -------
        ndarray, shape (h, w, 3), float32
            That part of the moved image; beyond the region its border is repeated.
        """
        rows, columns = part
        displacement = self.dense()[part]
        across, down = (np.arange(there.start, there.stop, dtype=np.float32) for there in (columns, rows))
        if moved is None:
            moved = np.empty((*displacement.shape[:2], 3), np.float32)
        for band in row_bands(len(moved)):
            x, y = displacement[band, :, 0] + across, displacement[band, :, 1] + down[band, None]
            cv2.remap(image, x, y, cv2.INTER_LINEAR, moved[band], cv2.BORDER_REPLICATE)
        return moved

    def dense(self) -> Floats:
        """Return the displacement of each pixel of the region: (height, width, 2) float32."""
        size = (self.width, self.height)
        return np.asarray(cv2.resize(self.displacement, size, interpolation=cv2.INTER_LINEAR), np.float32)

    def at(self, points: Floats) -> Floats:
        """Return the displacement at points of the frame.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            In frame pixels.

        Returns
        -------
        ndarray, shape (n, 2)
            In frame pixels.
        """
        rows, columns = self.displacement.shape[:2]
        across, down = self.cell
        x = np.minimum(np.maximum((points[:, 0] - self.left + 0.5) / across - 0.5, 0), columns - 1)
        y = np.minimum(np.maximum((points[:, 1] - self.top + 0.5) / down - 0.5, 0), rows - 1)
        column = np.minimum(x.astype(int), max(columns - 2, 0))
        row = np.minimum(y.astype(int), max(rows - 2, 0))
        u, v = (x - column)[:, None], (y - row)[:, None]
        rest_u = 1 - u
        # By one number for each cell, which takes a fifth of the time of two.
        cells, first = self.displacement.reshape(-1, 2), row * columns + column
        to_right, to_lower = int(columns > 1), columns * int(rows > 1)
        upper = cells.take(first, 0) * rest_u + cells.take(first + to_right, 0) * u
        first += to_lower
        lower = cells.take(first, 0) * rest_u + cells.take(first + to_right, 0) * u
        return np.asarray(upper * (1 - v) + lower * v, np.float32)

    def warp_points(self, points: Floats) -> Floats:
        """Return where points of the image lie in the warped one: the places that are taken from them.

        Parameters
        ----------
        points : ndarray, shape (n, 2)
            In frame pixels.

        Returns
        -------
        ndarray, shape (n, 2)
            In frame pixels.
        """
        moved = np.asarray(points, np.float32)
        for _ in range(_INVERSION_ROUNDS):
            off = points - moved - self.at(moved)
            if float(np.abs(off).max(initial=0)) < _INVERSION_PIXELS:
                break
            moved = np.asarray(moved + 0.7 * off, np.float32)
        return moved

    def determinants(self) -> Floats:
        """Return the Jacobian's determinant at each cell corner: (rows - 1, columns - 1, 4) float32, 1 where all rests.

        It lies between these everywhere else.
        """
        rows, columns = self.displacement.shape[:2]
        across, down = self.cell
        nodes = self.displacement.astype(np.float64)
        nodes = nodes + np.stack(np.meshgrid(np.arange(columns) * across, np.arange(rows) * down), -1)
        upper, lower = np.diff(nodes[:-1], axis=1), np.diff(nodes[1:], axis=1)
        left, right = np.diff(nodes[:, :-1], axis=0), np.diff(nodes[:, 1:], axis=0)
        corners = [
            a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0] for a in (upper, lower) for b in (left, right)
        ]
        return np.asarray(np.stack(corners, -1) / (across * down), np.float32)


def fit_warp(
    points: Floats,
    displacement: Floats,
    reach: float,
    frame_size: tuple[int, int],
    resting: Sequence[Floats] = (),
) -> WarpGrid:
    """Fit a warp that moves points by a displacement.

    The frame's border rests. Where the warp would fold it moves less.

    Parameters
    ----------
    points : ndarray, shape (n, 2), float32
        In frame pixels.
    displacement : ndarray, shape (n, 2), float32
        By how many pixels each moves.
    reach : float
        How many pixels beyond the points the warp ends.
    frame_size : tuple of int
        Width and height of the frame in pixels.
    resting : sequence of ndarray, shape (4,), float32
        Boxes that rest too: left, top, right, bottom in frame pixels.

    Returns
    -------
    WarpGrid
        The warp.
    """
    ends = np.concatenate([points, points + displacement])
    limit = np.array(frame_size)
    low = np.clip(np.floor(ends.min(0) - reach), 0, limit - 1).astype(int)
    high = np.clip(np.ceil(ends.max(0) + reach) + 1, low + 1, limit).astype(int)
    width, height = (high - low).tolist()
    step = max(reach / _GRID_CELLS, 1.0)
    columns, rows = max(int(np.ceil(width / step)), 4), max(int(np.ceil(height / step)), 4)
    grid = WarpGrid(int(low[0]), int(low[1]), width, height, np.zeros((rows, columns, 2), np.float32))
    across, down = grid.cell
    x = grid.left + (np.arange(columns) + 0.5) * across - 0.5
    y = grid.top + (np.arange(rows) + 0.5) * down - 0.5
    nodes = np.stack(np.meshgrid(x, y), -1).reshape(-1, 2)
    field = _interpolate(points + displacement, -displacement, nodes, reach)
    field *= _rest_share(nodes, reach, frame_size, resting)[:, None]
    grid = replace(grid, displacement=np.asarray(field.reshape(rows, columns, 2), np.float32))
    return _unfold(grid)


def _interpolate(places: Floats, values: Floats, nodes: Floats, reach: float) -> Floats:
    """Return at nodes (m, 2) what goes smoothly through values (n, 2) at places (n, 2), and is 0 beyond `reach`."""
    near = _basis(places, places, reach)
    near[np.diag_indices(len(places))] += _SMOOTHING
    # Wendland's function is positive definite. OpenCV's solver works alone: NumPy's starts threads, which cost more.
    _, factors = cv2.solve(near.astype(np.float64), values.astype(np.float64), flags=cv2.DECOMP_CHOLESKY)
    basis = _basis(nodes, places, reach)
    # Not by NumPy's matrix product, whose threads then wait in a loop: a quarter of the time of a cold render.
    columns = [np.einsum("ij,j->i", basis, column) for column in np.ascontiguousarray(factors.T, np.float32)]
    return np.asarray(np.stack(columns, 1), np.float32)


def _basis(points: Floats, places: Floats, reach: float) -> Floats:
    """Return Wendland's function of the distance of points (m, 2) to places (n, 2): (m, n), 1 at no distance."""
    here, there = (np.ascontiguousarray((ends / reach).T, np.float32) for ends in (points, places))
    basis = np.empty((len(points), len(places)), np.float32)
    buffers = np.empty((2, _BASIS_POINTS, len(places)), np.float32)
    # A few points at a time, so that all of it stays in the processor's cache: that takes a third of the time.
    for first in range(0, len(points), _BASIS_POINTS):
        part = here[:, first : first + _BASIS_POINTS]
        distance, left = np.subtract(part[:, :, None], there[:, None], out=buffers[:, : part.shape[1]])
        distance *= distance
        left *= left
        distance += left
        np.sqrt(distance, out=distance)
        np.subtract(1, distance, out=left)
        np.maximum(left, 0, out=left)
        left *= left
        left *= left
        distance *= 4
        distance += 1
        np.multiply(left, distance, out=basis[first : first + _BASIS_POINTS])
    return basis


def _rest_share(
    nodes: Floats, reach: float, frame_size: tuple[int, int], resting: Sequence[Floats]
) -> Floats:
    """Return how far each node (m, 2) may move: 0 at the frame's border and in what rests, 1 away from both."""
    x, y = nodes[:, 0], nodes[:, 1]
    border = np.minimum(np.minimum(x, frame_size[0] - 1 - x), np.minimum(y, frame_size[1] - 1 - y))
    share = smoothstep(np.asarray(border / (_BORDER_REACH_SHARE * reach), np.float32))
    for left, top, right, bottom in resting:
        apart = np.hypot(
            np.maximum(np.maximum(left - x, x - right), 0), np.maximum(np.maximum(top - y, y - bottom), 0)
        )
        share = share * smoothstep(np.asarray(apart / (_NEIGHBOUR_REACH_SHARE * reach), np.float32))
    return np.asarray(share, np.float32)


def _unfold(grid: WarpGrid) -> WarpGrid:
    """Return a warp that moves less around the places where this one folds, and nowhere folds."""
    for _ in range(_SOFTENING_ROUNDS):
        folded = (grid.determinants() < MIN_DETERMINANT).any(-1)
        if not folded.any():
            return grid
        nodes = np.zeros(grid.displacement.shape[:2], np.float32)
        for rows, columns in ((0, 0), (0, 1), (1, 0), (1, 1)):
            part = nodes[rows : rows + folded.shape[0], columns : columns + folded.shape[1]]
            part[folded] = 1
        wide = cv2.dilate(nodes, np.ones((5, 5), np.uint8))
        less = 1 - _SOFTENING_SHARE * cv2.GaussianBlur(wide, (0, 0), _SOFTENING_CELLS)
        grid = replace(grid, displacement=np.asarray(grid.displacement * less[..., None], np.float32))
    for _ in range(_HALVINGS):
        if grid.determinants().min() >= MIN_DETERMINANT:
            return grid
        grid = replace(grid, displacement=np.asarray(grid.displacement / 2, np.float32))
    return replace(grid, displacement=np.zeros_like(grid.displacement))
