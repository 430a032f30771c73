# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of numbered image files, by a pattern such as `out_%05d.png`."""

import re
from pathlib import Path

IMAGE_SUFFIXES = (".png", ".tif", ".tiff", ".exr")

_NUMBER = re.compile(r"%0?(\d*)d")


def is_image_pattern(path: Path) -> bool:
    """Tell whether a name stands for numbered images."""
    return path.suffix.lower() in IMAGE_SUFFIXES and len(_NUMBER.findall(path.name)) == 1


def image_path(pattern: Path, number: int) -> Path:
    """Return the file for a frame: `%05d` becomes its number, counted from 0 as the clip's frames are."""
    return pattern.with_name(_NUMBER.sub(lambda match: f"{number:0{match[1] or 1}}", pattern.name))


def unnumbered_name(pattern: Path) -> str:
    """Return a pattern's name with `%d` for its number, however many digits that has."""
    return _NUMBER.sub("%d", pattern.name)


def matches(pattern: Path, path: Path) -> bool:
    """Tell whether a file may be one of a pattern's images."""
    before, after = _NUMBER.split(pattern.name)[::2]
    named = re.fullmatch(re.escape(before) + r"\d+" + re.escape(after), path.name)
    return named is not None and pattern.parent.resolve() == path.parent.resolve()
