# SPDX-License-Identifier: GPL-3.0-or-later
"""What every landmarker gives, and the crop they all take: a square about a box, turned upright."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...face.types import Detection, Floats, Pixels
from ...geometry.crop import crop_matrix, invert_affine, transform_points, warp_crop
from ...models.model_adapter import Adapter


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """The landmarks of one detection."""

    points: Floats
    """(478, 3), or (k, 3) with a z of 0, in frame pixels."""
    score: float
    """0 to 1: how sure it is that this is a face; the detector's where the landmarker does not say."""


class Landmarker(Adapter, Protocol):
    """A network that finds the points of a detected face."""

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection in an (H, W, 3) RGB uint8 frame, in their order. ModelError."""
        ...


def upright_angle(detection: Detection) -> float:
    """Return the head's roll in radians by the line of its eyes; 0 where the detector gives no points."""
    if len(detection.points) < 2:
        return 0.0
    across = detection.points[1] - detection.points[0]
    return float(np.arctan2(across[1], across[0]))


def crop_boxes(
    frame: Pixels, detections: Sequence[Detection], crop_scale: float, size: int
) -> tuple[Pixels, list[Floats]]:
    """Cut a crop about each detection's box: crops (n, size, size, 3) and the matrices back to the frame.

    A crop shows a square, `crop_scale` times the box's longer side, turned so that the face stands upright.
    """
    crops, back = [], []
    for detection in detections:
        side = max(float((detection.box[2:] - detection.box[:2]).max()) * crop_scale, 1.0)
        centre = np.asarray((detection.box[:2] + detection.box[2:]) / 2, np.float32)
        matrix = crop_matrix(centre, side, upright_angle(detection), size)
        crops.append(warp_crop(frame, matrix, size))
        back.append(invert_affine(matrix))
    return np.asarray(crops, np.uint8).reshape(-1, size, size, 3), back


def landmarks_in_frame(points: Floats, crop_to_frame: Floats, score: float) -> FaceLandmarks:
    """Return (k, 2) points of a crop, in pixels from its upper left corner, as landmarks in the frame."""
    # A network's coordinates have their origin at the crop's corner, ours at the first pixel's centre.
    flat = transform_points(np.asarray(points - 0.5, np.float32), crop_to_frame)
    return FaceLandmarks(np.concatenate([flat, np.zeros((len(flat), 1), np.float32)], 1), score)
