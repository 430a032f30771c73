# SPDX-License-Identifier: GPL-3.0-or-later
"""What every masker gives."""

from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np

from ...cache.base.store import Arrays
from ...face.types import Floats, Pixels
from ...geometry.alignment import alignment_matrix
from ...geometry.crop import warp_crop
from ...models.model_adapter import Adapter
from ...recipe import Occlude

MASK_PIXELS = 256
_BLUR_SIGMA_PIXELS = 5.0


@dataclass(frozen=True, eq=False)
class OcclusionMask:
    """Which pixels of an aligned crop show the face."""

    visible: Pixels
    """(256, 256) uint8: 255 for the face, 0 for what covers it and what lies around it."""
    matrix: Floats
    """(2, 3) from frame pixels to the mask's."""
    rough: bool = False
    """Whether what it shows as face is to be checked by the skin's colour too."""


class Masker(Adapter, Protocol):
    """A network that tells a face from what covers it."""

    @property
    def rough(self) -> bool:
        """Whether it misses much: then the skin's colour has a say too."""
        ...

    def segment(self, frame: Pixels, alignment_points: Floats) -> Arrays:
        """Look at a face of a frame.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        alignment_points : ndarray, shape (5, 2), float32
            The five points that the face is aligned by, in frame pixels.

        Returns
        -------
        dict of str to ndarray
            What is kept of it: all that `mask` needs, whatever is chosen.

        Raises
        ------
        ModelError
            The network can't be run.
        """
        ...

    def mask(self, segmentation: Arrays, params: Occlude) -> OcclusionMask:
        """Return the mask by what `segment` saw and by what the recipe chooses of it.

        Parameters
        ----------
        segmentation : mapping of str to ndarray
            What `segment` returned.
        params : Occlude
            The recipe's settings.

        Returns
        -------
        OcclusionMask
            Which pixels of an aligned crop show the face.

        Raises
        ------
        RecipeError
            The recipe chooses nothing that is part of the face.
        """
        ...

    def mask_key_text(self, params: Occlude) -> str:
        """Say what the mask depends on besides what `segment` saw, for the key of the image. Raises RecipeError."""
        ...


def aligned_crop(frame: Pixels, alignment_points: Floats, template: str, size: int) -> tuple[Pixels, Floats]:
    """Cut an aligned face out of a frame.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    alignment_points : ndarray, shape (5, 2), float32
        The five points that the face is aligned by, in frame pixels.
    template : str
        A name in `TEMPLATES`.
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    crop : ndarray, shape (size, size, 3), uint8
        The crop, RGB.
    matrix : ndarray, shape (2, 3), float32
        From frame pixels to those of a mask of 256 by 256 pixels.
    """
    matrix = alignment_matrix(alignment_points, template, size)
    reduced = matrix.copy()
    share = MASK_PIXELS / size
    # Pixel centres are at integers: reducing moves them by half a pixel less than the corners.
    reduced *= share
    reduced[:, 2] += (share - 1) / 2
    return warp_crop(frame, matrix, size), reduced


def mask_from_map(probabilities: Floats) -> Pixels:
    """Turn a network's map into a mask: softened, then only what is above a half.

    Parameters
    ----------
    probabilities : ndarray, shape (s, s), float32
        How sure it is that a pixel shows the face, 0 to 1.

    Returns
    -------
    ndarray, shape (256, 256), uint8
        255 for the face.
    """
    small = probabilities
    if len(probabilities) != MASK_PIXELS:
        small = np.asarray(
            cv2.resize(probabilities, (MASK_PIXELS, MASK_PIXELS), interpolation=cv2.INTER_AREA)
        )
    soft = cv2.GaussianBlur(np.clip(small, 0, 1), (0, 0), _BLUR_SIGMA_PIXELS)
    return np.asarray(np.round((np.clip(soft, 0.5, 1) - 0.5) * (2 * 255)), np.uint8)
