# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the landmarks of a face are under a key, and what dragging one of the face's controls makes of that key."""

import math
from dataclasses import replace
from enum import Enum

import numpy as np

from ..face.landmark_handles import HANDLES
from ..face.types import LANDMARK_COUNT, Floats
from ..geometry.landmark_deformation import face_axes, handle_offset, move_landmarks, place_landmarks
from .landmark_edits import MAX_OFFSET, MAX_SHIFT, PLACE_LENGTH, SCALE_LIMITS, LandmarkKey

_EYES = frozenset(("left_eye", "right_eye"))
_BESIDE = 0.66
"""How far the controls of the whole face are from its middle, in heights of the face."""
Point = tuple[float, float]


class FaceControl(Enum):
    """What moves a whole face, or puts one in its place."""

    MOVE = "move"
    ROTATE = "rotate"
    SCALE = "scale"
    PLACE_LEFT_EYE = "place_left_eye"
    PLACE_RIGHT_EYE = "place_right_eye"
    PLACE_MOUTH = "place_mouth"


_PLACES = FaceControl.PLACE_LEFT_EYE, FaceControl.PLACE_RIGHT_EYE, FaceControl.PLACE_MOUTH
Control = str | FaceControl
"""A handle by its name in `HANDLES`, or a control of the whole face."""


def pose_landmarks(landmarks: Floats | None, key: LandmarkKey) -> Floats | None:
    """Return the landmarks of a face under a key.

    Parameters
    ----------
    landmarks : ndarray, shape (k, 3), float32, or None
        As they were found, in frame pixels; a key that places a face needs none.
    key : LandmarkKey
        The key.

    Returns
    -------
    ndarray, shape (k, 3), float32, or None
        In frame pixels; None where there is no face, or the key's three points are none.
    """
    own = place_landmarks(key.place) if key.place else landmarks
    if own is None:
        return None
    return move_landmarks(own, key.shift, key.rotation, key.scale, key.offsets)


def control_points(landmarks: Floats, key: LandmarkKey) -> dict[Control, Point]:
    """Return where the controls of a face are.

    Parameters
    ----------
    landmarks : ndarray, shape (k, 3), float32
        Under the key, in frame pixels.
    key : LandmarkKey
        The key.

    Returns
    -------
    dict of (str or FaceControl) to tuple of 2 float
        In frame pixels. A face that a person places has its eyes where they were put, and no handles there. Landmarks
        other than the face mesh's have no handles at all.
    """
    middle, axes = face_axes(landmarks)
    points: dict[Control, Point] = {}
    for control, way in (
        (FaceControl.MOVE, (0.0, _BESIDE)),
        (FaceControl.ROTATE, (0.0, -_BESIDE)),
        (FaceControl.SCALE, (_BESIDE, 0.0)),
    ):
        points[control] = _point(middle + np.asarray(way) @ axes)
    if len(landmarks) == LANDMARK_COUNT:
        names = (name for name in HANDLES if not (key.place and name in _EYES))
        points |= {name: _point(landmarks[HANDLES[name], :2]) for name in names}
    if key.place:
        points |= {
            control: (key.place[2 * number], key.place[2 * number + 1])
            for number, control in enumerate(_PLACES)
        }
    return points


