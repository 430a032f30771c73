# SPDX-License-Identifier: GPL-3.0-or-later
"""How large an image file will be once decoded, read from its header before anything is allocated for it.

Each reader finds the header where OpenCV's decoder of that format finds it, so that a file can't show one size here
and another there. Sources: PNG (ISO/IEC 15948), JPEG (ITU T.81), TIFF 6.0 and BigTIFF, BMP, WebP (RFC 9649).
"""

import re
import struct
import zlib
from dataclasses import dataclass

from .tiff_header import (
    PLANAR_CONFIGURATION,
    SAMPLE_FORMAT,
    TIFF_SIGNATURES,
    has_floats,
    read_tiff_tags,
)

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
# Chunks that a decoder may not pass over have a capital first letter; of the others one carries transparency.
_PNG_CRITICAL = (b"IHDR", b"PLTE", b"IDAT")
_PNG_END = b"IEND"
_PNG_TRANSPARENCY = b"tRNS"
_MAX_CHUNKS = 1_000_000
"""Of 2^29 bytes that hardly compress, libpng writes 65,000."""

# What follows 0xFF in a JPEG file is a marker, but for stuffing, padding and the marks that restart a scan.
_MARKER = re.compile(rb"\xff([^\x00\x01\xd0-\xd7\xff])")
_FRAME_MARKERS = frozenset((*range(0xC0, 0xC4), *range(0xC5, 0xC8), *range(0xC9, 0xCC), *range(0xCD, 0xD0)))
_PROGRESSIVE_MARKERS = frozenset((0xC2, 0xC6, 0xCA, 0xCE))
_START_OF_IMAGE, _END_OF_IMAGE, _START_OF_SCAN = 0xD8, 0xD9, 0xDA
_MAX_MARKERS = 10_000
_MAX_SCANS = 100
"""Encoders write 10. Each takes another pass over the whole image, and a file has room for thousands."""

_WIDTH, _HEIGHT, _BITS, _SAMPLES, _ROWS, _TILE_WIDTH, _TILE_HEIGHT = 256, 257, 258, 277, 278, 322, 323
_EXTRA_SAMPLES, _PHOTOMETRIC, _RGB, _SEPARATE_PLANES = 338, 262, 2, 2
_WEBP_ALPHA = 16
_TIFF_TAGS = (
    _WIDTH,
    _HEIGHT,
    _BITS,
    _SAMPLES,
    _ROWS,
    _TILE_WIDTH,
    _TILE_HEIGHT,
    _EXTRA_SAMPLES,
    _PHOTOMETRIC,
    SAMPLE_FORMAT,
    PLANAR_CONFIGURATION,
)


