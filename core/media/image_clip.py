# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as clips: one image, or a numbered sequence of them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

from ..concurrency.closing import Closeable
from ..errors import ClipError
from ..filesystem import open_input
from .bounds import frame_capacity, require_length
from .clip import (
    FRAME_CACHE_SIZE,
    ClipInfo,
    FrameCache,
    FramePixels,
    require_frame,
)
from .exr import SIGNATURE as EXR_SIGNATURE
from .file_status import FileStatus, content_id, file_status, files_stamp, require_unchanged
from .image_decode import decode_shown
from .source import ClipSource

_SIGNATURES = (b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"BM", EXR_SIGNATURE)


class ImageClip(Closeable):
    """Image files in order, one frame each; see `Clip`. All must have the first one's size and depth."""

    def __init__(
        self,
        paths: Sequence[Path],
        kind: Literal["sequence", "picture"],
        reading: str = "",
        decode: Callable[[Path], FramePixels] = decode_shown,
    ) -> None:
        """Read the first image. Raises ClipError when there is none or it can't be decoded.

        `decode` decodes a file, and `reading` names it in keys where that is not as Blender does it.
        """
        if not paths:
            raise ClipError("the image sequence has no files; choose at least one image")
        self._paths = tuple(paths)
        require_length(self._paths[0], len(self._paths))
        self._source = ClipSource(kind == "picture", self._paths, reading)
        self._decode = decode
        self._statuses = tuple(_status_if_there(path) for path in self._paths)
        first = decode(self._paths[0])
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
        pixels = self._decode(path)
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
