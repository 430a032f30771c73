# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts what was done into files, and finds it there again, whatever their format."""

import io
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, cast

from ..errors import OutputError, os_error_reason
from ..filesystem import NewFiles, open_input, read_input, write_file
from .facts import CompositeFacts
from .isobmff import append_movie_packet, scan_movie
from .jpeg import scan_jpeg, with_jpeg_packet
from .png import scan_png, with_png_packet
from .scan import FormatError, MarkScan
from .tiff import scan_tiff, with_tiff_packet
from .webp import scan_webp, with_webp_packet
from .xmp import xmp_packet

MAX_IMAGE_BYTES = 1 << 30
_COPY_BYTES = 1 << 22
_Scan = Callable[[bytes], MarkScan]
_Insert = Callable[[bytes, bytes], bytes]
_IMAGES: dict[str, tuple[_Scan, _Insert]] = {
    ".png": (scan_png, with_png_packet),
    ".jpg": (scan_jpeg, with_jpeg_packet),
    ".jpeg": (scan_jpeg, with_jpeg_packet),
    ".tif": (scan_tiff, with_tiff_packet),
    ".tiff": (scan_tiff, with_tiff_packet),
    ".webp": (scan_webp, with_webp_packet),
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
    try:
        if is_image_format(path.name):
            return _IMAGES[_suffix(path.name)][0](read_input(path, MAX_IMAGE_BYTES))
        with io.BufferedReader(open_input(path)) as file:
            return scan_movie(cast("BinaryIO", file))
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
        _append_to_movie(file, name, facts)


def _append_to_movie(file: BinaryIO, name: str, facts: CompositeFacts) -> None:
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


def mark_finished_file(path: Path, facts: CompositeFacts) -> None:
    """Put a marked file in the place of one that another program has finished; it is there whole at every moment.

    Links in the path are followed. A file that says the same already stays as it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    facts : CompositeFacts
        What was done.

    Raises
    ------
    OutputError
        It can't be marked; it is as it was.
    """
    try:
        path = path.resolve()
        if is_image_format(path.name):
            data = read_input(path, MAX_IMAGE_BYTES)
            write_file(path, marked_image(data, path.name, facts))
        else:
            _mark_movie_copy(path, facts)
    except (OSError, RuntimeError) as error:
        reason = (
            os_error_reason(error).lower() if isinstance(error, OSError) else "its path is a circle of links"
        )
        raise OutputError(f"can't mark {path.name}: {reason}; check its folder and free space") from error


def _mark_movie_copy(path: Path, facts: CompositeFacts) -> None:
    with io.BufferedReader(open_input(path)) as file, NewFiles(path.parent) as files:
        part = files.create(path.name)
        with part.open("r+b") as copy:  # gate: NewFiles made it
            while piece := file.read(_COPY_BYTES):
                copy.write(piece)
            _append_to_movie(copy, path.name, facts)
        files.commit()


def _suffix(name: str) -> str:
    return "." + name.rpartition(".")[2].lower() if "." in name else ""
