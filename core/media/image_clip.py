# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as clips: one image, or a numbered sequence of them."""

from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, cast

import cv2
import numpy as np

from ..concurrency.closing import Closeable
from ..errors import ClipError
from ..filesystem import open_input, read_input
from .bounds import MAX_IMAGE_FILE_BYTES, frame_capacity, require_image_size, require_length
from .clip import (
    FRAME_CACHE_SIZE,
    ClipInfo,
    FrameCache,
    FramePixels,
    require_frame,
)
from .file_status import FileStatus, content_id, file_status, files_stamp, require_file, require_unchanged
from .image_header import read_image_header, strip_ancillary_chunks
from .source import ClipSource

# Blender shows an image as it is stored, whatever turn its EXIF data asks for.
_DECODE_FLAGS = cv2.IMREAD_COLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION

_BAND_BYTES = 1 << 22
"""How much of an image is turned from BGR to RGB at once: all of it would take its memory again."""

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM")


class ImageClip(Closeable):
    """Image files in order, one frame each; see `Clip`. All must have the first one's size and depth."""

    def __init__(self, paths: Sequence[Path], kind: Literal["sequence", "picture"]) -> None:
        """Read the first image. Raises ClipError when there is none or it can't be decoded."""
        if not paths:
            raise ClipError("the image sequence has no files; choose at least one image")
        self._paths = tuple(paths)
        require_length(self._paths[0], len(self._paths))
        self._source = ClipSource(kind == "picture", self._paths)
        self._statuses = tuple(_status_if_there(path) for path in self._paths)
        first = decode_image(self._paths[0])
        self._cache = FrameCache(frame_capacity(FRAME_CACHE_SIZE, first.nbytes))
        height, width, _ = first.shape
        self._info = ClipInfo(
            self._paths[0], kind, width, height, len(self._paths), Fraction(0), 8 * first.dtype.itemsize
        )
        self._cache.put(0, first)

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        return self._info

    @property
    def source(self) -> ClipSource:
        """The image files."""
        return self._source

    @cached_property
    def clip_id(self) -> str:
        """Hex SHA-256 of the file, or of the list of the files' hashes, one a line."""
        known = content_id(self._source)
        for number in range(len(self._paths)):
            self._require_unchanged(number)
        return known

    @cached_property
    def stamp(self) -> str:
        """See `Clip.stamp`."""
        statuses = [
            status or file_status(path) for path, status in zip(self._paths, self._statuses, strict=True)
        ]
        return files_stamp(self._paths, statuses)

    @property
    def image_count(self) -> int:
        """How many images there are."""
        return len(self._paths)

    @property
    def faults(self) -> tuple[str, ...]:
        """Nothing: an image that can't be read is an error."""
        return ()

    def read(self, number: int) -> FramePixels:
        """Return frame `number` as (H, W, 3) RGB; see `Clip.read`."""
        require_frame(self._info, number)
        kept = self._cache.get(number)
        if kept is not None:
            return kept
        path = self._paths[number]
        pixels = decode_image(path)
        self._require_unchanged(number)
        height, width, _ = pixels.shape
        if (width, height) != (self._info.width, self._info.height):
            raise ClipError(
                f"{path} is {width}x{height}, the sequence is {self._info.width}x{self._info.height}; "
                "render it again at that size"
            )
        if 8 * pixels.dtype.itemsize != self._info.bit_depth:
            raise ClipError(f"{path} is not {self._info.bit_depth}-bit like the sequence; save it again so")
        return self._cache.put(number, pixels)

    def close(self) -> None:
        """Forget the frames; no file stays open."""
        self._cache.clear()

    def _require_unchanged(self, number: int) -> None:
        require_unchanged(self._paths[number], self._statuses[number])


def _status_if_there(path: Path) -> FileStatus | None:
    """Return a file's status; None for one that is missing, which is said when its frame is read."""
    try:
        return file_status(path)
    except ClipError:
        return None


def is_image(path: Path) -> bool:
    """Whether the file's first bytes are those of a still image format we read."""
    try:
        with open_input(path) as file:
            head = file.read(12) or b""
    except OSError:
        return False
    return head.startswith(_SIGNATURES) or (head.startswith(b"RIFF") and head.endswith(b"WEBP"))


def decode_image(path: Path) -> FramePixels:
    """Decode a PNG, JPEG, TIFF, BMP or WebP file to (H, W, 3) RGB, uint8 or uint16, without its alpha.

    Raises ClipError when it is missing, damaged, of another kind (floating point images among them), or would take
    more memory than `bounds` allows: that is told from its header, before anything is allocated.
    """
    require_file(path)
    try:
        pixels = _decode_bgr(path)
    except (OSError, cv2.error) as fault:
        raise ClipError(f"{path} can't be read as an image; save it again as PNG or TIFF") from fault
    except MemoryError as fault:
        raise ClipError(f"there is not enough memory to decode {path}; make it smaller") from fault
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16):
        raise ClipError(f"{path} can't be read as an 8 or 16-bit image; save it again as PNG or TIFF")
    rows = max(1, _BAND_BYTES // pixels[0].nbytes)
    for row in range(0, len(pixels), rows):
        band = pixels[row : row + rows]
        band[...] = band[..., ::-1].copy()
    return pixels


def _silence_opencv() -> None:
    """Keep OpenCV from printing: what it finds wrong is reported as an error. The level is the whole process's."""
    # OpenCV 4.11 has the function at the top, 4.14 in a module of its own.
    module: Any = cv2 if hasattr(cv2, "setLogLevel") else vars(cv2.utils)["logging"]
    module.setLogLevel(0)


def _decode_bgr(path: Path) -> FramePixels | None:
    """Return an image as OpenCV decodes it, BGR, or None. Raises OSError, cv2.error and ClipError."""
    stored = read_input(path, MAX_IMAGE_FILE_BYTES)
    header, plain = read_image_header(stored), strip_ancillary_chunks(stored)
    if header is None or plain is None:
        return None
    require_image_size(
        path, header.width, header.height, header.decoded_bytes, header.working_bytes, len(stored)
    )
    del stored
    _silence_opencv()
    # Not IMREAD_COLOR_RGB: with it OpenCV 4.11 scrambles 16-bit TIFF.
    return cast("FramePixels | None", cv2.imdecode(np.frombuffer(plain, np.uint8), _DECODE_FLAGS))
