# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking for faces in every n-th frame only: where it looks, what it misses, and that no order of asking matters."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import write_sequence
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.face.types import Face
from understudy.core.media.open import open_clip, open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_settings
from understudy.core.reporting.stage_counts import Report

SHOT, COUNT = 7, 11
"""The face is seen in the first frames; then the clip cuts to a picture without one."""


@pytest.fixture(scope="module")
def paths(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ...]:
    folder = tmp_path_factory.mktemp("every")
    frames = write_sequence(folder, COUNT)
    random = np.random.default_rng(1)
    empty = np.full((384, 384, 3), (30, 160, 60), np.uint8)
    for path in frames[SHOT:]:
        noisy = np.clip(empty + random.normal(0, 2, empty.shape), 0, 255).astype(np.uint8)
        assert cv2.imwrite(str(path), noisy)
    return tuple(frames)


def detect_frames(
    paths: Sequence[Path], every: int, numbers: Sequence[int] = range(COUNT), *more: str
) -> tuple[dict[int, list[Face]], Report]:
    """The faces of frames, asked for in this order of a pipeline that knows nothing yet; and what ran."""
    recipe = with_settings(Recipe(), [f"detect.every={every}", *more])
    with open_sequence(paths) as clip, closing(Pipeline(MemoryStore(1 << 26), embedded_models())) as pipeline:
        return {number: pipeline.faces(clip, number, recipe) for number in numbers}, pipeline.report()


@pytest.mark.slow
def test_the_detector_runs_in_every_nth_frame_and_after_a_cut(paths: tuple[Path, ...]) -> None:
    always, whole = detect_frames(paths, 1)
    followed, report = detect_frames(paths, 4)
    assert whole.stages["detect"]["run"] == COUNT
    # Frames 0, 4 and 8 of the clip, and 7, where the new shot begins.
    assert report.stages["detect"]["run"] == 4
    assert [len(followed[number]) for number in range(COUNT)] == [1] * SHOT + [0] * (COUNT - SHOT)
    for number in range(SHOT):
        (one,), (other,) = always[number], followed[number]
        off = np.linalg.norm(one.landmarks[:468, :2] - other.landmarks[:468, :2], axis=1).mean()
        assert off < 0.01 * one.height


@pytest.mark.slow
def test_a_frame_has_the_same_faces_wherever_a_render_begins(paths: tuple[Path, ...]) -> None:
    forwards, _ = detect_frames(paths, 4)
    backwards, _ = detect_frames(paths, 4, range(COUNT - 1, -1, -1))
    alone, _ = detect_frames(paths, 4, [6])
    for number, faces in forwards.items():
        for other in (backwards, alone if number == 6 else forwards):
            assert len(other[number]) == len(faces)
            for one, same in zip(faces, other[number], strict=True):
                assert np.array_equal(one.landmarks, same.landmarks)


def test_a_face_that_is_lost_is_looked_for(paths: tuple[Path, ...], tmp_path: Path) -> None:
    """It jumps to the other side between two frames: followed to where it was, it is not there."""
    jumped = []
    for number, path in enumerate(paths[:4]):
        picture = cv2.imread(str(path))
        assert picture is not None
        wide = np.full((384, 900, 3), 90, np.uint8)
        wide[:, 500 * (number >= 2) : 500 * (number >= 2) + 384] = picture
        jumped.append(tmp_path / f"{number}.png")
        cv2.imwrite(str(jumped[-1]), wide)
    followed, report = detect_frames(jumped, 8, range(4), "landmark.gaps=0")
    assert [len(faces) for faces in followed.values()] == [1] * 4
    assert [faces[0].box[0] > 450 for faces in followed.values()] == [False, False, True, True]
    assert report.stages["detect"]["run"] == 2


@pytest.mark.slow
def test_on_footage_of_a_speaker_nothing_is_missed(shared: Path) -> None:
    (path,) = (shared / "footage").glob("09_*")
    runs = []
    for every in (1, 5):
        with open_clip(path) as clip, closing(Pipeline(MemoryStore(1 << 26), embedded_models())) as pipeline:
            recipe = with_settings(Recipe(), [f"detect.every={every}"])
            runs.append([pipeline.faces(clip, number, recipe) for number in range(20)])
    for always, followed in zip(*runs, strict=True):
        assert len(always) == len(followed) == 1
        off = np.linalg.norm(always[0].landmarks[:468, :2] - followed[0].landmarks[:468, :2], axis=1).mean()
        assert off < 0.006 * always[0].height
