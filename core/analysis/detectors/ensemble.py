# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking more than once: with several detectors, with the frame turned, with a margin around it."""

from dataclasses import dataclass

import cv2
import numpy as np

from ...face.types import Floats, Pixels
from ...models.session import ModelFile
from .contract import Detector, Found, union

TURNING_VERSION = 3
"""Raised when what is found by looking more than once changes."""

_SURE, _TURNED = 0.79, 0.75
_FURTHER = 0.3
_ROTATIONS = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, eq=False)
class Many:
    """The union of what several detectors find; of boxes that overlap the surest is kept."""

    detectors: tuple[Detector, ...]
    version = 1
    name = "many"

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The files of all of them."""
        return tuple(model for detector in self.detectors for model in detector.models)

    def find(self, frame: Pixels, score: float) -> Found:
        """Find faces; see `Detector`."""
        return union([detector.find(frame, score) for detector in self.detectors])


def found_turned(
    detector: Detector, frame: Pixels, score: float, quarters: tuple[int, ...], margin: float
) -> Found:
    """Find faces in a frame turned by each of `quarters` (quarter turns counter-clockwise) and join them.

    `margin` is how much black is put around the frame on every side, as a fraction of its shorter side: a face
    that the border cuts is found more surely. Points keep their names as the upright face's: on a face that lies on
    its side, the eye "on the image's left" is the one that is there once the face is upright.
    """
    return _joined([_found_at(detector, frame, score, quarter, margin) for quarter in quarters])


def found_any_way(detector: Detector, frame: Pixels, score: float, margin: float) -> Found:
    """Find faces in an upright frame and, only where none is surely found so, in turned ones and from further away.

    A face that lies or stands on its head is hardly ever sure of itself upright, nor is one that fills the frame: with
    black around it, it is smaller. See `found_turned`.
    """
    upright = _found_at(detector, frame, score, 0, margin)
    if len(upright.scores) and float(upright.scores.max()) >= _SURE:
        return upright
    # Only what is sure counts: an upright face that is hard to see looks a little like one that lies on its side.
    looks = [(0, margin + _FURTHER), *((quarter, margin) for quarter in (1, 2, 3))]
    others = [_found_at(detector, frame, max(score, _TURNED), *look) for look in looks]
    return _joined([upright, *others])


def _found_at(detector: Detector, frame: Pixels, score: float, quarter: int, margin: float) -> Found:
    edge = round(margin * min(frame.shape[:2]))
    if edge:
        frame = np.pad(frame, ((edge, edge), (edge, edge), (0, 0)))
    seen = frame if quarter == 0 else np.asarray(cv2.rotate(frame, _ROTATIONS[quarter]), np.uint8)
    part = detector.find(seen, score)
    corners = _turned_back(part.boxes.reshape(-1, 2, 2), quarter, frame)
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1) - edge
    return Found(boxes, _turned_back(part.points, quarter, frame) - edge, part.scores)


def _joined(parts: list[Found]) -> Found:
    return parts[0] if len(parts) == 1 else _one_way_up(union(parts))


def _one_way_up(found: Found) -> Found:
    """Leave out what lies on a surer face: a face looked at the wrong way up is found again, beside itself."""
    kept: list[int] = []
    centres = (found.boxes[:, :2] + found.boxes[:, 2:]) / 2
    for index, centre in enumerate(centres):
        boxes = found.boxes[kept]
        if not ((boxes[:, :2] <= centre) & (centre <= boxes[:, 2:])).all(1).any():
            kept.append(index)
    return Found(found.boxes[kept], found.points[kept], found.scores[kept])


def _turned_back(points: Floats, quarter: int, frame: Pixels) -> Floats:
    """Move (…, 2) points of a frame turned by quarters counter-clockwise to the frame as it was."""
    height, width = frame.shape[:2]
    x, y = points[..., 0], points[..., 1]
    last_x, last_y = np.float32(width - 1), np.float32(height - 1)
    places = ((x, y), (last_x - y, x), (last_x - x, last_y - y), (y, last_y - x))
    return np.stack(places[quarter % 4], -1)
