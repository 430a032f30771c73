# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces of an image of the source person are looked for as the recipe says, and then with margins and turned."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import portrait, write_picture
from PIL import Image
from understudy.core.analysis.analyser import Analyser
from understudy.core.analysis.image_analysis import analyse_image
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import FaceImageError
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.media.open import open_clip
from understudy.core.media.orientation import turn_upright
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.models.embedded import EmbeddedModels, embedded_models
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Detect, Recipe
from understudy.core.recipe.request import FaceImage, Identity
from understudy.core.reporting.stage_counts import StageCounter
from understudy.core.swap.source import Sources

OPEN_MOUTH = "footage/portraits/p31_open_mouth_720.jpg"
DOG = "footage/portraits/p50_dog_no_human_face.jpg"
TOPOLOGY = load_topology()


@pytest.fixture(scope="module")
def models() -> EmbeddedModels:
    return embedded_models()


@pytest.fixture
def analyser(models: EmbeddedModels) -> Analyser:
    return Analyser(MemoryStore(1 << 28), models, ModelPool(1), TOPOLOGY, StageCounter())


@pytest.fixture
def sources(analyser: Analyser) -> Sources:
    return Sources(MemoryStore(1 << 28), analyser, TOPOLOGY, SourceStamps())


def test_a_face_that_is_found_at_once_is_kept_under_the_key_of_the_default_settings(
    analyser: Analyser, tmp_path: Path
) -> None:
    with open_clip(write_picture(tmp_path / "a.png", portrait())) as clip:
        plain = analyser.analysis(clip, 0, Recipe())
        for detect in (Detect(), Detect(every=5), Detect(margin=10), Detect(angles="all", score=0.4)):
            analysed = analyse_image(analyser, clip, detect)
            assert analysed.analysis.key == plain.key
            assert analysed.detect == Detect()


@pytest.mark.parametrize(
    "code", [None, cv2.ROTATE_90_CLOCKWISE, cv2.ROTATE_180, cv2.ROTATE_90_COUNTERCLOCKWISE]
)
def test_an_open_mouth_is_found_by_margins_and_turns(
    analyser: Analyser, shared: Path, tmp_path: Path, code: int | None
) -> None:
    pixels = cv2.imread(str(shared / OPEN_MOUTH))
    pixels = pixels if code is None else cv2.rotate(pixels, code)
    with open_clip(write_picture(tmp_path / "a.png", pixels[..., ::-1])) as clip:
        assert analyser.analysis(clip, 0, Recipe()).faces == ()
        analysed = analyse_image(analyser, clip, Detect())
        assert len(analysed.analysis.faces) == 1
        assert analysed.detect.margin == 20
        again = analyser.analysis(clip, 0, Recipe(detect=analysed.detect))
        assert again.key == analysed.analysis.key


def test_settings_of_the_recipe_reach_the_image(analyser: Analyser, shared: Path) -> None:
    with open_clip(shared / OPEN_MOUTH) as clip:
        analysed = analyse_image(analyser, clip, Detect(margin=100.0))
        assert analysed.detect == Detect(margin=100.0)
        assert len(analysed.analysis.faces) == 1


def test_settings_that_find_other_faces_count(analyser: Analyser, tmp_path: Path) -> None:
    # Two faces of which the second is the less sure one.
    face = portrait()[:300, 60:380]
    soft = cv2.GaussianBlur(face, (0, 0), 6)
    with open_clip(write_picture(tmp_path / "a.png", np.concatenate([soft, face], 1))) as clip:
        both = analyse_image(analyser, clip, Detect())
        assert len(both.analysis.faces) == 2
        for score in np.arange(0.5, 0.99, 0.02):
            strict = replace(Detect(), angles="upright", score=float(score))
            analysed = analyse_image(analyser, clip, strict)
            if len(analysed.analysis.faces) == 1:
                break
        assert len(analysed.analysis.faces) == 1
        assert analysed.detect == strict


def test_a_number_that_the_default_settings_do_not_reach_is_looked_for_as_the_recipe_says(
    analyser: Analyser, tmp_path: Path
) -> None:
    with open_clip(write_picture(tmp_path / "a.png", portrait())) as clip:
        assert analyse_image(analyser, clip, Detect(margin=30.0), 1).detect == Detect()
        # The same face: as found at once, and the error says that there is one.
        assert analyse_image(analyser, clip, Detect(margin=30.0), 2).detect == Detect()


def test_settings_that_find_nothing_do_not_lose_a_face(analyser: Analyser, tmp_path: Path) -> None:
    with open_clip(write_picture(tmp_path / "a.png", portrait())) as clip:
        analysed = analyse_image(analyser, clip, Detect(score=0.99, angles="upright"))
        assert len(analysed.analysis.faces) == 1


@pytest.mark.parametrize("detect", [Detect(), Detect(margin=5.0)])
def test_no_face_is_found_where_there_is_none(sources: Sources, tmp_path: Path, detect: Detect) -> None:
    grey = FaceImage(write_picture(tmp_path / "grey.png", np.full((120, 160, 3), 90, np.uint8)))
    with pytest.raises(FaceImageError, match=r"no face was found in grey\.png"):
        sources.texture_key(Identity((grey,)), detect)


def test_a_dog_is_no_face(sources: Sources, shared: Path) -> None:
    with pytest.raises(FaceImageError, match="no face was found"):
        sources.texture_key(Identity((FaceImage(shared / DOG),)), Detect())


def test_textures_and_faces_follow_the_settings(sources: Sources, shared: Path) -> None:
    image = FaceImage(shared / OPEN_MOUTH)
    keys = {
        detect: sources.texture_key(Identity((image,)), detect) for detect in (Detect(), Detect(margin=100.0))
    }
    assert len(set(keys.values())) == 2
    assert [face.detect for face in sources.faces_in(image, Detect(margin=100.0))] == [Detect(margin=100.0)]
    texture, coverage = sources.texture(Identity((image,)), 1.0, Detect())
    assert texture.shape == (768, 768, 3)
    assert coverage.any()


@pytest.mark.parametrize("orientation", [2, 4, 5, 6, 7])
def test_a_turned_image_gives_the_texture_of_the_upright_one(
    sources: Sources, tmp_path: Path, orientation: int
) -> None:
    # Bit by bit, and under the same keys: what counts is what the image shows.
    plain, turned = tmp_path / "plain.png", tmp_path / "turned.png"
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(portrait()).save(plain)
    undone = {6: 8}.get(orientation, orientation)
    Image.fromarray(turn_upright(portrait(), undone)).save(turned, exif=exif)
    keys = [sources.texture_key(Identity((FaceImage(path),)), Detect()) for path in (plain, turned)]
    assert keys[0] == keys[1]
