# SPDX-License-Identifier: GPL-3.0-or-later
"""How image files are read in a colour space: as light, as codes of it, or as they are coded for a display."""

from pathlib import Path

from .colour_spaces import CODED_SPACES, LINEAR_SPACES, SRGB
from .source import light_reading
from .tiff_header import is_float_tiff

_EXR, _DPX, _TIFF = ".exr", ".dpx", (".tif", ".tiff")


def image_reading(path: Path, space: str) -> str:
    """Return the `ClipSource.reading` of image files in a colour space, by the first of them.

    Parameters
    ----------
    path : pathlib.Path
        The file. Its name says what it is; of TIFF files the header is looked at.
    space : str
        The colour space, by Blender's name.

    Returns
    -------
    str
        Empty where the space changes nothing: the numbers are taken as they are coded for a display.
    """
    suffix = path.suffix.lower()
    if suffix == _EXR or space in CODED_SPACES or (suffix == _DPX and space in LINEAR_SPACES):
        return light_reading(space)
    is_light = suffix in _TIFF and (space == SRGB or space in LINEAR_SPACES) and is_float_tiff(path)
    return light_reading(space) if is_light else ""


def has_codes(path: Path, space: str) -> bool:
    """Tell whether image files in a colour space that is read as light hold codes of it, and not floats."""
    return space in CODED_SPACES and path.suffix.lower() != _EXR and not is_float_tiff(path)
