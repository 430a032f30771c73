# SPDX-License-Identifier: GPL-3.0-or-later
"""DPX images (SMPTE ST 268): their code values, as Blender's reader gives them.

Tried in Blender 4.5 and 5.0: it shows the codes as they are, whatever transfer the header names. Codes of 10 and 12
bits it brings to 16 by repeating their first bits, but not those of 12 bits that are filled up on the right (method A).
FFmpeg's reader knows no packed codes of 10 bits, no floats and no ABGR, so this is one of our own.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import ClipError
from ..filesystem import open_input
from .bounds import require_image_size
from .clip import FramePixels
from .dpx_chroma import CHROMA_CHANNEL_COUNTS, can_convert, convert_chroma, has_alpha

if TYPE_CHECKING:
    import numpy.typing as npt

SIGNATURES = (b"SDPX", b"XPDS")
_ELEMENT_AT, _SIZE_AT, _TRANSFER_AT = 780, 772, 801
_LOG_TRANSFERS = (1, 3)
"""What the header calls printing density and logarithmic."""
_CHANNELS = {6: (0, 0, 0), 50: (0, 1, 2), 51: (0, 1, 2, 3), 52: (3, 2, 1, 0)}
"""Where red, green, blue and alpha are in a pixel, by the header's descriptor: luma, RGB, RGBA and ABGR."""
_CHANNEL_COUNTS = {6: 1, 50: 3, 51: 4, 52: 4, **CHROMA_CHANNEL_COUNTS}
_RUN_LENGTHS = 1
_PACKED, _FILLED_RIGHT, _FILLED_LEFT = range(3)
_UNDEFINED = 0xFFFFFFFF
_TEN_BITS, _TWELVE_BITS = 10, 12
_WORD_BITS, _WORD_BYTES = 32, 4
_BAND_SAMPLES = 1 << 20
"""How much of an image is taken apart at once: that takes several times its memory."""


