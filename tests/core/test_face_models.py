# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarkers: their crops, normalisation and answers against hand-made numbers."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_with, detections_from_arrays
from understudy.core.analysis.landmark import alignment_points, faces_from_arrays, landmark_key, landmark_with
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.cache.base.key import stage_key
from understudy.core.errors import ModelError, RecipeError
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.face.types import Detection, Face, Pose
from understudy.core.geometry.mesh_fit import fit_face_mesh
from understudy.core.recipe import Detect, Embed, Landmark, Occlude

from tests.core.face_adapters import FIVE, PICTURE, RANDOM, TOPOLOGY, engines_with, frame, real

__all__ = ["frame", "real"]


LEVEL = Detection(
    np.array([200, 100, 360, 260], np.float32), np.array([[250, 150], [320, 150]], np.float32), 0.8
)

# Family, writer, values planted, size of the crop, how many times the box's side it shows, values to crop pixels.
PLANTED_POINTS = {
    "insightface-106": (stand_ins.write_106, (106, 2), (-1, 1), 192, 1.5, lambda v: (v + 1) * 96),
    "fan-68": (
        lambda path, v: stand_ins.write_fan68(path, v, 0.7),
        (68, 2),
        (0, 64),
        256,
        256 / 195,
        lambda v: v * 4,
    ),
    "peppa-68-256": (
        lambda path, v: stand_ins.write_peppa256(path, v, 0.7),
        (68, 2),
        (0, 64),
        256,
        256 / 195,
        lambda v: v * 4,
    ),
}


@pytest.mark.parametrize("name", PLANTED_POINTS)
@pytest.mark.parametrize("roll", [0.0, 30.0])
def test_planted_landmarks_come_out_where_the_crop_lies(tmp_path: Path, name: str, roll: float) -> None:
    write, shape, (low, high), size, enlarged, to_crop = PLANTED_POINTS[name]
    values = RANDOM.uniform(low, high, shape)
    path = write(tmp_path / "net.onnx", values)
    engines = engines_with(tmp_path, **{f"landmark__{name.replace('-', '_')}": path})
    turn = np.radians(roll)
    axis = np.array([np.cos(turn), np.sin(turn)])
    detection = replace(
        LEVEL, points=np.stack([[250, 150], np.array([250, 150]) + 70 * axis]).astype(np.float32)
    )
    marked = engines.landmarker(Landmark(landmarker=name)).landmarks(PICTURE, [detection, detection])
    # The box is 160 pixels square about (280, 180); the crop turns about its middle.
    from_middle = (to_crop(values) - size / 2) * (160 * enlarged / size)
    expected = np.array([280, 180]) + from_middle @ np.array([axis, [-axis[1], axis[0]]])
    for one in marked:
        assert np.abs(one.points[:, :2] - expected).max() < 0.02
        assert one.score == pytest.approx(0.8 if name == "insightface-106" else 0.7)


def test_the_203_points_are_refined_about_where_they_were(tmp_path: Path) -> None:
    values = RANDOM.uniform(0.25, 0.75, (203, 2))
    path = stand_ins.write_203(tmp_path / "net.onnx", values)
    engines = engines_with(tmp_path, landmark__liveportrait_203=path)
    marked = engines.landmarker(Landmark(landmarker="liveportrait-203")).landmarks(PICTURE, [LEVEL])[0]
    first = np.array([280, 180]) + (values - 0.5) * 160 * 1.5
    low, high = first.min(0), first.max(0)
    expected = (low + high) / 2 + (values - 0.5) * (high - low).max() * 1.5
    assert np.abs(marked.points[:, :2] - expected).max() < 0.05


def test_68_from_5_work_in_the_templates_square_and_need_five_points(tmp_path: Path) -> None:
    path = stand_ins.write_five_to_68(tmp_path / "net.onnx")
    landmarker = engines_with(tmp_path, landmark__68_from_5=path).landmarker(Landmark(landmarker="68-from-5"))
    points = landmarker.landmarks(PICTURE, [replace(LEVEL, points=FIVE)])[0].points
    # The stand-in gives the five back, so the way into the square and out of it must cancel.
    assert np.abs(points[:5, :2] - FIVE).max() < 1e-2
    assert np.abs(points[5:, :2] - FIVE[2]).max() < 1e-2
    with pytest.raises(
        RecipeError, match=r"needs a detector that gives five points: set detect\.detector to yunet"
    ):
        landmarker.landmarks(PICTURE, [LEVEL])


