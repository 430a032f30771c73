# SPDX-License-Identifier: GPL-3.0-or-later
"""How much a clip or an image may take, whatever it says of itself.

A file of few bytes can decode to any number of them. So what would be allocated is told from its header, and refused
before that where it is beyond these bounds.
"""

import os
from fractions import Fraction
from pathlib import Path

from ..errors import ClipError
from ..system import address_space

MAX_DECODED_BYTES = 1 << 29
"""Bytes of one decoded image: 178 megapixels of 8 bits, 89 of 16."""
MAX_IMAGE_FILE_BYTES = 1 << 30
"""Bytes of one image file, which is read whole."""
MAX_FRAMES = 10_000_000
"""Of a clip: 46 hours at 60 frames a second."""
MAX_SIDE_PIXELS = 1 << 14
"""Pixels: no camera, encoder or screen goes beyond."""
MAX_MOVIE_BYTES = 1 << 42
"""Bytes of a movie file."""
MAX_FRAME_CACHE_BYTES = 1 << 28
"""Bytes of decoded frames that wait or are remembered in one place: 43 of 1080p, 10 of 4K."""
_MAX_FPS = 1_000_000
_MAX_START_SECONDS = 1 << 31
_MAX_TICKS = 1 << 61

# An image of 200 KB must not take 1 GB. What is really large is stored in many bytes.
_BASE_WORKING_BYTES, _WORKING_BYTES_PER_FILE_BYTE = 3 << 27, 64
# An H.264 stream may hold 16 images to predict from; one more is decoded, one handed out.
_DECODER_FRAMES = 18
_MAX_THREADS, _FRAME_BYTES_FOR_ALL_THREADS = 16, 1 << 27


def max_working_bytes(file_bytes: int) -> int:
    """Return how much decoding an image may hold at once.

    Parameters
    ----------
    file_bytes : int
        The file's size.

    Returns
    -------
    int
        In bytes.
    """
    return _BASE_WORKING_BYTES + _WORKING_BYTES_PER_FILE_BYTE * file_bytes


def require_image_size(
    path: Path, width: int, height: int, decoded_bytes: int, working_bytes: int, file_bytes: int
) -> None:
    """Refuse an image whose decoding would take more than is allowed.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    width, height : int
        What its header says, in pixels.
    decoded_bytes : int
        What the decoded image takes.
    working_bytes : int
        What decoding holds at once.
    file_bytes : int
        The file's size: a larger one may take more.

    Raises
    ------
    ClipError
        It takes more.
    """
    most = min(MAX_DECODED_BYTES, max_working_bytes(file_bytes))
    if decoded_bytes > MAX_DECODED_BYTES or working_bytes > max_working_bytes(file_bytes):
        raise ClipError(
            f"{path} says it is {width}x{height}, which takes {_format_size(max(decoded_bytes, working_bytes))} to "
            f"decode from a file of {_format_size(file_bytes)}: at most {_format_size(most)} "
            "are allowed; make it smaller"
        )


def max_movie_pixels(file_bytes: int) -> int:
    """Return how large a frame of a movie may be, as far as can be told before one is decoded.

    Parameters
    ----------
    file_bytes : int
        The file's size.

    Returns
    -------
    int
        In pixels.
    """
    return min(MAX_DECODED_BYTES // 3, max_working_bytes(file_bytes) * 2 // (3 * _DECODER_FRAMES))


def require_frame_size(path: Path, width: int, height: int, pixel_bytes: int, file_bytes: int) -> None:
    """Refuse a movie whose frames are too large.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    width, height : int
        What it says of its frames, in pixels.
    pixel_bytes : int
        What one RGB pixel of a decoded frame takes.
    file_bytes : int
        The file's size: a larger one may have larger frames.

    Raises
    ------
    ClipError
        They are too large, or have no size.
    """
    if (
        min(width, height) <= 0
        or max(width, height) > MAX_SIDE_PIXELS
        or width * height * pixel_bytes > MAX_DECODED_BYTES
        or width * height > max_movie_pixels(file_bytes)
    ):
        if min(width, height) <= 0:
            raise ClipError(
                f"{path} says no size for its frames, or one beyond {max_movie_pixels(file_bytes) // 1_000_000} "
                f"megapixels, the most in a file of {_format_size(file_bytes)}; transcode it"
            )
        raise ClipError(
            f"{path} says its frames are {width}x{height}, in a file of {_format_size(file_bytes)}: at most "
            f"{MAX_SIDE_PIXELS} pixels a side, {max_movie_pixels(file_bytes) // 1_000_000} megapixels in a file "
            f"of that size and {_format_size(MAX_DECODED_BYTES)} decoded are allowed; transcode it"
        )


def require_length(path: Path, frames: int) -> None:
    """Refuse a clip that claims more frames than any has.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    frames : int
        How many it claims.

    Raises
    ------
    ClipError
        They are more than MAX_FRAMES.
    """
    if frames > MAX_FRAMES:
        raise ClipError(
            f"{path} says it has {frames:,} frames: at most {MAX_FRAMES:,} are allowed; remux it to MP4 or MOV"
        )


def require_times(path: Path, fps: Fraction, time_base: Fraction, start: int) -> None:
    """Refuse a frame rate or a start that no movie has.

    Parameters
    ----------
    path : pathlib.Path
        The file, for the message.
    fps : fractions.Fraction
        Frames per second.
    time_base : fractions.Fraction
        Seconds per tick.
    start : int
        When the movie begins, in ticks.

    Raises
    ------
    ClipError
        One of them is beyond what a movie has.
    """
    if not 0 < fps <= _MAX_FPS or time_base <= 0:
        raise ClipError(f"{path} says it has {float(fps):.6g} frames a second; remux it to MP4 or MOV")
    if abs(start * time_base) > _MAX_START_SECONDS or abs(start) + MAX_FRAMES / fps / time_base > _MAX_TICKS:
        raise ClipError(
            f"{path} says it begins at second {float(start * time_base):.6g}; remux it to MP4 or MOV"
        )


def frame_capacity(count: int, frame_bytes: int) -> int:
    """Return how many frames may wait or be remembered in one place.

    Parameters
    ----------
    count : int
        How many are wanted.
    frame_bytes : int
        What a decoded frame takes.

    Returns
    -------
    int
        1 at least, `count` at most.
    """
    return max(1, min(count, MAX_FRAME_CACHE_BYTES // max(frame_bytes, 1)))


def coding_threads(frame_bytes: int) -> int:
    """Return on how many threads a movie is decoded or encoded: each holds frames of its own, and address space.

    Parameters
    ----------
    frame_bytes : int
        What a decoded frame takes.

    Returns
    -------
    int
        1 at least, 16 at most.
    """
    threads = min(
        _MAX_THREADS, os.cpu_count() or 1, max(1, _FRAME_BYTES_FOR_ALL_THREADS // max(frame_bytes, 1))
    )
    most = address_space.limit_bytes()
    return threads if most is None else min(threads, address_space.thread_count_within(most))


def _format_size(size: int) -> str:
    return f"{size / 1e6:.0f} MB" if size >= 1_000_000 else f"{size / 1e3:.0f} KB"
