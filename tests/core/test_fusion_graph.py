# SPDX-License-Identifier: GPL-3.0-or-later
"""The graph of fusion gives what OpenCV gives, within 1/255: on footage, and for whatever can be set."""

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest
from footage.portrait import make_up_portrait, transform_portrait
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.analysis.maskers.contract import OcclusionMask
from understudy.core.face.types import Face
from understudy.core.fusion.fuse import fuse_crop
from understudy.core.fusion.graph.build import OUTPUT_NAME, fusion_graph
from understudy.core.fusion.graph.feeds import feeds
from understudy.core.fusion.graph.fuser import Fuser, generate_trial_crop
from understudy.core.geometry.crop import crop_matrix, warp_crop
from understudy.core.media.open import open_clip
from understudy.core.models.io_binding import run_with_binding
from understudy.core.models.onnx_file import read_onnx_info
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Fusion
from understudy.core.swap.crops import AlignedCrop, AlignedImage
from understudy.core.swap.mesh import CropRegion, face_crop_region, swap_mesh
from understudy.core.swap.neural_region import (
    draw_swapped,
    footprint_region,
    light_target,
    limit_resolution,
    to_upright_region,
)
from understudy.core.swap.texture import fill_hidden, unwrap_texture

from tests.core.fusion_faces import ODD, POOL, TOPOLOGY, difference, faces

FOOTAGE = Path(__file__).resolve().parents[2].parent / "shared" / "footage"
DEEP_BOUND = 1 / 64
"""How far the graph of deep clips is from OpenCV on the CPU, in levels; a processor may be four times as far."""
# The classroom's faces are all too small for the landmarker.
CLIPS = sorted(path for path in FOOTAGE.glob("*.mp4") if not path.name.startswith("22"))


@pytest.fixture(scope="module")
def source() -> tuple[np.ndarray, np.ndarray]:
    picture = make_up_portrait()
    return fill_hidden(unwrap_texture(picture, faces(picture)[0].landmarks, TOPOLOGY), 1.0)


@pytest.fixture(scope="module")
def target() -> tuple[np.ndarray, Face]:
    picture = transform_portrait(2.0, 6.0)[0]
    return picture, faces(picture)[0]


@pytest.mark.long
@pytest.mark.parametrize("path", CLIPS or [None], ids=lambda path: path.stem if path else "no footage")
def test_on_footage_it_is_within_1_of_255(path: Path | None, source) -> None:
    if path is None:
        pytest.skip("there is no ../shared/footage")
    compared = 0
    with open_clip(path) as clip:
        for share in (0.1, 0.5, 0.8):
            picture = clip.read(int(clip.info.frame_count * share))
            for face in faces(picture)[:2]:
                for longest in (640, 160):
                    place = face_crop_region(face.landmarks, (picture.shape[1], picture.shape[0]), longest)
                    assert place is not None
                    crop = swap_mesh(picture, face.landmarks, place, *source, TOPOLOGY)
                    for params in (Fusion(), ODD):
                        assert difference(crop, face.landmarks, place, params) <= 1, (share, longest, params)
                        compared += 1
    assert compared >= 4


def shares() -> st.SearchStrategy[float]:
    return st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1))


def any_settings() -> st.SearchStrategy[Fusion]:
    return st.builds(
        Fusion,
        blend=shares(),
        opacity=shares(),
        mask_padding=st.floats(-10, 30),
        mask_blur=st.one_of(st.just(0.0), st.floats(0, 100)),
        mask_mouth=st.booleans(),
        mask_eyes=st.booleans(),
        keep_eyes=shares(),
        keep_mouth=shares(),
        keep_cover=shares(),
        colour_match=shares(),
        light_radius=st.floats(4, 60),
        sharpen=st.one_of(st.just(0.0), st.floats(0, 2)),
        mask_shape=st.sampled_from(["oval", "box"]),
        openings=st.sampled_from(["mesh", "always"]),
    )


mesh_cases = given(
    params=any_settings(), longest=st.integers(128, 640), noise=st.integers(0, 60), seed=st.integers(0, 99)
)


