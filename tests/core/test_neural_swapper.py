# SPDX-License-Identifier: GPL-3.0-or-later
"""Each neural family gets its picture and its source as its contract says: redone by hand, on stand-ins."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from footage.portrait import make_up_portrait, portrait, transform_portrait, write_picture
from models import stand_in_swappers as stand_ins
from understudy.core.analysis.analyser import Analyser
from understudy.core.cache.base.compute import Uncoordinated
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import ModelError
from understudy.core.face.types import Face
from understudy.core.media.open import open_clip
from understudy.core.media.source_stamps import SourceStamps
from understudy.core.models.embedded import embedded_models
from understudy.core.models.library import ModelLibrary
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Recipe, with_settings
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest
from understudy.core.reporting.stage_counts import StageCounter
from understudy.core.swap.loaded_model import ModelRunner
from understudy.core.swap.neural_source import NeuralSources
from understudy.core.swap.neural_swapper import NeuralSwapper
from understudy.core.swap.source import Sources

from tests.core.neural_swap_by_hand import (
    CONTRACTS,
    TOPOLOGY,
    Scene,
    crop_by_hand,
    matrix_by_hand,
    source_by_hand,
    swap_by_hand,
    tint_by_hand,
    vector_by_hand,
)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    folder = tmp_path_factory.mktemp("scene")
    frame, source = transform_portrait(1.1, 9.0, size=384)[0], make_up_portrait()
    paths = write_picture(folder / "frame.png", frame), write_picture(folder / "source.png", source)
    store = MemoryStore(64 << 20)
    analyser = Analyser(store, embedded_models(), ModelPool(1), TOPOLOGY, StageCounter())
    faces = []
    for path in paths:
        with open_clip(path) as clip:
            faces.append(analyser.analysis(clip, 0, Recipe()).faces[0])
    return Scene(frame, faces[0], source, faces[1], Identity((FaceImage(paths[1]),)), store, analyser)


def engine(scene: Scene, folder: Path) -> NeuralSwapper:
    networks = ModelRunner(ModelPool(1))
    sources = Sources(scene.store, scene.analyser, TOPOLOGY, SourceStamps())
    pictured = NeuralSources(scene.store, Uncoordinated(), sources, scene.analyser, TOPOLOGY, networks)
    return NeuralSwapper(ModelLibrary([folder]), networks, pictured, TOPOLOGY)


def casting(scene: Scene, family: str, *settings: str) -> SwapRequest:
    return SwapRequest(scene.identity, with_settings(Recipe(), [f"swap.swapper={family}", *settings]))


def assert_same_image(actual: np.ndarray, expected: np.ndarray) -> None:
    """Equal but for the last bit of the warp, whose coordinates are rounded to 1/32 pixel."""
    while len(expected) > len(actual):
        expected = expected.reshape(len(expected) // 2, 2, len(expected) // 2, 2, 3).mean((1, 3))
    difference = np.abs(actual.astype(float) - expected)
    assert difference.mean() < 0.5
    assert np.quantile(difference, 0.999) < 3


@pytest.mark.parametrize("family", stand_ins.SWAPPERS)
def test_a_family_gets_its_crop_and_its_source_as_its_contract_says(
    scene: Scene, family: str, tmp_path: Path
) -> None:
    stand_ins.write_swapper(tmp_path, family)
    crop = engine(scene, tmp_path).swap(scene.frame, [scene.face], casting(scene, family))[0]
    tint = tint_by_hand(scene, family)
    expected = swap_by_hand(scene, family, tint)
    assert_same_image(crop.image.pixels, expected)
    # Red and blue the wrong way round, or no source at all, would be seen.
    assert np.ptp(tint) > 0.05
    assert np.abs(expected - swap_by_hand(scene, family, tint[::-1])).mean() > 1
    assert np.abs(expected - swap_by_hand(scene, family, 0 * tint)).mean() > 2
    template, size, *_ = CONTRACTS[family]
    reduced = crop.image.pixels.shape[0] / size
    centre = matrix_by_hand(scene.face, template, size) @ (200, 180, 1)
    assert np.allclose(crop.image.matrix @ (200, 180, 1), (centre + 0.5) * reduced - 0.5, atol=0.01)


def test_networks_open_ahead_for_a_person_whose_images_are_new(
    scene: Scene, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for one who may be in every picture already."""
    stand_ins.write_swapper(tmp_path, "inswapper")
    begun: list[str] = []
    monkeypatch.setattr(
        ModelPool, "open_ahead", lambda _pool, model, **_options: begun.append(model.path.name)
    )
    swapper, known = engine(scene, tmp_path), casting(scene, "inswapper")
    swapper.check(known)
    assert begun == []
    picture = write_picture(tmp_path / "new.png", transform_portrait(1.0, 4.0, size=320)[0])
    swapper.check(SwapRequest(Identity((FaceImage(picture),)), known.recipe))
    assert len(begun) == 1
    swapper.swap(scene.frame, [scene.face], known)
    assert begun == begun[:1] * 2


