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
from ...geometry.alignment import aligned_matrix
from ...geometry.crop import inverted, moved
from ...models.model_adapter import Network
from .contract import Marked, boxed_crops, marked

_BOX_IN_CROP = 195.0
_GRID = 64


@dataclass(frozen=True, eq=False)
class Fan68(Network):
    """The crop shows the box's longer side over 195 of its 256 pixels."""

    version = 2

    def landmarks(self, frame: Pixels, found: Sequence[Detection]) -> list[Marked]:
        """Return the landmarks of each detection; see `Landmarker`. The score is the mean of the maps' maxima."""
        if not found:
            return []
        size = self.family.size
        crops, back = boxed_crops(frame, found, size / _BOX_IN_CROP, size)
        points, maps = self.answer(crops)[:2]
        scores = maps.reshape(len(crops), 68, -1).max(2).mean(1)
        return [
            marked(row[:, :2] * (size / _GRID), matrix, float(np.clip(score, 0, 1)))
            for row, matrix, score in zip(points, back, scores, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class Peppa256(Network):
    """Peppa's larger network on 2DFAN4's crop and grid; each point comes with how sure it is."""

    version = 1

    def landmarks(self, frame: Pixels, found: Sequence[Detection]) -> list[Marked]:
        """Return the landmarks of each detection; see `Landmarker`. The score is the mean of the points'."""
        if not found:
            return []
        size = self.family.size
        crops, back = boxed_crops(frame, found, size / _BOX_IN_CROP, size)
        rows = self.answer(crops)[0].reshape(len(crops), 68, 3)
        return [
            marked(row[:, :2] * (size / _GRID), matrix, float(np.clip(row[:, 2].mean(), 0, 1)))
            for row, matrix in zip(rows, back, strict=True)
        ]


@dataclass(frozen=True, eq=False)
class FiveTo68(Network):
    """Takes and gives points in the unit square of the ffhq template; never sees the picture."""

    version = 2

    def landmarks(self, frame: Pixels, found: Sequence[Detection]) -> list[Marked]:  # noqa: ARG002
        """Return the landmarks of each detection; see `Landmarker`. RecipeError if a detector gives no five points."""
        if not found:
            return []
        if any(len(detection.points) != 5 for detection in found):
            raise RecipeError(
                f"landmark.landmarker={self.name} needs a detector that gives five points: set detect.detector to "
                "yunet, scrfd, retinaface, retinaface-ssd, yolov5-face, yolov8-face or centerface"
            )
        matrices = [aligned_matrix(detection.points, self.family.template, 1) for detection in found]
        five = np.stack([_in_square(d.points, m) for d, m in zip(found, matrices, strict=True)])
        rows = self.pool.run_batch(self.model, five)[0]
        results = []
        for row, matrix, detection in zip(rows, matrices, found, strict=True):
            flat = moved(np.asarray(row, np.float32), inverted(matrix))
            points = np.concatenate([flat, np.zeros((68, 1), np.float32)], 1)
            results.append(Marked(points, detection.score))
        return results


def _in_square(points: Floats, matrix: Floats) -> Floats:
    return moved(np.asarray(points, np.float32), matrix)
