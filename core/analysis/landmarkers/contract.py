# SPDX-License-Identifier: GPL-3.0-or-later
"""What every landmarker gives, and the crop they all take: a square about a box, turned upright."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from ...face.types import Detection, Floats, Pixels
from ...geometry.crop import crop_matrix, invert_affine, transform_points, warp_crop
from ...models.model_adapter import Adapter


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """The landmarks of one detection."""

    points: Floats
    """(478, 3), or (k, 3) with a z of 0, in frame pixels."""
    score: float
    """0 to 1: how sure it is that this is a face; the detector's where the landmarker does not say."""


class Landmarker(Adapter, Protocol):
    """A network that finds the points of a detected face."""

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Find the points of each detected face.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        detections : sequence of Detection
            Where faces are, in frame pixels.

        Returns
        -------
        list of FaceLandmarks
            One for each detection, in their order, in frame pixels.

        Raises
        ------
        ModelError
            The network can't be run, or gives something else than its family does.
        """
        ...


def upright_angle(detection: Detection) -> float:
    """Return the head's roll in radians by the line of its eyes; 0 where the detector gives no points."""
    if len(detection.points) < 2:
        return 0.0
    across = detection.points[1] - detection.points[0]
    return float(np.arctan2(across[1], across[0]))


def crop_boxes(
    frame: Pixels, detections: Sequence[Detection], crop_scale: float, size: int
) -> tuple[Pixels, list[Floats]]:
    """Cut a crop about each detection's box: a square turned so that the face stands upright.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    detections : sequence of Detection
        Where faces are, in frame pixels.
    crop_scale : float
        How many times the box's longer side a crop shows.
    size : int
        Width and height of a crop in pixels.

    Returns
    -------
    crops : ndarray, shape (n, size, size, 3), uint8
        The crops, RGB.
    matrices : list of ndarray, shape (2, 3), float32
        For each, the matrix from its pixels to the frame's.
    """
    crops, back = [], []
    for detection in detections:
        side = max(float((detection.box[2:] - detection.box[:2]).max()) * crop_scale, 1.0)
        centre = np.asarray((detection.box[:2] + detection.box[2:]) / 2, np.float32)
        matrix = crop_matrix(centre, side, upright_angle(detection), size)
        crops.append(warp_crop(frame, matrix, size))
        back.append(invert_affine(matrix))
    return np.asarray(crops, np.uint8).reshape(-1, size, size, 3), back


def landmarks_in_frame(points: Floats, crop_to_frame: Floats, score: float) -> FaceLandmarks:
    """Move the points of a crop to the frame.

    Parameters
    ----------
    points : ndarray, shape (k, 2), float32
        In pixels of the crop, from its upper left corner.
    crop_to_frame : ndarray, shape (2, 3), float32
        The matrix from the crop's pixels to the frame's.
    score : float
        How sure it is that this is a face, 0 to 1.

    Returns
    -------
    FaceLandmarks
        The points in frame pixels, with a z of 0.
    """
    # A network's coordinates have their origin at the crop's corner, ours at the first pixel's centre.
    flat = transform_points(np.asarray(points - 0.5, np.float32), crop_to_frame)
    return FaceLandmarks(np.concatenate([flat, np.zeros((len(flat), 1), np.float32)], 1), score)
