# SPDX-License-Identifier: GPL-3.0-or-later
"""Every detector decodes what its network says: planted numbers by hand, real weights against a plain decode."""

from pathlib import Path

import numpy as np
import pytest
from models import stand_ins
from understudy.core.analysis.detect import detect_key, detect_with
from understudy.core.analysis.detectors.contract import Detections
from understudy.core.analysis.detectors.ensemble import (
    EnsembleDetector,
    detect_rotated,
    detect_with_rotation_fallback,
)
from understudy.core.analysis.detectors.s3fd import S3fd
from understudy.core.analysis.detectors.scrfd import Scrfd
from understudy.core.analysis.detectors.yolo import Yolo8Face
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.errors import ModelError
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.image_decode import decode_image
from understudy.core.media.open import open_clip
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Detect

REAL = ("yunet", "retinaface-ssd", "yolov5-face", "centerface", "blaze-short")
GREY = np.full((480, 1280, 3), 90, np.uint8)
"""Fitted to 640 at half the size: frame coordinates are twice the network's."""


def parts(family: str, path: Path) -> tuple:
    return ModelFile(path), load_catalogue().family("detect", family), ModelPool(1)


@pytest.fixture(scope="module")
def engines(shared: Path) -> ModelAdapters:
    library = ModelLibrary([shared / "models"])
    return ModelAdapters(embedded_models(), library, ModelPool(2), load_topology())


@pytest.fixture(scope="module")
def frame(shared: Path) -> np.ndarray:
    with open_clip(shared / "footage" / "30_two_people_sbs_1080p.mp4") as clip:
        return np.asarray(clip.read(50), np.uint8)


@pytest.mark.parametrize("family", ["scrfd", "retinaface"])
def test_nine_tensors_are_distances_from_two_anchors_a_cell(tmp_path: Path, family: str) -> None:
    # Stride 16, cell row 3, column 5, second anchor: centre (80, 48).
    row = (3 * 40 + 5) * 2 + 1
    offsets = [v for k in range(5) for v in (k, -k)]
    path = stand_ins.write_scrfd(tmp_path / "scrfd.onnx", {(16, row): [0.9, 1, 2, 3, 1.5, *offsets]})
    detections = Scrfd(*parts(family, path)).find(GREY, 0.5)
    assert np.allclose(detections.boxes, [[2 * (80 - 16), 2 * (48 - 32), 2 * (80 + 48), 2 * (48 + 24)]])
    assert np.allclose(detections.points[0], [[2 * (80 + 16 * k), 2 * (48 - 16 * k)] for k in range(5)])
    assert detections.scores == pytest.approx([0.9])


def test_yolo8_is_centre_size_score_and_five_points(tmp_path: Path) -> None:
    points = [v for k in range(5) for v in (100 + 10 * k, 50 + k, 0.3)]
    columns = {7: [120, 60, 40, 80, 0.8, *points], 9: [121, 61, 40, 80, 0.7, *points]}
    detections = Yolo8Face(*parts("yolov8-face", stand_ins.write_yolo8(tmp_path / "y.onnx", columns))).find(
        GREY, 0.5
    )
    assert np.allclose(detections.boxes, [[200, 40, 280, 200]])  # the second one overlaps the first
    assert np.allclose(detections.points[0, :, 0], [200, 220, 240, 260, 280])


def test_s3fd_has_priors_of_four_strides_and_the_strongest_background(tmp_path: Path) -> None:
    path = stand_ins.write_s3fd(
        tmp_path / "s.onnx", {4: (10, 20, [1, 0, 0, 0]), 32: (3, 4, [0, 0, 5 * np.log(2), 0])}
    )
    detections = S3fd(*parts("s3fd", path)).find(GREY, 0.5)
    # Stride 4: prior (82, 42), 16 wide, moved by .1 * 16. Stride 32: prior (144, 112), 128 high, twice as wide.
    fine = [2 * (82 + 1.6 - 8), 2 * (42 - 8), 2 * (82 + 1.6 + 8), 2 * (42 + 8)]
    coarse = [2 * (144 - 128), 2 * (112 - 64), 2 * (144 + 128), 2 * (112 + 64)]
    boxes = detections.boxes[np.argsort(detections.boxes[:, 2] - detections.boxes[:, 0])]
    assert np.allclose(boxes, [fine, coarse], atol=1e-3)
    assert detections.points.shape == (2, 0, 2)
    assert detections.scores == pytest.approx([1 / (1 + np.exp(-5))] * 2, abs=1e-5)


