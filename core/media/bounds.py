# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a clip or a picture may take, whatever it says of itself.

A file of few bytes can decode to any number of them. So what would be allocated is told from its header, and refused
before that where it is beyond these bounds.
"""

import os
from fractions import Fraction
from pathlib import Path

from ..errors import ClipError
from ..system import address_space

MOST_DECODED = 1 << 29
"""Bytes of one decoded picture: 178 megapixels of 8 bits, 89 of 16."""
MOST_STORED = 1 << 30
"""Bytes of one picture file, which is read whole."""
MOST_FRAMES = 10_000_000
"""Of a clip: 46 hours at 60 frames a second."""
MOST_SIDE = 1 << 14
"""Pixels: no camera, encoder or screen goes beyond."""
MOST_MOVIE = 1 << 42
"""Bytes of a movie file."""
MOST_KEPT = 1 << 28
"""Bytes of decoded frames that wait or are remembered in one place: 43 of 1080p, 10 of 4K."""
_FASTEST = 1_000_000
_LONGEST_SECONDS = 1 << 31
_MOST_TICKS = 1 << 61

# A picture of 200 KB must not take 1 GB. What is really large is stored in many bytes.
_AT_ONCE, _AT_ONCE_PER_BYTE = 3 << 27, 64
# An H.264 stream may hold 16 pictures to predict from; one more is decoded, one handed out.
_PICTURES_HELD = 18
_THREADS, _THREAD_BYTES = 16, 1 << 27


def most_at_once(stored_bytes: int) -> int:
    """Return how many bytes decoding may hold at once for a file of `stored_bytes`."""
    return _AT_ONCE + _AT_ONCE_PER_BYTE * stored_bytes


def require_picture_size(
    path: Path, width: int, height: int, decoded: int, at_once: int, stored: int
) -> None:
    """Raise ClipError for a picture whose decoding would take more than is allowed; all but the sides in bytes."""
    most = min(MOST_DECODED, most_at_once(stored))
    if decoded > MOST_DECODED or at_once > most_at_once(stored):
        raise ClipError(
            f"{path} says it is {width}x{height}, which takes {_megabytes(max(decoded, at_once))} to decode from a "
            f"file of {_megabytes(stored)}: at most {_megabytes(most)} are allowed; make it smaller"
        )


def most_movie_pixels(stored_bytes: int) -> int:
    """Return how many pixels a frame of a movie file may have, as far as can be told before one is decoded."""
    return min(MOST_DECODED // 3, most_at_once(stored_bytes) * 2 // (3 * _PICTURES_HELD))


def require_frame_size(path: Path, width: int, height: int, pixel_bytes: int, stored: int) -> None:
    """Raise ClipError for a movie whose frames, or the RGB pixels of `pixel_bytes` made of them, are too large."""
    if (
        min(width, height) <= 0
        or max(width, height) > MOST_SIDE
        or width * height * pixel_bytes > MOST_DECODED
        or width * height > most_movie_pixels(stored)
    ):
        if min(width, height) <= 0:
            raise ClipError(
                f"{path} says no size for its frames, or one beyond {most_movie_pixels(stored) // 1_000_000} "
                f"megapixels, the most in a file of {_megabytes(stored)}; transcode it"
            )
        raise ClipError(
            f"{path} says its frames are {width}x{height}, in a file of {_megabytes(stored)}: at most {MOST_SIDE} "
            f"pixels a side, {most_movie_pixels(stored) // 1_000_000} megapixels in a file of that size and "
            f"{_megabytes(MOST_DECODED)} decoded are allowed; transcode it"
        )


def require_length(path: Path, frames: int) -> None:
    """Raise ClipError for a clip that claims more frames than any has."""
    if frames > MOST_FRAMES:
        raise ClipError(
            f"{path} says it has {frames:,} frames: at most {MOST_FRAMES:,} are allowed; remux it to MP4 or MOV"
        )


def require_times(path: Path, fps: Fraction, time_base: Fraction, start: int) -> None:
    """Raise ClipError for a frame rate or a start, in ticks of `time_base` seconds, that no movie has."""
    if not 0 < fps <= _FASTEST or time_base <= 0:
        raise ClipError(f"{path} says it has {float(fps):.6g} frames a second; remux it to MP4 or MOV")
    if abs(start * time_base) > _LONGEST_SECONDS or abs(start) + MOST_FRAMES / fps / time_base > _MOST_TICKS:
        raise ClipError(
            f"{path} says it begins at second {float(start * time_base):.6g}; remux it to MP4 or MOV"
        )


def kept_frames(most: int, frame_bytes: int) -> int:
    """Return how many frames of a size may wait or be remembered where `most` are wanted; 1 at least."""
    return max(1, min(most, MOST_KEPT // max(frame_bytes, 1)))


def coding_threads(frame_bytes: int) -> int:
    """Return on how many threads a movie is decoded or encoded: each holds frames of its own, and address space."""
    threads = min(_THREADS, os.cpu_count() or 1, max(1, _THREAD_BYTES // max(frame_bytes, 1)))
    most = address_space.limit()
    return threads if most is None else min(threads, address_space.threads_within(most))


def _megabytes(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} KB"
