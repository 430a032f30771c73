# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks without a mesh get one that is turned as the head is, and ends where its jaw does."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from models.landmark_sets import points_of_set
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.landmark import (
    alignment_points,
    estimate_pose,
    faces_from_arrays,
    landmark_with,
)
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.face.types import Floats
from understudy.core.geometry.mesh_fit import fit_face_mesh
from understudy.core.geometry.mesh_raster import fill_polygons
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_clip
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Detect, Landmark

TOPOLOGY = load_topology()


def head(yaw: float, pitch: float, roll: float) -> Floats:
    """The canonical face (478, 3) as a picture shows it, turned about its axes by degrees."""
    turns = [np.radians(v) * axis for v, axis in zip((roll, pitch, yaw), np.eye(3)[::-1], strict=True)]
    rotation = np.eye(3)
    for turn in turns:
        rotation = rotation @ cv2.Rodrigues(turn)[0]
    whole = np.zeros((478, 3))
    whole[:468] = TOPOLOGY.shape
    for first, ring in ((468, TOPOLOGY.left_eye_ring), (473, TOPOLOGY.right_eye_ring)):
        whole[first : first + 5] = TOPOLOGY.shape[ring].mean(0)
    return np.asarray(whole @ rotation.T * 120 + (400, 300, 0), np.float32)


def oval(mesh: Floats) -> np.ndarray:
    return (
        fill_polygons([cv2.convexHull(np.ascontiguousarray(mesh[TOPOLOGY.oval, :2]))[:, 0]], (960, 720)) > 127
    )


def likeness(mesh: Floats, other: Floats) -> float:
    """Intersection over union of two faces' ovals."""
    a, b = oval(mesh), oval(other)
    return float((a & b).sum() / (a | b).sum())


@pytest.mark.parametrize("count", LANDMARK_SETS)
@pytest.mark.parametrize(("yaw", "pitch", "roll"), [(0, 0, 0), (28, -8, 15), (-40, 12, -30)])
def test_a_turned_heads_pose_and_outline_are_estimated(
    count: int, yaw: float, pitch: float, roll: float
) -> None:
    mesh = head(yaw, pitch, roll)
    landmarks = points_of_set(mesh, count, TOPOLOGY)
    expected, pose = estimate_pose(mesh, TOPOLOGY), estimate_pose(landmarks, TOPOLOGY)
    assert (pose.yaw, pose.pitch, pose.roll) == pytest.approx(
        (expected.yaw, expected.pitch, expected.roll), abs=5
    )
    assert likeness(fit_face_mesh(landmarks, TOPOLOGY), mesh) > 0.93
    # Flat, or turned the other way, it would not be.
    assert yaw == 0 or likeness(fit_face_mesh(landmarks, TOPOLOGY), head(-yaw, pitch, roll)) < 0.9


@pytest.mark.parametrize("count", LANDMARK_SETS)
def test_the_outline_follows_the_jaw_and_the_features_stay(count: int) -> None:
    mesh = head(15, 0, 0)
    known = LANDMARK_SETS[count]
    landmarks = points_of_set(mesh, count, TOPOLOGY, wider=1.15)
    fitted = fit_face_mesh(landmarks, TOPOLOGY)
    hull = cv2.convexHull(np.ascontiguousarray(fitted[TOPOLOGY.oval, :2]))
    away = [cv2.pointPolygonTest(hull, (float(x), float(y)), True) for x, y in landmarks[list(known.jaw), :2]]
    plain = cv2.convexHull(np.ascontiguousarray(mesh[TOPOLOGY.oval, :2]))
    before = [
        cv2.pointPolygonTest(plain, (float(x), float(y)), True) for x, y in landmarks[list(known.jaw), :2]
    ]
    assert np.abs(away).mean() < 0.5 * np.abs(before).mean()
    assert (
        np.linalg.norm(alignment_points(fitted, TOPOLOGY) - known.alignment_points(landmarks), axis=1).max()
        < 0.06 * 120
    )


def test_a_mesh_is_given_back_as_it_is() -> None:
    mesh = head(10, 0, 0)
    assert fit_face_mesh(mesh, TOPOLOGY) is mesh


@pytest.mark.slow
@pytest.mark.parametrize(("name", "least"), [("peppa-68", 0.79), ("pfld-98", 0.82)])
def test_real_landmarks_outline_the_face_as_the_mesh_does(name: str, least: float, shared: Path) -> None:
    """Nine frames of six clips, up to 40 degrees of yaw: the ovals' intersection over union."""
    engines = ModelAdapters(embedded_models(), ModelLibrary([shared / "models"]), ModelPool(2), TOPOLOGY)
    detector = Detect(detector="yunet")
    likenesses = []
    for number, frames in (("06", (10, 60)), ("23", (0, 8, 15)), ("09", (20,)), ("02", (20,)), ("30", (20,))):
        with open_clip(next((shared / "footage").glob(f"{number}_*.mp4"))) as clip:
            for frame in frames:
                picture = np.asarray(clip.read(frame), np.uint8)
                detections = detections_from_arrays(
                    detect_with(picture, detector, engines.detector(detector))
                )[:1]
                mesh, landmarks = (
                    faces_from_arrays(
                        landmark_with(picture, detections, asked, engines.landmarker(asked), TOPOLOGY)
                    )[0].landmarks
                    for asked in (Landmark(), Landmark(landmarker=name))
                )
                ratio = 400 / picture.shape[0]
                likenesses.append(likeness(fit_face_mesh(landmarks, TOPOLOGY) * ratio, mesh * ratio))
    assert min(likenesses) > least
    assert np.mean(likenesses) > 0.9