def test_a_file_of_another_family_is_refused_with_what_was_expected(tmp_path: Path) -> None:
    path = stand_ins.write_yolo8(tmp_path / "not_scrfd.onnx", {})
    with pytest.raises(
        ModelError, match=r"not_scrfd\.onnx is not the expected SCRFD .* model: 0 outputs are 1 wide, 3"
    ):
        Scrfd(*parts("scrfd", path)).find(GREY, 0.5)


@pytest.mark.parametrize("name", [*REAL, "many"])
def test_every_detector_finds_both_people_and_their_eyes(
    name: str, engines: ModelAdapters, frame: np.ndarray
) -> None:
    """Eyes lie where the embedded detector sees them, within a tenth of the face."""
    detections = engines.detector(Detect(detector=name)).find(frame, 0.5)
    known = engines.detector(Detect()).find(frame, 0.5)
    assert len(detections.boxes) == 2
    for points in detections.points:
        size = np.linalg.norm(known.boxes[0, 2:] - known.boxes[0, :2])
        nearest = np.abs(known.points[:, :2] - points[:2]).max((1, 2)).min()
        assert nearest < 0.1 * size


@pytest.mark.parametrize("quarter", [1, 2, 3])
def test_a_turned_frame_gives_the_same_faces_where_they_are(
    quarter: int, engines: ModelAdapters, frame: np.ndarray
) -> None:
    """A frame on its side is looked at upright; its eyes keep their names, so the head's roll is known."""
    detector = engines.detector(Detect())
    upright = detector.find(frame, 0.5)
    turned = np.ascontiguousarray(np.rot90(frame, -quarter))
    detections = detect_rotated(detector, turned, 0.5, (quarter,), 0.0)
    height, width = frame.shape[:2]
    x, y = upright.points[..., 0], upright.points[..., 1]
    expected = {1: (height - 1 - y, x), 2: (width - 1 - x, height - 1 - y), 3: (y, width - 1 - x)}[quarter]
    assert np.abs(detections.points - np.stack(expected, -1)).max() < 1e-2
    across = detections.points[0, 1] - detections.points[0, 0]
    level = upright.points[0, 1] - upright.points[0, 0]
    roll = np.degrees(np.arctan2(across[1], across[0]) - np.arctan2(level[1], level[0]))
    assert (roll - 90 * quarter + 180) % 360 - 180 == pytest.approx(0, abs=0.5)


class ScriptedDetector:
    """A detector that answers look by look what it is told: rows of (left, top, right, bottom, score)."""

    version, name, models = 1, "scripted", ()

    def __init__(self, *looks: list[tuple[float, ...]], points: int = 5) -> None:
        self.looks, self.points = list(looks), points
        self.asked: list[tuple[tuple[int, ...], float]] = []

    def find(self, frame: np.ndarray, score: float) -> Detections:
        self.asked.append((frame.shape[:2], score))
        rows = [row for row in self.looks.pop(0) if row[4] >= score]
        table = np.float32(rows).reshape(-1, 5)
        return Detections(table[:, :4], np.zeros((len(rows), self.points, 2), np.float32), table[:, 4])


