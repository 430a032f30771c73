# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces are brought to the place that networks were trained on, and boosted crops come apart exactly."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.geometry.alignment import (
    TEMPLATES,
    alignment_matrix,
    face_mesh_alignment_points,
    footprint,
)
from understudy.core.geometry.crop import invert_affine, transform_points
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.swap.pixel_boost import merge_phases, split_phases


def fit_by_least_squares(points: np.ndarray, goal: np.ndarray) -> np.ndarray:
    """Solve x' = a x - b y + c, y' = b x + a y + d for all five points at once."""
    rows, right = [], []
    for (x, y), (u, v) in zip(points.astype(np.float64), goal, strict=True):
        rows += [[x, -y, 1, 0], [y, x, 0, 1]]
        right += [u, v]
    a, b, c, d = np.linalg.lstsq(np.array(rows), np.array(right), rcond=None)[0]
    return np.array([[a, -b, c], [b, a, d]])


@pytest.mark.parametrize("template", TEMPLATES)
@given(st_numpy.arrays(np.float32, (5, 2), elements=st.floats(0, 4096, width=32)))
def test_the_matrix_is_the_least_squares_similarity(template: str, points: np.ndarray) -> None:
    if np.ptp(points, axis=0).max() < 4:
        return
    goal = np.array(TEMPLATES[template]) * 256
    crop_points = transform_points(points, alignment_matrix(points, template, 256))
    expected = points @ fit_by_least_squares(points, goal)[:, :2].T
    expected += fit_by_least_squares(points, goal)[:, 2]
    assert np.abs(crop_points - expected).max() < 0.02


@given(
    st.sampled_from(sorted(TEMPLATES)),
    st.integers(32, 1024),
    st.floats(0.1, 8),
    st.floats(-180, 180),
    st.tuples(st.floats(-500, 2000), st.floats(-500, 2000)),
)
def test_a_face_posed_like_the_template_lands_on_it_wherever_it_is(
    template: str, size: int, scale: float, angle: float, shift: tuple[float, float]
) -> None:
    goal = np.array(TEMPLATES[template]) * size
    turn = scale * np.exp(1j * np.radians(angle))
    here = (goal[:, 0] + 1j * goal[:, 1]) * turn + complex(*shift)
    points = np.stack([here.real, here.imag], 1).astype(np.float32)
    matrix = alignment_matrix(points, template, size)
    assert np.abs(transform_points(points, matrix) - goal).max() < 0.02 * max(1, size / 256 / scale)
    assert np.isclose(np.hypot(matrix[0, 0], matrix[1, 0]) * scale, 1, rtol=1e-3)
    assert np.isclose(matrix[0, 0], matrix[1, 1])
    assert np.isclose(matrix[0, 1], -matrix[1, 0])


def test_a_face_at_twice_the_templates_size_is_halved_and_shifted() -> None:
    points = (np.array(TEMPLATES["arcface_128"]) * 256 + (10, 30)).astype(np.float32)
    assert np.allclose(alignment_matrix(points, "arcface_128", 128), [[0.5, 0, -5], [0, 0.5, -15]], atol=1e-4)
    corners = footprint(np.array([[0.5, 0, -5], [0, 0.5, -15]], np.float32), 128)
    assert np.allclose(corners, [[9, 29], [265, 29], [265, 285], [9, 285]])
    assert np.allclose(invert_affine(alignment_matrix(points, "arcface_128", 128))[:, 2], (10, 30), atol=1e-2)


def test_five_points_of_the_mesh_are_lid_means_nose_and_mouth_corners() -> None:
    topology = load_topology()
    points = np.zeros((478, 3), np.float32)
    points[:468] = topology.shape * 100
    five = face_mesh_alignment_points(points, topology)
    assert five[0, 0] < five[2, 0] < five[1, 0]
    assert np.allclose(five[0], points[topology.left_eye_ring, :2].mean(0))
    assert np.allclose(five[3:], points[[61, 291], :2])
    points[468:] = 1e6
    assert np.array_equal(face_mesh_alignment_points(points, topology), five)
    # A symmetric face has a symmetric five: its crop stands upright.
    assert abs(five[0, 0] + five[1, 0]) < 1
    assert abs(five[0, 1] - five[1, 1]) < 1


def test_five_points_of_68_follow_the_ibug_order() -> None:
    points = np.stack([np.arange(68), np.arange(68) * 10], 1).astype(np.float32)
    expected = [[38.5, 385], [44.5, 445], [30, 300], [48, 480], [54, 540]]
    assert np.array_equal(LANDMARK_SETS[68].alignment_points(points), np.float32(expected))


@given(st.integers(1, 8), st.integers(1, 24), st.integers(0, 2**32 - 1))
def test_a_boosted_crop_comes_apart_and_together_exactly(boost: int, size: int, seed: int) -> None:
    crop = np.random.default_rng(seed).integers(0, 256, (boost * size, boost * size, 3), np.uint8)
    parts = split_phases(crop, boost)
    assert parts.shape == (boost * boost, size, size, 3)
    assert np.array_equal(merge_phases(parts, boost), crop)
    for row in range(boost):
        for column in range(boost):
            assert np.array_equal(parts[row * boost + column], crop[row::boost, column::boost])
