# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces are chosen by gender and age: what the network gets, what its answer means, and what it costs."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, write_picture
from models import stand_ins
from understudy.core.analysis.attributes import filter_by_attributes, needs_attributes
from understudy.core.analysis.model_adapters import ModelAdapters
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import ModelError
from understudy.core.face.types import Face, Floats, Pose
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_sequence
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.models.statement import statement_path
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, Select, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import Report

COUNT = 3
LENGTH = 80.0


@pytest.fixture
def models(tmp_path: Path) -> Path:
    (tmp_path / "models").mkdir()
    path = stand_ins.write_gender_age(tmp_path / "models/genderage.onnx")
    statement_path(path).write_text('family = "attribute/genderage"')
    return tmp_path / "models"


def rolled_face(roll: float) -> tuple[np.ndarray, Face]:
    """A face 80 long and 60 wide that is rolled, in a picture coloured just where its crop of 1.5 times must lie."""
    turn = np.radians(roll)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    across, down = np.meshgrid(np.linspace(-30, 30, 7), np.linspace(-LENGTH / 2, LENGTH / 2, 9))
    points = np.stack([across.ravel(), down.ravel()], 1) @ rotation.T + (200, 150)
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * (0.75 * LENGTH) @ rotation.T + (200, 150)
    picture = np.full((300, 400, 3), 255, np.uint8)
    cv2.fillPoly(picture, [np.round(corners * 16).astype(np.int32)], (153, 102, 51), cv2.LINE_8, 4)
    landmarks = np.concatenate([points, np.zeros((len(points), 1))], 1).astype(np.float32)
    return picture, Face(np.zeros(4, np.float32), 1.0, landmarks, Pose(0, 0, roll))


@pytest.mark.parametrize("roll", [0.0, 40.0])
def test_the_network_sees_one_and_a_half_times_the_face_upright(models: Path, roll: float) -> None:
    """The crop is filled by its colour and nothing else: .6 red, .4 green, .2 blue are male by .2, and 20 years old."""
    engines = ModelAdapters(embedded_models(), ModelLibrary([models]), ModelPool(1), load_topology())
    picture, face = rolled_face(roll)
    estimates = engines.gender_age().attributes(picture, [face, face])
    assert estimates.shape == (2, 2)
    assert np.allclose(estimates, [[0.2, 20]], atol=[0.01, 1.0])
    # Were it larger by a tenth, white would show: its share makes the face older.
    assert estimates[0, 1] < 21


def test_an_answer_is_taken_by_its_larger_half_and_its_years() -> None:
    faces: Floats = np.array([[0.4, 30.4], [-0.1, 62], [-2, 8], [3, 117]], np.float32)
    assert filter_by_attributes(faces, Select()) == [0, 1, 2, 3]
    assert filter_by_attributes(faces, Select(gender="female")) == [1, 2]
    assert filter_by_attributes(faces, Select(gender="male")) == [0, 3]
    assert filter_by_attributes(faces, Select(age_low=30, age_high=62)) == [0, 1]
    assert filter_by_attributes(faces, Select(gender="male", age_low=31)) == [3]
    assert not needs_attributes(Select())
    for params in (Select(gender="male"), Select(age_low=1), Select(age_high=99)):
        assert needs_attributes(params)


class CrowdProject:
    """A clip of two faces, the left one green, and a store that several renders share."""

    def __init__(self, folder: Path) -> None:
        face = np.clip(portrait()[:260, 100:340].astype(int) * (1.0, 0.8, 0.8), 0, 255).astype(np.uint8)
        both = np.ascontiguousarray(np.hstack([make_up_portrait()[:260, 100:340], face]))
        self.frames = [write_picture(folder / f"{n}.png", np.roll(both, 2 * n, 0)) for n in range(COUNT)]
        self.source = write_picture(folder / "source.png", portrait())
        self.store, self.models = MemoryStore(64 << 20), folder / "models"

    def chosen(self, *settings: str) -> tuple[list[list[str]], Report]:
        recipe = with_settings(Recipe(), ["select.which=all", *settings])
        casting = SwapRequest(Identity((FaceImage(self.source),)), recipe)
        pipeline = Pipeline(self.store, embedded_models(), 1, library=ModelLibrary([self.models]))
        with open_sequence(self.frames) as clip:
            plans = [pipeline.plan(clip, n, [casting]) for n in range(COUNT)]
            report = pipeline.report()
            pipeline.close()
        half = 240
        return [["green" if e.face.box[0] < half else "red" for e in plan.faces] for plan in plans], report


def test_only_those_who_fit_are_replaced_and_the_network_runs_once_a_frame(
    models: Path, tmp_path: Path
) -> None:
    crowd = CrowdProject(tmp_path)
    everybody, report = crowd.chosen()
    assert [sorted(faces) for faces in everybody] == [["green", "red"]] * COUNT
    assert "attribute" not in report.stages
    women, report = crowd.chosen("select.gender=female")
    assert women == [["green"]] * COUNT
    assert report.stages["attribute"]["run"] == COUNT
    men, report = crowd.chosen("select.gender=male", "select.which=largest")
    assert men == [["red"]] * COUNT
    assert report.stages["attribute"]["run"] == 0
    assert (report.frames_decoded, report.models_loaded) == (0, 0)
    assert crowd.chosen("select.age_low=90")[0] == [[]] * COUNT
    stand_ins.write_gender_age(models / "genderage.onnx")
    assert crowd.chosen("select.gender=female")[1].stages["attribute"]["run"] == 0


def test_without_its_model_it_is_asked_for_by_name(tmp_path: Path) -> None:
    crowd = CrowdProject(tmp_path)
    with pytest.raises(
        ModelError,
        match=r"no gender and age \(InsightFace\) model .* was found: put genderage\.onnx from https://",
    ):
        crowd.chosen("select.gender=female")


def test_a_file_of_another_signature_is_refused(models: Path, tmp_path: Path) -> None:
    stand_ins.write_106(models / "genderage.onnx", np.zeros((106, 2)))
    crowd = CrowdProject(tmp_path)
    with pytest.raises(
        ModelError, match=r"genderage\.onnx can't be used .*: expected the input .* 3 x 96 x 96"
    ):
        crowd.chosen("select.age_low=20")
    assert load_catalogue().find_family("genderage").path == "attribute/genderage"
