# SPDX-License-Identifier: GPL-3.0-or-later
"""Looking more than once: with several detectors, with the frame turned, with a margin around it."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_file import ModelFile
from .contract import Detections, Detector, merge_detections

ROTATION_VERSION = 3
"""Raised when what is found by looking more than once changes."""

_MIN_UPRIGHT_SCORE, _MIN_ROTATED_SCORE = 0.79, 0.75
_EXTRA_MARGIN = 0.3
_ROTATION_CODES = {1: cv2.ROTATE_90_COUNTERCLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_CLOCKWISE}


@dataclass(frozen=True, eq=False)
class EnsembleDetector:
    """The union of what several detectors find; of boxes that overlap the surest is kept."""

    detectors: tuple[Detector, ...]
    version = 1
    name = "many"

    @property
    def models(self) -> tuple[ModelFile, ...]:
        """The files of all of them."""
        return tuple(model for detector in self.detectors for model in detector.models)

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        return merge_detections([detector.find(frame, score) for detector in self.detectors])


def detect_rotated(
    detector: Detector, frame: Pixels, score: float, quarter_turns: tuple[int, ...], margin: float
) -> Detections:
    """Find faces in a frame turned in several ways, and join them.

    Points keep their names as the upright face's: on a face that lies on its side, the eye "on the image's left" is the
    one that is there once the face is upright.

    Parameters
    ----------
    detector : Detector
        The network that finds faces.
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    score : float
        How sure the detector has to be of a face, 0 to 1.
    quarter_turns : tuple of int
        By how many quarters the frame is turned counter-clockwise, each time: 0 to 3.
    margin : float
        How much black is put around the frame on every side, as a fraction of its shorter side: a face that the border
        cuts is found more surely.

    Returns
    -------
    Detections
        The faces, in pixels of the frame as it was.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    return merge_passes(
        [_detect_at_rotation(detector, frame, score, quarter, margin) for quarter in quarter_turns]
    )


def detect_with_rotation_fallback(
    detector: Detector, frame: Pixels, score: float, margin: float
) -> Detections:
    """Find faces in an upright frame and, only where none is surely found so, in turned ones and from further away.

    A face that lies or stands on its head is hardly ever sure of itself upright, nor is one that fills the frame: with
    black around it, it is smaller.

    Parameters
    ----------
    detector : Detector
        The network that finds faces.
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    score : float
        How sure the detector has to be of a face, 0 to 1.
    margin : float
        How much black is put around the frame, see `detect_rotated`.

    Returns
    -------
    Detections
        The faces, in frame pixels.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    upright = _detect_at_rotation(detector, frame, score, 0, margin)
    if len(upright.scores) and float(upright.scores.max()) >= _MIN_UPRIGHT_SCORE:
        return upright
    # Only what is sure counts: an upright face that is hard to see looks a little like one that lies on its side.
    looks = [(0, margin + _EXTRA_MARGIN), *((quarter, margin) for quarter in (1, 2, 3))]
    others = [_detect_at_rotation(detector, frame, max(score, _MIN_ROTATED_SCORE), *look) for look in looks]
    return merge_passes([upright, *others])


def _detect_at_rotation(
    detector: Detector, frame: Pixels, score: float, quarter_turn: int, margin: float
) -> Detections:
    edge = round(margin * min(frame.shape[:2]))
    if edge:
        frame = np.pad(frame, ((edge, edge), (edge, edge), (0, 0)))
    rotated_frame = (
        frame if quarter_turn == 0 else np.asarray(cv2.rotate(frame, _ROTATION_CODES[quarter_turn]), np.uint8)
    )
    part = detector.find(rotated_frame, score)
    corners = _rotate_back(part.boxes.reshape(-1, 2, 2), quarter_turn, frame)
    boxes = np.concatenate([corners.min(1), corners.max(1)], 1) - edge
    return Detections(boxes, _rotate_back(part.points, quarter_turn, frame) - edge, part.scores)


def merge_passes(parts: Sequence[Detections]) -> Detections:
    """Join what several passes over one frame found; of what lies on each other the surest is kept."""
    return parts[0] if len(parts) == 1 else _suppress_nested(merge_detections(parts))


def _suppress_nested(detections: Detections) -> Detections:
    """Leave out what lies on a surer face: a face looked at the wrong way up is found again, beside itself."""
    kept: list[int] = []
    centres = (detections.boxes[:, :2] + detections.boxes[:, 2:]) / 2
    for index, centre in enumerate(centres):
        boxes = detections.boxes[kept]
        if not ((boxes[:, :2] <= centre) & (centre <= boxes[:, 2:])).all(1).any():
            kept.append(index)
    return Detections(detections.boxes[kept], detections.points[kept], detections.scores[kept])


def _rotate_back(points: Floats, quarter_turn: int, frame: Pixels) -> Floats:
    """Move (…, 2) points of a frame turned by quarters counter-clockwise to the frame as it was."""
    height, width = frame.shape[:2]
    x, y = points[..., 0], points[..., 1]
    last_x, last_y = np.float32(width - 1), np.float32(height - 1)
    places = ((x, y), (last_x - y, x), (last_x - x, last_y - y), (y, last_y - x))
    return np.stack(places[quarter_turn % 4], -1)
