# SPDX-License-Identifier: GPL-3.0-or-later
"""The drawing of a source person: who it shows, whatever the order of their images, and that it is drawn once."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import portrait, transform_portrait, write_picture
from understudy.core.cache.maintenance.lineage import derived_from, walk_entries
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.cache.tiers import open_local
from understudy.core.errors import FaceImageError
from understudy.core.face.types import Floats, Pixels
from understudy.core.media.clip_info_cache import CacheOnly, NotCachedError
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.pipeline.stage_schemas import STAGE_SCHEMAS
from understudy.core.recipe import Detect, Recipe
from understudy.core.recipe.request import FaceImage, Identity
from understudy.core.swap.neutral_face import NEUTRAL_FACE_PIXELS

PORTRAITS = {
    "astronaut": ("p01_astronaut_eileen_collins_512.png",),
    "president": ("p02_obama_official.jpg",),
    "father": ("p10_man_a1.jpg", "p10_man_a2.jpg", "p10_man_a3.jpg"),
    "lady": ("p12_woman_b1.jpg", "p12_woman_b2.jpg"),
    "man": ("p14_man_c.jpg",),
    "painting": ("p40_painting_sargent.jpg",),
}


@pytest.fixture
def store() -> MemoryStore:
    return MemoryStore(64 << 20)


@pytest.fixture
def pipeline(store: MemoryStore) -> Iterator[Pipeline]:
    working = Pipeline(store, embedded_models(), 1)
    yield working
    working.close()


def identity(*paths: Path) -> Identity:
    return Identity(tuple(FaceImage(path) for path in paths))


def drawn_face(pipeline: Pipeline, *paths: Path) -> Pixels:
    return pipeline.neutral_source_face(identity(*paths), Detect())


def face_vector(pipeline: Pipeline, path: Path) -> Floats:
    """What the embedded recogniser makes of an image's one face."""
    (face,) = pipeline._sources.faces_in(FaceImage(path), Detect())
    analysis = pipeline._image_basis[3].analysis(face.clip, 0, Recipe())
    assert len(analysis.faces) == 1
    return analysis.embeddings[0]


def drawn_vector(pipeline: Pipeline, drawn: Pixels, path: Path) -> Floats:
    """The same of a drawing, larger and with room around it as in a photograph."""
    ground = np.full((512, 512, 3), drawn[0, 0], np.uint8)
    ground[128:384, 128:384] = cv2.resize(drawn, (256, 256), interpolation=cv2.INTER_CUBIC)
    return face_vector(pipeline, write_picture(path, ground))


def test_a_person_is_recognised_in_their_drawing(pipeline: Pipeline, shared: Path, tmp_path: Path) -> None:
    """Of all drawings, theirs is the one most like their image."""
    folder = shared / "footage/portraits"
    images, drawings = [], []
    for name, files in PORTRAITS.items():
        paths = [folder / file for file in files]
        images.append(face_vector(pipeline, paths[0]))
        drawings.append(drawn_vector(pipeline, drawn_face(pipeline, *paths), tmp_path / f"{name}.png"))
    likeness = np.stack(images) @ np.stack(drawings).T
    assert likeness.argmax(1).tolist() == list(range(len(PORTRAITS))), likeness.round(2)
    assert likeness.diagonal().min() > 0.45, likeness.round(2)


def test_a_turned_head_is_recognised_in_its_drawing(pipeline: Pipeline, tmp_path: Path) -> None:
    turned = write_picture(tmp_path / "turned.png", transform_portrait(1.5, 25)[0])
    drawn = drawn_vector(pipeline, drawn_face(pipeline, turned), tmp_path / "drawn.png")
    assert drawn @ face_vector(pipeline, write_picture(tmp_path / "plain.png", portrait())) > 0.45


