# SPDX-License-Identifier: GPL-3.0-or-later
"""The value types of a face. All points are in frame pixels: x right, y down, pixel centres at integers.

Image left and right are the viewer's, not the person's.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Pixels = npt.NDArray[np.uint8]

LANDMARK_COUNT = 478
"""MediaPipe FaceMesh with attention: 468 mesh points, then 5 points for each iris."""


@dataclass(frozen=True, eq=False)
class Detection:
    """Where a detector saw a face."""

    box: Floats
    """(4,) left, top, right, bottom."""
    points: Floats
    """(6, 2): eye on the image's left, eye on its right, nose tip, mouth, ear on the left, ear on the right."""
    score: float
    """0 to 1."""


@dataclass(frozen=True)
class Pose:
    """Head rotation in degrees.

    Yaw is positive when the face turns to the image's right, pitch when it looks up, roll when the head
    tips clockwise in the picture.
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
    """(478, 3): x, y, and z in the same scale, smaller is nearer to the camera."""
    pose: Pose

    @property
    def height(self) -> float:
        """Height of the face in pixels, along its own upright axis: forehead to chin."""
        return float(np.linalg.norm(self.landmarks[10, :2] - self.landmarks[152, :2]))
