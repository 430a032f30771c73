# SPDX-License-Identifier: GPL-3.0-or-later
"""Whole skin: what no image shows is filled with the person's own, and nothing else changes."""

import numpy as np
from understudy.core.geometry.mesh_raster import fill_polygons
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.swap.skin_fill import fill_skin
from understudy.core.swap.texture import TEXTURE_PIXELS

TOPOLOGY = load_topology()
SKIN = np.array([190, 140, 115])
FOREHEAD, CHEEK = slice(20, 90), slice(400, 480)
MIDDLE = slice(340, 430)


def texture_of(skin: np.ndarray = SKIN, grain: float = 4.0) -> np.ndarray:
    noise = np.random.default_rng(3).normal(0, grain, (TEXTURE_PIXELS, TEXTURE_PIXELS, 1))
    return np.clip(skin + noise, 0, 255).astype(np.uint8)


def fringe() -> tuple[np.ndarray, np.ndarray]:
    """A texture whose forehead is black hair, and a coverage that leaves it out."""
    texture, coverage = texture_of(), np.full((TEXTURE_PIXELS, TEXTURE_PIXELS), 255, np.uint8)
    texture[:100] = 10
    coverage[:100] = 0
    return texture, coverage


def test_what_is_shown_stays_as_it_is() -> None:
    texture, coverage = fringe()
    filled, covered = fill_skin(texture, coverage, TOPOLOGY)
    assert np.array_equal(filled[100:], texture[100:])
    assert np.array_equal(covered[100:], coverage[100:])


def test_a_hidden_forehead_gets_the_skins_colour_and_grain() -> None:
    filled, covered = fill_skin(*fringe(), TOPOLOGY)
    forehead = filled[FOREHEAD, MIDDLE].astype(float)
    assert np.abs(forehead.mean((0, 1)) - SKIN).max() < 4
    grain, there = filled[CHEEK, 150:250].astype(float).std(), forehead.std()
    assert 0.5 * grain < there < 1.5 * grain
    assert covered[FOREHEAD, MIDDLE].min() == 255


def test_hidden_features_stay_hidden() -> None:
    texture, coverage = fringe()
    brow = TOPOLOGY.layout[TOPOLOGY.left_brow] * (TEXTURE_PIXELS - 1)
    coverage[: int(brow[:, 1].max()) + 20] = 0
    _, covered = fill_skin(texture, coverage, TOPOLOGY)
    inside = fill_polygons([brow[[0, 4, 9, 5]]], (TEXTURE_PIXELS, TEXTURE_PIXELS)) == 255
    assert covered[inside].mean() < 60


def test_a_brow_that_is_mostly_shown_has_skin_beyond_its_end() -> None:
    texture, coverage = texture_of(), np.full((TEXTURE_PIXELS, TEXTURE_PIXELS), 255, np.uint8)
    brow = TOPOLOGY.layout[TOPOLOGY.left_brow] * (TEXTURE_PIXELS - 1)
    low, high = brow.min(0).astype(int), brow.max(0).astype(int)
    end = slice(low[1], high[1]), slice(low[0], low[0] + (high[0] - low[0]) // 4)
    coverage[end] = 0
    _, covered = fill_skin(texture, coverage, TOPOLOGY)
    assert covered[end].min() > 250


def test_the_colour_follows_the_skin_nearby() -> None:
    texture, coverage = texture_of(grain=0.0), np.full((TEXTURE_PIXELS, TEXTURE_PIXELS), 255, np.uint8)
    texture[:, : TEXTURE_PIXELS // 2] = (120, 90, 70)
    coverage[420:520, 120:180] = coverage[420:520, -180:-120] = 0
    filled, _ = fill_skin(texture, coverage, TOPOLOGY)
    left, right = filled[450:490, 135:165].mean((0, 1)), filled[450:490, -165:-135].mean((0, 1))
    assert np.abs(left - (120, 90, 70)).max() < 8
    assert np.abs(right - SKIN).max() < 8


def test_nobodys_skin_is_invented() -> None:
    texture, coverage = texture_of(), np.zeros((TEXTURE_PIXELS, TEXTURE_PIXELS), np.uint8)
    filled, covered = fill_skin(texture, coverage, TOPOLOGY)
    assert np.array_equal(filled, texture)
    assert not covered.any()
