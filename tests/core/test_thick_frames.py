# SPDX-License-Identifier: GPL-3.0-or-later
"""Glasses with a thick frame: judged by several images of a person, in front of the new face in each of theirs."""

from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import portrait, write_picture, write_sequence
from understudy.core.cache.base.store import Store
from understudy.core.cache.maintenance.lineage import key_fields
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.fusion.patch import composite_on_frame
from understudy.core.geometry.glasses import (
    BAND_SIZE,
    band_matrix,
    find_rims,
    has_thick_frames,
    measure_rims,
)
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, initial_recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

from tests.core.glasses_faces import TOPOLOGY, draw_frame, draw_rims, face, landmarks

COUNT = 5
BLURRED = 2
FRAME_COLOUR = 35


def test_find_rims_draws_a_thick_frame_that_measure_rims_tells() -> None:
    points = landmarks()
    image, drawn = draw_frame(face(), points, 60)
    thin, thick = measure_rims(image, points, TOPOLOGY)
    assert (thin < 0.5, thick > 0.9) == (True, True)
    rims = find_rims(image, points, TOPOLOGY, thick=True)
    wanted = cv2.warpAffine(drawn, band_matrix(points), BAND_SIZE)
    # Not what lies in front of the eyes, nor low beside the nose.
    assert (rims[wanted > 200] > 128).mean() > 0.7
    far = cv2.dilate(wanted, np.ones((15, 15), np.uint8)) == 0
    assert (rims[far] > 64).mean() < 0.02


def test_who_has_none_is_not_taken_to_wear_them() -> None:
    points = landmarks()
    for image in (face(), face(25)):
        assert not has_thick_frames([measure_rims(image, points, TOPOLOGY)])
    thin = draw_rims(face(), points, 40)[0]
    assert not has_thick_frames([measure_rims(thin, points, TOPOLOGY)]), "thin rims are drawn as such"
    assert not has_thick_frames([])
    assert has_thick_frames([(0.0, 0.1), (0.0, 0.8), (0.0, 0.9)]), "one blurred image counts for little"
    assert not has_thick_frames([(0.0, 0.1), (0.0, 0.2), (0.0, 0.9)]), "nor does one with a shadow"


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Path]]:
    """The portrait in motion, without glasses and with a thick frame; in one image that is hard to see."""
    folder = tmp_path_factory.mktemp("frames")
    bare = write_sequence(folder / "bare", COUNT)
    worn = []
    with (
        closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
        open_sequence(bare) as clip,
    ):
        for number, path in enumerate(bare):
            image = draw_frame(
                clip.read(number), pipeline.faces(clip, number, Recipe())[0].landmarks, FRAME_COLOUR
            )[0]
            if number == BLURRED:
                image = cv2.GaussianBlur(image, (0, 0), 5)
            (folder / "worn").mkdir(exist_ok=True)
            worn.append(write_picture(folder / "worn" / path.name, image))
    wide = cv2.resize(portrait(), (600, 512), interpolation=cv2.INTER_AREA)
    write_picture(folder / "wide.png", np.ascontiguousarray(wide))
    return {"bare": bare, "worn": worn, "source": [folder / "wide.png"]}


def render(clips: dict[str, list[Path]], name: str, numbers: range | list[int], store: Store) -> list:
    """Return of each frame the lines of its moved picture's key, and its pixels before and after."""
    request = SwapRequest(Identity((FaceImage(clips["source"][0]),)), initial_recipe())
    rows = []
    with closing(Pipeline(store, embedded_models())) as pipeline, open_sequence(clips[name]) as clip:
        for number in numbers:
            plan = pipeline.plan(clip, number, [request])
            patch = pipeline.execute(plan)
            (entry,) = plan.faces
            assert patch is not None
            assert entry.move is not None
            frame = clip.read(number)
            rows.append((key_fields(entry.move.text), frame, composite_on_frame(frame, patch)))
    return rows


def test_a_thick_frame_stays_in_front_in_every_image_of_the_clip(clips: dict[str, list[Path]]) -> None:
    for fields, frame, shown in render(clips, "worn", range(COUNT), MemoryStore(1 << 28)):
        assert fields["thick_frames"] == "1"
        dark = cv2.erode(np.asarray(frame.max(2) < FRAME_COLOUR + 5, np.uint8), np.ones((3, 3)))[60:260] > 0
        assert dark.sum() > 100
        assert np.median(shown.max(2)[60:260][dark]) < FRAME_COLOUR + 25


def test_where_a_render_begins_does_not_decide(clips: dict[str, list[Path]]) -> None:
    whole = render(clips, "worn", range(COUNT), MemoryStore(1 << 28))
    for number in (BLURRED, COUNT - 1):
        ((fields, _, shown),) = render(clips, "worn", [number], MemoryStore(1 << 28))
        assert fields == whole[number][0]
        assert np.array_equal(shown, whole[number][2])


def test_a_clip_without_them_has_the_keys_of_before(clips: dict[str, list[Path]]) -> None:
    ((fields, _, _),) = render(clips, "bare", [1], MemoryStore(1 << 28))
    assert set(fields) - {"numpy", "opencv"} == {
        "form", "frame", "landmarks", "shape", "source", "stage", "version",
    }  # fmt: skip
