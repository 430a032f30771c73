# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the target's face the source's form: the frame's own picture is moved along with the mesh's points.

What is stored is the moved picture around the face, where it differs from the frame, and where the face's points then
are. Everything after it, the swap, the light and the mask, takes these as it takes a frame and its landmarks.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Self

import cv2
import numpy as np

from ..cache.base.store import Arrays
from ..face.types import Floats, Levels, Pixels
from ..geometry.glasses import find_rims
from ..geometry.levels import as_type_of, from_stored, is_deep, limit_levels, round_levels, to_stored
from ..geometry.mesh_raster import point_normals
from ..geometry.mesh_topology import Indices, Topology
from ..geometry.row_bands import row_bands
from ..geometry.skin_detail import measure_detail
from ..geometry.smoothstep import smoothstep
from ..geometry.warp_grid import WarpGrid, fit_warp

VERSION = 6
_REACH_SHARE = 0.25
"""How far beyond the face the picture moves along, of the face's height: it takes hair along and leaves walls straight.
In the clips 05, 06 and 33, at 0.15 to 0.2 beyond the outline, it moves by 0.2 to 0.4 pixels in the mean, with 0.45 by
2.7 to 4.5."""
_REST_PIXELS = 0.12
"""A picture that is moved by less than this can't be told from the frame: there it fades into it."""
_HIDDEN_COSINE = 0.05
_CONTROL_POINTS = 200
_EYE_POINTS = 5


@dataclass(frozen=True, eq=False)
class FaceWarp:
    """A face that has another form, and the frame's picture around it, moved along.

    Attributes
    ----------
    picture
        (h, w, 4) RGBA with straight alpha, uint8 or float32 in levels: the frame's picture, moved; transparent and
        black where it is the frame's own.
    left, top
        Where the picture lies in the frame, in its pixels.
    landmarks
        (478, 3) float32: the face's points in the moved picture, in frame pixels.
    warp
        By what it was moved.
    detail
        (2,) float32: how strong the finest detail of the frame's own skin is, see `skin_detail.measure_detail`.
    rims
        (128, 256) uint8: 255 on the rims of the face's glasses, see `glasses.find_rims`; (0, 0) without glasses.
    """

    picture: Levels
    left: int
    top: int
    landmarks: Floats
    warp: WarpGrid
    detail: Floats
    rims: Pixels

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        left, top = np.asarray(arrays["corner"], np.int32).tolist()
        x, y, width, height = (int(value) for value in arrays["region"])
        warp = WarpGrid(x, y, width, height, np.asarray(arrays["grid"], np.float32))
        landmarks = np.asarray(arrays["landmarks"], np.float32)
        detail = np.asarray(arrays["detail"], np.float32)
        picture, rims = from_stored(arrays["picture"]), np.asarray(arrays["rims"], np.uint8)
        return cls(picture, left, top, landmarks, warp, detail, rims)

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        warp = self.warp
        return {
            "picture": to_stored(self.picture),
            "corner": np.array([self.left, self.top], np.int32),
            "region": np.array([warp.left, warp.top, warp.width, warp.height], np.int32),
            "landmarks": self.landmarks,
            "detail": self.detail,
            "grid": warp.displacement,
            "rims": self.rims,
        }

    def fits(self, size: tuple[int, int]) -> bool:
        """Tell whether it lies in a frame of `size` (width, height)."""
        height, width = self.picture.shape[:2]
        warp = self.warp
        return (
            max(self.left + width, warp.left + warp.width) <= size[0]
            and max(self.top + height, warp.top + warp.height) <= size[1]
            and min(warp.width, warp.height) > 0
        )

    def frame_with_face(self, frame: Pixels, place: tuple[slice, slice] | None = None) -> Pixels:
        """Return an (H, W, 3) RGB uint8 frame with its picture moved around this face.

        `place` are the rows and columns to return, where not all of them are needed.
        """
        place = place or (slice(0, frame.shape[0]), slice(0, frame.shape[1]))
        return round_levels(self.lay_face(frame[place].copy(), place))

    def lay_face(self, moved: Levels, place: tuple[slice, slice]) -> Levels:
        """Lay the moved picture over a part of its frame, which is changed.

        Parameters
        ----------
        moved : ndarray, shape (h, w, 3), uint8 or float32
            The frame's own pixels in `place`, RGB, in levels.
        place : tuple of slice
            Its rows and columns.

        Returns
        -------
        ndarray, the same
            `moved`.
        """
        rows, columns = place
        height, width = self.picture.shape[:2]
        first_row, first_column = max(rows.start, self.top), max(columns.start, self.left)
        last_row, last_column = min(rows.stop, self.top + height), min(columns.stop, self.left + width)
        if first_row < last_row and first_column < last_column:
            own = self.picture[
                first_row - self.top : last_row - self.top, first_column - self.left : last_column - self.left
            ]
            there = moved[
                first_row - rows.start : last_row - rows.start,
                first_column - columns.start : last_column - columns.start,
            ]
            if is_deep(moved) != is_deep(own):
                own = np.asarray(own, np.float32) if is_deep(moved) else round_levels(own)
            own = np.ascontiguousarray(own)
            cv2.copyTo(cv2.cvtColor(own, cv2.COLOR_RGBA2RGB), np.asarray(own[..., 3] > 0, np.uint8), there)
        return moved


