# SPDX-License-Identifier: GPL-3.0-or-later
"""One texture from all images of a person: smiles weaken, better images count more, and their order decides nothing."""

import numpy as np
import pytest
from understudy.core.fusion.mask import face_mask
from understudy.core.geometry.mesh_raster import fill_polygons
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.recipe import Fusion
from understudy.core.swap.smile_folds import soften_folds
from understudy.core.swap.smile_mask import smile_mask
from understudy.core.swap.teeth import remove_teeth
from understudy.core.swap.whole_texture import image_weight, whole_texture

TOPOLOGY = load_topology()
SIDE = 768
CORNERS = (61, 291)
CALM = -0.3
"""The canonical mesh is the mean of people who smile a little."""
RNG = np.random.default_rng(3)


def mesh(height: float = 300, smile: float = CALM, yaw: float = 0.0) -> np.ndarray:
    """Return landmarks (478, 3) of a face of about this height, its mouth's corners drawn apart and up by `smile`."""
    points = TOPOLOGY.shape.copy()
    for corner, side in zip(CORNERS, (-1, 1), strict=True):
        points[corner] += (side * smile / 2, -smile / 3, 0)
    turn = np.radians(yaw)
    rotation = np.array([[np.cos(turn), 0, np.sin(turn)], [0, 1, 0], [-np.sin(turn), 0, np.cos(turn)]])
    scale = height / np.linalg.norm(TOPOLOGY.shape[10] - TOPOLOGY.shape[152])
    points = points @ rotation.T * scale + (400, 400, 0)
    return np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)]).astype(np.float32)


def part(level: float, visibility: int = 255) -> dict[str, np.ndarray]:
    """Return a texture of skin of one lightness, with fine noise, that is seen all over."""
    noise = RNG.normal(0, 3, (SIDE, SIDE, 1))
    texture = np.clip(np.array([190, 150, 130]) * level + noise, 0, 255).astype(np.uint8)
    return {"texture": texture, "seen": np.full((SIDE, SIDE), visibility, np.uint8)}


def at(image: np.ndarray, index: int) -> np.ndarray:
    column, row = np.round(TOPOLOGY.layout[index] * (SIDE - 1)).astype(int)
    return image[row - 6 : row + 7, column - 6 : column + 7].astype(float).mean((0, 1))


def test_large_frontal_and_calm_images_count_more() -> None:
    best = image_weight(mesh(), TOPOLOGY)
    assert image_weight(mesh(height=100), TOPOLOGY) < 0.5 * best
    assert image_weight(mesh(yaw=35), TOPOLOGY) < 0.6 * best
    assert image_weight(mesh(smile=0.4), TOPOLOGY) < 0.75 * best
    assert 0 < image_weight(mesh(height=20, yaw=80, smile=0.5), TOPOLOGY) < best <= 1


def test_a_smile_is_trusted_less_at_its_folds_alone() -> None:
    assert not smile_mask(mesh(), SIDE, TOPOLOGY).any()
    smiling = smile_mask(mesh(smile=0.4), SIDE, TOPOLOGY)
    assert np.abs(smiling - smiling[:, ::-1]).max() < 0.05
    for index in (*CORNERS, 206, 426):
        assert at(smiling, index) > 0.4
    for index in (4, 9, 50, 152, 159):
        assert at(smiling, index) < 0.05


def test_dark_folds_of_a_smile_are_filled_with_the_persons_skin() -> None:
    dark, mask = part(1.0), smile_mask(mesh(smile=0.4), SIDE, TOPOLOGY)
    dark["texture"][mask > 0.35] //= 2
    calm, _ = whole_texture([dark], [mesh()], 1.0, TOPOLOGY)
    smiling, coverage = whole_texture([dark], [mesh(smile=0.4)], 1.0, TOPOLOGY)
    fold, cheek = 206, 50
    assert at(calm, fold)[1] < 0.65 * at(calm, cheek)[1]
    assert at(smiling, fold)[1] > at(calm, fold)[1] + 8
    assert at(coverage[..., None], fold) > 250