@pytest.mark.slow
@settings(max_examples=10, deadline=None)
@mesh_cases
def test_whatever_is_set_it_is_within_1_of_255(target, source, params, longest, noise, seed) -> None:
    check_mesh(target, source, params, longest, noise, seed)


@pytest.mark.long
@settings(max_examples=100, deadline=None)
@mesh_cases
def test_whatever_is_set_it_is_within_1_of_255_in_more_cases(
    target, source, params, longest, noise, seed
) -> None:
    check_mesh(target, source, params, longest, noise, seed)


def check_mesh(target, source, params, longest, noise, seed) -> None:
    picture, face = target
    place = face_crop_region(face.landmarks, (picture.shape[1], picture.shape[0]), longest)
    assert place is not None
    crop = swap_mesh(picture, face.landmarks, place, *source, TOPOLOGY)
    change = np.random.default_rng(seed).integers(-noise, noise + 1, crop.swapped.shape)
    crop = replace(crop, swapped=np.clip(crop.swapped + change, 0, 255).astype(np.uint8))
    assert difference(crop, face.landmarks, place, params) <= 1
    parts = np.random.default_rng(seed)
    deep = replace(crop, swapped=add_parts(parts, crop.swapped), target=add_parts(parts, crop.target))
    assert difference(deep, face.landmarks, place, params) <= DEEP_BOUND


def add_parts(random, image):
    """An image as one of more than 8 bits: with parts of a level added."""
    return np.clip(image + random.random(image.shape), 0, 255).astype(np.float32)


network_cases = given(
    params=any_settings(),
    angle=st.floats(-40, 40),
    size=st.sampled_from([128, 256, 512]),
    longest=st.integers(128, 640),
    masked=st.sampled_from(["no mask", "mask", "rough mask"]),
    dfm=st.booleans(),
)


@pytest.mark.slow
@settings(max_examples=6, deadline=None)
@network_cases
def test_what_a_network_drew_is_fused_alike(target, params, angle, size, longest, masked, dfm) -> None:
    check_network(target, params, angle, size, longest, masked, dfm)


@pytest.mark.long
@settings(max_examples=60, deadline=None)
@network_cases
def test_what_a_network_drew_is_fused_alike_in_more_cases(
    target, params, angle, size, longest, masked, dfm
) -> None:
    check_network(target, params, angle, size, longest, masked, dfm)


