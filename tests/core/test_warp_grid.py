# SPDX-License-Identifier: GPL-3.0-or-later
"""A warp goes where its points go, ends, and never folds, whatever it is fitted to."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from understudy.core.geometry.warp_grid import MIN_DETERMINANT, WarpGrid, fit_warp

SIZE = (400, 360)
PLACES = st.tuples(st.floats(-40, 440), st.floats(-40, 400))
MOVES = st.tuples(st.floats(-300, 300), st.floats(-300, 300))


def bump(width: float = 80.0) -> tuple[np.ndarray, np.ndarray]:
    """A grid of points around the frame's middle, and how far each goes to the right."""
    points = np.stack(np.meshgrid(np.linspace(140, 260, 9), np.linspace(120, 240, 9)), -1).reshape(-1, 2)
    move = np.zeros_like(points)
    move[:, 0] = 6 * np.exp(-((np.linalg.norm(points - (200, 180), axis=1) / width) ** 2))
    return points.astype(np.float32), move.astype(np.float32)


def smallest_determinant_by_pixels(grid: WarpGrid) -> float:
    """The least area that a pixel's square is warped to, by its four corners."""
    field = grid.dense().astype(np.float64)
    field[..., 0] += np.arange(field.shape[1])[None]
    field[..., 1] += np.arange(field.shape[0])[:, None]
    across, down = np.diff(field[:-1], axis=1), np.diff(field[:, :-1], axis=0)
    return float((across[..., 0] * down[..., 1] - across[..., 1] * down[..., 0]).min(initial=1))


def test_points_arrive_where_they_are_to_go() -> None:
    points, move = bump()
    grid = fit_warp(points, move, 100, SIZE)
    assert np.abs(grid.warp_points(points) - points - move).max() < 0.6


def test_what_is_found_as_moved_is_taken_from_where_it_was() -> None:
    points, move = bump()
    grid = fit_warp(points, move, 100, SIZE)
    moved = grid.warp_points(points)
    assert np.abs(moved + grid.at(moved) - points).max() < 1e-3


def test_the_displacement_at_pixels_is_that_of_the_dense_field() -> None:
    points, move = bump()
    grid = fit_warp(points, move, 100, SIZE)
    rows, columns = np.mgrid[0 : grid.height : 7, 0 : grid.width : 7]
    pixels = np.stack([columns.ravel() + grid.left, rows.ravel() + grid.top], 1).astype(np.float32)
    dense = grid.dense()[rows.ravel(), columns.ravel()]
    assert np.abs(dense).max() > 3
    assert np.abs(grid.at(pixels) - dense).max() < 1e-3


def test_no_move_is_no_warp_at_all() -> None:
    points, move = bump()
    grid = fit_warp(points, np.zeros_like(move), 100, SIZE)
    assert not grid.displacement.any()
    assert np.array_equal(grid.determinants(), np.ones_like(grid.determinants()))


def test_the_border_of_the_frame_and_resting_boxes_rest() -> None:
    points, move = bump()
    points, box = points - (130, 0), np.array([100.0, 100.0, 180.0, 180.0], np.float32)
    grid = fit_warp(points, move, 100, SIZE, [box])
    assert grid.left == 0
    edge = np.stack([np.zeros(40), np.linspace(100, 260, 40)], 1).astype(np.float32)
    inside = np.stack(np.meshgrid(np.linspace(106, 174, 9), np.linspace(106, 174, 9)), -1).reshape(-1, 2)
    assert np.abs(grid.dense()).max() > 2
    assert np.abs(grid.at(edge)).max() < 0.2
    assert np.abs(grid.at(inside.astype(np.float32))).max() < 1e-6


def test_a_part_of_an_image_is_moved_as_all_of_it_is() -> None:
    grid = fit_warp(*bump(), 60, SIZE)
    image = np.random.default_rng(7).random((grid.height, grid.width, 3), np.float32)
    whole = grid.move_image(image, (slice(0, grid.height), slice(0, grid.width)))
    part = slice(37, 141), slice(20, 95)
    assert not np.array_equal(whole[part], image[part])
    assert np.array_equal(grid.move_image(image, part), whole[part])
    onto = np.zeros((150, 120, 3), np.float32)
    grid.move_image(image, part, onto[9:113, 30:105])
    assert np.array_equal(onto[9:113, 30:105], whole[part])
    onto[9:113, 30:105] = 0
    assert not onto.any()


@pytest.mark.parametrize("factor", [1, 4, 40])
def test_a_warp_ends_at_its_reach(factor: float) -> None:
    points, move = bump()
    grid = fit_warp(points, move * factor, 60, SIZE)
    dense = grid.dense()
    # A cell may lie across the end.
    across, down = np.ceil(grid.cell).astype(int)
    last_column = int(320 + 6 * factor) + across - grid.left
    far = np.ones(dense.shape[:2], bool)
    far[
        max(60 - down - grid.top, 0) : 300 + down - grid.top, max(80 - across - grid.left, 0) : last_column
    ] = False
    assert np.abs(dense[far]).max(initial=0) < 1e-3


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(PLACES, MOVES), min_size=3, max_size=24), st.floats(20, 200))
def test_nothing_folds(pairs: list[tuple[tuple[float, float], tuple[float, float]]], reach: float) -> None:
    points = np.array([place for place, _ in pairs], np.float32)
    move = np.array([by for _, by in pairs], np.float32)
    grid = fit_warp(points, move, reach, SIZE)
    assert np.isfinite(grid.displacement).all()
    assert grid.determinants().min() >= MIN_DETERMINANT
    assert smallest_determinant_by_pixels(grid) >= MIN_DETERMINANT - 0.01


@settings(max_examples=20, deadline=None)
@given(arrays.arrays(np.float32, (81, 2), elements=st.floats(-40, 40, width=32)))
def test_the_same_fit_gives_the_same_bits(move: np.ndarray) -> None:
    points, _ = bump()
    first, second = fit_warp(points, move, 100, SIZE), fit_warp(points.copy(), move.copy(), 100, SIZE)
    assert np.array_equal(first.displacement, second.displacement)