@pytest.mark.parametrize("family", ["inswapper", "ghost", "simswap-256"])
@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_the_identity_weight_moves_the_source_from_or_to_the_target(
    scene: Scene, family: str, weight: float, tmp_path: Path
) -> None:
    stand_ins.write_swapper(tmp_path, family)
    wanted = casting(scene, family, f"swap.identity={weight}")
    crop = engine(scene, tmp_path).swap(scene.frame, [scene.face], wanted)[0]
    kind = CONTRACTS[family][3]
    source, target = (
        source_by_hand(family, kind, vector_by_hand(*one))
        for one in ((scene.source, scene.source_face), (scene.frame, scene.face))
    )
    share = 0.35 - 0.7 * weight
    tint = (source * (1 - share) + target * share) @ stand_ins.tint_matrix()
    assert_same_image(crop.image.pixels, swap_by_hand(scene, family, tint))


def test_a_source_of_two_images_is_their_mean_vector(scene: Scene, tmp_path: Path) -> None:
    stand_ins.write_swapper(tmp_path, "inswapper")
    plain = write_picture(tmp_path / "plain.png", portrait())
    with open_clip(plain) as clip:
        other = scene.analyser.analysis(clip, 0, Recipe()).faces[0]
    identity = Identity((*scene.identity.images, FaceImage(plain)))
    wanted = SwapRequest(identity, casting(scene, "inswapper").recipe)
    crop = engine(scene, tmp_path).swap(scene.frame, [scene.face], wanted)[0]
    raw = (vector_by_hand(scene.source, scene.source_face) + vector_by_hand(portrait(), other)) / 2
    tint = source_by_hand("inswapper", "emap", raw) @ stand_ins.tint_matrix()
    assert_same_image(crop.image.pixels, swap_by_hand(scene, "inswapper", tint))


@pytest.mark.parametrize("boost", [2, 4])
def test_pixel_boost_swaps_at_a_multiple_of_the_networks_size(
    scene: Scene, boost: int, tmp_path: Path
) -> None:
    stand_ins.write_swapper(tmp_path, "inswapper")
    wanted = casting(scene, "inswapper", f"swap.pixel_boost={boost}")
    crop = engine(scene, tmp_path).swap(scene.frame, [scene.face], wanted)[0]
    assert_same_image(
        crop.image.pixels, swap_by_hand(scene, "inswapper", tint_by_hand(scene, "inswapper"), boost)
    )


def test_a_boost_beyond_1024_pixels_is_cut_down_and_is_the_same_swap(scene: Scene, tmp_path: Path) -> None:
    stand_ins.write_swapper(tmp_path, "simswap-512")
    made = engine(scene, tmp_path)
    two, eight = (casting(scene, "simswap-512", f"swap.pixel_boost={n}") for n in (2, 8))
    assert made.swap_key("f", scene.face, two) == made.swap_key("f", scene.face, eight)
    assert made.swap_key("f", scene.face, two) != made.swap_key(
        "f", scene.face, casting(scene, "simswap-512")
    )


def test_several_faces_run_at_once_or_one_by_one_with_the_same_result(scene: Scene, tmp_path: Path) -> None:
    one_by_one, at_once = tmp_path / "fixed", tmp_path / "free"
    stand_ins.write_swapper(one_by_one, "hyperswap")
    stand_ins.write_swapper(at_once, "hyperswap")
    stand_ins.write_vector_swapper(at_once / "stand_in_hyperswap.onnx", 256, batch="batch", mask=True)
    turned = cv2.rotate(scene.frame, cv2.ROTATE_90_CLOCKWISE)
    points = scene.face.landmarks[:, [1, 0, 2]] * (-1, 1, 1) + (scene.frame.shape[0] - 1, 0, 0)
    faces = [scene.face, Face(scene.face.box, 1.0, points.astype(np.float32), scene.face.pose)]
    both = np.maximum(scene.frame, turned)
    wanted = casting(scene, "hyperswap", "swap.pixel_boost=2")
    first = engine(scene, one_by_one).swap(both, faces, wanted)
    second = engine(scene, at_once).swap(both, faces, wanted)
    for a, b in zip(first, second, strict=True):
        one, other = a.to_arrays(), b.to_arrays()
        assert one.keys() == other.keys() == {"pixels", "matrix", "target"}
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(first[0].image.pixels, first[1].image.pixels)


@pytest.mark.parametrize("morph", [0.0, 0.6])
def test_a_dfm_gets_bgr_and_its_morph_and_gives_its_masks(scene: Scene, morph: float, tmp_path: Path) -> None:
    stand_ins.state(stand_ins.write_dfm(tmp_path / "somebody.dfm", 96), "swap/dfm-morph")
    wanted = SwapRequest(Identity(()), casting(scene, "dfm", f"swap.morph={morph}").recipe)
    crop = engine(scene, tmp_path).swap(scene.frame, [scene.face], wanted)[0]
    target = crop_by_hand(scene.frame, scene.face, "dfl_whole_face", 96)
    assert_same_image(crop.image.pixels, target * (1 - morph / 2) * 255)
    assert np.quantile(np.abs(crop.mask - np.minimum(target[..., 0], target[..., 2]) * 255), 0.999) < 3


