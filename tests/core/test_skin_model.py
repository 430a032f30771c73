# SPDX-License-Identifier: GPL-3.0-or-later
"""What covers a face is told from its skin, on every tone and in every light."""

import itertools

import cv2
import numpy as np
import pytest
from understudy.core.geometry.mesh_raster import fill_polygons
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.geometry.mouth_cover import hide_mouth, mouth_cover
from understudy.core.geometry.skin_model import skin_likeness, unoccluded_mask

TOPOLOGY = load_topology()
SIZE = 128
POINTS = ((TOPOLOGY.shape[:, :2] + (0.86, 0.66)) * 70 + 2).astype(np.float32)
INSIDE = cv2.erode(fill_polygons([POINTS[TOPOLOGY.oval]], (SIZE, SIZE)), np.ones((7, 7))) > 0
TONES = {"pale": (236, 205, 190), "tan": (198, 150, 118), "brown": (141, 96, 70), "dark": (84, 56, 44)}
LIGHTS = {"even": (1.0, 1.0), "side": (1.15, 0.55), "dim": (0.42, 0.36)}


def lit_face(tone: str, light: str) -> np.ndarray:
    """A face of one tone under a light that falls off from left to right, with grain."""
    left, right = LIGHTS[light]
    shade = np.linspace(left, right, SIZE)[None, :, None]
    grain = np.random.default_rng(1).normal(0, 2.5, (SIZE, SIZE, 3))
    return np.clip(np.array(TONES[tone]) * shade + grain, 0, 255).astype(np.uint8)


def likeness(picture: np.ndarray) -> np.ndarray:
    return skin_likeness(picture, POINTS, INSIDE.astype(np.float32), TOPOLOGY)


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("light", LIGHTS)
def test_bare_skin_is_skin(tone: str, light: str) -> None:
    assert likeness(lit_face(tone, light))[INSIDE].mean() > 0.97


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("light", LIGHTS)
def test_a_blue_bar_over_the_face_is_not_skin(tone: str, light: str) -> None:
    picture = lit_face(tone, light)
    bar = np.zeros((SIZE, SIZE), bool)
    bar[:, 45:70] = True
    picture[bar] = np.clip(np.array((54, 94, 140)) * np.mean(LIGHTS[light]), 0, 255)
    skin = likeness(picture)
    assert skin[INSIDE & cv2.erode(bar.astype(np.uint8), np.ones((5, 5))).astype(bool)].mean() < 0.1
    assert skin[INSIDE & ~cv2.dilate(bar.astype(np.uint8), np.ones((15, 15))).astype(bool)].mean() > 0.9


@pytest.mark.parametrize("tone", ["pale", "tan"])
def test_dark_hair_over_the_forehead_is_not_skin(tone: str) -> None:
    picture = lit_face(tone, "even")
    fringe = np.zeros((SIZE, SIZE), bool)
    fringe[: int(POINTS[105, 1]) - 6] = True
    picture[fringe] = (52, 38, 30)
    skin = likeness(picture)
    assert skin[INSIDE & cv2.erode(fringe.astype(np.uint8), np.ones((5, 5))).astype(bool)].mean() < 0.1
    assert skin[INSIDE & ~cv2.dilate(fringe.astype(np.uint8), np.ones((25, 25))).astype(bool)].mean() > 0.9


@pytest.mark.parametrize("tone", TONES)
def test_a_plain_board_of_the_skins_own_colour_is_not_skin(tone: str) -> None:
    """It covers eyes, nose and cheeks, and leaves the chin: skin has shades and grain, a board is one colour."""
    picture = lit_face(tone, "even")
    board = np.zeros((SIZE, SIZE), bool)
    board[20:75, 15:110] = True
    picture[board] = np.clip(np.array(TONES[tone]) * 0.95, 0, 255)
    skin = likeness(picture)
    assert skin[INSIDE & cv2.erode(board.astype(np.uint8), np.ones((7, 7))).astype(bool)].mean() < 0.1
    assert skin[INSIDE & ~cv2.dilate(board.astype(np.uint8), np.ones((15, 15))).astype(bool)].mean() > 0.8


