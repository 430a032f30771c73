# SPDX-License-Identifier: GPL-3.0-or-later
"""What every detector gives, and what they share: fitting a frame into a network, and non-maximum suppression."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from ...face.types import Floats, Pixels
from ...models.model_adapter import Adapter

NMS_IOU_THRESHOLD = 0.4
"""Boxes that overlap more (intersection over union) show one face."""


@dataclass(frozen=True, eq=False)
class Detections:
    """The faces of one frame, the surest first, in frame pixels."""

    boxes: Floats
    """(n, 4) left, top, right, bottom."""
    points: Floats
    """(n, k, 2): the eye on the image's left, the one on its right, nose tip, then what the detector gives; k = 0
    for those that give boxes only, 5 with the mouth's corners, 6 for BlazeFace (mouth, ears)."""
    scores: Floats
    """(n,) 0 to 1."""


class Detector(Adapter, Protocol):
    """A network that finds faces."""

    def find(self, frame: Pixels, score: float) -> Detections:
        """Find the faces of a frame.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        score : float
            How sure the detector has to be of a face, 0 to 1.

        Returns
        -------
        Detections
            The faces, the surest first, in frame pixels.

        Raises
        ------
        ModelError
            The network can't be run, or gives something else than its family does.
        """
        ...


@dataclass(frozen=True, eq=False)
class Letterbox:
    """A frame reduced to fit a network's input: network pixel = frame pixel * scale."""

    image: Pixels
    """(h, w, 3) RGB uint8: the frame at the top left, black beyond it."""
    scale: float

    def to_frame(self, values: Floats) -> Floats:
        """Return network coordinates as frame coordinates.

        Parameters
        ----------
        values : ndarray
            Lengths or places in pixels of the network's input.

        Returns
        -------
        ndarray, shape as `values`, float32
            In frame pixels.
        """
        return np.asarray(values / self.scale, np.float32)


def letterbox(frame: Pixels, max_side: int, shape: tuple[int | None, ...]) -> Letterbox:
    """Reduce a frame to fit a network's input; it is never enlarged.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    max_side : int
        How many pixels the longer side may have, where the network's input has no fixed size.
    shape : tuple of int or None
        The network's input (n, 3, height, width), None for what is not fixed. A fixed canvas has that size, else it is
        the reduced frame's, rounded up to a multiple of 32.

    Returns
    -------
    Letterbox
        The frame on the canvas, and its scale.
    """
    height, width = frame.shape[:2]
    limits = [
        (max_side if fixed is None else fixed) / side
        for fixed, side in zip(shape[2:], (height, width), strict=True)
    ]
    scale = min(1.0, *limits)
    rows, columns = max(int(height * scale), 1), max(int(width * scale), 1)
    small = cv2.resize(frame, (columns, rows), interpolation=cv2.INTER_AREA) if scale < 1 else frame
    tall, wide = (
        fixed or -(-side // 32) * 32 for fixed, side in zip(shape[2:], (rows, columns), strict=True)
    )
    image = np.zeros((tall, wide, 3), np.uint8)
    image[:rows, :columns] = small
    return Letterbox(image, scale)


def non_maximum_suppression(
    boxes: Floats, points: Floats, scores: Floats, iou_threshold: float = NMS_IOU_THRESHOLD
) -> Detections:
    """Keep of boxes that overlap the surest alone.

    Parameters
    ----------
    boxes : ndarray, shape (n, 4), float32
        Left, top, right, bottom.
    points : ndarray, shape (n, k, 2), float32
        The points of each face.
    scores : ndarray, shape (n,), float32
        How sure each is.
    iou_threshold : float
        Boxes that overlap by more (intersection over union, 0 to 1) show one face.

    Returns
    -------
    Detections
        Those that are kept, the surest first.
    """
    # Not `cv2.dnn.NMSBoxes`: it computes overlaps in double precision, which would change results that are kept.
    order = np.argsort(-scores, kind="stable")
    kept: list[int] = []
    while len(order):
        best, others = order[0], order[1:]
        kept.append(int(best))
        order = others[iou(boxes[best], boxes[others]) <= iou_threshold]
    return Detections(
        np.asarray(boxes[kept], np.float32).reshape(-1, 4),
        np.asarray(points[kept], np.float32).reshape(len(kept), points.shape[1], 2),
        np.asarray(scores[kept], np.float32),
    )


def iou(box: Floats, boxes: Floats) -> Floats:
    """Return the intersection over union of one box with others.

    Parameters
    ----------
    box : ndarray, shape (4,), float32
        Left, top, right, bottom.
    boxes : ndarray, shape (n, 4), float32
        The others.

    Returns
    -------
    ndarray, shape (n,), float32
        0 to 1.
    """
    corner, far = np.maximum(box[:2], boxes[:, :2]), np.minimum(box[2:], boxes[:, 2:])
    shared = np.prod(np.maximum(far - corner, 0), 1)
    areas = np.prod(np.maximum(boxes[:, 2:] - boxes[:, :2], 0), 1) + np.prod(np.maximum(box[2:] - box[:2], 0))
    return np.asarray(shared / np.maximum(areas - shared, 1e-9), np.float32)


def merge_detections(parts: Sequence[Detections], iou_threshold: float = NMS_IOU_THRESHOLD) -> Detections:
    """Join what several looks found; where they give different numbers of points, the first three are kept."""
    counts = {part.points.shape[1] for part in parts}
    count = counts.pop() if len(counts) == 1 else min(3, *counts)
    return non_maximum_suppression(
        np.concatenate([part.boxes for part in parts]),
        np.concatenate([part.points[:, :count] for part in parts]),
        np.concatenate([part.scores for part in parts]),
        iou_threshold,
    )


def grid_cells(rows: int, columns: int, repeat: int = 1) -> Floats:
    """Return the cells of a grid, row by row.

    Parameters
    ----------
    rows, columns : int
        The size of the grid.
    repeat : int
        How often each cell comes: once for each of its anchors.

    Returns
    -------
    ndarray, shape (rows * columns * repeat, 2), float32
        x and y of each.
    """
    grid = np.stack(np.meshgrid(np.arange(columns), np.arange(rows)), -1).reshape(-1, 2)
    return np.repeat(grid, repeat, 0).astype(np.float32)


def sigmoid(values: Floats) -> Floats:
    """Return the logistic function, without overflow."""
    return np.asarray(1 / (1 + np.exp(-np.clip(values, -80, 80))), np.float32)
