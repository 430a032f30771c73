# SPDX-License-Identifier: GPL-3.0-or-later
"""2DFAN4: 68 points with heat maps; Peppa's larger network; and the small one that guesses 68 points from five.

Source: Bulat and Tzimiropoulos, "How far are we from solving the 2D & 3D Face Alignment problem?", 2017, and the
published code that uses them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...errors import RecipeError
from ...face.types import Detection, Floats, Pixels
from ...geometry.alignment import alignment_matrix
from ...geometry.crop import invert_affine, transform_points
from ...models.model_adapter import ModelAdapter
from .contract import FaceLandmarks, crop_boxes, landmarks_in_frame

_BOX_PIXELS = 195.0
_HEATMAP_PIXELS = 64


@dataclass(frozen=True, eq=False)
class Fan68(ModelAdapter):
    """The crop shows the box's longer side over 195 of its 256 pixels."""

    version = 2

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection; see `Landmarker`. The score is the mean of the maps' maxima."""
        if not detections:
            return []
        size = self.family.size
        crops, back = crop_boxes(frame, detections, size / _BOX_PIXELS, size)
        points, maps = self.infer(crops)[:2]
        scores = maps.reshape(len(crops), 68, -1).max(2).mean(1)
        return [
            landmarks_in_frame(row[:, :2] * (size / _HEATMAP_PIXELS), matrix, float(np.clip(score, 0, 1)))
            for row, matrix, score in zip(points, back, scores, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Peppa256(ModelAdapter):
    """Peppa's larger network on 2DFAN4's crop and grid; each point comes with how sure it is."""

    version = 1

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection; see `Landmarker`. The score is the mean of the points'."""
        if not detections:
            return []
        size = self.family.size
        crops, back = crop_boxes(frame, detections, size / _BOX_PIXELS, size)
        rows = self.infer(crops)[0].reshape(len(crops), 68, 3)
        return [
            landmarks_in_frame(
                row[:, :2] * (size / _HEATMAP_PIXELS), matrix, float(np.clip(row[:, 2].mean(), 0, 1))
            )
            for row, matrix in zip(rows, back, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class FiveTo68(ModelAdapter):
    """Takes and gives points in the unit square of the ffhq template; never sees the image."""

    version = 2

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:  # noqa: ARG002
        """Return the landmarks of each detection; see `Landmarker`. RecipeError if a detector gives no five points."""
        if not detections:
            return []
        if any(len(detection.points) != 5 for detection in detections):
            raise RecipeError(
                f"landmark.landmarker={self.name} needs a detector that gives five points: set detect.detector to "
                "yunet, scrfd, retinaface, retinaface-ssd, yolov5-face, yolov8-face or centerface"
            )
        matrices = [alignment_matrix(detection.points, self.family.template, 1) for detection in detections]
        five = np.stack([_to_unit_square(d.points, m) for d, m in zip(detections, matrices, strict=True)])
        rows = self.pool.run_batch(self.model, five)[0]
        results = []
        for row, matrix, detection in zip(rows, matrices, detections, strict=True):
            flat = transform_points(np.asarray(row, np.float32), invert_affine(matrix))
            points = np.concatenate([flat, np.zeros((68, 1), np.float32)], 1)
            results.append(FaceLandmarks(points, detection.score))
        return results


def _to_unit_square(points: Floats, matrix: Floats) -> Floats:
    return transform_points(np.asarray(points, np.float32), matrix)
