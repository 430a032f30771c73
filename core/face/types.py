# SPDX-License-Identifier: GPL-3.0-or-later
"""The value types of a face. All points are in frame pixels: x right, y down, pixel centres at integers.

Image left and right are the viewer's, not the person's.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from .landmark_handles import EYES_TO_CHIN
from .landmark_sets import LANDMARK_SETS

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]
Levels = Pixels | Floats
"""Colours from 0 to 255: bytes, or floats where the clip has more than 8 bits."""

LANDMARK_COUNT = 478
"""MediaPipe FaceMesh with attention: 468 mesh points, then 5 points for each iris."""


@dataclass(frozen=True, eq=False)
class Detection:
    """Where a detector saw a face."""

    box: Floats
    """(4,) left, top, right, bottom."""
    points: Floats
    """(k, 2): eye on the image's left, eye on its right, nose tip, then for k = 5 the mouth's corners, for k = 6
    the mouth, the ear on the left and the one on the right. k may be 0 or 3 too."""
    score: float
    """0 to 1."""


@dataclass(frozen=True)
class Pose:
    """Head rotation in degrees.

    Yaw is positive when the face turns to the image's right, pitch when it looks up, roll when the head
    tips clockwise in the image.
    """

    yaw: float
    pitch: float
    roll: float


@dataclass(frozen=True, eq=False)
class Face:
    """One face of one frame, as the landmark stage knows it."""

    box: Floats
    """(4,) left, top, right, bottom of the landmarks."""
    score: float
    """0 to 1: how sure the landmarker is that this is a face."""
    landmarks: Floats
    """(478, 3): x, y, and z in the same scale, smaller is nearer to the camera. Landmarkers other than FaceMesh give
    (k, 3) with a z of 0, for the sets of `landmark_sets`."""
    pose: Pose
    stops: float | None = None
    """The exposure of the view that it is seen in, where its frame is of a clip of light: see `analysis.face_exposure`.
    None for clips that are coded for a display."""

    @property
    def has_mesh(self) -> bool:
        """Whether the landmarks are FaceMesh's, which the mesh swapper needs."""
        return len(self.landmarks) == LANDMARK_COUNT

    @cached_property
    def diagonal(self) -> float:
        """Length of the box's diagonal in pixels."""
        return float(np.linalg.norm(self.box[2:] - self.box[:2]))

    @cached_property
    def height(self) -> float:
        """Height of the face in pixels, along its own upright axis: forehead to chin."""
        if not self.has_mesh:
            known = LANDMARK_SETS[len(self.landmarks)]
            eyes = known.alignment_points(self.landmarks)[:2].mean(0)
            return EYES_TO_CHIN * float(np.linalg.norm(self.landmarks[known.chin, :2] - eyes))
        return float(np.linalg.norm(self.landmarks[10, :2] - self.landmarks[152, :2]))
