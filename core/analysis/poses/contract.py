# SPDX-License-Identifier: GPL-3.0-or-later
"""What every pose estimator gives."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np

from ...face.types import Floats, Pixels, Pose
from ...geometry.crop import crop_matrix, warp_crop
from ...models.model_adapter import Adapter


class PoseEstimator(Adapter, Protocol):
    """A network that tells how a head is turned."""

    def poses(self, frame: Pixels, landmarks: Sequence[Floats], initial_poses: Sequence[Pose]) -> list[Pose]:
        """Return how each head is turned; see `Pose` for the signs.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        landmarks : sequence of ndarray, shape (k, 3), float32
            Those of each face, in frame pixels.
        initial_poses : sequence of Pose
            What the landmarks say themselves.

        Returns
        -------
        list of Pose
            One for each face, in degrees.

        Raises
        ------
        ModelError
            The network can't be run.
        """
        ...


def upright_crops(
    frame: Pixels, landmarks: Sequence[Floats], initial_poses: Sequence[Pose], crop_scale: float, size: int
) -> Pixels:
    """Cut squares about faces, with the roll taken out.

    The networks learned from heads that are nearly upright; the roll that was taken out is added to what they say.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    landmarks : sequence of ndarray, shape (k, 2 or 3), float32
        Those of each face, in frame pixels.
    initial_poses : sequence of Pose
        How each is turned, in degrees.
    crop_scale : float
        How many times the longer side of its upright landmarks a crop shows.
    size : int
        Width and height of a crop in pixels.

    Returns
    -------
    ndarray, shape (n, size, size, 3), uint8
        The crops, RGB.
    """
    crops = []
    for points, pose in zip(landmarks, initial_poses, strict=True):
        flat = points[:, :2]
        angle = float(np.radians(pose.roll))
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        upright = flat @ turn
        low, high = upright.min(0), upright.max(0)
        centre = np.asarray(turn @ ((low + high) / 2), np.float32)
        side = max(float((high - low).max()) * crop_scale, 1.0)
        crops.append(warp_crop(frame, crop_matrix(centre, side, angle, size), size))
    return np.asarray(crops, np.uint8).reshape(-1, size, size, 3)
