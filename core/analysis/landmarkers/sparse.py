# SPDX-License-Identifier: GPL-3.0-or-later
"""Landmarkers that read 68 to 203 flat points off a crop about the detector's box.

Sources: the published code of Peppa (68), PFLD (Guo et al., 2019; WFLW's 98), InsightFace's 2d106det and
LivePortrait (203).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import Detection, Floats, Pixels
from ...models.model_adapter import Network
from .contract import Marked, boxed_crops, marked

_PASSES = 2


@dataclass(frozen=True, eq=False)
class BoxLandmarker(Network):
    """One picture a face in, a row of x, y values out."""

    enlarged: float
    """How many times the box's longer side the crop shows."""
    points: int
    offset: float
    """A value v lies at (v + offset) * scale pixels from the crop's corner."""
    scale: float
    version = 2

    def landmarks(self, frame: Pixels, found: Sequence[Detection]) -> list[Marked]:
        """Return the landmarks of each detection; see `Landmarker`."""
        if not found:
            return []
        crops, back = boxed_crops(frame, found, self.enlarged, self.family.size)
        rows = self._rows(crops)
        return [
            marked((row + self.offset) * self.scale, matrix, detection.score)
            for row, matrix, detection in zip(rows, back, found, strict=True)
        ]

    def _rows(self, crops: Pixels) -> Floats:
        """Run the network: (n, points, 2), the first values of its last output."""
        rows = self.answer(crops)[-1].reshape(len(crops), -1)
        if rows.shape[1] < 2 * self.points:
            raise self.unexpected(f"{rows.shape[1]} values instead of {2 * self.points}")
        return np.asarray(rows[:, : 2 * self.points].reshape(len(crops), self.points, 2), np.float32)


class RefinedLandmarker(BoxLandmarker):
    """Looks twice: about the box, then about the points found there."""

    def landmarks(self, frame: Pixels, found: Sequence[Detection]) -> list[Marked]:
        """Return the landmarks of each detection; see `Landmarker`."""
        looked = list(found)
        results: list[Marked] = []
        for _ in range(_PASSES):
            results = super().landmarks(frame, looked)
            looked = [
                Detection(
                    np.concatenate([one.points[:, :2].min(0), one.points[:, :2].max(0)]).astype(np.float32),
                    one.points[:0, :2] if not len(before.points) else before.points,
                    one.score,
                )
                for one, before in zip(results, looked, strict=True)
            ]
        return results
