# SPDX-License-Identifier: GPL-3.0-or-later
"""Picture files as clips: one picture, or a numbered sequence of them."""

import hashlib
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from .clip_info import (
    ClipInfo,
    Closing,
    FrameMemory,
    Pixels,
    file_fingerprint,
    files_stamp,
    require_file,
    require_frame,
)
from .errors import ClipError

# Blender shows a picture as it is stored, whatever turn its EXIF data asks for.
_DECODE = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION

_MAGIC = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM")


class PictureClip(Closing):
    """Picture files in order, one frame each; see `Clip`. All must have the first one's size and depth."""

    def __init__(self, paths: Sequence[Path], kind: Literal["sequence", "picture"]) -> None:
        """Read the first picture. Raises ClipError when there is none or it can't be decoded."""
        if not paths:
            raise ClipError("the image sequence has no files; choose at least one picture")
        self._paths = tuple(paths)
        self._memory = FrameMemory()
        first = decode_picture(self._paths[0])
        height, width, _ = first.shape
        self._info = ClipInfo(
            self._paths[0], kind, width, height, len(self._paths), Fraction(0), 8 * first.dtype.itemsize
        )
        self._memory.put(0, first)

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._info

    @cached_property
    def clip_id(self) -> str:
        """Hex SHA-256 of the file, or of the list of the files' hashes, one a line."""
        if self._info.kind == "picture":
            return file_fingerprint(self._paths[0])
        listed = "".join(f"{file_fingerprint(path)}\n" for path in self._paths)
        return hashlib.sha256(listed.encode()).hexdigest()

    @property
    def stamp(self) -> str:
        """Hex SHA-256 of every file's absolute path, size and time."""
        return files_stamp(self._paths)

    def read(self, number: int) -> Pixels:
        """Return frame `number` as (H, W, 3) RGB; see `Clip.read`."""
        require_frame(self._info, number)
        kept = self._memory.get(number)
        if kept is not None:
            return kept
        path = self._paths[number]
        pixels = decode_picture(path)
        height, width, _ = pixels.shape
        if (width, height) != (self._info.width, self._info.height):
            raise ClipError(
                f"{path} is {width}x{height}, the sequence is {self._info.width}x{self._info.height}; "
                "render it again at that size"
            )
        if 8 * pixels.dtype.itemsize != self._info.bit_depth:
            raise ClipError(f"{path} is not {self._info.bit_depth}-bit like the sequence; save it again so")
        return self._memory.put(number, pixels)

    def close(self) -> None:
        """Forget the frames; no file stays open."""
        self._memory.clear()


def is_picture(path: Path) -> bool:
    """Whether the file's first bytes are those of a still picture format we read."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError:
        return False
    return head.startswith(_MAGIC) or (head.startswith(b"RIFF") and head.endswith(b"WEBP"))


def decode_picture(path: Path) -> Pixels:
    """Decode a PNG, JPEG, TIFF, BMP or WebP file to (H, W, 3) RGB, uint8 or uint16, without its alpha.

    Raises ClipError when it is missing, damaged or of another kind (floating point pictures among them).
    """
    require_file(path)
    try:
        stored = np.frombuffer(_without_profile(path.read_bytes()), np.uint8)
        pixels = cv2.imdecode(stored, _DECODE)
    except (OSError, cv2.error) as fault:
        raise ClipError(f"{path} can't be read as a picture; save it again as PNG or TIFF") from fault
    # Not IMREAD_COLOR_RGB: with it OpenCV 4.11 scrambles 16-bit TIFF.
    if pixels is not None and pixels.dtype == np.uint8:
        return np.ascontiguousarray(pixels[..., ::-1], np.uint8)
    if pixels is not None and pixels.dtype == np.uint16:
        return np.ascontiguousarray(pixels[..., ::-1], np.uint16)
    raise ClipError(f"{path} can't be read as an 8 or 16-bit picture; save it again as PNG or TIFF")


def _without_profile(stored: bytes) -> bytes:
    """Cut a PNG's colour profile out: OpenCV ignores it, and libpng complains of many on the terminal."""
    if not stored.startswith(b"\x89PNG"):
        return stored
    position = 8
    while position + 12 <= len(stored):
        length, kind = int.from_bytes(stored[position : position + 4]), stored[position + 4 : position + 8]
        if kind == b"iCCP":
            return stored[:position] + stored[position + 12 + length :]
        if kind in (b"IDAT", b"IEND"):
            break
        position += 12 + length
    return stored
