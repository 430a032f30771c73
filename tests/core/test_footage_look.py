# SPDX-License-Identifier: GPL-3.0-or-later
"""The footage's look on a face with another form: grain and focus, the light at its edge, the source's own light."""

import cv2
import numpy as np
import pytest
from footage.portrait import portrait
from understudy.core.fusion.colour import light_transfer
from understudy.core.fusion.edge_light import edge_gain
from understudy.core.fusion.grain import match_grain
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.geometry.skin_detail import detail_strength, measure_detail, skin_region
from understudy.core.swap.side_light import remove_side_light

TOPOLOGY = load_topology()
SIDE = 320
SHOWN = np.full((SIDE, SIDE), 255, np.uint8)


def landmarks() -> np.ndarray:
    points = TOPOLOGY.shape * 62 + (SIDE / 2, SIDE / 2, 0)
    return np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)]).astype(np.float32)


def skin(deviation: float, sigmas: tuple[float, float] = (0, 0), seed: int = 1) -> np.ndarray:
    """Return skin with noise of this deviation, blurred across and down by `sigmas`: (h, w, 3) uint8."""
    noise = np.random.default_rng(seed).normal(0, deviation, (SIDE, SIDE)).astype(np.float32)
    kernels = [cv2.getGaussianKernel(13, max(sigma, 1e-3)) for sigma in sigmas]
    noise = cv2.sepFilter2D(noise, -1, *kernels)
    return np.clip(np.round((190, 150, 130) + noise[..., None]), 0, 255).astype(np.uint8)


def detail(image: np.ndarray) -> np.ndarray:
    return measure_detail(image, landmarks(), TOPOLOGY)


def match(image: np.ndarray, goal: np.ndarray, amount: float = 1.0, seed: int = 7) -> np.ndarray:
    return match_grain(image, SHOWN, landmarks(), goal, amount, seed, TOPOLOGY)


@pytest.mark.parametrize(
    ("face", "footage"),
    [
        (skin(8), skin(8, (0.7, 0.7), 2)),
        (skin(8), skin(3, seed=2)),
        (skin(8), skin(8, (1.2, 0), 2)),
        (skin(8), skin(8, (0, 1.2), 2)),
        (skin(1), skin(5, seed=2)),
        (skin(4, (1.0, 1.0)), skin(3, seed=2)),
    ],
    ids=["soft", "clean", "moved across", "moved down", "grainy", "grainy and sharp"],
)
def test_the_face_gets_the_detail_of_the_footage(face: np.ndarray, footage: np.ndarray) -> None:
    goal, before = detail(footage), detail(face)
    after = detail(match(face, goal))
    print(f"goal {goal}, before {before}, after {after}")
    # Of a face that is to lose one direction's detail alone, the other one's is kept.
    assert after == pytest.approx(goal, rel=0.2)
    assert np.abs(before / goal - 1).max() > 0.25


@pytest.mark.parametrize("blur", [(0.7, 0.7), (0.8, 0.8)])
def test_rounding_to_the_levels_of_a_movie_is_left_room_for(blur: tuple[float, float]) -> None:
    def in_movie(image: np.ndarray) -> np.ndarray:
        return np.round(np.round(image * (219 / 255)) * (255 / 219)).astype(np.uint8)

    goal = detail(in_movie(skin(3, blur, 2)))
    assert detail(in_movie(match(skin(8), goal))) == pytest.approx(goal, rel=0.15)


def test_moles_and_folds_of_the_footage_are_not_its_grain() -> None:
    footage = skin(2, seed=2)
    spotted = footage.copy()
    spotted[::9, ::9] = 60
    assert detail(spotted) == pytest.approx(detail(footage), rel=0.2)


def test_folds_stay_where_the_footage_is_soft() -> None:
    face = skin(8)
    face[150:153, 100:220] = 60
    after = match(face, detail(skin(8, (1.4, 1.4), 2)))
    assert after[151, 120:200].mean() < 110


def test_a_face_that_is_alike_is_not_touched_and_no_amount_touches_none() -> None:
    face = skin(5)
    assert np.array_equal(match(face, detail(face)), face)
    assert np.array_equal(match(face, detail(skin(1)), amount=0), face)
    assert np.array_equal(match(face, np.zeros(2, np.float32)), face)


