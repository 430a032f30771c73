# SPDX-License-Identifier: GPL-3.0-or-later
"""One person in one shot: what is measured of their face in each frame."""

import math
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from ..analysis.face_look import FaceLook
from ..face.types import Face, Floats
from ..pipeline.sight import FrameSighting
from .measures import FACE_MEASURES
from .problems import PersonSeries

_POINT_STEP = 4
"""Every how many landmarks are measured: a mesh moves as a whole."""
_COLUMNS = {measure.name: column for column, measure in enumerate(FACE_MEASURES)}


class _TrackPoint(NamedTuple):
    face: Face
    look: FaceLook | None
    area: float
    change: Floats | None


class Track:
    """The frames in which a person is seen, and what was measured there."""

    def __init__(self, embedding: Floats) -> None:
        """`embedding` is a vector of theirs."""
        self.total = np.zeros_like(embedding)
        self.frames: list[int] = []
        self.rows: list[npt.NDArray[np.float32]] = []
        self.boxes: list[Floats] = []
        # Of the last frames, two at most, that follow each other.
        self._last_faces: list[_TrackPoint] = []

    def add(self, sighting: FrameSighting, index: int, likeness: float) -> None:
        """Measure face `index` of the next frame, which is so much like the person."""
        face, look = sighting.faces[index], sighting.looks[index] if sighting.looks else None
        if self.frames and self.frames[-1] != sighting.number - 1:
            self._last_faces.clear()
        change = sighting.changes[index] if sighting.changes else None
        current = _TrackPoint(face, look, _outline_area(face), change)
        if len(self._last_faces) == 2:
            _measure_jump(self.rows[-1], self._last_faces[0].face, self._last_faces[1].face, face)
            _measure_look(self.rows[-1], self._last_faces[0], self._last_faces[1], current)
        row = np.full(len(FACE_MEASURES), np.nan, np.float32)
        row[_COLUMNS["detection"]] = sighting.detection_scores[index]
        row[_COLUMNS["landmarks"]] = face.score
        row[_COLUMNS["likeness"]] = likeness
        row[_COLUMNS["yaw"]] = abs(face.pose.yaw)
        row[_COLUMNS["pitch"]] = abs(face.pose.pitch)
        row[_COLUMNS["roll"]] = abs(face.pose.roll)
        row[_COLUMNS["border"]] = _outside_percent(face.landmarks, sighting.size)
        row[_COLUMNS["height"]] = face.height
        if look is not None:
            row[_COLUMNS["sharpness"]] = look.sharpness
            row[_COLUMNS["cover"]] = 100 * look.cover
        self.frames.append(sighting.number)
        self.rows.append(row)
        self.boxes.append(face.box)
        self.total += sighting.embeddings[index]
        self._last_faces = [*self._last_faces[-1:], current]

    def series(self, person: int) -> PersonSeries:
        """Return what was measured, as that of a person."""
        frames = np.array(self.frames, np.int32)
        return PersonSeries(person, frames, np.stack(self.rows), np.stack(self.boxes))


def join_tracks(track: Track, other: Track) -> Track:
    """Return two tracks that share no frame as one."""
    joined = Track(track.total)
    joined.total = track.total + other.total
    entries = sorted(
        zip(
            [*track.frames, *other.frames],
            [*track.rows, *other.rows],
            [*track.boxes, *other.boxes],
            strict=True,
        ),
        key=lambda entry: entry[0],
    )
    joined.frames, joined.rows, joined.boxes = (list(column) for column in zip(*entries, strict=True))
    return joined


def _measure_jump(row: npt.NDArray[np.float32], before: Face, face: Face, after: Face) -> None:
    """Measure how far a face is from the middle between the frame before and the one after: even motion has none."""
    if len(before.landmarks) != len(face.landmarks) or len(after.landmarks) != len(face.landmarks):
        return
    points, earlier, later = (one.landmarks[::_POINT_STEP, :2] for one in (face, before, after))
    away = points - (earlier + later) / 2
    height = max(face.height, 1.0)
    row[_COLUMNS["jump"]] = 100 * _median(np.hypot(away[:, 0], away[:, 1])) / height
    middle = math.sqrt(max(before.height, 1.0) * max(after.height, 1.0))
    row[_COLUMNS["size"]] = 100 * abs(math.log(height / middle))
    row[_COLUMNS["turn"]] = max(
        abs(_angle(now - (was + _angle(will - was) / 2)))
        for now, was, will in (
            (face.pose.yaw, before.pose.yaw, after.pose.yaw),
            (face.pose.pitch, before.pose.pitch, after.pose.pitch),
            (face.pose.roll, before.pose.roll, after.pose.roll),
        )
    )


def _median(values: Floats) -> float:
    """Return what `numpy.median` does of finite values (n,), which takes twice as long for a few hundred."""
    low, high = (len(values) - 1) // 2, len(values) // 2
    return float(np.partition(values, (low, high))[low : high + 1].mean())


def _measure_look(
    row: npt.NDArray[np.float32], before: _TrackPoint, current: _TrackPoint, after: _TrackPoint
) -> None:
    """Measure the same of the area that a face covers, of its light and color, and of what its swap changes.

    Light is a distance in CIELAB, the change of the swap the root of the mean square over the parts of the face.
    """
    row[_COLUMNS["area"]] = 100 * abs(math.log(current.area / math.sqrt(before.area * after.area)))
    if before.look is not None and current.look is not None and after.look is not None:
        away = current.look.light - (before.look.light + after.look.light) / 2
        row[_COLUMNS["light"]] = float(np.linalg.norm(away))
    if before.change is not None and current.change is not None and after.change is not None:
        off = current.change - (before.change + after.change) / 2
        row[_COLUMNS["swap"]] = float(np.sqrt(np.mean(off * off)))


def _outline_area(face: Face) -> float:
    """Return what the outline of a face covers in the frame, in square pixels: what can be seen of the new face."""
    outline = cv2.convexHull(np.ascontiguousarray(face.landmarks[::_POINT_STEP, :2]))
    return max(float(cv2.contourArea(outline)), 1.0)


def _angle(degrees: float) -> float:
    """Return an angle between -180 and 180 degrees."""
    return (degrees + 180) % 360 - 180


def _outside_percent(landmarks: Floats, size: tuple[int, int]) -> float:
    points = landmarks[::_POINT_STEP, :2]
    outside = (points < -0.5) | (points > np.array(size, np.float32) - 0.5)
    return 100 * float(outside.any(1).mean())