@dataclass(frozen=True)
class DpxHeader:
    """What a DPX file says of its first image element.

    Attributes
    ----------
    width, height : int
        In pixels.
    descriptor : int
        Which channels a pixel has: a key of `_CHANNEL_COUNTS`.
    colorimetric : int
        What colour differences are of.
    bits : int
        Of one sample: 8, 10, 12, 16, or 32 for floats.
    packing : int
        How samples of 10 and 12 bits are put into words.
    order : {"<", ">"}
        The order of bytes.
    offset : int
        Where the samples begin, in bytes.
    line_padding : int
        Bytes after each line.
    """

    width: int
    height: int
    descriptor: int
    colorimetric: int
    bits: int
    packing: int
    order: str
    offset: int
    line_padding: int

    @property
    def line_samples(self) -> int:
        """How many samples a line has."""
        return self.width * _CHANNEL_COUNTS[self.descriptor]

    @property
    def word_type(self) -> "np.dtype[Any]":
        """What samples are put into: one each, or several as bits of a word."""
        kind = {8: "u1", 16: "u2", 32: "f4"}.get(self.bits, "u4")
        if self.bits == _TWELVE_BITS and self.packing != _PACKED:
            kind = "u2"
        return np.dtype(self.order + kind)

    @property
    def line_words(self) -> int:
        """How many words a line has."""
        if self.word_type.kind == "f" or self.word_type.itemsize < _WORD_BYTES:
            return self.line_samples
        if self.packing == _PACKED:
            return -(-self.line_samples * self.bits // _WORD_BITS)
        return -(-self.line_samples // 3)

    @property
    def line_bytes(self) -> int:
        """How many bytes there are from line to line."""
        return self.line_words * self.word_type.itemsize + self.line_padding


def decode_dpx(path: Path, data: bytes) -> FramePixels:
    """Decode a DPX file to its code values.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its bytes.

    Returns
    -------
    ndarray, shape (H, W, 3 or 4), uint8, uint16 or float32
        RGB, or RGBA where colours are multiplied by alpha: codes of 8 bits, those of 10 to 16 bits with 16, or floats
        as stored.

    Raises
    ------
    ClipError
        It is damaged, cut off, of a kind that is not read, or takes more memory than is allowed.
    """
    header = _read_header(path, data)
    dtype: npt.DTypeLike = {8: np.uint8, 32: np.float32}.get(header.bits, np.uint16)
    is_chroma = header.descriptor in CHROMA_CHANNEL_COUNTS
    channels = has_alpha(header.descriptor) + 3 if is_chroma else len(_CHANNELS[header.descriptor])
    decoded = header.width * header.height * channels * np.dtype(dtype).itemsize
    require_image_size(path, header.width, header.height, decoded, decoded, len(data))
    if header.offset + header.height * header.line_bytes - header.line_padding > len(data):
        raise ClipError(f"{path} is cut off: it has fewer lines than its DPX header says; copy it again")
    result = np.empty((header.height, header.width, channels), dtype)
    for row, words in _bands(header, data):
        samples = _samples(header, words)[:, : header.line_samples]
        pixels = samples.reshape(len(words), header.width, -1)
        band = result[row : row + len(words)]
        if is_chroma:
            band[...] = convert_chroma(pixels.astype(dtype), header.descriptor, header.colorimetric)
        else:
            band[...] = pixels[..., list(_CHANNELS[header.descriptor])]
    return result


def has_log_codes(path: Path) -> bool:
    """Tell whether a file is a DPX image whose header says that its codes are logarithmic."""
    try:
        with open_input(path) as file:
            head = file.read(_TRANSFER_AT + 1) or b""
    except OSError:
        return False  # said when it is decoded
    return head.startswith(SIGNATURES) and len(head) > _TRANSFER_AT and head[_TRANSFER_AT] in _LOG_TRANSFERS


def _bands(header: DpxHeader, data: bytes) -> "Iterator[tuple[int, npt.NDArray[Any]]]":
    """Yield some lines at a time: the first one's number, and their words, (lines, words)."""
    rows = max(1, _BAND_SAMPLES // header.line_samples)
    for row in range(0, header.height, rows):
        shape = min(rows, header.height - row), header.line_words
        strides = header.line_bytes, header.word_type.itemsize
        at = header.offset + row * header.line_bytes
        yield row, np.ndarray(shape, header.word_type, data, at, strides)


def _samples(header: DpxHeader, words: "npt.NDArray[Any]") -> "npt.NDArray[Any]":
    """Return the samples of some lines, (lines, samples or a few more): codes of 10 and 12 bits with 16."""
    if header.bits not in (_TEN_BITS, _TWELVE_BITS):
        return words
    codes: npt.NDArray[Any]
    if header.packing == _PACKED:
        codes = _unpack(words, header.bits, header.line_samples)
    elif header.bits == _TWELVE_BITS:
        if header.packing == _FILLED_RIGHT:
            return words & 0xFFF0
        codes = words & 0xFFF
    else:
        shifts = np.array([20, 10, 0], np.uint32) + np.uint32(2 if header.packing == _FILLED_RIGHT else 0)
        if _CHANNEL_COUNTS[header.descriptor] == 1:
            shifts = shifts[::-1]
        codes = (words.astype(np.uint32)[..., None] >> shifts & 0x3FF).reshape(len(words), -1)
    return codes << (16 - header.bits) | codes >> (2 * header.bits - 16)


def _unpack(words: "npt.NDArray[Any]", bits: int, count: int) -> "npt.NDArray[np.uint64]":
    """Return samples that follow each other bit by bit, the first one at each word's lowest bit."""
    first, shift = np.divmod(np.arange(count) * bits, _WORD_BITS)
    both = np.zeros((len(words), words.shape[1] + 1), np.uint64)
    both[:, :-1] = words
    both[:, :-1] |= both[:, 1:] << np.uint64(_WORD_BITS)
    return both[:, first] >> shift.astype(np.uint64) & np.uint64((1 << bits) - 1)


def _read_header(path: Path, data: bytes) -> DpxHeader:
    """Return the header of a file's first element. Raises ClipError where it is damaged or of a rare kind."""
    order = ">" if data.startswith(SIGNATURES[0]) else "<"
    try:
        width, height = struct.unpack_from(f"{order}II", data, _SIZE_AT)
        (sign,) = struct.unpack_from(f"{order}I", data, _ELEMENT_AT)
        descriptor, _, colorimetric, bits = struct.unpack_from("4B", data, _ELEMENT_AT + 20)
        packing, encoding, offset, padding = struct.unpack_from(f"{order}HHII", data, _ELEMENT_AT + 24)
    except struct.error as fault:
        raise ClipError(f"{path} is damaged: its DPX header is cut off; save it again") from fault
    if encoding == _RUN_LENGTHS:
        raise ClipError(
            f"{path} can't be read: Blender does not show DPX images with run-length encoding; save it without"
        )
    if descriptor in CHROMA_CHANNEL_COUNTS and not can_convert(descriptor, colorimetric, width):
        raise ClipError(
            f"{path} can't be read: Blender does not show DPX images of color differences that do not name BT.601 or "
            "BT.709, or of odd width; save it as RGB"
        )
    if descriptor not in _CHANNEL_COUNTS or sign == 1 or encoding not in (0, 0xFFFF):
        raise ClipError(
            f"{path} can't be read: it is a DPX image of a rare kind; save it as RGB without compression"
        )
    if bits not in (8, _TEN_BITS, _TWELVE_BITS, 16, 32) or (
        packing > _FILLED_LEFT and bits in (_TEN_BITS, _TWELVE_BITS)
    ):
        raise ClipError(
            f"{path} can't be read: its DPX header names {bits} bits with packing {packing}; "
            "save it with 8, 10, 12 or 16 bits"
        )
    if min(width, height) <= 0 or offset in (0, _UNDEFINED):
        raise ClipError(
            f"{path} is damaged: its DPX header names no size or place of its image; save it again"
        )
    header = DpxHeader(
        width,
        height,
        descriptor,
        colorimetric,
        bits,
        packing,
        order,
        offset,
        0 if padding == _UNDEFINED else padding,
    )
    # Such lines end within a word, and programs do not agree on where the next one begins.
    is_unclear = bits == 8 and header.line_samples % _WORD_BYTES
    if bits == _TEN_BITS and packing != _PACKED and _CHANNEL_COUNTS[descriptor] == 4:
        is_unclear = header.line_samples % 3
    if is_unclear:
        raise ClipError(
            f"{path} can't be read: programs disagree on DPX images of {bits} bits that are {width} pixels wide; "
            "save it with 16 bits"
        )
    return header
