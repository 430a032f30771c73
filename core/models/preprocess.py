# SPDX-License-Identifier: GPL-3.0-or-later
"""From images to the tensor a model family takes, as its contract says."""

import numpy as np

from ..face.types import Pixels
from .catalog import Family
from .session import Tensor


def preprocess(images: Pixels, family: Family) -> Tensor:
    """Return (n, H, W, 3) RGB uint8 images as the family's float32 input, nchw or nhwc."""
    ordered = images if family.colour == "rgb" else images[..., ::-1]
    tensor = (ordered.astype(np.float32) - np.asarray(family.mean, np.float32)) / np.asarray(
        family.std, np.float32
    )
    return np.ascontiguousarray(tensor.transpose(0, 3, 1, 2) if family.layout == "nchw" else tensor)