@dataclass(frozen=True)
class ImageHeader:
    """What an image file says of itself."""

    kind: str
    """`PNG`, `JPEG`, `TIFF`, `BMP` or `WebP`."""
    width: int
    height: int
    channels: int
    """As stored, alpha included."""
    bits: int
    """Of one sample."""
    buffer_bytes: int = 0
    """What the decoder holds beside the decoded image."""
    has_alpha: bool = False
    """Of WebP: an alpha channel. Of TIFF: one that libtiff leaves alone, since nothing is said of what it is."""
    has_floats: bool = False
    """Of TIFF: samples are floating point numbers."""
    has_planes: bool = False
    """Of TIFF: each channel is stored by itself."""

    @property
    def decoded_bytes(self) -> int:
        """The image's size in memory, as three channels of whole bytes."""
        channels = self.channels if self.channels > 4 else 3  # of four, alpha is left out
        return self.width * self.height * channels * -(-self.bits // 8)

    @property
    def working_bytes(self) -> int:
        """The most that is held at once while it is decoded: OpenCV hands out a copy of what it decoded."""
        return self.decoded_bytes + max(self.decoded_bytes, self.buffer_bytes)


def read_image_header(data: bytes) -> ImageHeader | None:
    """Return what an image file says of itself.

    Parameters
    ----------
    data : bytes
        The file's bytes.

    Returns
    -------
    ImageHeader or None
        None if they are damaged or of no format read here.
    """
    try:
        if data.startswith(_PNG_SIGNATURE):
            header = _png_header(data)
        elif data.startswith(b"\xff\xd8\xff"):
            header = _jpeg_header(data)
        elif data[:4] in TIFF_SIGNATURES:
            header = _tiff_header(data)
        elif data.startswith(b"BM"):
            header = _bmp_header(data)
        elif data.startswith(b"RIFF") and data[8:12] == b"WEBP":
            header = _webp_header(data)
        else:
            return None
    except (struct.error, IndexError):  # cut off
        return None
    return header if header is not None and min(header.width, header.height, header.bits) > 0 else None


def strip_ancillary_chunks(data: bytes) -> bytes | None:
    """Return a PNG file without what is no part of the image: texts, profiles, other frames. None if damaged.

    Compressed texts and profiles swell to thousands of times their size, libpng complains of many on the terminal,
    and OpenCV uses none of them. Files of other formats are returned as they are.
    """
    if not data.startswith(_PNG_SIGNATURE):
        return data
    pieces, kept, at = [], 0, len(_PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            pieces.append(data[kept:])
            return b"".join(pieces)
        length, kind = struct.unpack_from(">I4s", data, at)
        end = at + 12 + length
        is_critical = not kind[0] & 32
        if is_critical and not _is_readable_chunk(data, at, end, kind):
            return None
        if not is_critical and not (kind == _PNG_TRANSPARENCY and _is_chunk_intact(data, at, end)):
            pieces.append(data[kept:at])
            kept = end
        if kind == _PNG_END:
            pieces.append(data[kept:end])
            return b"".join(pieces)
        at = end
    return None


def _is_readable_chunk(data: bytes, at: int, end: int, kind: bytes) -> bool:
    """Tell whether libpng reads a critical PNG chunk. Where it does not it prints an error on stderr."""
    return kind == _PNG_END or (kind in _PNG_CRITICAL and _is_chunk_intact(data, at, end))


def _is_chunk_intact(data: bytes, at: int, end: int) -> bool:
    """Tell whether a PNG chunk is complete and matches its checksum."""
    body = memoryview(data)[at + 4 : end - 4]
    return end <= len(data) and zlib.crc32(body) == int.from_bytes(data[end - 4 : end], "big")


def _png_header(data: bytes) -> ImageHeader | None:
    length, kind, width, height, bits, colour = struct.unpack_from(">I4sIIBB", data, len(_PNG_SIGNATURE))
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour)
    if (length, kind) != (13, b"IHDR") or channels is None or bits > 16:
        return None
    return ImageHeader("PNG", width, height, channels, bits)


def _jpeg_header(data: bytes) -> ImageHeader | None:
    frame, sampling, progressive, scans = None, [(1, 1)], False, 0
    at = 2
    for _ in range(_MAX_MARKERS):
        marker = _MARKER.search(data, at)
        if marker is None or marker[1][0] == _END_OF_IMAGE:
            break
        code, at = marker[1][0], marker.end()
        (length,) = struct.unpack_from(">H", data, at)
        if code == _START_OF_IMAGE or (code in _FRAME_MARKERS and frame is not None):
            return None
        if code in _FRAME_MARKERS:
            bits, height, width, channels = struct.unpack_from(">BHHB", data, at + 2)
            sampling = [divmod(data[at + 9 + 3 * part], 16) for part in range(channels)]
            frame, progressive = (width, height, channels, bits), code in _PROGRESSIVE_MARKERS
        elif code == _START_OF_SCAN:
            if frame is None:
                return None
            scans += 1
            if not progressive and scans == 1 and data[at + 2] >= frame[2]:
                return ImageHeader("JPEG", *frame)  # one scan has it all
        at += max(length, 2)
    else:
        return None
    if frame is None or not 0 < scans <= _MAX_SCANS:
        return None
    return ImageHeader("JPEG", *frame, buffer_bytes=_coefficient_bytes(frame[0], frame[1], sampling))


def _coefficient_bytes(width: int, height: int, sampling: list[tuple[int, int]]) -> int:
    """Return the bytes of what is held until the last of several scans came: two for each sample."""
    widest, highest = max(1, *(x for x, _ in sampling)), max(1, *(y for _, y in sampling))
    area = (width + 15) * (height + 15)
    return sum(2 * area * x * y // (widest * highest) for x, y in sampling)


def _tiff_header(data: bytes) -> ImageHeader | None:
    values = read_tiff_tags(lambda at, size: data[at : at + size], _TIFF_TAGS)
    if _WIDTH not in values or _HEIGHT not in values:
        return None
    width, height = values[_WIDTH], values[_HEIGHT]
    samples, bits = max(values.get(_SAMPLES, 1), 1), max(values.get(_BITS, 1), 1)
    # A strip or tile is decoded whole, and 8-bit ones then made into four channels.
    area = width * min(values.get(_ROWS) or height, height)
    area = max(area, values.get(_TILE_WIDTH, 0) * values.get(_TILE_HEIGHT, 0))
    has_alpha = samples == 4 and values.get(_PHOTOMETRIC) == _RGB and not values.get(_EXTRA_SAMPLES)
    return ImageHeader(
        "TIFF",
        width,
        height,
        samples,
        bits,
        area * (samples + 4) * -(-bits // 8),
        has_alpha,
        has_floats(values),
        values.get(PLANAR_CONFIGURATION) == _SEPARATE_PLANES,
    )


def _bmp_header(data: bytes) -> ImageHeader | None:
    (size,) = struct.unpack_from("<I", data, 14)
    if size >= 36:
        width, height, _, bits = struct.unpack_from("<iiHH", data, 18)
    elif size == 12:
        width, height, _, bits = struct.unpack_from("<HHHH", data, 18)
    else:
        return None
    return ImageHeader("BMP", width, abs(height), max(bits // 8, 1), 8)


def _webp_header(data: bytes) -> ImageHeader | None:
    kind, has_alpha = data[12:16], False
    if kind == b"VP8 ":
        if data[23:26] != b"\x9d\x01\x2a":
            return None
        width, height = (side & 0x3FFF for side in struct.unpack_from("<HH", data, 26))
    elif kind == b"VP8L":
        mark, packed = struct.unpack_from("<BI", data, 20)
        if mark != 0x2F:
            return None
        has_alpha = bool(packed >> 28 & 1)
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    elif kind == b"VP8X":
        if len(data) < 30:
            return None
        has_alpha = bool(data[20] & _WEBP_ALPHA)
        width = int.from_bytes(data[24:27], "little") + 1
        height = int.from_bytes(data[27:30], "little") + 1
    else:
        return None
    # A lossless image, and each of the two that make a moving one, is held with an alpha channel.
    held = 16 if kind == b"VP8X" else 8
    return ImageHeader("WebP", width, height, 4, 8, held * width * height, has_alpha)
