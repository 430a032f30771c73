# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarkers that read 68 to 203 flat points off a crop about the detector's box.

Sources: the published code of Peppa (68), PFLD (Guo et al., 2019; WFLW's 98), InsightFace's 2d106det and
LivePortrait (203).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import Detection, Floats, Pixels
from ...geometry.outline import extreme_points
from ...models.model_adapter import ModelAdapter
from .contract import FaceLandmarks, crop_boxes, landmarks_in_frame

_PASS_COUNT = 2


@dataclass(frozen=True, eq=False)
class BoxLandmarker(ModelAdapter):
    """One image a face in, a row of x, y values out."""

    crop_scale: float
    """How many times the box's longer side the crop shows."""
    point_count: int
    offset: float
    """A value v lies at (v + offset) * scale pixels from the crop's corner."""
    scale: float
    version = 2

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection; see `Landmarker`."""
        if not detections:
            return []
        crops, back = crop_boxes(frame, detections, self.crop_scale, self.family.size)
        rows = self._run_network(crops)
        return [
            landmarks_in_frame((row + self.offset) * self.scale, matrix, detection.score)
            for row, matrix, detection in zip(rows, back, detections, strict=True)
        ]

    def _run_network(self, crops: Pixels) -> Floats:
        """Run the network: (n, points, 2), the first values of its last output."""
        rows = self.infer(crops)[-1].reshape(len(crops), -1)
        if rows.shape[1] < 2 * self.point_count:
            raise self.unexpected_output_error(f"{rows.shape[1]} values instead of {2 * self.point_count}")
        return np.asarray(
            rows[:, : 2 * self.point_count].reshape(len(crops), self.point_count, 2), np.float32
        )


class TwoPassLandmarker(BoxLandmarker):
    """Looks twice: about the box, then about the points found there."""

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection; see `Landmarker`."""
        looked = list(detections)
        results: list[FaceLandmarks] = []
        for _ in range(_PASS_COUNT):
            results = super().landmarks(frame, looked)
            looked = [
                Detection(
                    np.concatenate(extreme_points(one.points)).astype(np.float32),
                    one.points[:0, :2] if not len(before.points) else before.points,
                    one.score,
                )
                for one, before in zip(results, looked, strict=True)
            ]
        return results
