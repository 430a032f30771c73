# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as clips: one image, or a numbered sequence of them."""

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Literal

from ..errors import ClipError
from ..filesystem import open_input
from ..reporting.quoting import quote
from .bounds import frame_capacity, require_length
from .clip import (
    FRAME_CACHE_SIZE,
    ClipInfo,
    FrameCache,
    FramePixels,
    require_frame,
)
from .colour_spaces import CODED_SPACES
from .dpx import SIGNATURES as DPX_SIGNATURES
from .dpx import has_log_codes
from .exr import SIGNATURE as EXR_SIGNATURE
from .file_clip import FileClip
from .image_decode import decode_over_black
from .source import ClipSource

_SIGNATURES = (
    b"\x89PNG\r\n\x1a\n",
    b"\xff\xd8\xff",
    b"II*\0",
    b"MM\0*",
    b"BM",
    EXR_SIGNATURE,
    *DPX_SIGNATURES,
)

_LOG_CODES = (
    "{} says that its codes are logarithmic: choose the log space that it is in as the strip's Color Space, such as "
    "Filmic Log"
)


class ImageClip(FileClip):
    """Image files in order, one frame each; see `Clip`. All must have the first one's size and depth."""

    def __init__(
        self,
        paths: Sequence[Path],
        kind: Literal["sequence", "picture"],
        reading: str = "",
        decode: Callable[[Path], FramePixels] = decode_over_black,
    ) -> None:
        """Read the first image. Raises ClipError when there is none or it can't be decoded.

        `decode` decodes a file, and `reading` names it in keys where that is not as Blender does it.
        """
        if not paths:
            raise ClipError("the image sequence has no files; choose at least one image")
        self._paths = tuple(paths)
        require_length(self._paths[0], len(self._paths))
        super().__init__(ClipSource(kind == "picture", self._paths, reading))
        self._decode = decode
        first = decode(self._paths[0])
        self._cache = FrameCache(frame_capacity(FRAME_CACHE_SIZE, first.nbytes))
        height, width, _ = first.shape
        self._info = ClipInfo(
            self._paths[0], kind, width, height, len(self._paths), Fraction(0), 8 * first.dtype.itemsize
        )
        self._cache.put(0, first)

    @cached_property
    def faults(self) -> tuple[str, ...]:
        """See `Clip.faults`: what the first image says of its codes and the reading does not."""
        path = self._paths[0]
        is_log = path.suffix.lower() == ".dpx" and has_log_codes(path)
        if not is_log or self._source.reading.partition(" ")[2] in CODED_SPACES:
            return ()
        return (_LOG_CODES.format(quote(path.name)),)

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


def is_image(path: Path) -> bool:
    """Whether the file's first bytes are those of a still image format we read."""
    try:
        with open_input(path) as file:
            head = file.read(12) or b""
    except OSError:
        return False
    return head.startswith(_SIGNATURES) or (head.startswith(b"RIFF") and head.endswith(b"WEBP"))
