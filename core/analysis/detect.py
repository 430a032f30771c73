# SPDX-License-Identifier: GPL-3.0-or-later
"""Find faces with BlazeFace (full range), the embedded detector.

Source: Bazarevsky et al., "BlazeFace: Sub-millisecond Neural Face Detection on Mobile GPUs", 2019, and
MediaPipe's model card for the full-range model: 192² RGB in -1..1, one anchor in each cell of a 48² grid.
"""

import cv2
import numpy as np
import numpy.typing as npt

from ..cache.key import Key, stage_key
from ..cache.store import Arrays
from ..face import Detection, Floats, Pixels
from ..models.session import ModelFile, ModelPool
from ..recipe import Detect

VERSION = 1
Doubles = npt.NDArray[np.float64]

_SIZE = 192
_GRID = 48
_OVERLAP = 0.3


def detect_key(frame: str, params: Detect, model: ModelFile) -> Key:
    """Return the key of what `detect` finds in the frame with this id."""
    return stage_key(
        "detect", VERSION, {"frame": frame, "model": model.sha256, "detector": "blaze", "score": params.score}
    )


def detect(frame: Pixels, params: Detect, model: ModelFile, pool: ModelPool) -> Arrays:
    """Find the faces of an (H, W, 3) RGB uint8 frame.

    Returns `boxes` (n, 4), `points` (n, 6, 2), both float32 in frame pixels, and `scores` (n,) float32,
    the surest first. n is 0 for a frame without a face.
    """
    tensor, scale, shift = _letterboxed(frame)
    regressors, logits = pool.run(model, tensor, ("Identity", "Identity_1"))
    scores = 1 / (1 + np.exp(-np.clip(logits[0, :, 0], -80, 80)))
    sure = scores >= params.score
    cells = np.stack(np.meshgrid(np.arange(_GRID), np.arange(_GRID)), -1).reshape(-1, 2) + 0.5
    raw = regressors[0][sure].astype(np.float64)
    anchors = cells[sure] * (_SIZE / _GRID)
    centres, sizes = raw[:, :2] + anchors, raw[:, 2:4]
    found = np.concatenate(
        [
            centres - sizes / 2,
            centres + sizes / 2,
            (raw[:, 4:].reshape(-1, 6, 2) + anchors[:, None]).reshape(-1, 12),
        ],
        1,
    )
    merged, kept = _merged(found, scores[sure])
    in_frame = (merged.reshape(-1, 8, 2) - shift) / scale - 0.5
    return {
        "boxes": in_frame[:, :2].reshape(-1, 4).astype(np.float32),
        "points": in_frame[:, 2:].astype(np.float32),
        "scores": kept.astype(np.float32),
    }


def detections(arrays: Arrays) -> list[Detection]:
    """Return what `detect` found as values, the surest first."""
    rows = zip(arrays["boxes"], arrays["points"], arrays["scores"], strict=True)
    return [Detection(box, points, float(score)) for box, points, score in rows]


def _letterboxed(frame: Pixels) -> tuple[Floats, float, Floats]:
    """Fit the frame into the network's square on black; returns tensor, scale and shift (x, y)."""
    height, width = frame.shape[:2]
    scale = _SIZE / max(height, width)
    size = max(round(width * scale), 1), max(round(height * scale), 1)
    left, top = (_SIZE - size[0]) // 2, (_SIZE - size[1]) // 2
    tensor = np.full((1, _SIZE, _SIZE, 3), -1, np.float32)
    small = cv2.resize(frame, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    tensor[0, top : top + size[1], left : left + size[0]] = small.astype(np.float32) / 127.5 - 1
    return tensor, scale, np.array([left, top], np.float32)


def _merged(found: Doubles, scores: Floats) -> tuple[Floats, Floats]:
    """Merge boxes that overlap by their score-weighted mean: steadier than keeping the best one."""
    order = np.argsort(-scores, kind="stable")
    found, scores = found[order], scores[order]
    rows, kept = [], []
    while len(found):
        alike = _overlap(found[0, :4], found[:, :4]) > _OVERLAP
        alike[0] = True
        weights = scores[alike]
        rows.append((found[alike] * weights[:, None]).sum(0) / weights.sum())
        kept.append(scores[0])
        found, scores = found[~alike], scores[~alike]
    return np.asarray(rows, np.float32).reshape(-1, 16), np.asarray(kept, np.float32)


def _overlap(box: Doubles, boxes: Doubles) -> Doubles:
    """Intersection over union of one box (4,) with (n, 4)."""
    corner, far = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(far - corner, 0), 1)
    areas = np.prod(boxes[:, 2:] - boxes[:, :2], 1)
    return np.asarray(shared / np.maximum(areas + np.prod(box[2:] - box[:2]) - shared, 1e-9), np.float64)
