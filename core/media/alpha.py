# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an image its alpha hides: nothing of it is shown, as in Blender's sequencer, where black lies below.

Blender multiplies 8-bit values as they are, and 16-bit ones of PNG files and floats of TIFF files by their light.
"""

import struct
from typing import Literal

import numpy as np

from .clip import FramePixels
from .exr import decode_srgb, encode_srgb
from .image_header import ImageHeader

_GREY_KEY_BYTES = 2
_BAND_SAMPLES = 1 << 20


def alpha_kind(header: ImageHeader, data: bytes) -> Literal["channel", "key"] | None:
    """Return how an image file hides parts of its image.

    Parameters
    ----------
    header : ImageHeader
        What the file says of itself.
    data : bytes
        The file's bytes.

    Returns
    -------
    {"channel", "key"} or None
        By an alpha channel, or by a grey value that is left out. None where it hides nothing, and for TIFF files of
        which libtiff lays the image over black itself; 16-bit TIFF files are shown as stored: Blender takes their alpha
        for something else.
    """
    match header.kind:
        case "PNG":
            has_key = b"tRNS" in data[: max(data.find(b"IDAT"), 0)]
            if has_key and header.channels == 1 and not _has_palette(data):
                return "key"
            return "channel" if has_key or header.channels in (2, 4) else None
        case "TIFF":
            if header.has_floats:
                return "channel" if header.channels == 4 else None
            return "channel" if header.has_alpha and header.bits == 8 else None
        case _:
            return "channel" if header.has_alpha else None


def lay_over_black(pixels: FramePixels, header: ImageHeader, data: bytes) -> None:
    """Multiply, in place, the colours of an image by its alpha, or blacken the grey value that is left out.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3 or 4), uint8 or uint16
        The image, BGRA; one with three channels (BGR) and no such value stays as it is.
    header : ImageHeader
        What its file says of itself.
    data : bytes
        The file's bytes.
    """
    if pixels.shape[2] == 3:
        if header.kind == "PNG":
            _blacken_key(pixels, header, data)
        return
    most = 255 if pixels.dtype == np.uint8 else 65535
    rows = max(1, _BAND_SAMPLES // pixels[0].size)
    for row in range(0, len(pixels), rows):
        band = pixels[row : row + rows]
        alpha = band[..., 3:]
        if alpha.min() == most:
            continue
        if pixels.dtype == np.uint8:
            band[..., :3] = band[..., :3].astype(np.uint32) * alpha // most
            continue
        light = decode_srgb(band[..., :3].astype(np.float32) / most) * (alpha / np.float32(most))
        coded = np.round(encode_srgb(light) * most)
        band[..., :3] = np.where(alpha == most, band[..., :3], coded)


def lay_premultiplied_over_black(pixels: FramePixels) -> FramePixels:
    """Return what Blender shows of an image whose codes are multiplied by its alpha, as in DPX files.

    It divides them by alpha, those of 8 bits to whole codes, and then lays them over black as those of other images.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3 or 4), uint8, uint16 or float32
        RGB, which is given back as it is, or RGBA.

    Returns
    -------
    ndarray, shape (H, W, 3), the same dtype
        RGB. Where alpha is 0, those of 8 bits are black and others as they are.
    """
    result = np.ascontiguousarray(pixels[..., :3])
    if pixels.shape[2] == 3:
        return result
    most = {np.uint8: 255, np.uint16: 65535}.get(pixels.dtype.type, 1)
    rows = max(1, _BAND_SAMPLES // pixels[0].size)
    for row in range(0, len(pixels), rows):
        band, shown = pixels[row : row + rows], result[row : row + rows]
        clear = band[..., 3] != most
        if pixels.dtype == np.uint8:
            codes, alpha = np.split(band[clear].astype(np.uint32), [3], 1)
            straight = np.minimum((510 * codes + alpha) // np.maximum(2 * alpha, 1), 255)
            shown[clear] = straight * alpha // 255
            continue
        clear &= band[..., 3] != 0
        colours, share = np.split(np.asarray(band[clear] / np.float32(most), np.float32), [3], 1)
        with np.errstate(over="ignore", invalid="ignore"):  # of damaged floats
            coded = encode_srgb(decode_srgb(colours / share) * share)
        shown[clear] = coded if most == 1 else np.round(np.clip(coded, 0, 1) * most)
    return result


def _blacken_key(pixels: FramePixels, header: ImageHeader, data: bytes) -> None:
    at = data.find(b"tRNS")
    length, *_ = struct.unpack_from(">I", data, at - 4)
    if length < _GREY_KEY_BYTES:
        return
    (key,) = struct.unpack_from(">H", data, at + 4)
    # Samples of fewer bits are decoded to 8.
    scale = 255 // ((1 << header.bits) - 1) if header.bits < 8 else 1
    pixels[(pixels == key * scale).all(2)] = 0


def _has_palette(data: bytes) -> bool:
    return b"PLTE" in data[: max(data.find(b"IDAT"), 0)]
