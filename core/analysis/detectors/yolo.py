# SPDX-License-Identifier: GPL-3.0-or-later
"""YOLOv5-face (three raw heads) and YOLOv8-face (one decoded tensor).

Source: Qi et al., "YOLO5Face: Why Reinventing a Face Detector", 2021, and the published code of both.
"""

from dataclasses import dataclass

import numpy as np

from ...face.types import Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, grid_cells, letterbox, non_maximum_suppression, sigmoid

_ANCHORS = {
    8: ((4, 5), (8, 10), (13, 16)),
    16: ((23, 29), (43, 55), (73, 105)),
    32: ((146, 217), (231, 300), (335, 433)),
}
_MIN_SCORE = 1e-3


@dataclass(frozen=True, eq=False)
class Yolo5Face(ModelAdapter):
    """Heads of (3 anchors, rows, columns, 16): x y w h, objectness, five points, class."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        heads = self.infer(fit.image[None])
        boxes, points, scores = [], [], []
        heads = sorted(heads, key=lambda head: head.size, reverse=True)
        for head, (stride, anchors) in zip(heads, _ANCHORS.items(), strict=True):
            rows, columns = head.shape[2:4]
            raw = head[0].reshape(3, rows * columns, 16)
            sure = sigmoid(raw[..., 4]) * sigmoid(raw[..., 15])
            keep = sure >= score
            kept, sizes = raw[keep], np.asarray(anchors, np.float32)[np.nonzero(keep)[0]]
            grid = grid_cells(rows, columns)[np.nonzero(keep)[1]]
            centre = (sigmoid(kept[:, :2]) * 2 - 0.5 + grid) * stride
            half = (sigmoid(kept[:, 2:4]) * 2) ** 2 * sizes / 2
            boxes.append(np.concatenate([centre - half, centre + half], 1))
            points.append(kept[:, 5:15].reshape(-1, 5, 2) * sizes[:, None] + grid[:, None] * stride)
            scores.append(sure[keep])
        return non_maximum_suppression(
            fit.to_frame(np.concatenate(boxes)), fit.to_frame(np.concatenate(points)), np.concatenate(scores)
        )


@dataclass(frozen=True, eq=False)
class Yolo8Face(ModelAdapter):
    """One tensor (1, 20, cells): centre and size, score, then x, y and confidence of five points."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        fit = letterbox(frame, self.family.size, self.pool.input_shape(self.model))
        raw = self.infer(fit.image[None])[0][0].T
        raw = raw[raw[:, 4] >= max(score, _MIN_SCORE)]
        centre, half = raw[:, :2], raw[:, 2:4] / 2
        return non_maximum_suppression(
            fit.to_frame(np.concatenate([centre - half, centre + half], 1)),
            fit.to_frame(raw[:, 5:].reshape(-1, 5, 3)[..., :2]),
            raw[:, 4],
        )
