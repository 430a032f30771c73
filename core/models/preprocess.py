# SPDX-License-Identifier: GPL-3.0-or-later
"""From images to the tensor a model family takes, as its contract says."""

import numpy as np

from ..face.types import Pixels
from .catalog import Family
from .session import Tensor


def preprocess(images: Pixels, family: Family) -> Tensor:
    """Turn images into a family's input.

    Parameters
    ----------
    images : ndarray, shape (n, H, W, 3), uint8
        The images, RGB.
    family : Family
        Says the order of colours and axes, and what is subtracted and divided by.

    Returns
    -------
    ndarray, shape (n, 3, H, W) or (n, H, W, 3), float32
        The input, C-contiguous.
    """
    ordered = images if family.colour == "rgb" else images[..., ::-1]
    tensor = (ordered.astype(np.float32) - np.asarray(family.mean, np.float32)) / np.asarray(
        family.std, np.float32
    )
    return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2) if family.layout == "nchw" else tensor)
