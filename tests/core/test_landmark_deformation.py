# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarks are moved by handles, smoothly, exactly and without folds; and a face is put where a person points."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.face.landmark_handles import HANDLES
from understudy.core.geometry.landmark_deformation import (
    face_axes,
    handle_offset,
    handle_weights,
    move_landmarks,
    place_landmarks,
)
from understudy.core.geometry.mesh_topology import canonical_mesh, load_topology
from understudy.core.geometry.thin_plate import thin_plate_weights
from understudy.core.recipe.landmark_drag import (
    FaceControl,
    control_points,
    drag_control,
    place_from,
    place_in_frame,
    pose_landmarks,
)
from understudy.core.recipe.landmark_edits import REST, LandmarkKey

COUNT = len(HANDLES)
STILL = ((0.0, 0.0), 0.0, 1.0)
moves = st.floats(-0.02, 0.02)
offset_lists = st.lists(st.tuples(moves, moves), min_size=COUNT, max_size=COUNT)
poses = st.tuples(st.tuples(st.floats(-1, 1), st.floats(-1, 1)), st.floats(-180, 180), st.floats(0.3, 3))


def face(yaw=0.0, roll=0.0):
    """A face mesh about 200 pixels high, its head turned by degrees."""
    shape = canonical_mesh(load_topology()) * 100
    cos, sin = np.cos(np.radians([yaw, roll])), np.sin(np.radians([yaw, roll]))
    shape = shape @ np.array([[cos[0], 0, -sin[0]], [0, 1, 0], [sin[0], 0, cos[0]]]).T
    shape = shape @ np.array([[cos[1], -sin[1], 0], [sin[1], cos[1], 0], [0, 0, 1]]).T
    return np.asarray(shape + np.array([320, 180, 0]), np.float32)


def areas(points):
    """Twice the area of each triangle, by its winding."""
    one, two, three = (points[load_topology().triangles[:, corner], :2] for corner in range(3))
    across, along = two - one, three - one
    return across[:, 0] * along[:, 1] - across[:, 1] * along[:, 0]


@pytest.mark.parametrize("yaw", [0, 35, -80])
def test_where_nothing_is_moved_the_landmarks_are_the_same_bits(yaw):
    assert np.array_equal(move_landmarks(face(yaw), *STILL, REST), face(yaw))


@given(offset_lists, poses, st.floats(-80, 80), st.floats(-180, 180))
def test_each_handle_goes_exactly_where_it_is_moved(offsets, pose, yaw, roll):
    landmarks = face(yaw, roll)
    _, axes = face_axes(landmarks)
    still = move_landmarks(landmarks, *STILL, offsets)
    handles = list(HANDLES.values())
    goals = landmarks[handles, :2] + np.asarray(offsets) @ axes
    assert np.abs(still[handles, :2] - goals).max() < 1e-3
    # Where it goes with the whole face moved as well leads back to its offset.
    moved = move_landmarks(landmarks, *pose, offsets)
    for number, landmark in enumerate(handles):
        back = handle_offset(landmarks, number, moved[landmark, :2], *pose)
        assert np.abs(np.subtract(back, offsets[number])).max() < 1e-4
    # The whole face is a similarity of what the handles made of it.
    spread = [np.linalg.norm(points[:, :2] - points[:, :2].mean(0)) for points in (still, moved)]
    assert spread[1] == pytest.approx(pose[2] * spread[0], rel=1e-3)


def test_no_moves_of_handles_by_3_percent_of_the_height_fold_the_plane():
    """Whatever the moves: a map x + u(x) whose slope of u is below 1 everywhere takes no two points to one place."""
    mesh = canonical_mesh(load_topology())[:, :2]
    centres, height = mesh[list(HANDLES.values())], np.linalg.norm(mesh[10] - mesh[152])
    low, high = mesh.min(0), mesh.max(0)
    grid = np.stack(np.meshgrid(*np.linspace(low, high, 60).T), -1).reshape(-1, 2)
    step = 1e-4 * np.eye(2)
    slopes = [
        (thin_plate_weights(grid + way, centres) - thin_plate_weights(grid - way, centres)) / 2e-4
        for way in step
    ]
    steepest = np.hypot(*slopes) * height
    assert 0.03 * steepest.sum(1).max() < 1
    assert 0.10 * steepest.max() < 1  # one handle alone may go three times as far


@given(offset_lists)
def test_moderate_moves_fold_no_triangle(offsets):
    """Each handle for itself by up to 2 % of the face's height; slivers that the landmarks fold already don't count."""
    landmarks = face()
    before, after = areas(landmarks), areas(move_landmarks(landmarks, *STILL, offsets))
    assert (after[before > 2.0] > 0).all()


def test_a_handle_carries_its_neighborhood_and_leaves_the_other_handles():
    weights = handle_weights()
    assert np.allclose(weights.sum(1), 1)
    for number, landmark in enumerate(HANDLES.values()):
        assert np.array_equal(weights[landmark], np.eye(COUNT)[number])
    # Smooth: along each edge of the mesh the weight changes by little, the more so the shorter the edge.
    mesh = canonical_mesh(load_topology())[:, :2]
    one, two = load_topology().triangles[:, :2].T
    length = np.linalg.norm(mesh[one] - mesh[two], axis=1, keepdims=True)
    assert (np.abs(weights[one] - weights[two]) < 0.03 + 6 * length).all()
    chin, eye = list(HANDLES).index("chin"), HANDLES["left_eye"]
    ring = load_topology().left_eye_ring
    assert np.abs(weights[ring, list(HANDLES).index("left_eye")] - 1).max() < 0.5
    assert np.abs(weights[[*ring, eye], chin]).max() < 0.1


