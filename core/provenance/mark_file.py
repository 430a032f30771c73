# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts what was done into files, and finds it there again, whatever their format."""

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from ..errors import OutputError
from ..filesystem import open_input, read_input
from .exr import scan_exr, with_exr_packet
from .facts import CompositeFacts
from .isobmff import append_movie_packet, peek_movie, scan_movie
from .jpeg import scan_jpeg, with_jpeg_packet
from .png import scan_png, with_png_packet
from .scan import FormatError, MarkScan
from .tiff import scan_tiff, with_tiff_packet
from .webp import scan_webp, with_webp_packet
from .xmp import xmp_packet

MAX_IMAGE_BYTES = 1 << 30
_Scan = Callable[[bytes], MarkScan]
_Insert = Callable[[bytes, bytes], bytes]
_IMAGES: dict[str, tuple[_Scan, _Insert]] = {
    ".png": (scan_png, with_png_packet),
    ".jpg": (scan_jpeg, with_jpeg_packet),
    ".jpeg": (scan_jpeg, with_jpeg_packet),
    ".tif": (scan_tiff, with_tiff_packet),
    ".tiff": (scan_tiff, with_tiff_packet),
    ".webp": (scan_webp, with_webp_packet),
    ".exr": (scan_exr, with_exr_packet),
}
_MOVIES = (".mp4", ".mov", ".m4v")


def is_image_format(name: str) -> bool:
    """Tell whether a file of this name is an image that can hold a mark."""
    return _suffix(name) in _IMAGES


def is_movie_format(name: str) -> bool:
    """Tell whether a file of this name is a movie that can hold a mark."""
    return _suffix(name) in _MOVIES


def can_hold_mark(name: str) -> bool:
    """Tell whether a file of this name can hold a mark; others get a file beside them."""
    return is_image_format(name) or is_movie_format(name)


def marked_image(data: bytes, name: str, facts: CompositeFacts) -> bytes:
    """Return an image file that says what was done; its pixels are as coded before.

    Parameters
    ----------
    data : bytes
        The file.
    name : str
        Its name, whose ending tells the format.
    facts : CompositeFacts
        What was done.

    Returns
    -------
    bytes
        The file with the mark.

    Raises
    ------
    OutputError
        It is not what its name says, or can't hold the mark.
    """
    scan, insert = _IMAGES[_suffix(name)]
    try:
        before = scan(data)
        return insert(data, xmp_packet(facts, before.content, before.packet))
    except (FormatError, OutputError) as error:
        raise OutputError(f"can't mark {name}: {error}") from error


def scan_marks(path: Path) -> MarkScan:
    """Return the marks of a file. OutputError where it is not what its name says, OSError where it can't be read."""
    return _scan_file(path, scan_movie)


def peek_marks(path: Path) -> MarkScan:
    """Return the marks of a file; of a movie little is read, and its content not looked at. Errors as `scan_marks`."""
    return _scan_file(path, peek_movie)


def has_manifest(path: Path) -> bool:
    """Tell whether a file has a C2PA manifest; of a movie little is read for that. Raises OSError.

    Parameters
    ----------
    path : pathlib.Path
        The file. One that is not what its name says has none.

    Returns
    -------
    bool
        Whether it has one.
    """
    try:
        return can_hold_mark(path.name) and peek_marks(path).has_manifest
    except OutputError:
        return False


def _scan_file(path: Path, scan_of_movie: Callable[[BinaryIO], MarkScan]) -> MarkScan:
    try:
        if is_image_format(path.name):
            return _IMAGES[_suffix(path.name)][0](read_input(path, MAX_IMAGE_BYTES))
        with io.BufferedReader(open_input(path)) as file:
            return scan_of_movie(file)
    except FormatError as error:
        raise OutputError(f"{path.name} can't be read: {error}") from error


def mark_movie_in_place(path: Path, name: str, facts: CompositeFacts) -> None:
    """Write what was done at the end of a movie that has not its name yet.

    Parameters
    ----------
    path : pathlib.Path
        Where it lies; nobody else uses it.
    name : str
        The name that it will have.
    facts : CompositeFacts
        What was done.

    Raises
    ------
    OutputError
        It can't hold the mark; it is as it was.
    OSError
        It can't be written.
    """
    with path.open("r+b") as file:  # gate: NewFiles made it
        end = file.seek(0, 2)
        try:
            before = scan_movie(file)
            packet = xmp_packet(facts, before.content)
            if not before.packet:
                append_movie_packet(file, packet)
        except FormatError as error:
            raise OutputError(f"can't mark {name}: {error}") from error
        except OSError:
            with suppress(OSError):
                file.truncate(end)
            raise
    if before.packet:
        raise OutputError(f"can't mark {name}: it has XMP already")


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower() if "." in name else ""