def test_grain_is_its_seeds_own_and_has_no_colour_and_no_cast() -> None:
    face, goal = skin(0.5), detail(skin(5, seed=2))
    one, again, other = match(face, goal), match(face, goal), match(face, goal, seed=8)
    assert np.array_equal(one, again)
    first, second = (image.astype(float)[..., 1] - face[..., 1] for image in (one, other))
    assert first.std() > 1
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.05
    assert abs(first.mean()) < 0.1
    added = one.astype(int) - face
    assert np.array_equal(added[..., 0], added[..., 2])


def test_brows_eyes_and_lips_are_not_taken_for_detail() -> None:
    image = skin(3)
    region = skin_region(landmarks(), (SIDE, SIDE), TOPOLOGY)
    striped = image.copy()
    striped[(region == 0) & (np.arange(SIDE) % 2 == 0)] = 0
    inner = cv2.erode(region, np.ones((3, 3), np.uint8))
    assert detail_strength(striped[..., 1], inner) == pytest.approx(detail_strength(image[..., 1], inner))


def lit(shade: np.ndarray) -> np.ndarray:
    return np.asarray(shade[..., None] * np.array([180, 140, 120]), np.float32)


def test_a_step_at_the_edge_is_gone_and_the_middle_stays() -> None:
    outline = 32 + 26 * np.stack([np.cos(t := np.linspace(0, 6.28, 60)), np.sin(t)], 1).astype(np.float32)
    columns = np.linspace(0.6, 1.0, 64, dtype=np.float32)
    target = lit(np.broadcast_to(columns, (64, 64)))
    face = lit(np.ones((64, 64), np.float32))
    weight = np.ones((64, 64), np.float32)
    gain = edge_gain(target, face, weight, outline, 1.0)
    ratio = (face * gain / target)[..., 1]
    row = ratio[32]
    assert row[[7, 8, 9, 54, 55, 56]] == pytest.approx(1, abs=0.06)
    assert gain[32, 32] == pytest.approx(1, abs=0.02)
    assert np.array_equal(edge_gain(target, face, weight, outline, 0.0), np.ones_like(gain))
    # Where hair hangs over the edge, nothing is learned from it.
    weight[:, :20] = 0
    assert edge_gain(target, face, weight, outline, 1.0)[32, 8] == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("target", [(10, 5, 3), (90, 40, 18)], ids=["in the dark", "in dim red light"])
def test_a_face_in_the_dark_is_no_pale_mask(target: tuple[int, int, int]) -> None:
    footage, face = (np.full((64, 64, 3), colour, np.uint8) for colour in (target, (210, 180, 170)))
    weight = np.ones((64, 64), np.float32)
    gain, offset = light_transfer(footage, face, weight, 10.0, 1.0, 1 / 32)
    lit = (face * gain + offset)[32, 32]
    assert lit == pytest.approx(target, abs=7)
    gain, offset = light_transfer(footage, face, weight, 10.0, 1.0)
    assert (face * gain + offset)[32, 32].min() > 40  # without shape, as ever


def test_light_from_one_side_is_taken_out_of_the_source() -> None:
    half = cv2.resize(portrait(), (384, 768))
    even = np.concatenate([half, half[:, ::-1]], 1)
    across = np.linspace(0.6, 1.0, 768, dtype=np.float32)[None, :, None]
    visibility = np.full((768, 768), 255, np.uint8)
    side_lit = np.round(even * across).astype(np.uint8)
    made = remove_side_light({"texture": side_lit, "seen": visibility})
    left, right = (
        np.asarray(made["texture"])[:, part].astype(float).mean() for part in (slice(384), slice(384, None))
    )
    assert side_lit[:, :384].mean() / side_lit[:, 384:].mean() < 0.85
    assert left / right == pytest.approx(1, abs=0.02)
    assert np.array_equal(made["seen"], visibility)


def test_an_even_source_and_one_seen_from_one_side_keep_their_colours() -> None:
    half = cv2.resize(portrait(), (384, 768))
    even = np.ascontiguousarray(np.concatenate([half, half[:, ::-1]], 1))
    visibility = np.full((768, 768), 255, np.uint8)
    made = remove_side_light({"texture": even, "seen": visibility})
    assert np.abs(np.asarray(made["texture"]).astype(int) - even).max() <= 1
    visibility[:, 384:] = 0
    gradient = np.round(even * np.linspace(0.6, 1.0, 768, dtype=np.float32)[None, :, None]).astype(np.uint8)
    made = remove_side_light({"texture": gradient, "seen": visibility})
    assert np.abs(np.asarray(made["texture"]).astype(int) - gradient).max() <= 1