@given(
    st.tuples(st.floats(50, 300), st.floats(50, 300)),
    st.floats(20, 200),
    st.floats(-180, 180),
    st.floats(0.7, 1.6),
)
def test_a_placed_face_has_its_eyes_and_mouth_where_a_person_points(corner, distance, roll, stretch):
    cos, sin = np.cos(np.radians(roll)), np.sin(np.radians(roll))
    right, down = np.array([cos, sin]) * distance, np.array([-sin, cos]) * distance * stretch
    eye = np.array(corner)
    points = [*eye, *(eye + right), *(eye + right / 2 + down)]
    placed = place_landmarks(points)
    lips = placed[[13, 14], :2].mean(0)
    assert (
        np.abs([placed[468, :2] - points[:2], placed[473, :2] - points[2:4], lips - points[4:]]).max() < 0.01
    )
    assert (np.sign(areas(placed)) == np.sign(areas(face()))).mean() > 0.99
    # Eyes that change places would mirror the face.
    assert place_landmarks([*points[2:4], *points[:2], *points[4:]]) is None


def test_points_on_one_line_are_no_face():
    assert place_landmarks([10, 10, 20, 20, 30, 30]) is None
    assert place_landmarks([10, 10, 10, 10, 10, 10]) is None


def test_landmarks_of_other_sets_move_as_a_whole():
    points = np.random.default_rng(7).normal(200, 30, (68, 3)).astype(np.float32)
    moved = move_landmarks(points, (0, 0), 0, 2.0, [(0.5, 0.5)] * COUNT)
    middle, _ = face_axes(points)
    assert np.allclose(moved[:, :2] - middle, 2 * (points[:, :2] - middle), atol=1e-2)


@given(
    st.sampled_from([*HANDLES, FaceControl.MOVE]), offset_lists, poses, st.floats(-30, 30), st.floats(-30, 30)
)
def test_what_is_dragged_follows_the_pointer(control, offsets, pose, right, down):
    key = LandmarkKey(5, *pose, tuple(offsets))
    before = control_points(pose_landmarks(face(), key), key)
    start = before[control][0] + 2, before[control][1] - 1  # wherever it is grabbed
    dragged = drag_control(face(), key, control, start, (start[0] + right, start[1] + down))
    after = control_points(pose_landmarks(face(), dragged), dragged)
    assert np.subtract(after[control], before[control]) == pytest.approx((right, down), abs=0.02)
    if isinstance(control, str):
        still = [name for name in HANDLES if name != control]
        assert all(after[name] == pytest.approx(before[name], abs=1e-2) for name in still)


@given(poses, st.floats(0, 6.28), st.floats(0.4, 2))
def test_a_knob_turns_and_scales_a_face_around_its_middle(pose, angle, factor):
    key = LandmarkKey(5, pose[0])
    posed = pose_landmarks(face(), key)
    middle = face_axes(posed)[0]
    for control in (FaceControl.ROTATE, FaceControl.SCALE):
        knob = np.array(control_points(posed, key)[control])
        cos, sin = np.cos(angle), np.sin(angle)
        goal = (knob - middle) @ np.array([[cos, sin], [-sin, cos]]) * factor + middle
        dragged = drag_control(face(), key, control, tuple(knob), tuple(goal))
        turned = pose_landmarks(face(), dragged)
        assert face_axes(turned)[0] == pytest.approx(middle, abs=1e-2)
        if control is FaceControl.SCALE:
            assert dragged.scale == pytest.approx(factor, rel=1e-6)
        else:
            there = np.array(control_points(turned, dragged)[control])
            assert (there - middle) * factor + middle == pytest.approx(goal, abs=0.05)


def test_a_placed_face_is_dragged_by_its_eyes_and_stays_a_face():
    key = LandmarkKey(5, place=place_in_frame(640, 360))
    assert place_from(place_landmarks(key.place)) == pytest.approx(key.place, abs=1e-3)
    eye = key.place[:2]
    dragged = drag_control(None, key, FaceControl.PLACE_LEFT_EYE, eye, (eye[0] - 9, eye[1] + 4))
    assert dragged.place == pytest.approx((eye[0] - 9, eye[1] + 4, *key.place[2:]))
    assert (
        control_points(pose_landmarks(None, dragged), dragged)[FaceControl.PLACE_LEFT_EYE]
        == dragged.place[:2]
    )
    # Across the other eye it would be mirrored: it stays where it was.
    assert drag_control(None, key, FaceControl.PLACE_LEFT_EYE, eye, (eye[0] + 300, eye[1])) == key
    for control in (FaceControl.MOVE, FaceControl.ROTATE, FaceControl.SCALE):
        start = control_points(pose_landmarks(None, key), key)[control]
        goal = start[0] + 12, start[1] + 7
        moved = drag_control(None, key, control, start, goal)
        assert moved.place != key.place
        if control is not FaceControl.SCALE:
            spans = [np.hypot(*np.subtract(one.place[:2], one.place[2:4])) for one in (key, moved)]
            assert spans[0] == pytest.approx(spans[1])
