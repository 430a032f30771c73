# SPDX-License-Identifier: GPL-3.0-or-later
"""TIFF images of floating point numbers: OpenCV reads those of 32 and 64 bits, FFmpeg half floats."""

from io import BytesIO
from typing import TYPE_CHECKING, Any, cast

import cv2
import numpy as np

from .tiff_header import read_tiff_tags

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..face.types import Floats

_HALF_BITS = 16
_PREDICTOR, _DIFFERENCES = 317, 2
_CHANNELS = {"gray16": 1, "rgb48": 3, "rgba64": 4}
"""FFmpeg takes the bits of half floats for whole numbers."""
_ORDERS = {"le": "<f2", "be": ">f2"}


def decode_float_tiff(data: bytes, bits: int) -> "Floats | None":
    """Decode a TIFF file whose samples are floats and whose channels are not apart.

    Parameters
    ----------
    data : bytes
        The file's bytes. What it takes to decode them has been checked.
    bits : int
        Of one sample.

    Returns
    -------
    ndarray, shape (H, W, 3 or 4), float32, or None
        BGR or BGRA as stored; None where it can't be read.

    Raises
    ------
    cv2.error
        It can't be read.
    """
    pixels: npt.NDArray[Any] | None
    if bits == _HALF_BITS:
        pixels = _decode_halves(data)
    else:
        pixels = cast(
            "npt.NDArray[Any] | None", cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
        )
    if pixels is None or pixels.dtype.kind != "f":
        return None
    if pixels.ndim == 2:
        pixels = pixels[..., None]
    if pixels.shape[2] == 1:
        pixels = pixels.repeat(3, 2)
    with np.errstate(over="ignore"):  # of 64 bits
        return np.asarray(pixels, np.float32) if pixels.shape[2] in (3, 4) else None


def _decode_halves(data: bytes) -> "npt.NDArray[Any] | None":
    """Return half floats, (H, W, 1, 3 or 4), BGR or BGRA; None where FFmpeg can't read them."""
    import av

    predictor = read_tiff_tags(lambda at, size: data[at : at + size], (_PREDICTOR,)).get(_PREDICTOR, 1)
    if predictor > _DIFFERENCES:  # FFmpeg leaves it out
        return None
    try:
        with av.open(BytesIO(data), mode="r", format="tiff_pipe") as container:  # gate: memory
            frame = next(container.decode(video=0))
    except (av.FFmpegError, StopIteration, ValueError):
        return None
    name = frame.format.name
    channels, order = _CHANNELS.get(name[:-2]), _ORDERS.get(name[-2:])
    if channels is None or order is None:
        return None
    plane: Any = frame.planes[0]
    samples = np.frombuffer(plane, order).reshape(frame.height, -1)[:, : frame.width * channels]
    pixels = samples.reshape(frame.height, frame.width, channels)
    return pixels if channels == 1 else pixels[..., [2, 1, 0, 3][:channels]]