def drag_control(
    landmarks: Floats | None, key: LandmarkKey, control: Control, start: Point, goal: Point
) -> LandmarkKey:
    """Return what dragging a control makes of a key.

    Parameters
    ----------
    landmarks : ndarray, shape (k, 3), float32, or None
        As they were found; None for a face that the key places.
    key : LandmarkKey
        When the drag began.
    control : str or FaceControl
        What is dragged.
    start, goal : tuple of 2 float
        Where the pointer was when the drag began, and where it is, in frame pixels.

    Returns
    -------
    LandmarkKey
        The new key: the same one where this leads to no face.
    """
    own = place_landmarks(key.place) if key.place else landmarks
    posed = pose_landmarks(landmarks, key)
    if own is None or posed is None:
        return key
    if isinstance(control, str):
        return _drag_handle(own, posed, key, control, start, goal)
    if key.place:
        moved = _drag_place(posed, key, control, start, goal)
        return moved if place_landmarks(moved.place) is not None else key
    way = np.subtract(goal, start)
    if control is FaceControl.MOVE:
        right, down = np.asarray(key.shift) + way @ np.linalg.inv(face_axes(own)[1])
        return replace(key, shift=(_clip(right, MAX_SHIFT), _clip(down, MAX_SHIFT)))
    turn, factor = _turn_and_factor(posed, start, goal)
    if control is FaceControl.ROTATE:
        return replace(key, rotation=(key.rotation + turn + 180) % 360 - 180)
    low, high = SCALE_LIMITS
    return replace(key, scale=min(max(key.scale * factor, low), high))


def place_from(landmarks: Floats) -> tuple[float, ...]:
    """Return the eyes and the mouth of a face mesh (478, 3) as a key's place, in frame pixels."""
    mouth = landmarks[[13, 14], :2].mean(0)
    points = (*landmarks[[HANDLES["left_eye"], HANDLES["right_eye"]], :2], mouth)
    return tuple(float(value) for point in points for value in point)


def place_in_frame(width: int, height: int) -> tuple[float, ...]:
    """Return a place in the middle of a frame of a size in pixels, for a face a third as high as the frame."""
    eye, middle = height / 15, (width / 2, height / 2)
    return (
        middle[0] - eye, middle[1] - eye,
        middle[0] + eye, middle[1] - eye,
        middle[0], middle[1] + eye,
    )  # fmt: skip


def _drag_handle(
    own: Floats, posed: Floats, key: LandmarkKey, name: str, start: Point, goal: Point
) -> LandmarkKey:
    number = list(HANDLES).index(name)
    wanted = posed[HANDLES[name], :2] + np.subtract(goal, start)
    right, down = handle_offset(own, number, _point(wanted), key.shift, key.rotation, key.scale)
    offset = _clip(right, MAX_OFFSET), _clip(down, MAX_OFFSET)
    return replace(key, offsets=tuple(offset if at == number else old for at, old in enumerate(key.offsets)))


def _drag_place(
    posed: Floats, key: LandmarkKey, control: FaceControl, start: Point, goal: Point
) -> LandmarkKey:
    points = np.asarray(key.place, np.float64).reshape(3, 2)
    way = np.subtract(goal, start)
    if control in _PLACES:
        points[_PLACES.index(control)] += way
    elif control is FaceControl.MOVE:
        points = points + way
    else:
        turn, factor = _turn_and_factor(posed, start, goal)
        middle, _ = face_axes(posed)
        angle = math.radians(turn if control is FaceControl.ROTATE else 0.0)
        size = factor if control is FaceControl.SCALE else 1.0
        matrix = size * np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
        points = (points - middle) @ matrix + middle
    place = tuple(float(value) for value in points.ravel())
    return replace(key, place=place) if len(place) == PLACE_LENGTH else key


def _turn_and_factor(posed: Floats, start: Point, goal: Point) -> tuple[float, float]:
    """Return by how many degrees clockwise a drag goes around a face's middle, and by how many times further out."""
    middle, _ = face_axes(posed)
    before, after = np.subtract(start, middle), np.subtract(goal, middle)
    turn = math.degrees(math.atan2(after[1], after[0]) - math.atan2(before[1], before[0]))
    return turn, float(np.hypot(*after)) / max(float(np.hypot(*before)), 1e-6)


def _clip(value: float, limit: float) -> float:
    return min(max(float(value), -limit), limit)


def _point(values: "np.ndarray[tuple[int, ...], np.dtype[np.float64 | np.float32]]") -> Point:
    return float(values[0]), float(values[1])
