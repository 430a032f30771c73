# SPDX-License-Identifier: GPL-3.0-or-later
"""YuNet. Source: Wu, Peng, Yu, "YuNet: a tiny millisecond-level face detector", 2023, and its published code."""

from dataclasses import dataclass

import numpy as np

from ...face.types import Pixels
from ...models.model_adapter import ModelAdapter
from ...models.preprocess import preprocess
from .contract import Detections, grid_cells, letterbox, non_maximum_suppression

_STRIDES = (8, 16, 32)
_KINDS = ("cls", "obj", "bbox", "kps")


@dataclass(frozen=True, eq=False)
class YuNet(ModelAdapter):
    """One anchor a cell of three grids; boxes as centre and logarithm of size, five points."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        names = tuple(f"{kind}_{stride}" for kind in _KINDS for stride in _STRIDES)
        outputs = self.pool.run(self.model, preprocess(fit.image[None], self.family), names)
        by_name = dict(zip(names, outputs, strict=True))
        boxes, points, scores = [], [], []
        for stride in _STRIDES:
            grid = grid_cells(fit.image.shape[0] // stride, fit.image.shape[1] // stride)
            cls, obj, box, kps = (by_name[f"{kind}_{stride}"][0] for kind in _KINDS)
            sure = np.sqrt(np.clip(cls[:, 0], 0, 1) * np.clip(obj[:, 0], 0, 1))
            keep = sure >= score
            centre, size = (grid[keep] + box[keep, :2]) * stride, np.exp(box[keep, 2:]) * stride
            boxes.append(np.concatenate([centre - size / 2, centre + size / 2], 1))
            points.append((kps[keep].reshape(-1, 5, 2) + grid[keep, None]) * stride)
            scores.append(sure[keep])
        return non_maximum_suppression(
            fit.to_frame(np.concatenate(boxes)), fit.to_frame(np.concatenate(points)), np.concatenate(scores)
        )
