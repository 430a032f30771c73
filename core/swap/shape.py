# SPDX-License-Identifier: GPL-3.0-or-later
"""Give the target's face the source's form: the frame's own picture is moved along with the mesh's points.

What is stored is the moved picture around the face, where it differs from the frame, and where the face's points then
are. Everything after it, the swap, the light and the mask, takes these as it takes a frame and its landmarks.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import cv2
import numpy as np

from ..cache.base.schema import MAX_COORDINATE_PIXELS, ArraySpec, Schema
from ..cache.base.store import Arrays
from ..face.types import LANDMARK_COUNT, Floats, Pixels
from ..geometry.mesh_raster import point_normals
from ..geometry.mesh_topology import Topology
from ..geometry.smoothstep import smoothstep
from ..geometry.warp_grid import WarpGrid, fit_warp

VERSION = 1
_REACH_SHARE = 0.45
"""How far beyond the face the picture moves along, of the face's height."""
_REST_PIXELS = 0.12
"""A picture that is moved by less than this can't be told from the frame: there it fades into it."""
_HIDDEN_COSINE = 0.05
_MAX_SIDE = 1 << 16
_EYE_POINTS = 5
MOVE_SCHEMA = Schema(
    (
        ArraySpec("picture", "uint8", ("height", "width", 3)),
        ArraySpec("share", "uint8", ("height", "width")),
        ArraySpec("corner", "int32", (2,), 0, _MAX_SIDE),
        ArraySpec("landmarks", "float32", (LANDMARK_COUNT, 3), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
        ArraySpec("grid", "float32", ("rows", "columns", 2), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
    ),
    {
        "height": range(1, _MAX_SIDE),
        "width": range(1, _MAX_SIDE),
        "rows": range(1, _MAX_SIDE),
        "columns": range(1, _MAX_SIDE),
    },
)


@dataclass(frozen=True, eq=False)
class MovedFace:
    """A face that has another form, and the frame's picture around it, moved along.

    Attributes
    ----------
    picture
        (h, w, 3) uint8 RGB: the frame's picture, moved.
    share
        (h, w) uint8: 255 where it is moved, 0 where it is the frame's own.
    landmarks
        (478, 3) float32: the face's points in the moved picture, in frame pixels.
    warp
        By what it was moved; its region is where the picture lies in the frame.
    """

    picture: Pixels
    share: Pixels
    landmarks: Floats
    warp: WarpGrid

    @classmethod
    def from_arrays(cls, arrays: Arrays) -> Self:
        """Read what `to_arrays` gives. Raises KeyError for a missing array."""
        picture = np.asarray(arrays["picture"], np.uint8)
        left, top = np.asarray(arrays["corner"], np.int32).tolist()
        grid = np.asarray(arrays["grid"], np.float32)
        warp = WarpGrid(left, top, picture.shape[1], picture.shape[0], grid)
        return cls(
            picture, np.asarray(arrays["share"], np.uint8), np.asarray(arrays["landmarks"], np.float32), warp
        )

    def to_arrays(self) -> Arrays:
        """Return the arrays to store."""
        return {
            "picture": self.picture,
            "share": self.share,
            "corner": np.array([self.warp.left, self.warp.top], np.int32),
            "landmarks": self.landmarks,
            "grid": self.warp.displacement,
        }

    def frame_with_face(self, frame: Pixels) -> Pixels:
        """Return an (H, W, 3) RGB uint8 frame with its picture moved around this face."""
        moved = frame.copy()
        warp = self.warp
        moved[warp.top : warp.top + warp.height, warp.left : warp.left + warp.width] = self.picture
        return moved


def move_face(
    frame: Pixels,
    landmarks: Floats,
    displacement: Floats,
    resting: Sequence[Floats],
    topology: Topology,
) -> MovedFace:
    """Move a face of an (H, W, 3) RGB uint8 frame, and the picture around it.

    `landmarks` are (478, 3) and `displacement` (468, 3), both in frame pixels. What lies in the boxes `resting`, each
    (4,) left, top, right, bottom, does not move: other faces.
    """
    size = frame.shape[1], frame.shape[0]
    height = face_height(landmarks)
    # Points on a side that is turned away lie behind the cheek: they would pull it where nothing of them is seen.
    visible = -point_normals(landmarks, topology)[:, 2] > _HIDDEN_COSINE
    visible |= -point_normals(landmarks[:468] + displacement, topology)[:, 2] > _HIDDEN_COSINE
    visible[topology.oval] |= _on_outline(landmarks[topology.oval, :2])
    warp = fit_warp(
        landmarks[:468][visible, :2], displacement[visible, :2], _REACH_SHARE * height, size, resting
    )
    moved = np.array(landmarks, np.float32)
    moved[:, :2] = warp.find_moved(landmarks[:, :2])
    moved[:468, 2] += displacement[:, 2]
    for first, ring in ((468, topology.left_eye_ring), (473, topology.right_eye_ring)):
        moved[first : first + _EYE_POINTS, 2] += displacement[ring, 2].mean()
    picture = warp_picture(frame[warp.top : warp.top + warp.height, warp.left : warp.left + warp.width], warp)
    away = np.linalg.norm(warp.dense(), axis=2)
    share = np.round(255 * smoothstep(np.asarray(away / _REST_PIXELS, np.float32))).astype(np.uint8)
    return MovedFace(np.asarray(picture, np.uint8), share, moved, warp)


def warp_picture(picture: "Pixels | Floats", warp: WarpGrid) -> "Pixels | Floats":
    """Warp the picture of a warp's region: (height, width[, channels]) uint8, or float32 in 0..1."""
    where = warp.dense()
    where[..., 0] += np.arange(warp.width, dtype=np.float32)[None]
    where[..., 1] += np.arange(warp.height, dtype=np.float32)[:, None]
    moved = cv2.remap(picture, where[..., 0], where[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    if picture.dtype == np.float32:
        return np.asarray(np.clip(moved, 0, 1), np.float32)
    return np.asarray(moved, np.uint8)


def face_height(landmarks: Floats) -> float:
    """Return the height of a face in pixels, however it is turned: that of (478, 3) landmarks from brow to chin."""
    return float(np.linalg.norm(landmarks[10] - landmarks[152]))


def _on_outline(points: Floats) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Tell which points (n, 2) are corners of their convex hull: (n,)."""
    hull = cv2.convexHull(np.ascontiguousarray(points, np.float32), returnPoints=False)
    corners = np.zeros(len(points), np.bool_)
    corners[np.asarray(hull).ravel()] = True
    return corners
