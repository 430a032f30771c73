# SPDX-License-Identifier: GPL-3.0-or-later
"""A person's form: without pose and size, symmetric, and what two of them differ by."""

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.geometry.face_form import (
    FaceForm,
    form_displacement,
    mirror_points,
    neutral_form,
    pose_displacement,
)
from understudy.core.geometry.head_pose import fit_similarity
from understudy.core.geometry.mesh_topology import load_topology

TOPOLOGY = load_topology()
LOWER_LIP, UPPER_LIP, CHIN = 14, 13, 152


def posed(form: np.ndarray, yaw: float = 0.0, pitch: float = 0.0, size: float = 100.0) -> np.ndarray:
    """A form turned by degrees, in pixels, with the points of the irises."""
    turn = cv2.Rodrigues(np.array([0.0, np.radians(yaw), 0.0]))[0]
    nod = cv2.Rodrigues(np.array([np.radians(pitch), 0.0, 0.0]))[0]
    points = (form @ (nod @ turn).T) * size + (320, 280, 0)
    return np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)]).astype(np.float32)


def wide_jaw(by: float = 0.06) -> np.ndarray:
    """The canonical form with a jaw that is wider by some eye distances on either side."""
    form = TOPOLOGY.shape.astype(np.float64)
    low = np.clip((form[:, 1] - form[1, 1]) / 0.6, 0, 1)
    form[:, 0] += by * low * np.sign(form[:, 0]) * np.clip(np.abs(form[:, 0]) / 0.3, 0, 1)
    return form.astype(np.float32)


def form_of(points: np.ndarray) -> FaceForm:
    return FaceForm(points, np.zeros(468, np.float32))


@settings(max_examples=25, deadline=None)
@given(st.floats(-25, 25), st.floats(-15, 15), st.floats(20, 600))
def test_pose_and_size_leave_no_trace_in_a_form(yaw: float, pitch: float, size: float) -> None:
    form = neutral_form([posed(wide_jaw(), yaw, pitch, size)], TOPOLOGY)
    expected = neutral_form([posed(wide_jaw())], TOPOLOGY)
    assert np.abs(form.points - expected.points).max() < 2e-3
    assert np.abs(form.points - mirror_points(form.points, TOPOLOGY)).max() < 1e-5


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.floats(-30, 30))
def test_the_same_person_gives_no_displacement(seed: int, yaw: float) -> None:
    """Whatever the person is like, and however either mesh is posed."""
    noise = np.random.default_rng(seed).normal(0, 0.02, (468, 3))
    person = TOPOLOGY.shape + noise + mirror_points(noise, TOPOLOGY)
    source, target = (neutral_form([posed(person, turn)], TOPOLOGY) for turn in (yaw, -yaw / 2))
    assert np.abs(form_displacement(source, source, TOPOLOGY)).max() == 0
    assert np.abs(form_displacement(source, target, TOPOLOGY)).max() < 2e-3


def test_a_wider_jaw_widens_the_jaw_against_the_forehead() -> None:
    """The outline keeps its size, so that the forehead becomes narrower where the jaw becomes wider."""
    away = form_displacement(form_of(wide_jaw()), form_of(TOPOLOGY.shape), TOPOLOGY)
    (left, right), (left_temple, right_temple) = (172, 397), (21, 251)
    assert away[left, 0] - away[left_temple, 0] < -0.03
    assert away[right, 0] - away[right_temple, 0] > 0.03
    assert away[left, 0] < -0.01
    assert np.abs(away - mirror_points(away, TOPOLOGY)).max() < 1e-6
    assert np.abs(away[[9, 151, 8]]).max() < 0.03


