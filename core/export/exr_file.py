# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of frames: linear light in half floats, without loss beyond these.

The values of a frame are taken as coded by the sRGB curve, as they are where OpenEXR is read: what is written here is
read as the same frame again. Their primaries stay the clip's, and the file names them. The format is that of
https://openexr.com/en/latest/OpenEXRFileLayout.html.
"""

import struct
import zlib
from fractions import Fraction
from functools import cache

import numpy as np
import numpy.typing as npt

from ..media.clip import FramePixels
from ..media.exr import SIGNATURE, decode_srgb

_HALF, _ZIP, _ROWS_OF_A_BLOCK = 1, 3, 16
_ZIP_LEVEL = 4
"""What OpenEXR's library takes: more makes files hardly smaller."""
_CHANNELS = "BGR"
"""In the order of the alphabet, as a file has them."""

# Red, green, blue and white as x and y, by the numbers of ISO/IEC 23091-2; what is not here is BT.709 in Blender too.
_D65 = (0.3127, 0.3290)
_BT709 = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06, *_D65)
_CHROMATICITIES = {
    4: (0.67, 0.33, 0.21, 0.71, 0.14, 0.08, 0.310, 0.316),
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06, *_D65),
    6: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    7: (0.630, 0.340, 0.310, 0.595, 0.155, 0.070, *_D65),
    9: (0.708, 0.292, 0.170, 0.797, 0.131, 0.046, *_D65),
    11: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, 0.314, 0.351),
    12: (0.680, 0.320, 0.265, 0.690, 0.150, 0.060, *_D65),
}


def encode_exr(
    pixels: FramePixels, *, primaries: int, pixel_aspect: Fraction | None = None, comment: str = ""
) -> bytes:
    """Return a frame as an OpenEXR file.

    Parameters
    ----------
    pixels : numpy.ndarray
        (H, W, 3) RGB of uint8 or uint16, display-coded.
    primaries : int
        Their number in ISO/IEC 23091-2.
    pixel_aspect : fractions.Fraction, optional
        Width of a pixel by its height.
    comment : str
        Kept in the file's metadata.
    """
    height, width = pixels.shape[:2]
    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    listed = b"".join(name.encode() + b"\0" + struct.pack("<iIii", _HALF, 0, 1, 1) for name in _CHANNELS)
    colours = _CHROMATICITIES.get(primaries, _BT709)
    header = SIGNATURE + struct.pack("<I", 2)
    header += _attribute("channels", "chlist", listed + b"\0")
    header += _attribute("chromaticities", "chromaticities", struct.pack("<8f", *colours))
    if comment:
        header += _attribute("comments", "string", comment.encode())
    header += _attribute("compression", "compression", bytes([_ZIP]))
    header += _attribute("dataWindow", "box2i", window) + _attribute("displayWindow", "box2i", window)
    header += _attribute("lineOrder", "lineOrder", b"\0")
    header += _attribute("pixelAspectRatio", "float", struct.pack("<f", pixel_aspect or 1))
    header += _attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0))
    header += _attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    light = _half_table(pixels.dtype.name)
    blocks = [
        _block(row, light[pixels[row : row + _ROWS_OF_A_BLOCK, :, ::-1]])
        for row in range(0, height, _ROWS_OF_A_BLOCK)
    ]
    first = len(header) + 8 * len(blocks)
    starts = first + np.cumsum([0, *map(len, blocks[:-1])])
    return b"".join((header, starts.astype("<u8").tobytes(), *blocks))


def _attribute(name: str, kind: str, value: bytes) -> bytes:
    return f"{name}\0{kind}\0".encode() + struct.pack("<i", len(value)) + value


@cache
def _half_table(dtype: str) -> npt.NDArray[np.float16]:
    """Return the linear light of each value that a sample can have."""
    most = np.iinfo(np.dtype(dtype)).max
    return decode_srgb(np.arange(most + 1, dtype=np.float32) / np.float32(most)).astype("<f2")


def _block(row: int, light: npt.NDArray[np.float16]) -> bytes:
    """Return some rows, (h, w, 3), as a file has them: by channels, low and high bytes apart, as differences."""
    data = np.ascontiguousarray(light.swapaxes(1, 2)).view(np.uint8).reshape(-1, 2)
    planes = np.ascontiguousarray(data.T).ravel()
    differences = planes.copy()
    differences[1:] = planes[1:] - planes[:-1] + np.uint8(128)
    packed = zlib.compress(differences.tobytes(), _ZIP_LEVEL)
    if len(packed) >= data.size:
        packed = data.tobytes()
    return struct.pack("<ii", row, len(packed)) + packed