def test_thin_lines_and_moles_belong_to_the_skin() -> None:
    picture = lit_face("tan", "even")
    cv2.line(picture, (30, 90), (100, 95), (70, 40, 30), 1)
    cv2.circle(picture, (40, 80), 1, (40, 20, 20), -1)
    assert likeness(picture)[INSIDE].mean() > 0.95


def test_a_slow_change_never_makes_the_answer_jump() -> None:
    """A hand comes slowly into the light: the mask may not flip from one frame to the next."""
    likenesses = []
    for step in range(40):
        picture = lit_face("tan", "even").astype(float)
        picture[70:, 20:80] += (np.array((90, 120, 60)) - (198, 150, 118)) * step / 39
        picture = np.clip(picture, 0, 255).astype(np.uint8)
        likenesses.append(likeness(picture)[INSIDE])
    steps = [np.abs(after - before).mean() for before, after in itertools.pairwise(likenesses)]
    assert max(steps) < 0.12
    assert np.abs(likenesses[-1] - likenesses[0]).mean() > 0.2


def test_without_anything_to_learn_from_all_counts_as_skin() -> None:
    nothing = np.zeros((SIZE, SIZE), np.float32)
    assert (skin_likeness(lit_face("tan", "even"), POINTS, nothing, TOPOLOGY) == 1).all()


@pytest.mark.parametrize("is_lenient", [False, True])
@pytest.mark.parametrize(("color", "is_skin"), [((188, 130, 122), True), ((54, 94, 140), False)])
def test_colored_light_within_a_face_is_skin_where_that_is_told_leniently(
    color: tuple[int, int, int], is_skin: bool, is_lenient: bool
) -> None:
    """Pink light on a cheek, and a blue board, which covers it either way."""
    picture = lit_face("tan", "even").astype(np.int32)
    patch = np.zeros((SIZE, SIZE), np.uint8)
    cv2.circle(patch, (38, 72), 14, 1, -1)
    picture += patch[..., None] * (np.array(color) - TONES["tan"])
    bare = unoccluded_mask(
        np.clip(picture, 0, 255).astype(np.uint8), POINTS, (SIZE, SIZE), TOPOLOGY, is_lenient=is_lenient
    )
    share = bare[cv2.erode(patch, np.ones((9, 9))) > 0].mean() / 255
    assert share > 0.8 if is_skin and is_lenient else share < 0.5


def face_with_hand(*, covers: bool) -> np.ndarray:
    """A face with darker, redder lips; a shaded hand of the same skin with dark gaps lies over them if it covers."""
    picture = lit_face("tan", "even")
    cv2.fillPoly(picture, [POINTS[TOPOLOGY.outer_lips].astype(np.int32)], (150, 84, 78))
    if covers:
        top, left = POINTS[TOPOLOGY.outer_lips].min(0).astype(int)[::-1] - 12
        for finger in range((SIZE - top) // 4):
            row = top + 4 * finger
            picture[row : row + 3, left : left + 60] = np.array((205, 140, 100)) * (0.75 + 0.5 * (finger % 2))
            picture[row + 3, left : left + 60] = (60, 20, 10)
    return picture


@pytest.mark.parametrize("tone", TONES)
@pytest.mark.parametrize("light", LIGHTS)
def test_a_mouth_is_hidden_on_no_tone_of_bare_skin(tone: str, light: str) -> None:
    assert mouth_cover(lit_face(tone, light), POINTS, TOPOLOGY) == 0


def test_a_hand_over_the_mouth_covers_a_face_though_it_is_skin() -> None:
    mouth, brow = (tuple(POINTS[point].astype(int)[::-1]) for point in (14, 9))
    for covers in (False, True):
        picture = face_with_hand(covers=covers)
        assert mouth_cover(picture, POINTS, TOPOLOGY) == float(covers)
        bare = np.ones((SIZE, SIZE), np.float32)
        left = hide_mouth(bare, picture, POINTS, TOPOLOGY)
        assert (left[mouth] < 0.1) == covers
        assert left[brow] == 1


def test_a_mouth_outside_the_image_is_not_hidden() -> None:
    away = POINTS + np.float32(300)
    assert mouth_cover(lit_face("tan", "even"), away, TOPOLOGY) == 0
