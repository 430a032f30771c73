# SPDX-License-Identifier: GPL-3.0-or-later
"""Film's image files that are spoilt: DPX, TIFF of floats and OpenEXR are read, or refused in one line."""

import io
import struct
from contextlib import suppress
from pathlib import Path

import numpy as np
import tifffile
from understudy.core.errors import ClipError
from understudy.core.export.exr_file import encode_exr
from understudy.core.media.clip import FramePixels
from understudy.core.media.image_decode import decode_over_black
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import light_space
from understudy.core.media.source import light_reading
from understudy.core.media.tiff_header import is_float_tiff

from ..guard import WrongError
from ..sample import Sample

_PIXELS = np.arange(12 * 16 * 3, dtype=np.uint8).reshape(12, 16, 3)
_LIGHT = _PIXELS.astype(np.float32) / 100


class Images:
    """See the module."""

    name = "images"

    def samples(self) -> list[Sample]:
        """Return a file of each kind."""
        exr = encode_exr(_PIXELS, primaries=1)
        files = {
            **{f"a{bits}.dpx": _dpx(bits) for bits in (10, 12, 16)},
            "a.exr": exr,
            "b.exr": exr.replace(b"displayWindow\0box2i\0", b"displaywindow\0box2i\0"),
            **{f"{kind}.tif": _tiff(kind) for kind in ("float16", "float32", "float64")},
            **{f"packed_{kind}.tif": _tiff(kind, "zlib") for kind in ("float16", "float32")},
            "tiles.tif": _tiff("float32", tile=(16, 16)),
        }
        return [Sample({name: data}) for name, data in files.items()]

    def mend(self, sample: Sample) -> Sample:
        """Return the input: none of these formats has a checksum."""
        return sample

    def read(self, place: Path) -> None:
        """Decode the file as codes and as light."""
        space = light_space(light_reading("ACEScg"))
        if space is None:
            raise WrongError("ACEScg is no light")
        for path in place.iterdir():
            is_float_tiff(path)
            with suppress(ClipError):
                _check(decode_over_black(path), (np.uint8, np.uint16))
            with suppress(ClipError):
                _check(decode_light(space, path), (np.float32,))


def _check(pixels: FramePixels, types: tuple[type, ...]) -> None:
    if pixels.dtype.type not in types or pixels.ndim != 3 or pixels.shape[2] != 3:
        raise WrongError(f"an image of {pixels.dtype} {pixels.shape}")


def _dpx(bits: int) -> bytes:
    header = bytearray(2048)
    struct.pack_into(">4sI", header, 0, b"SDPX", len(header))
    struct.pack_into(">HHII", header, 768, 0, 1, 16, 12)
    struct.pack_into(">IIfIf", header, 780, 0, 0, 0.0, (1 << bits) - 1, 2.048)
    struct.pack_into(">4BHHI", header, 800, 50, 2, 2, bits, 1 if bits < 16 else 0, 0, len(header))
    words = _PIXELS[..., 0].astype(">u4") << 14 if bits == 10 else _PIXELS.astype(">u2") << 6
    return bytes(header) + words.tobytes()


def _tiff(kind: str, compression: str | None = None, tile: tuple[int, int] | None = None) -> bytes:
    data = io.BytesIO()
    tifffile.imwrite(data, _LIGHT.astype(kind), photometric="rgb", compression=compression, tile=tile)
    return data.getvalue()


READER = Images()
