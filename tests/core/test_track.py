# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces are followed, and steadying takes away jitter, not motion."""

import numpy as np
from understudy.core.analysis.landmark import bounding_box
from understudy.core.analysis.select import best_match, filter_by_height, indices_left_to_right, rank_faces
from understudy.core.analysis.track import match_faces, smooth_landmarks, smoothing_reach
from understudy.core.face.types import Face, Pose
from understudy.core.geometry.mesh_topology import load_topology
from understudy.core.recipe import Select

SHAPE = np.concatenate([load_topology().shape, np.zeros((10, 3), np.float32)])
RANDOM = np.random.default_rng(3)


def face(x: float, y: float, size: float = 100.0, noise: float = 0.0) -> Face:
    points = (SHAPE * size + (x, y, 0)).astype(np.float32)
    points += RANDOM.normal(0, noise, points.shape).astype(np.float32) if noise else 0
    return Face(bounding_box(points), 1.0, points, Pose(0, 0, 0))


def test_even_motion_comes_through_steadying_untouched() -> None:
    frames = {n: [face(100 + 7 * n, 80 + 3 * n)] for n in range(9)}
    moved = smooth_landmarks(4, frames, 1.5)[0].landmarks
    assert np.abs(moved - frames[4][0].landmarks).max() < 1e-3


def test_jitter_is_more_than_halved() -> None:
    clean = face(300, 300).landmarks
    frames = {n: [face(300, 300, noise=0.4)] for n in range(40)}
    raw = np.mean([np.abs(frames[n][0].landmarks - clean)[:, :2].mean() for n in range(5, 35)])
    left = np.mean(
        [np.abs(smooth_landmarks(n, frames, 1.5)[0].landmarks - clean)[:, :2].mean() for n in range(5, 35)]
    )
    assert left < 0.55 * raw


def test_a_blink_is_not_smeared() -> None:
    frames = {n: [face(300, 300)] for n in range(9)}
    blink = face(300, 300)
    blink.landmarks[159, 1] += 9
    frames[4] = [blink]
    kept = smooth_landmarks(4, frames, 1.5)[0].landmarks[159, 1] - frames[3][0].landmarks[159, 1]
    assert kept > 8.9
    before = smooth_landmarks(3, frames, 1.5)[0].landmarks[159, 1] - frames[3][0].landmarks[159, 1]
    assert abs(before) < 0.05 * 9


def test_steadying_depends_only_on_the_frames_within_its_reach() -> None:
    frames = {n: [face(100 + 5 * n, 80, noise=0.5)] for n in range(20)}
    span = range(10 - smoothing_reach(1.5), 10 + smoothing_reach(1.5) + 1)
    near = {n: frames[n] for n in span}
    assert np.array_equal(
        smooth_landmarks(10, frames, 1.5)[0].landmarks, smooth_landmarks(10, near, 1.5)[0].landmarks
    )


def test_off_is_off() -> None:
    frames = {n: [face(100, 80, noise=0.5)] for n in range(3)}
    assert smooth_landmarks(1, frames, 0.0)[0] is frames[1][0]


def test_the_first_and_the_last_frame_and_a_lone_face_stay_as_they_are() -> None:
    frames = {0: [face(100, 100, noise=0.5)], 1: [], 2: [face(100, 100)]}
    for number in (0, 2):
        assert np.array_equal(smooth_landmarks(number, frames, 1.5)[0].landmarks, frames[number][0].landmarks)
    assert smooth_landmarks(1, frames, 1.5) == []


def test_faces_are_paired_by_place_whatever_their_order() -> None:
    here = [face(100, 100), face(400, 100)]
    there = [face(410, 105), face(95, 98), face(700, 100)]
    assert match_faces(here, there) == [1, 0]
    assert match_faces(here, []) == [None, None]
    assert match_faces([face(100, 100)], [face(100, 100, size=250)]) == [None]


def test_choosing_faces() -> None:
    faces = [face(300, 100, 60), face(100, 100, 90), face(500, 100, 70), face(700, 100, 12)]
    assert indices_left_to_right(faces) == [1, 0, 2, 3]
    assert rank_faces(faces, range(4), "largest") == [1, 2, 0, 3]
    assert rank_faces(faces, range(4), "smallest") == [3, 0, 2, 1]
    assert rank_faces(faces, range(4), "leftmost") == [1, 0, 2, 3]
    assert rank_faces(faces, [0, 1], "rightmost") == [0, 1]
    assert rank_faces(faces, [], "largest") == []
    assert rank_faces([faces[0]] * 3, [2, 0, 1], "surest") == [0, 1, 2]
    assert filter_by_height(faces, range(4), Select().min_height) == [0, 1, 2]
    assert filter_by_height(faces, [2, 1, 0], 120.0) == [2, 1]
    assert filter_by_height([], [], 0.0) == []


def test_choosing_by_reference_takes_the_likest_and_nobody_unlike() -> None:
    similarity, strangers = np.array([0.4, 0.8], np.float32), np.array([0.1, 0.9], np.float32)
    assert best_match([0, 1], similarity, None, 0.35) == 1
    assert best_match([0, 1], similarity[::-1], None, 0.35) == 0
    assert best_match([0, 1], similarity, None, 0.9) is None
    assert best_match([0, 1], similarity, strangers, 0.35) == 0
    assert best_match([0, 1], similarity, strangers, 0.5) is None
    assert best_match([0], similarity, None, 0.35) == 0
    assert best_match([], similarity, None, 0.35) is None
    assert best_match([1, 0], np.full(2, 0.5, np.float32), None, 0.5) == 1