@pytest.mark.parametrize(
    ("name", "most"), [("face-mesh-468", 6), ("face-mesh-478", 6), ("peppa-68", 8), ("pfld-98", 13)]
)
def test_real_landmarkers_agree_with_the_embedded_one(
    name: str, most: float, real: ModelAdapters, frame: np.ndarray
) -> None:
    """Eyes, nose and mouth within `most` per cent of the eyes' distance: the sets name slightly different places."""
    params = Detect(detector="yunet")
    detections = detections_from_arrays(detect_with(frame, params, real.detector(params)))
    known, actual = (
        faces_from_arrays(landmark_with(frame, detections, params, real.landmarker(params), TOPOLOGY))[0]
        for params in (Landmark(), Landmark(landmarker=name))
    )
    five = alignment_points(known.landmarks, TOPOLOGY)
    off = np.linalg.norm(alignment_points(actual.landmarks, TOPOLOGY) - five, axis=1) / np.linalg.norm(
        five[1] - five[0]
    )
    assert off.max() * 100 < most
    assert actual.height == pytest.approx(known.height, rel=0.1)
    assert actual.pose.yaw == pytest.approx(known.pose.yaw, abs=8)
    assert actual.pose.roll == pytest.approx(known.pose.roll, abs=4)
    mesh = fit_face_mesh(actual.landmarks, TOPOLOGY)
    assert mesh.shape == (478, 3)
    assert np.linalg.norm(mesh[:468, :2] - known.landmarks[:468, :2], axis=1).mean() < 0.08 * known.height


@pytest.mark.parametrize("count", LANDMARK_SETS)
def test_every_set_has_its_places_within_its_count(count: int) -> None:
    known = LANDMARK_SETS[count]
    places = (
        *known.left_eye,
        *known.right_eye,
        *known.nose,
        *known.mouth_left,
        *known.mouth_right,
        known.chin,
    )
    assert min((*places, *known.jaw)) >= 0
    assert max((*places, *known.jaw)) < count
    points = np.zeros((count, 3), np.float32)
    for value, place in enumerate(
        (known.left_eye, known.right_eye, known.nose, known.mouth_left, known.mouth_right)
    ):
        points[list(place), 0] = value
    assert known.alignment_points(points)[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_landmarkers_key_changes_with_it_and_with_the_pose_network(real: ModelAdapters) -> None:
    detected = stage_key("detect", 1, {})
    keys = {
        landmark_key(detected, params, real.landmarker(params), real.pose_estimator(params)).hex
        for params in (
            Landmark(),
            Landmark(landmarker="pfld-98"),
            Landmark(pose="fsanet"),
            Landmark(score=0.3),
        )
    }
    assert len(keys) == 4
    steadier = Landmark(steady=3.0, gaps=0)
    assert landmark_key(detected, steadier, real.landmarker(steadier)).hex in keys


def test_a_model_that_is_not_there_is_asked_for_by_name(tmp_path: Path) -> None:
    engines = engines_with(tmp_path)
    for ask in (
        lambda: engines.detector(Detect(detector="scrfd")),
        lambda: engines.landmarker(Landmark(landmarker="fan-68")),
        lambda: engines.recogniser(Embed("arcface")),
        lambda: engines.pose_estimator(Landmark(pose="6drepnet")),
        lambda: engines.masker(Occlude("xseg")),
    ):
        with pytest.raises(ModelError, match=r"no .* model \(.*\) was found: put .*\.onnx from https://"):
            ask()


def test_a_face_of_68_points_has_a_height_and_no_mesh() -> None:
    points = np.zeros((68, 3), np.float32)
    points[36:48, 1], points[8, 1] = 100, 200
    face = Face(np.zeros(4, np.float32), 1.0, points, Pose(0, 0, 0))
    assert not face.has_mesh
    assert face.height == pytest.approx(146)
