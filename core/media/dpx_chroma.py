# SPDX-License-Identifier: GPL-3.0-or-later
"""DPX images of color differences, as Blender's reader shows them.

That is OpenImageIO's, which takes the two differences for each other in parts: with the numbers of BT.709 blue is
Y + 1.5748 Cb where the sample of Cb is shared by two pixels, and Y + 1.5748 Cr where each has its own. What falls
below black wraps around. All this is done alike, since the new face lies over what Blender shows. Tried in 4.5 and 5.0.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from .clip import FramePixels

_SHARED = (100, 101)
CHROMA_CHANNEL_COUNTS = {100: 2, 101: 3, 102: 3, 103: 4}
"""By the header's descriptor: CbYCrY, CbYACrYA, CbYCr and CbYCrA."""
_BT709 = ((0.0, 1.5748), (-0.187324, -0.468124), (1.8556, 0.0))
_BT601 = ((0.0, 1.402), (-0.344136, -0.714136), (-0.772, 0.0))
_MATRICES = {5: _BT709, 6: _BT709, 7: _BT601, 8: _BT601}
"""By the header's colorimetric specification: of blue, green and red the parts of the two differences."""


def has_alpha(descriptor: int) -> bool:
    """Tell whether pixels have alpha."""
    return descriptor in (101, 103)


def can_convert(descriptor: int, colorimetric: int, width: int) -> bool:
    """Tell whether Blender shows such an image, by its header's numbers and its width in pixels."""
    return colorimetric in _MATRICES and not (descriptor in _SHARED and width % 2)


def convert_chroma(pixels: npt.NDArray[Any], descriptor: int, colorimetric: int) -> FramePixels:
    """Return the colors of some lines.

    Parameters
    ----------
    pixels : ndarray, shape (h, w, 2 to 4), uint8, uint16 or float32
        The samples, in their order.
    descriptor, colorimetric : int
        The header's numbers, see `can_convert`.

    Returns
    -------
    ndarray, shape (h, w, 3 or 4), the same dtype
        RGB or RGBA.
    """
    most = 1.0 if pixels.dtype == np.float32 else float(np.iinfo(pixels.dtype).max)
    values = pixels.astype(np.float32)
    if descriptor in _SHARED:
        second, first = (np.repeat(values[:, start::2, 0], 2, 1) for start in (0, 1))
    else:
        first, second = values[..., 0], values[..., 2]
    result = np.empty((*pixels.shape[:2], 3 + has_alpha(descriptor)), pixels.dtype)
    half, is_float = np.float32(0.5 * most), pixels.dtype == np.float32
    with np.errstate(over="ignore", invalid="ignore"):  # of damaged floats
        for channel, (of_first, of_second) in zip((2, 1, 0), _MATRICES[colorimetric], strict=True):
            colour = values[..., 1] + np.float32(of_first) * (first - half)
            colour = np.minimum(colour + np.float32(of_second) * (second - half), np.float32(most))
            result[..., channel] = np.maximum(colour, 0) if is_float else colour.astype(np.int32)
    if has_alpha(descriptor):
        result[..., 3] = pixels[..., CHROMA_CHANNEL_COUNTS[descriptor] - 1]
    return result
