# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces of frames become tracks, and tracks become points in space."""

import struct

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.face.types import Face, Pose
from understudy.core.matchmove.face_track import MAX_GAP_FRAMES, join_tracks, place_in_scene
from understudy.core.matchmove.point_cache import encode_point_cache


def face(x: float, y: float = 100.0) -> Face:
    """Return a face 80 pixels high around a point."""
    points = np.zeros((478, 3), np.float32)
    points[:, 0] = x + np.linspace(-30, 30, 478)
    points[:, 1] = y
    points[10, 1], points[152, 1] = y - 40, y + 40
    return Face(np.zeros(4, np.float32), 1.0, points, Pose(0, 0, 0))


def test_two_faces_that_pass_each_other_at_a_distance_keep_their_tracks() -> None:
    first = [face(10 + 8 * number, 100) for number in range(30)]
    second = [face(250 - 8 * number, 180) for number in range(30)]
    frames = [
        (a, b) if number % 2 else (b, a) for number, (a, b) in enumerate(zip(first, second, strict=True))
    ]
    tracks = sorted(join_tracks(frames), key=lambda track: float(track.points[0, 0, 0]))
    for track, faces in zip(tracks, (first, second), strict=True):
        assert track.first == 0
        assert track.is_visible.all()
        assert np.array_equal(track.points, np.stack([one.landmarks for one in faces]))


def test_a_short_absence_is_crossed_in_a_straight_line_and_hidden() -> None:
    frames = [[face(0)], [face(4)], [], [], [], [face(20)]]
    (track,) = join_tracks([[], *frames])
    assert track.first == 1
    assert track.is_visible.tolist() == [True, True, False, False, False, True]
    assert np.allclose(track.points[:, 238, 0] - track.points[0, 238, 0], [0, 4, 8, 12, 16, 20])


def test_a_long_absence_and_a_jump_begin_another_track() -> None:
    away = [[face(0)], *[[]] * (MAX_GAP_FRAMES + 1), [face(0)]]
    assert [(track.first, len(track.points)) for track in join_tracks(away)] == [
        (0, 1),
        (MAX_GAP_FRAMES + 2, 1),
    ]
    assert [track.first for track in join_tracks([[face(0)], [face(60)]])] == [0, 1]


@given(st.lists(st.lists(st.floats(0, 1000, width=32), max_size=4), max_size=12))
def test_every_face_is_in_one_track_as_it_was(places: list[list[float]]) -> None:
    frames = [[face(x) for x in row] for row in places]
    tracks = join_tracks(frames)
    shown = [
        (track.first + offset, track.points[offset].tobytes())
        for track in tracks
        for offset in np.flatnonzero(track.is_visible)
    ]
    given_faces = [(number, one.landmarks.tobytes()) for number, row in enumerate(frames) for one in row]
    assert sorted(shown) == sorted(given_faces)
    for track in tracks:
        assert track.is_visible[[0, -1]].all()
        assert len(track.points) == len(track.is_visible)


def test_a_frame_is_one_high_and_its_centre_is_the_origin() -> None:
    corners = np.array([[-0.5, -0.5, 0], [319.5, 239.5, 24]], np.float32)
    placed = place_in_scene(corners, 320, 240)
    assert np.allclose(placed, [[-2 / 3, 0.5, 0], [2 / 3, -0.5, -0.1]])


def test_a_point_cache_says_what_it_holds() -> None:
    points = np.arange(24, dtype=np.float32).reshape(2, 4, 3)
    data = encode_point_cache(points, 101)
    assert struct.unpack("<12siiffi", data[:32]) == (b"POINTCACHE2\0", 1, 4, 101.0, 1.0, 2)
    assert np.array_equal(np.frombuffer(data[32:], "<f4").reshape(2, 4, 3), points)
