# SPDX-License-Identifier: GPL-3.0-or-later
"""Crops: square cut-outs of a frame, turned and scaled for a model."""

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Floats, Pixels


def crop_matrix(centre: Floats, side: float, angle: float, size: int) -> Floats:
    """Return the matrix of a crop. Pixel centres are at integers in the frame and in the crop.

    Parameters
    ----------
    centre : ndarray, shape (2,), float32
        The middle of the square that the crop shows, in frame pixels.
    side : float
        The square's side, in frame pixels.
    angle : float
        By how much the square is turned in the frame, in radians, clockwise; the crop shows it upright.
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray, shape (2, 3), float32
        From frame pixels to those of the crop.
    """
    scale = size / side
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    turn = np.array([[cosine, sine], [-sine, cosine]])
    shift: npt.NDArray[np.float64] = np.full(2, (size - 1) / 2) - turn @ np.asarray(centre, np.float64)
    return np.hstack([turn, shift[:, None]]).astype(np.float32)


def invert_affine(matrix: Floats) -> Floats:
    """Return the matrix that undoes an affine one.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3), float32
        From some pixels to others.

    Returns
    -------
    ndarray, shape (2, 3), float32
        From the others back.
    """
    return np.asarray(cv2.invertAffineTransform(matrix), np.float32)


def scale_points(points: Floats, size: tuple[int, int], new_size: tuple[int, int]) -> Floats:
    """Move points of an image into the same image reduced.

    Parameters
    ----------
    points : ndarray, shape (n, 2 or 3), float32
        In the image's pixels, whose centres are at integers.
    size : tuple of int
        Width and height of the image in pixels.
    new_size : tuple of int
        Width and height of the reduced one.

    Returns
    -------
    ndarray, shape (n, 2), float32
        In the reduced image's pixels.
    """
    return np.asarray(
        (points[:, :2] + 0.5) * (new_size[0] / size[0], new_size[1] / size[1]) - 0.5, np.float32
    )


def transform_points(points: Floats, matrix: Floats) -> Floats:
    """Move points by an affine matrix.

    Parameters
    ----------
    points : ndarray, shape (n, 2), float32
        The points.
    matrix : ndarray, shape (2, 3), float32
        From their pixels to others.

    Returns
    -------
    ndarray, shape (n, 2), float32
        The same points in the other pixels.
    """
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2], np.float32)


def warp_crop(frame: Pixels, matrix: Floats, size: int) -> Pixels:
    """Cut a crop out of a frame; beyond the frame its border pixels are repeated.

    Strong reductions are averaged first: sampling a large face at few pixels would alias, and the landmarks would
    tremble from frame to frame.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    matrix : ndarray, shape (2, 3), float32
        From frame pixels to those of the crop.
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray, shape (size, size, 3), uint8
        The crop, RGB.
    """
    factor = int(1 / max(float(np.hypot(matrix[0, 0], matrix[0, 1])), 1e-6))
    if factor < 2:
        return np.asarray(
            cv2.warpAffine(
                frame, matrix, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
            )
        )
    height, width = frame.shape[:2]
    corners = np.array([[0, 0], [size - 1, 0], [0, size - 1], [size - 1, size - 1]], np.float32)
    frame_corners = transform_points(corners, invert_affine(matrix))
    # The block grid is anchored at the frame's origin: a region that follows the face must not change
    # which pixels are averaged together.
    left, top = (
        np.clip(frame_corners.min(0) - 2 * factor, 0, (width - 1, height - 1)) // factor * factor
    ).astype(int)
    right, bottom = np.clip(
        frame_corners.max(0) + 2 * factor, (left + factor, top + factor), (width, height)
    ).astype(int)
    region = frame[top:bottom, left:right]
    blocks_x, blocks_y = max(region.shape[1] // factor, 1), max(region.shape[0] // factor, 1)
    region = region[: blocks_y * factor, : blocks_x * factor]
    reduced = cv2.resize(region, (blocks_x, blocks_y), interpolation=cv2.INTER_AREA)
    step_x, step_y = region.shape[1] / blocks_x, region.shape[0] / blocks_y
    shift = np.array([left + (step_x - 1) / 2, top + (step_y - 1) / 2])
    small = np.hstack([matrix[:, :2] * (step_x, step_y), (matrix[:, :2] @ shift + matrix[:, 2])[:, None]])
    return np.asarray(
        cv2.warpAffine(reduced, small, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