def check_network(target, params, angle, size, longest, masked, dfm) -> None:
    picture, face = target
    middle = face.landmarks[:468, :2].mean(0)
    matrix = crop_matrix(middle, 1.6 * float(np.ptp(face.landmarks[:468, 1])), np.radians(angle), size)
    image = limit_resolution(255 - warp_crop(picture, matrix, size), matrix)
    mask = cv2.circle(np.zeros((size, size), np.uint8), (size // 2, size // 2), size // 3, 200, -1)
    stored = AlignedCrop(image, light_target(picture, matrix, size), mask if dfm else None)
    frame_size = picture.shape[1], picture.shape[0]
    place = footprint_region(matrix, size, frame_size, longest)
    if params.mask_shape == "oval":
        place = face_crop_region(face.landmarks, frame_size, longest)
    assert place is not None
    crop = to_upright_region(stored, place, soft_edge=params.mask_shape == "oval")
    occlusion = None
    if masked != "no mask":
        visible = cv2.circle(np.full((256, 256), 255, np.uint8), (90, 140), 50, 30, -1)
        occlusion = OcclusionMask(visible, crop_matrix(middle, 300.0, 0.0, 256), masked == "rough mask")
    # The graph draws the aligned crop as it is stored.
    assert difference(crop, face.landmarks, place, params, occlusion) <= 1
    # And what an enhancer was blended into.
    blended = replace(crop, swapped=draw_swapped(crop, place), swapped_small=None)
    assert difference(blended, face.landmarks, place, params, occlusion) <= 1
    assert difference(crop.with_floats(), face.landmarks, place, params, occlusion) <= DEEP_BOUND


def test_a_match_of_light_so_weak_that_floats_have_none_is_still_one(target) -> None:
    check_network(
        target, replace(Fusion(), colour_match=5e-324, mask_blur=0.0), 0.0, 128, 128, "no mask", False
    )


def test_a_step_that_is_left_out_is_noticed(target, source) -> None:
    """What the other tests say would mean little if settings changed nothing."""
    picture, face = target
    place = face_crop_region(face.landmarks, (picture.shape[1], picture.shape[0]), 640)
    crop = swap_mesh(picture, face.landmarks, place, *source, TOPOLOGY)
    inputs = dict(feeds(crop, face.landmarks, place, ODD, TOPOLOGY))
    before = POOL.run_graph(fusion_graph(), inputs)[0].astype(int)
    for name, value in (
        ("keep_eyes", 0.0), ("keep_cover", 0.0), ("padding", 9.0), ("ramp", 3.0), ("sharpen", 0.0),
        ("strength", 0.0), ("shown", 90.0),
    ):  # fmt: skip
        changed = POOL.run_graph(fusion_graph(), inputs | {name: np.asarray(value, np.float32)})[0]
        assert np.abs(changed - before).max() > 8, name


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("warps", [False, True])
def test_the_graph_is_valid_onnx_and_says_what_it_takes(warps: bool, deep: bool) -> None:
    graph = fusion_graph(warps=warps, deep=deep)
    onnx.checker.check_model(onnx.load_from_string(graph), full_check=True)
    facts = read_onnx_info(graph, Path("fusion.onnx"))
    crop, landmarks, place = generate_trial_crop(TOPOLOGY)
    if warps:
        aligned = AlignedCrop(AlignedImage(crop.swapped, np.eye(2, 3, dtype=np.float32)), crop.target)
        crop = to_upright_region(aligned, place, soft_edge=True)
    if deep:
        crop = crop.with_floats()
    given = feeds(crop, landmarks, place, Fusion(), TOPOLOGY)
    assert {info.name: info.dtype for info in facts.inputs} == {
        name: value.dtype.name for name, value in given.items()
    }
    assert [info.name for info in facts.outputs] == [OUTPUT_NAME]


def test_bound_outputs_are_those_of_a_plain_run() -> None:
    session = onnxruntime.InferenceSession(fusion_graph(), providers=["CPUExecutionProvider"])
    inputs = feeds(*generate_trial_crop(TOPOLOGY), Fusion(), TOPOLOGY)
    # A picture that does not lie in one piece is bound as what it shows, not as what lies in memory.
    turned = {**inputs, "distance": np.asfortranarray(inputs["distance"])}
    bound = run_with_binding(session, turned, [OUTPUT_NAME], "cpu")
    assert len(bound) == 1
    assert np.array_equal(session.run(None, dict(inputs))[0], bound[0])


def test_on_the_cpu_fusion_is_opencvs_and_keys_stay_what_they_were(target, source) -> None:
    picture, face = target
    place = face_crop_region(face.landmarks, (picture.shape[1], picture.shape[0]), 300)
    crop = swap_mesh(picture, face.landmarks, place, *source, TOPOLOGY)
    pool = ModelPool(1)
    fuser = Fuser(pool, TOPOLOGY)
    expected = fuse_crop(crop, face.landmarks, place, ODD, TOPOLOGY)
    assert np.array_equal(fuser.fuse(crop, face.landmarks, place, ODD), expected)
    assert fuser.key_inputs() == pool.key_inputs == {}
    assert fuser.run_trial() <= 1


def test_a_face_at_the_frames_edge_is_fused_alike(target, source) -> None:
    picture, face = target
    moved_out = replace(face, landmarks=face.landmarks - (face.landmarks[:468, 0].mean(), 0, 0))
    place = face_crop_region(moved_out.landmarks, (picture.shape[1], picture.shape[0]), 200)
    assert isinstance(place, CropRegion)
    assert place.left == 0
    crop = swap_mesh(picture, moved_out.landmarks, place, *source, TOPOLOGY)
    assert difference(crop, moved_out.landmarks, place, Fusion()) <= 1