def move_face(
    frame: Pixels,
    landmarks: Floats,
    displacement: Floats,
    resting: Sequence[Floats],
    topology: Topology,
    cut_levels: Callable[[tuple[slice, slice]], Floats] | None = None,
    *,
    thick_frames: bool = False,
) -> FaceWarp:
    """Move a face of a frame, and the picture around it.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    landmarks : ndarray, shape (478, 3)
        In frame pixels.
    displacement : ndarray, shape (468, 3)
        In frame pixels.
    resting : sequence of ndarray, shape (4,)
        Boxes left, top, right, bottom of what does not move: other faces.
    topology : Topology
        The canonical face mesh.
    cut_levels : callable, optional
        Returns (h, w, 3) float32 RGB of the frame in rows and columns, in levels, where it has more than 8 bits.
    thick_frames : bool
        Whether the face has glasses with a thick frame.

    Returns
    -------
    FaceWarp
        The moved picture, and how it was moved.
    """
    size, reach = (frame.shape[1], frame.shape[0]), _REACH_SHARE * face_height(landmarks)
    chosen = _control_points(topology)
    # Points on a side that is turned away lie behind the cheek: they would pull it where nothing of them is seen.
    facing = np.maximum(
        -point_normals(landmarks, topology)[:, 2],
        -point_normals(landmarks[:468] + displacement, topology)[:, 2],
    )
    visible = facing > _HIDDEN_COSINE
    visible[topology.oval] |= _on_outline(landmarks[topology.oval, :2])
    chosen = chosen[visible[chosen]]
    warp = fit_warp(landmarks[chosen, :2], displacement[chosen, :2], reach, size, resting)
    moved = np.array(landmarks, np.float32)
    moved[:, :2] = warp.warp_points(landmarks[:, :2])
    moved[:468, 2] += displacement[:, 2]
    for first, ring in ((468, topology.left_eye_ring), (473, topology.right_eye_ring)):
        moved[first : first + _EYE_POINTS, 2] += displacement[ring, 2].mean()
    own = frame[warp.place] if cut_levels is None else cut_levels(warp.place)
    picture, left, top = _warp_picture(own, warp.dense())
    detail = measure_detail(frame, landmarks, topology)
    none = np.zeros((0, 0), np.uint8)
    without = FaceWarp(picture, warp.left + left, warp.top + top, moved, warp, detail, none)
    # Looked for in the moved picture: there a rim need not be moved once more, which would blur it.
    region = without.frame_with_face(frame, warp.place)
    there = moved[:, :2] - np.array((warp.left, warp.top), np.float32)
    rims = find_rims(region, there, topology, thick=thick_frames)
    return replace(without, rims=rims) if rims.any() else without


def _warp_picture(picture: Levels, displacement: Floats) -> tuple[Levels, int, int]:
    """Warp a picture (h, w, 3) by the displacement (h, w, 2) of its pixels.

    Returns what of it differs from the picture, a `FaceWarp`'s, and where in the picture that begins: left and top.
    """
    share = np.empty(displacement.shape[:2], np.uint8)
    for rows in row_bands(len(share)):
        away = cv2.magnitude(displacement[rows, :, 0], displacement[rows, :, 1])
        share[rows] = np.round(255 * smoothstep(away / np.float32(_REST_PIXELS)))
    left, top, width, height = cv2.boundingRect(share)
    width, height = max(width, 1), max(height, 1)
    part = as_type_of(picture, np.zeros((height, width, 4), picture.dtype))
    for rows in row_bands(height):
        # A face is round: its picture has corners in which nothing moves.
        first, _, width, _ = cv2.boundingRect(share[rows.start + top : rows.stop + top])
        if not width:
            continue
        there = slice(rows.start + top, rows.stop + top), slice(first, first + width)
        down, across = (np.arange(part.start, part.stop, dtype=np.float32) for part in there)
        across = displacement[there][..., 0] + across
        down = displacement[there][..., 1] + down[:, None]
        moved = cv2.remap(picture, across, down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        if is_deep(picture):  # cubic interpolation goes beyond what it lies between
            moved = limit_levels(np.asarray(moved, np.float32))
        shown = share[there]
        rgba = cv2.insertChannel(shown.astype(picture.dtype), cv2.cvtColor(moved, cv2.COLOR_RGB2RGBA), 3)
        part[rows, first - left : first - left + width] = cv2.bitwise_and(rgba, rgba, mask=shown)
    return part, left, top


def face_height(landmarks: Floats) -> float:
    """Return the height of a face, however it is turned.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In pixels.

    Returns
    -------
    float
        From brow to chin, in pixels.
    """
    return float(np.linalg.norm(landmarks[10] - landmarks[152]))


@lru_cache(maxsize=4)
def _control_points(topology: Topology) -> Indices:
    """Choose points that are spread evenly over the mesh, and all of its outline: (k,) indices, ascending.

    The mesh is dense about the eyes and the mouth, far denser than displacements differ.
    """
    chosen = topology.oval.tolist()
    nearest = np.full(468, np.inf)
    for index in chosen:
        nearest = np.minimum(nearest, np.linalg.norm(topology.shape - topology.shape[index], axis=1))
    while len(chosen) < _CONTROL_POINTS:
        index = int(nearest.argmax())
        chosen.append(index)
        nearest = np.minimum(nearest, np.linalg.norm(topology.shape - topology.shape[index], axis=1))
    return np.array(sorted(chosen), np.int32)


def _on_outline(points: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell which points (n, 2) are corners of their convex hull: (n,)."""
    hull = cv2.convexHull(np.ascontiguousarray(points, np.float32), returnPoints=False)
    corners = np.zeros(len(points), np.bool_)
    corners[np.asarray(hull).ravel()] = True
    return corners
