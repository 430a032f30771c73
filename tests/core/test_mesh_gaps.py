# SPDX-License-Identifier: GPL-3.0-or-later
"""A turned face has no dots along its nose, and what lies around a texture does not get into it."""

import cv2
import numpy as np
import pytest
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.geometry.outline import convex_hull
from understudy.core.swap.mesh import draw_texture, face_crop_region
from understudy.core.swap.mesh_gaps import fill_gaps, is_outside

TOPOLOGY = load_topology()
SIDE = 320
GREEN = (20, 220, 40)


def turned(degrees: float) -> np.ndarray:
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    points = TOPOLOGY.shape * 62 @ np.array([[cosine, 0, sine], [0, 1, 0], [-sine, 0, cosine]]).T
    points = np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)])
    return np.asarray(points + np.array((SIDE / 2, SIDE / 2, 0)), np.float32)


def texture() -> np.ndarray:
    """Skin, a little beyond the face's outline as `fill_skin` leaves it, and green around."""
    outline = convex_hull(TOPOLOGY.layout[TOPOLOGY.oval] * 767)
    inside = cv2.fillConvexPoly(np.zeros((768, 768), np.uint8), np.round(outline).astype(np.int32), (1,))
    skin = cv2.dilate(inside, np.ones((9, 9), np.uint8))[..., None] > 0
    return np.where(skin, np.array((200, 150, 130), np.uint8), np.array(GREEN, np.uint8))


def draw(degrees: float, *, close_gaps: bool) -> tuple[np.ndarray, np.ndarray]:
    points = turned(degrees)
    region = face_crop_region(points, (SIDE, SIDE), 512)
    assert region is not None
    whole = np.full((768, 768), 255, np.uint8)
    return draw_texture(points, region, texture(), whole, TOPOLOGY, close_gaps=close_gaps)


@pytest.mark.parametrize("degrees", [-55, -35, 0, 20, 45, 60])
def test_hardly_any_of_what_is_around_the_texture_is_seen(degrees: float) -> None:
    green = []
    for close in (True, False):
        colours, cover = draw(degrees, close_gaps=close)
        shown = np.asarray(cv2.resize(cover, colours.shape[1::-1]) > 0, np.uint8)
        assert shown.sum() > 0.2 * shown.size
        # A blur of one pixel mixes in what is that near.
        near = cv2.dilate(shown, np.ones((5, 5), np.uint8)) > 0
        green.append(int(((np.abs(colours.astype(int) - GREEN).max(2) < 60) & near).sum()))
    assert green[0] < 0.05 * green[1]


@pytest.mark.parametrize("degrees", [-60, 0, 35])
def test_a_texture_that_is_blank_around_is_drawn_like_one_that_is_not(degrees: float) -> None:
    points = turned(degrees)
    region = face_crop_region(points, (SIDE, SIDE), 512)
    assert region is not None
    blank_around = np.asarray((texture() != GREEN).any(2) * 200, np.uint8)
    with_corner = blank_around.copy()
    with_corner[-1, -1] = 255  # no triangle shows it
    drawn = [
        draw_texture(points, region, texture(), coverage, TOPOLOGY, close_gaps=close)
        for close in (False, True)
        for coverage in (blank_around, with_corner)
    ]
    for blank, other in (drawn[:2], drawn[2:]):
        assert blank[1].any()
        assert all(np.array_equal(one, two) for one, two in zip(blank, other, strict=True))


@pytest.mark.parametrize("degrees", [-45, 30, 50])
def test_the_mask_ends_where_it_did(degrees: float) -> None:
    before, after = (draw(degrees, close_gaps=close)[1].astype(int) for close in (False, True))
    outline = np.asarray(before > 0, np.uint8)
    assert not after[cv2.dilate(outline, np.ones((5, 5), np.uint8)) == 0].any()
    assert (after >= before - 40).mean() > 0.99


def test_gaps_are_closed_and_openings_are_not() -> None:
    drawn = np.zeros((40, 40), np.int32)
    drawn[:, 20] = -1
    drawn[5:18, 2:15] = -1
    outside = is_outside(drawn)
    assert not outside[:, 20].any()
    assert outside[8:15, 5:12].all()
    values = np.arange(1600, dtype=np.float32).reshape(1, 40, 40)
    filled = values.copy()
    fill_gaps(filled, drawn)
    assert np.array_equal(filled[0][drawn >= 0], values[0][drawn >= 0])
    assert np.isin(filled[0, :, 20], values[0][:, [19, 21]]).all()
    nothing = values.copy()
    fill_gaps(nothing, np.full((40, 40), -1, np.int32))
    assert np.array_equal(nothing, values)
