# SPDX-License-Identifier: GPL-3.0-or-later
"""A second, plain decode of each detector whose weights are here, written from the contracts alone.

Loops and scalars, one cell at a time, on ONNX Runtime alone: nothing of what it checks is used.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import onnxruntime


def _run(path: Path, tensor: np.ndarray) -> list[np.ndarray]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: tensor.astype(np.float32)})


def _canvas(frame: np.ndarray, height: int) -> np.ndarray:
    """A frame of 16:9 as 640 x 360, at the top left of a canvas of 640 columns."""
    canvas = np.zeros((height, 640, 3), np.uint8)
    canvas[:360] = cv2.resize(frame, (640, 360), interpolation=cv2.INTER_AREA)
    return canvas


def _suppress_non_maxima(
    rows: list[tuple[float, list[float], list[float]]], scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """NMS at .4, as plainly as can be: score, box, points."""
    kept: list[tuple[float, list[float], list[float]]] = []
    for row in sorted(rows, key=lambda row: -row[0]):
        for _, other, _ in kept:
            wide = min(row[1][2], other[2]) - max(row[1][0], other[0])
            high = min(row[1][3], other[3]) - max(row[1][1], other[1])
            shared = max(wide, 0) * max(high, 0)
            areas = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (row[1], other))
            if shared / (areas - shared) > 0.4:
                break
        else:
            kept.append(row)
    boxes = np.array([row[1] for row in kept]).reshape(-1, 4) / scale
    return boxes, np.array([row[2] for row in kept]).reshape(len(kept), -1, 2) / scale


def _plain_yunet(frame: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    outputs = _run(path, _canvas(frame, 640)[..., ::-1].transpose(2, 0, 1)[None])
    rows = []
    for place, stride in enumerate((8, 16, 32)):
        cls, obj, box, kps = (outputs[kind * 3 + place][0] for kind in range(4))
        for cell in range(len(cls)):
            score = float(np.sqrt(cls[cell, 0] * obj[cell, 0]))
            if score >= 0.5:
                gx, gy = cell % (640 // stride), cell // (640 // stride)
                cx, cy = (gx + box[cell, 0]) * stride, (gy + box[cell, 1]) * stride
                w, h = np.exp(box[cell, 2]) * stride, np.exp(box[cell, 3]) * stride
                points = [(kps[cell, k] + (gx, gy)[k % 2]) * stride for k in range(10)]
                rows.append((score, [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], points))
    return _suppress_non_maxima(rows, 640 / frame.shape[1])


def _plain_retinaface(frame: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    picture = _canvas(frame, 384)[..., ::-1].astype(np.float32) - (104, 117, 123)
    loc, conf, landms = (output[0] for output in _run(path, picture.transpose(2, 0, 1)[None]))
    rows, index = [], 0
    for stride, sizes in ((8, (16, 32)), (16, (64, 128)), (32, (256, 512))):
        for y in range(384 // stride):
            for x in range(640 // stride):
                for size in sizes:
                    if conf[index, 1] >= 0.5:
                        px, py = (x + 0.5) * stride, (y + 0.5) * stride
                        cx, cy = px + loc[index, 0] * 0.1 * size, py + loc[index, 1] * 0.1 * size
                        w, h = size * np.exp(loc[index, 2] * 0.2), size * np.exp(loc[index, 3] * 0.2)
                        points = [(px, py)[k % 2] + landms[index, k] * 0.1 * size for k in range(10)]
                        box = [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2]
                        rows.append((float(conf[index, 1]), box, points))
                    index += 1
    return _suppress_non_maxima(rows, 640 / frame.shape[1])


def _plain_yolo5(frame: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    anchors = {8: [4, 5, 8, 10, 13, 16], 16: [23, 29, 43, 55, 73, 105], 32: [146, 217, 231, 300, 335, 433]}
    rows = []
    heads = _run(path, _canvas(frame, 640).transpose(2, 0, 1)[None] / 255)
    for head, (stride, sizes) in zip(heads, anchors.items(), strict=True):
        sure = 1 / (1 + np.exp(-head[0, ..., 4])) / (1 + np.exp(-head[0, ..., 15]))
        for a, y, x in np.argwhere(sure >= 0.5):
            raw = head[0, a, y, x].astype(float)
            sx, sy, sw, sh = 1 / (1 + np.exp(-raw[:4]))
            aw, ah = sizes[2 * a], sizes[2 * a + 1]
            cx, cy = (2 * sx - 0.5 + x) * stride, (2 * sy - 0.5 + y) * stride
            w, h = (2 * sw) ** 2 * aw, (2 * sh) ** 2 * ah
            points = [raw[5 + k] * (aw, ah)[k % 2] + (x, y)[k % 2] * stride for k in range(10)]
            rows.append((float(sure[a, y, x]), [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], points))
    return _suppress_non_maxima(rows, 640 / frame.shape[1])


def _plain_centerface(frame: np.ndarray, path: Path) -> tuple[np.ndarray, np.ndarray]:
    heat, scale, offset, marks = (
        output[0] for output in _run(path, _canvas(frame, 384).transpose(2, 0, 1)[None])
    )
    rows = []
    for y, x in np.argwhere(heat[0] >= 0.5):
        h, w = 4 * np.exp(scale[0, y, x]), 4 * np.exp(scale[1, y, x])
        left = (x + offset[1, y, x] + 0.5) * 4 - w / 2
        top = (y + offset[0, y, x] + 0.5) * 4 - h / 2
        points = [
            v for k in range(5) for v in (left + marks[2 * k + 1, y, x] * w, top + marks[2 * k, y, x] * h)
        ]
        rows.append((float(heat[0, y, x]), [left, top, left + w, top + h], points))
    return _suppress_non_maxima(rows, 640 / frame.shape[1])


def _plain_blaze(frame: np.ndarray, path: Path, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Letterboxed (128: 72 rows from row 28), merged by the scores of what overlaps the best by .3."""
    high, top = side * 9 // 16, side * 7 // 32
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + high] = cv2.resize(frame, (side, high), interpolation=cv2.INTER_AREA)
    regressors, logits = _run(path, square[None] / np.float32(127.5) - 1)
    anchors = []
    for grid, repeat in {128: ((16, 2), (8, 6)), 192: ((48, 1),)}[side]:
        step = side / grid
        for cell in range(grid * grid):
            anchors += [((cell % grid + 0.5) * step, (cell // grid + 0.5) * step)] * repeat
    scores = 1 / (1 + np.exp(-logits[0, :, 0].astype(float)))
    left = []
    for i in np.flatnonzero(scores >= 0.5):
        raw, (ax, ay) = regressors[0, i].astype(float), anchors[i]
        cx, cy, w, h = raw[0] + ax, raw[1] + ay, raw[2], raw[3]
        points = [raw[4 + k] + (ax, ay)[k % 2] for k in range(12)]
        left.append((scores[i], np.array([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2, *points])))
    left.sort(key=lambda row: -row[0])
    boxes, marks = [], []
    while left:
        best = left[0][1]
        alike, rest = [], []
        for row in left:
            wide = min(best[2], row[1][2]) - max(best[0], row[1][0])
            high = min(best[3], row[1][3]) - max(best[1], row[1][1])
            shared = max(wide, 0) * max(high, 0)
            total = sum((b[2] - b[0]) * (b[3] - b[1]) for b in (best, row[1])) - shared
            (alike if shared / total > 0.3 else rest).append(row)
        mean = sum(score * values for score, values in alike) / sum(score for score, _ in alike)
        placed = (mean.reshape(8, 2) - (0, top)) * (frame.shape[1] / side) - 0.5
        boxes.append(placed[:2].ravel())
        marks.append(placed[2:])
        left = rest
    return np.array(boxes).reshape(-1, 4), np.array(marks).reshape(-1, 6, 2)


PLAIN_DETECTORS: dict[str, Callable[[np.ndarray, Path], tuple[np.ndarray, np.ndarray]]] = {
    "yunet": _plain_yunet,
    "retinaface-ssd": _plain_retinaface,
    "yolov5-face": _plain_yolo5,
    "centerface": _plain_centerface,
    "blaze": partial(_plain_blaze, side=192),
    "blaze-short": partial(_plain_blaze, side=128),
}
"""By detector: from a frame of 16:9, (H, W, 3) RGB uint8, and the model file to boxes (n, 4) and points (n, k, 2)."""