def test_a_frame_is_looked_at_again_only_where_no_face_is_surely_upright() -> None:
    picture = np.zeros((100, 300, 3), np.uint8)
    sure = ScriptedDetector([(10, 10, 60, 60, 0.8)])
    assert detect_with_rotation_fallback(sure, picture, 0.5, 0.0).boxes.tolist() == [[10, 10, 60, 60]]
    assert sure.asked == [((100, 300), 0.5)]
    # The frame on its side, the third look, shows the face at (20, 200); a weak one counts only upright.
    weak = (200, 10, 250, 60, 0.6)
    unsure = ScriptedDetector([weak], [], [(20, 200, 60, 260, 0.9)], [(0, 0, 30, 30, 0.7)], [])
    detections = detect_with_rotation_fallback(unsure, picture, 0.5, 0.0)
    shapes = [(100, 300), (160, 360), (300, 100), (100, 300), (300, 100)]
    assert [shape for shape, _ in unsure.asked] == shapes
    assert np.allclose(detections.boxes, [[299 - 260, 20, 299 - 200, 60], weak[:4]])
    assert detections.scores == pytest.approx([0.9, 0.6])
    nothing = ScriptedDetector([], [], [], [], [])
    assert len(detect_with_rotation_fallback(nothing, picture, 0.5, 0.0).boxes) == 0
    assert len(nothing.asked) == 5


def test_a_surely_turned_face_takes_the_place_of_an_unsure_one_upright() -> None:
    detector = ScriptedDetector([(10, 10, 60, 60, 0.6)], [], [], [(240, 40, 290, 90, 0.9)], [])
    detections = detect_with_rotation_fallback(detector, np.zeros((100, 300, 3), np.uint8), 0.5, 0.0)
    assert detections.boxes.tolist() == [[9, 9, 59, 59]]


def test_a_face_that_fills_the_frame_is_detected_from_further_away(
    shared: Path, engines: ModelAdapters
) -> None:
    picture = decode_image(shared / "footage/portraits/p30_glasses_frown_720.jpg")
    detector, picture = engines.detector(Detect()), np.asarray(picture, np.uint8)
    assert len(detect_with(picture, Detect(angles="upright"), detector)["boxes"]) == 0
    left, top, right, bottom = detect_with(picture, Detect(), detector)["boxes"][0]
    assert 200 < left < 300
    assert 420 < right < 520
    assert top > 200
    assert bottom < 530


def test_a_margin_moves_nothing(engines: ModelAdapters, frame: np.ndarray) -> None:
    detector = engines.detector(Detect(detector="retinaface-ssd"))
    plain, wide = (detect_rotated(detector, frame, 0.5, (0,), margin) for margin in (0.0, 0.2))
    order = plain.boxes[:, 0].argsort(), wide.boxes[:, 0].argsort()
    size = plain.boxes[0, 3] - plain.boxes[0, 1]
    assert np.abs(plain.boxes[order[0]] - wide.boxes[order[1]]).max() < 0.05 * size


def test_many_is_the_union_without_doubles() -> None:
    first = ScriptedDetector([(0, 0, 100, 100, 0.7)], points=6)
    second = ScriptedDetector([(5, 5, 105, 105, 0.9), (300, 0, 400, 100, 0.6)])
    detections = EnsembleDetector((first, second)).find(GREY, 0.5)
    assert detections.boxes.tolist() == [[5, 5, 105, 105], [300, 0, 400, 100]]
    assert detections.points.shape == (2, 3, 2)


def test_the_key_names_the_detector_its_file_and_only_what_is_used(engines: ModelAdapters) -> None:
    default = detect_key("f", Detect(), engines.detector(Detect()))
    assert default.text.splitlines()[:2] == ["angles=auto", "detector=blaze"]
    upright = Detect(angles="upright")
    assert "angles" not in detect_key("f", upright, engines.detector(upright)).text
    assert "margin" not in default.text
    many = detect_key("f", Detect(detector="many"), engines.detector(Detect(detector="many")))
    assert many.text.count("model0") == 6
    others = [Detect(detector="yunet"), Detect(angles="all"), Detect(margin=5.0), Detect(score=0.6)]
    keys = {detect_key("f", params, engines.detector(params)).hex for params in others}
    assert len({*keys, default.hex, many.hex}) == 6


@pytest.mark.slow
def test_no_face_is_a_result_of_its_own(engines: ModelAdapters) -> None:
    for name in (*REAL, "many"):
        arrays = detect_with(
            GREY, Detect(detector=name, angles="all"), engines.detector(Detect(detector=name))
        )
        assert arrays["boxes"].shape == (0, 4)
        assert arrays["points"].shape[0] == arrays["scores"].shape[0] == 0