@pytest.mark.parametrize("width", [1.1, 1.3])
def test_a_face_that_is_wide_for_its_features_hardly_grows(width: float) -> None:
    """What grows beyond its outline stands out against the background: eyes come nearer to each other instead."""
    source, target = TOPOLOGY.shape.copy(), TOPOLOGY.shape
    outer = np.clip((np.abs(source[:, 0]) - 0.6) / 0.3, 0, 1)
    source[:, 0] *= 1 + (width - 1) * outer
    away = form_displacement(form_of(source), form_of(target), TOPOLOGY)
    middle = target[TOPOLOGY.oval].mean(0)
    sizes = [np.linalg.norm((form - middle)[TOPOLOGY.oval, :2], axis=1) for form in (target, target + away)]
    assert np.quantile(sizes[1] / sizes[0], 0.75) < 1.01
    eyes = [ring.mean(0)[0] for ring in (away[TOPOLOGY.left_eye_ring], away[TOPOLOGY.right_eye_ring])]
    assert eyes[0] > 0.01
    assert eyes[1] < -0.01


def test_an_open_mouth_in_the_source_hardly_opens_the_targets() -> None:
    open_mouth = TOPOLOGY.shape.copy()
    lower = np.isin(np.arange(468), TOPOLOGY.outer_lips) | np.isin(np.arange(468), TOPOLOGY.inner_lips)
    open_mouth[lower & (open_mouth[:, 1] > open_mouth[[UPPER_LIP, LOWER_LIP], 1].mean()), 1] += 0.2
    away = form_displacement(form_of(open_mouth), form_of(TOPOLOGY.shape), TOPOLOGY)
    assert abs(away[LOWER_LIP, 1] - away[UPPER_LIP, 1]) < 0.07


def test_calm_meshes_count_more_than_those_with_an_open_mouth() -> None:
    speaking = TOPOLOGY.shape.copy()
    speaking[speaking[:, 1] > speaking[LOWER_LIP, 1] - 0.01, 1] += 0.25
    form = neutral_form([posed(TOPOLOGY.shape)] * 3 + [posed(speaking)] * 5, TOPOLOGY)
    opening = form.points[LOWER_LIP, 1] - form.points[UPPER_LIP, 1]
    calm = TOPOLOGY.shape[LOWER_LIP, 1] - TOPOLOGY.shape[UPPER_LIP, 1]
    assert opening - calm < 0.08
    assert form.spread[CHIN] > 3 * form.spread[[8, 9, 151]].max()


def test_what_moves_with_expression_is_displaced_less() -> None:
    spread = np.full(468, 0.2, np.float32)
    still = form_displacement(form_of(wide_jaw()), form_of(TOPOLOGY.shape), TOPOLOGY)
    moving = form_displacement(form_of(wide_jaw()), FaceForm(TOPOLOGY.shape, spread), TOPOLOGY)
    assert np.abs(moving).max() < 0.4 * np.abs(still).max()


@pytest.mark.parametrize("yaw", [0.0, 20.0, -35.0])
def test_a_displacement_turns_with_the_head(yaw: float) -> None:
    target = form_of(TOPOLOGY.shape)
    away = form_displacement(form_of(wide_jaw()), target, TOPOLOGY)
    landmarks = posed(TOPOLOGY.shape, yaw)
    moved = pose_displacement(away, target, landmarks, TOPOLOGY)
    scale, rotation, _ = fit_similarity(TOPOLOGY.shape, landmarks[:468])
    assert np.abs(moved - scale * away @ rotation.T).max() < 0.05
    assert np.abs(moved[:, 2]).max() > 0.2 or yaw == 0


def test_a_profile_is_not_displaced_and_nothing_jumps_on_the_way_to_it() -> None:
    target = form_of(TOPOLOGY.shape)
    away = form_displacement(form_of(wide_jaw()), target, TOPOLOGY)
    lengths = [
        np.abs(pose_displacement(away, target, posed(TOPOLOGY.shape, yaw), TOPOLOGY)).max()
        for yaw in range(0, 90, 2)
    ]
    assert lengths[0] > 3
    assert lengths[-1] == 0
    assert np.abs(np.diff(lengths)).max() < 0.2 * lengths[0]


def test_a_displacement_has_a_limit_whoever_the_source_is() -> None:
    away = form_displacement(form_of(TOPOLOGY.shape * (1, 3, 1)), form_of(TOPOLOGY.shape), TOPOLOGY)
    assert np.linalg.norm(away, axis=1).max() <= 0.23


def test_a_form_needs_a_mesh() -> None:
    with pytest.raises(ValueError, match="at least one"):
        neutral_form([], TOPOLOGY)