def test_a_dfm_without_morph_ignores_it_and_needs_no_images(scene: Scene, tmp_path: Path) -> None:
    stand_ins.state(stand_ins.write_dfm(tmp_path / "somebody.dfm", 96, morph=False), "swap/dfm")
    made = engine(scene, tmp_path)
    half, whole = (
        SwapRequest(Identity(()), casting(scene, "dfm", f"swap.morph={n}").recipe) for n in (0.5, 1.0)
    )
    assert made.swap_key("f", scene.face, half) == made.swap_key("f", scene.face, whole)
    crop = made.swap(scene.frame, [scene.face], half)[0]
    assert_same_image(crop.image.pixels, crop_by_hand(scene.frame, scene.face, "dfl_whole_face", 96) * 255)


@pytest.mark.parametrize("family", stand_ins.SWAPPERS)
def test_a_file_of_another_signature_is_refused_with_what_was_expected(
    scene: Scene, family: str, tmp_path: Path
) -> None:
    path = stand_ins.write_swapper(tmp_path, family)
    size = CONTRACTS[family][1]
    stand_ins.write_enhancer(path, 64)
    with pytest.raises(ModelError) as caught:
        engine(scene, tmp_path).check(casting(scene, family))
    assert path.name in str(caught.value)
    assert "expected" in str(caught.value)
    assert f"target (float32 n x 3 x {size} x {size})" in str(caught.value)
    assert "input (float32 1 x 3 x 64 x 64)" in str(caught.value)


def test_an_inswapper_without_its_matrix_is_refused(scene: Scene, tmp_path: Path) -> None:
    path = stand_ins.write_swapper(tmp_path, "inswapper")
    stand_ins.write_vector_swapper(path, 128)
    with pytest.raises(ModelError, match=r"last initializer .* float32 values were expected|512 x 512"):
        engine(scene, tmp_path).check(casting(scene, "inswapper"))


def test_an_inswapper_of_half_precision_has_its_matrix_read_too(scene: Scene, tmp_path: Path) -> None:
    path = stand_ins.write_swapper(tmp_path, "inswapper")
    whole = engine(scene, tmp_path).swap(scene.frame, [scene.face], casting(scene, "inswapper"))[0]
    stand_ins.write_vector_swapper(path, 128, projected=True, half=True)
    half = engine(scene, tmp_path).swap(scene.frame, [scene.face], casting(scene, "inswapper"))[0]
    assert np.abs(whole.image.pixels.astype(int) - half.image.pixels).max() <= 1


def test_what_is_missing_is_named(scene: Scene, tmp_path: Path) -> None:
    path = stand_ins.write_swapper(tmp_path, "ghost")
    (tmp_path / "stand_in_converter_ghost.onnx").unlink()
    with pytest.raises(ModelError, match="convert/ghost"):
        engine(scene, tmp_path).check(casting(scene, "ghost"))
    path.unlink()
    with pytest.raises(ModelError, match=r"swap/ghost.* put ghost_1_256\.onnx"):
        engine(scene, tmp_path).check(casting(scene, "ghost"))


def test_a_file_is_chosen_by_its_name(scene: Scene, tmp_path: Path) -> None:
    stand_ins.write_swapper(tmp_path, "ghost")
    other = stand_ins.write_vector_swapper(tmp_path / "a_second_ghost.onnx", 256, mean=(0.1, 0.1, 0.1))
    stand_ins.state(other, "swap/ghost")
    made = engine(scene, tmp_path)
    names = ("", "a_second_ghost", "stand_in_ghost")
    keys = [made.swap_key("f", scene.face, casting(scene, "ghost", f"swap.model={name}")) for name in names]
    assert keys[0] == keys[1] != keys[2]


def test_a_network_that_gives_no_numbers_is_named_instead_of_shown(scene: Scene, tmp_path: Path) -> None:
    path = stand_ins.write_swapper(tmp_path, "hyperswap")
    stand_ins.write_vector_swapper(path, 256, mean=(float("nan"), 0.0, 0.0), mask=True)
    with pytest.raises(ModelError, match=r"stand_in_hyperswap\.onnx gave no usable output"):
        engine(scene, tmp_path).swap(scene.frame, [scene.face], casting(scene, "hyperswap"))


def test_another_recogniser_or_image_is_another_swap(scene: Scene, tmp_path: Path) -> None:
    stand_ins.write_swapper(tmp_path, "inswapper")
    before = engine(scene, tmp_path).swap_key("f", scene.face, casting(scene, "inswapper"))
    stand_ins.write_recogniser(tmp_path / "stand_in_arcface.onnx", seed=9)
    made = engine(scene, tmp_path)
    assert made.swap_key("f", scene.face, casting(scene, "inswapper")) != before
    plain = write_picture(tmp_path / "plain.png", portrait())
    other = SwapRequest(Identity((FaceImage(plain),)), casting(scene, "inswapper").recipe)
    assert made.swap_key("f", scene.face, other) != made.swap_key(
        "f", scene.face, casting(scene, "inswapper")
    )
