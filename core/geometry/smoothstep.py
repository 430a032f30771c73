# SPDX-License-Identifier: GPL-3.0-or-later
"""The soft edge that every mask has."""

import numpy as np

from ..face.types import Floats


def smoothstep(values: Floats) -> Floats:
    """Return the cubic 3 x² - 2 x³ of values limited to 0..1: a ramp without a kink at either end.

    Masks are stored and compared to the last bit, so the order of the multiplications matters. The fusion graph's
    `face_mask` has the same order.

    Parameters
    ----------
    values
        Of any shape, float32: 0 where the edge begins, 1 where it ends.

    Returns
    -------
    Floats
        As large, float32 in 0..1.
    """
    x = np.clip(values, 0, 1)
    # In place: new memory takes longer than what is done in it.
    rest = x * -2
    rest += 3
    x *= x
    x *= rest
    return np.asarray(x, np.float32)
