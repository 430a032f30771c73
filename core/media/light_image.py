# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files whose numbers stand for light, as they are stored: OpenEXR, DPX, and TIFF of floats."""

from pathlib import Path

import numpy as np

from ..errors import ClipError
from ..face.types import Floats
from .clip import FramePixels
from .dpx import SIGNATURES as DPX_SIGNATURES
from .dpx import decode_dpx
from .exr import SIGNATURE as EXR_SIGNATURE
from .exr import decode_exr_light
from .file_status import read_image_file, require_file
from .image_decode import decode_float_image
from .light_space import LightSpace


def decode_light(space: LightSpace, path: Path) -> FramePixels:
    """Decode an image file to its own numbers.

    Parameters
    ----------
    space : LightSpace
        What they mean.
    path : pathlib.Path
        The file.

    Returns
    -------
    ndarray, shape (H, W, 3), float32
        RGB as stored, 1 for the largest code of whole numbers. Where the image is transparent its light is multiplied
        by its alpha, as Blender does it.

    Raises
    ------
    ClipError
        It is missing, of another kind, can't be read, or takes more memory than is allowed.
    """
    require_file(path)
    try:
        return _decode(space, path)
    except MemoryError as fault:
        raise ClipError(f"there is not enough memory to decode {path}; make it smaller") from fault


def _decode(space: LightSpace, path: Path) -> FramePixels:
    data = read_image_file(path)
    if data.startswith(EXR_SIGNATURE):
        return decode_exr_light(path, data)
    if data.startswith(DPX_SIGNATURES):
        codes = decode_dpx(path, data)
        scale = np.float32({np.uint8: 1 / 255, np.uint16: 1 / 65535}.get(codes.dtype.type, 1))
        return np.asarray(codes[..., :3] * scale, np.float32)
    return _over_black(space, decode_float_image(path, data))


def _over_black(space: LightSpace, pixels: Floats) -> Floats:
    """Return the RGB of BGR or BGRA, what is transparent laid over black."""
    result = np.ascontiguousarray(pixels[..., 2::-1])
    if pixels.shape[2] == 3:
        return result
    clear = pixels[..., 3] != 1
    light = space.to_light(result[clear][None]) * pixels[..., 3:][clear]
    result[clear] = space.from_light(light)[0]
    return result
