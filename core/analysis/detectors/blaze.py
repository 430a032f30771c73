# SPDX-License-Identifier: GPL-3.0-or-later
"""BlazeFace, full and short range.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, and
MediaPipe's model cards: RGB in -1..1, the frame centred on black; anchors of no size in the cells of one or two
grids; overlapping boxes are merged by their score-weighted mean.
"""

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ...face.types import Floats, Pixels
from ...models.model_adapter import ModelAdapter
from .contract import Detections, grid_cells, sigmoid

Doubles = npt.NDArray[np.float64]
_GRIDS = {192: ((48, 1),), 128: ((16, 2), (8, 6))}
_MERGE_IOU = 0.3


@dataclass(frozen=True, eq=False)
class Blaze(ModelAdapter):
    """Box and six points relative to each anchor, and a logit."""

    version = 1

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find faces; see `Detector`."""
        side = self.family.size
        tensor, scale, shift = _letterbox(frame, side)
        regressors, logits = self.pool.run(
            self.model, tensor, tuple(output.name for output in self.family.outputs)
        )
        scores = sigmoid(logits[0, :, 0])
        sure = scores >= score
        anchors = np.concatenate(
            [(grid_cells(grid, grid, repeat) + 0.5) * (side / grid) for grid, repeat in _GRIDS[side]]
        )[sure]
        raw = regressors[0][sure].astype(np.float64)
        centres, sizes = raw[:, :2] + anchors, raw[:, 2:4]
        marks = (raw[:, 4:].reshape(-1, 6, 2) + anchors[:, None]).reshape(-1, 12)
        candidates = np.concatenate([centres - sizes / 2, centres + sizes / 2, marks], 1)
        merged, kept = _merge_overlapping(candidates, scores[sure])
        in_frame = ((merged.reshape(-1, 8, 2) - shift) / scale - 0.5).astype(np.float32)
        return Detections(in_frame[:, :2].reshape(-1, 4), in_frame[:, 2:], kept)


def _letterbox(frame: Pixels, side: int) -> tuple[Floats, float, Floats]:
    """Fit the frame into the network's square on black; returns tensor, scale and shift (x, y)."""
    height, width = frame.shape[:2]
    scale = side / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (side - size[0]) // 2, (side - size[1]) // 2
    tensor = np.full((1, side, side, 3), -1, np.float32)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tensor[0, top : top + size[1], left : left + size[0]] = small.astype(np.float32) / 127.5 - 1
    return tensor, scale, np.array([left, top], np.float32)


def _merge_overlapping(candidates: Doubles, scores: Floats) -> tuple[Floats, Floats]:
    """Merge boxes that overlap by their score-weighted mean: steadier than keeping the best one."""
    order = np.argsort(-scores, kind="stable")
    candidates, scores = candidates[order], scores[order]
    rows, kept = [], []
    while len(candidates):
        alike = _iou(candidates[0, :4], candidates[:, :4]) > _MERGE_IOU
        alike[0] = True
        weights = scores[alike]
        rows.append((candidates[alike] * weights[:, None]).sum(0) / weights.sum())
        kept.append(scores[0])
        candidates, scores = candidates[~alike], scores[~alike]
    return np.asarray(rows, np.float32).reshape(-1, 16), np.asarray(kept, np.float32)


def _iou(box: Doubles, boxes: Doubles) -> Doubles:
    """Intersection over union of one box (4,) with (n, 4)."""
    corner, far = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(far - corner, 0), 1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    return np.asarray(shared / np.maximum(areas + np.prod(box[2:] - box[:2]) - shared, 1e-9), np.float64)