def test_a_calm_image_shows_what_a_smile_hides() -> None:
    dark, mask = part(1.0), smile_mask(mesh(smile=0.4), SIDE, TOPOLOGY)
    dark["texture"][mask > 0.35] //= 2
    alone, _ = whole_texture([dark], [mesh(smile=0.4)], 1.0, TOPOLOGY)
    both, _ = whole_texture([dark, part(1.0)], [mesh(smile=0.4), mesh()], 1.0, TOPOLOGY)
    assert at(both, 206)[1] > at(alone, 206)[1] + 3
    assert at(both, 206)[1] > 0.85 * at(both, 50)[1]


def test_the_order_of_images_decides_nothing() -> None:
    images = [part(1.0), part(0.8), part(1.1)]
    meshes = [mesh(), mesh(height=150), mesh(smile=0.1)]
    one, one_coverage = whole_texture(images, meshes, 1.0, TOPOLOGY)
    other, other_coverage = whole_texture(images[::-1], meshes[::-1], 1.0, TOPOLOGY)
    assert np.abs(one.astype(int) - other).max() <= 1
    assert np.array_equal(one_coverage, other_coverage)


def test_images_of_other_exposure_get_the_best_ones() -> None:
    best, dark = part(1.0), part(0.5)
    made, _ = whole_texture([dark, best], [mesh(height=200), mesh()], 1.0, TOPOLOGY)
    assert at(made, 50) == pytest.approx(at(best["texture"], 50), abs=3)


def test_teeth_on_the_lips_get_the_lips_colour() -> None:
    red, white = (180, 90, 95), (225, 222, 212)
    lips, points = part(1.0), TOPOLOGY.layout * (SIDE - 1)
    outer, inner = (
        fill_polygons([points[ring].astype(np.float32)], (SIDE, SIDE)) > 0
        for ring in (TOPOLOGY.outer_lips, TOPOLOGY.inner_lips)
    )
    lips["texture"][outer & ~inner] = red
    column, row = np.round(points[14]).astype(int)
    around = (slice(row, row + 10), slice(column - 12, column + 13))
    tooth = np.zeros_like(outer)
    tooth[around] = (outer & ~inner)[around]
    assert tooth.sum() > 40
    bare = remove_teeth(lips, TOPOLOGY)["texture"]
    lips["texture"][tooth] = white
    cleared = remove_teeth(lips, TOPOLOGY)["texture"]
    assert np.abs(cleared[tooth].astype(int) - red).max() < 40
    assert np.array_equal(bare[outer & ~inner], np.full_like(bare[outer & ~inner], red)), "lips stay"
    assert np.array_equal(bare[~outer], lips["texture"][~outer]), "skin is not looked at"


def test_folds_of_a_smile_are_shallower_all_over_the_cheek() -> None:
    face, points = part(1.0), TOPOLOGY.layout * (SIDE - 1)
    column, row = np.round(points[213]).astype(int)
    fold = (slice(row - 25, row + 25), slice(column - 4, column + 5))
    face["texture"][fold] = face["texture"][fold] * 0.8
    assert soften_folds(face, mesh(), TOPOLOGY) is face, "a calm face is the person's own"
    softened = soften_folds(face, mesh(smile=0.4), TOPOLOGY)["texture"].astype(float)
    skin = face["texture"][row - 25 : row + 25, column + 30 : column + 60].mean()
    assert face["texture"][fold].mean() < 0.82 * skin
    assert softened[fold].mean() > 0.88 * skin
    assert softened[row - 25 : row + 25, column + 30 : column + 60].mean() < 1.03 * skin


def test_lips_that_meet_keep_the_targets_line_between_them() -> None:
    points = mesh()
    lower, upper = TOPOLOGY.inner_lips[1:10], TOPOLOGY.inner_lips[:10:-1]
    points[lower] = points[upper] = (points[lower] + points[upper]) / 2
    size = (800, 800)
    shown = [face_mask(points, size, Fusion(), TOPOLOGY, own_lids=own) for own in (0.0, 1.0)]
    column, row = (points[13, :2] * shown[0].shape[0] / size[0]).astype(int)
    assert shown[1][row, column] < min(0.3, shown[0][row, column])
    lip = row - 8
    assert shown[1][lip, column] > 0.9, "the lips themselves are the source's"
