# SPDX-License-Identifier: GPL-3.0-or-later
"""Head pose: angles from matrices, and from networks whose crops are upright."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.landmark import faces_from_arrays, landmark_with
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.analysis.poses.networks import euler_angles
from understudy.core.face.types import Pose
from understudy.core.media.open import open_clip
from understudy.core.models.statement import statement_path
from understudy.core.recipe import Detect, Landmark

from tests.core.face_adapters import FIVE, PICTURE, TOPOLOGY, engines_with, real

__all__ = ["real"]


def test_a_rotation_matrix_gives_the_angles_it_was_made_from(tmp_path: Path) -> None:
    """300W-LP's convention: R = Rz(roll) Ry(yaw) Rx(pitch), with a yaw of the opposite sign to ours."""
    yaw, pitch, roll = np.radians((25.0, -10.0, 8.0))
    rx = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    ry = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    rz = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    rotation = (rz @ ry @ rx).astype(np.float32)
    assert euler_angles(rotation) == pytest.approx((25, -10, 8), abs=1e-3)
    path = stand_ins.write_6drepnet(tmp_path / "net.onnx", rotation)
    estimator = engines_with(tmp_path, pose__6drepnet=path).pose_estimator(Landmark(pose="6drepnet"))
    points = np.concatenate([FIVE, np.zeros((5, 1), np.float32)], 1)
    pose = estimator.poses(PICTURE, [points], [Pose(0, 0, 178)])[0]
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-25, -10, -174), abs=1e-2)


def test_fsanets_are_averaged_and_the_roll_that_was_taken_out_is_added(tmp_path: Path) -> None:
    """Two networks say 10, 4, 6 and 30, 8, -2 degrees of a head that the landmarks say is rolled by 25."""
    files = {}
    for name, angles in (("one", (10.0, 4.0, 6.0)), ("two", (30.0, 8.0, -2.0))):
        path = stand_ins.write_fsanet(tmp_path / f"{name}.onnx", np.array(angles))
        statement_path(path).write_text('family = "pose/fsanet"')
        files[name] = path
    estimator = engines_with(tmp_path).pose_estimator(Landmark(pose="fsanet"))
    points = np.array([[200, 100, 0], [300, 100, 0], [250, 200, 0]], np.float32)
    pose = estimator.poses(PICTURE, [points], [Pose(0, 0, 25)])[0]
    # 300W-LP's yaw has the other sign; pitch and roll have ours.
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx((-20, 6, 27), abs=1e-3)
    assert len(estimator.models) == 2


def test_fsanet_turns_the_same_way_as_the_mesh(shared: Path, real: ModelAdapters) -> None:
    """Clip 23, profile to profile: yaw within 13 degrees of the mesh's; a tipped picture is tipped in its roll."""
    posed = Landmark(pose="fsanet")
    with open_clip(shared / "footage" / "23_single_profile_turn_540p.mp4") as clip:
        for number in (2, 11, 20):
            frame = np.asarray(clip.read(number), np.uint8)
            detections = detections_from_arrays(detect_with(frame, Detect(), real.detector(Detect())))[:1]
            mesh, network = (
                landmark_with(
                    frame, detections, params, real.landmarker(params), TOPOLOGY, real.pose_estimator(params)
                )
                for params in (Landmark(), posed)
            )
            assert network["poses"][0, 0] == pytest.approx(mesh["poses"][0, 0], abs=13)
            assert np.array_equal(network["landmarks"], mesh["landmarks"])
    face = faces_from_arrays(mesh)[0]
    estimator = real.pose_estimator(posed)
    # Told that the head is level, the network sees a crop that is not turned upright, and must say the roll itself.
    height, width = frame.shape[:2]
    rolls = []
    for angle in (-20, 20):
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -angle, 1.0)
        points = np.array(face.landmarks)
        points[:, :2] = points[:, :2] @ turn[:, :2].T + turn[:, 2]
        turned = np.asarray(cv2.warpAffine(frame, turn, (width, height)), np.uint8)
        rolls.append(estimator.poses(turned, [points.astype(np.float32)], [Pose(0, 0, 0)])[0].roll)
    assert rolls[1] - rolls[0] == pytest.approx(40, abs=12)
