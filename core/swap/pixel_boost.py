# SPDX-License-Identifier: GPL-3.0-or-later
"""Pixel boost: a crop of n times the network's size, swapped as n² images of the network's own size.

Every n-th pixel of every n-th row makes one image, so each shows the whole face. Nothing is resampled:
taking apart and putting together again gives back the same pixels.
"""

import numpy as np

from ..face.types import Pixels


def split_phases(crop: Pixels, boost: int) -> Pixels:
    """Take a crop (n*s, n*s, c) apart into (n*n, s, s, c); image `row * n + column` begins at that pixel."""
    size = crop.shape[0] // boost
    phases = crop.reshape(size, boost, size, boost, -1).transpose(1, 3, 0, 2, 4)
    return np.ascontiguousarray(phases).reshape(boost * boost, size, size, -1)


def merge_phases(images: Pixels, boost: int) -> Pixels:
    """Put images (n*n, s, s, c) together again: (n*s, n*s, c). Undoes `split_phases` exactly."""
    size = images.shape[1]
    phases = images.reshape(boost, boost, size, size, -1).transpose(2, 0, 3, 1, 4)
    return np.ascontiguousarray(phases).reshape(boost * size, boost * size, -1)