def test_the_face_is_whole_and_upright_on_a_grey_ground(pipeline: Pipeline, tmp_path: Path) -> None:
    turned, _ = transform_portrait(1.5, 25)
    drawn = drawn_face(pipeline, write_picture(tmp_path / "turned.png", turned))
    assert drawn.shape == (NEUTRAL_FACE_PIXELS, NEUTRAL_FACE_PIXELS, 3)
    assert (drawn[:6, :6] == drawn[0, 0]).all()
    assert len(set(drawn[0, 0].tolist())) == 1
    face = drawn[4:124, 40:88].astype(int)
    assert (face.max(2) > drawn[0, 0, 0] + 30).mean() > 0.9
    # Upright: its left and right half are alike, brows and eyes are above the middle, teeth below.
    assert np.abs(face.mean(2) - face[:, ::-1].mean(2)).mean() < 12
    eyes, cheeks, mouth = (
        drawn[rows, 64 - 30 : 64 + 30].min(2).mean(1)
        for rows in (slice(36, 46), slice(54, 60), slice(80, 92))
    )
    assert eyes.min() < cheeks.min() - 20
    assert mouth.max() > 120


def test_eyes_and_teeth_are_the_images(pipeline: Pipeline, tmp_path: Path) -> None:
    """Where the texture has openings, nothing of its filling is drawn."""
    drawn = drawn_face(pipeline, write_picture(tmp_path / "plain.png", portrait()))
    dark = drawn[34:50].astype(int).sum(2)
    left, right = dark[:, 30:62].min(), dark[:, 66:98].min()
    assert max(left, right) < 220  # pupils
    teeth = drawn[78:96, 50:78].astype(int)
    assert ((teeth.min(2) > 150) & (np.ptp(teeth, axis=2) < 60)).sum() > 30


def test_the_order_of_images_decides_nothing(pipeline: Pipeline, tmp_path: Path) -> None:
    images = [
        write_picture(tmp_path / "a.png", portrait()),
        write_picture(tmp_path / "b.png", transform_portrait(1.8, -12)[0]),
        write_picture(tmp_path / "c.png", transform_portrait(0.9, 9)[0]),
    ]
    first, *others = (drawn_face(pipeline, *order).astype(int) for order in permutations(images))
    for other in others:
        assert np.abs(first - other).max() <= 2


def test_it_is_drawn_once_and_then_only_read(store: MemoryStore, pipeline: Pipeline, tmp_path: Path) -> None:
    path = write_picture(tmp_path / "plain.png", portrait())
    reader = Pipeline(store, embedded_models(), 1, CacheOnly())
    with pytest.raises(NotCachedError):
        drawn_face(reader, path)
    drawn = drawn_face(pipeline, path)
    assert np.array_equal(drawn_face(reader, path), drawn)
    assert reader.report().models_loaded == 0
    reader.close()


def test_it_is_purged_with_its_image(tmp_path: Path) -> None:
    path = write_picture(tmp_path / "plain.png", portrait())
    memory, folder = open_local(tmp_path / "cache", 64 << 20, schemas=STAGE_SCHEMAS)
    working = Pipeline(memory, embedded_models(), 1)
    drawn_face(working, path)
    (face,) = working._sources.faces_in(FaceImage(path), Detect())
    seed = face.clip.clip_id
    working.close()

    def drawing_count() -> int:
        return sum("stage=neutral_face\n" in entry.text for entry in folder.entries())

    assert drawing_count() == 1
    matches, _ = derived_from(lambda: walk_entries(folder), {seed})
    folder.purge(matches)
    assert drawing_count() == 0
    memory.close()


def test_an_image_without_a_face_has_no_drawing(pipeline: Pipeline, tmp_path: Path) -> None:
    nobody = write_picture(tmp_path / "none.png", np.full((200, 200, 3), 90, np.uint8))
    with pytest.raises(FaceImageError, match="no face was found"):
        drawn_face(pipeline, write_picture(tmp_path / "plain.png", portrait()), nobody)
