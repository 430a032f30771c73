# SPDX-License-Identifier: GPL-3.0-or-later
"""FSA-Net and 6DRepNet.

Sources: Yang et al., "FSA-Net: Learning Fine-Grained Structure Aggregation for Head Pose Estimation", 2019; Hempel
et al., "6D Rotation Representation for Unconstrained Head Pose Estimation", 2022. Both learned 300W-LP's angles,
whose yaw has the opposite sign of `Pose`'s.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import Floats, Pixels, Pose
from ...models.model_adapter import ModelAdapter
from ...models.model_file import ModelFile
from .contract import upright_crops


@dataclass(frozen=True, eq=False)
class FsaNet:
    """The mean of one or more FSA-Nets: yaw, pitch and roll in degrees."""

    adapters: tuple[ModelAdapter, ...]
    version = 1
    name = "fsanet"

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The files it runs."""
        return tuple(network.model for network in self.adapters)

    def poses(self, frame: Pixels, landmarks: Sequence[Floats], initial_poses: Sequence[Pose]) -> list[Pose]:
        """Return the pose of each face; see `PoseEstimator`."""
        if not landmarks:
            return []
        family = self.adapters[0].family
        crops = upright_crops(frame, landmarks, initial_poses, float(family.values["enlarged"]), family.size)
        angles = np.mean([network.infer(crops)[0].reshape(-1, 3) for network in self.adapters], 0)
        return [
            _pose_in_frame(float(row[0]), float(row[1]), float(row[2]), about)
            for row, about in zip(angles, initial_poses, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class SixDRepNet(ModelAdapter):
    """A rotation matrix (3, 3)."""

    version = 1

    def poses(self, frame: Pixels, landmarks: Sequence[Floats], initial_poses: Sequence[Pose]) -> list[Pose]:
        """Return the pose of each face; see `PoseEstimator`."""
        if not landmarks:
            return []
        crops = upright_crops(
            frame, landmarks, initial_poses, float(self.family.values["enlarged"]), self.family.size
        )
        rotations = self.infer(crops)[0].reshape(-1, 3, 3)
        angles = [euler_angles(np.asarray(rotation, np.float32)) for rotation in rotations]
        return [_pose_in_frame(*row, about) for row, about in zip(angles, initial_poses, strict=True)]


def euler_angles(rotation: Floats) -> tuple[float, float, float]:
    """Return 300W-LP's angles of a rotation, Rz(roll) Ry(yaw) Rx(pitch).

    Parameters
    ----------
    rotation : ndarray, shape (3, 3)
        The rotation.

    Returns
    -------
    tuple of float
        Yaw, pitch and roll in degrees.
    """
    flat = float(np.hypot(rotation[0, 0], rotation[1, 0]))
    pitch = np.degrees(np.arctan2(rotation[2, 1], rotation[2, 2]))
    yaw = np.degrees(np.arctan2(-rotation[2, 0], flat))
    roll = np.degrees(np.arctan2(rotation[1, 0], rotation[0, 0]))
    return float(yaw), float(pitch), float(roll)


def _pose_in_frame(yaw: float, pitch: float, roll: float, initial_pose: Pose) -> Pose:
    """Turn 300W-LP's angles of an upright crop into the pose of the face in its frame."""
    whole = initial_pose.roll + roll
    return Pose(-yaw, pitch, (whole + 180) % 360 - 180)
