# SPDX-License-Identifier: GPL-3.0-or-later
"""The people of `--take` and `--faces`: a name and images each."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ..errors import FaceImageError, os_error_reason
from ..filesystem import Folder
from ..media.source_image import is_source_image

_NUMBER = re.compile(r":(\d+)$")
_PATTERN_SIGNS = "*?["


@dataclass(frozen=True)
class Take:
    """One person.

    Attributes
    ----------
    name : str
        What the person is called: the name of the first image or of the folder, without its ending.
    images : tuple of pathlib.Path
        At least one image.
    face_numbers : tuple of int
        For each image which of its faces it is, from the left from 1; 0 where it shows only one.
    """

    name: str
    images: tuple[Path, ...]
    face_numbers: tuple[int, ...]


def takes_from_arguments(takes: Sequence[str], patterns: Sequence[Path]) -> tuple[Take, ...]:
    """Return the people of `--take` and then those of `--faces`, each name once. Raises FaceImageError."""
    named = [_take(text) for text in takes]
    for pattern in patterns:
        named += [_person(path) for path in _matches(pattern)]
    names: dict[str, int] = {}
    unique = []
    for take in named:
        count = names[take.name] = names.get(take.name, 0) + 1
        unique.append(take if count == 1 else Take(f"{take.name} {count}", take.images, take.face_numbers))
    return tuple(unique)


def _take(text: str) -> Take:
    if Path(text).is_dir():
        return _person(Path(text))
    parts = [text] if Path(text).exists() else [part.strip() for part in text.split(",")]
    if not all(parts):
        raise FaceImageError(f"--take is written FACE,FACE..., not {text!r}")
    faces = [_face(part) for part in parts]
    return Take(faces[0][0].stem, tuple(path for path, _ in faces), tuple(number for _, number in faces))


def _face(text: str) -> tuple[Path, int]:
    """Return an image and the number of its face, which may stand after a colon."""
    path, number = Path(text), _NUMBER.search(text)
    if number is None or path.exists():
        return path, 0
    return Path(text[: number.start()]), int(number[1])


def _person(path: Path) -> Take:
    """Return the person of an image or of a folder of images."""
    if not path.is_dir():
        return Take(path.stem, (path,), (0,))
    images = sorted(entry for entry in _entries(path) if is_source_image(entry))
    if not images:
        raise FaceImageError(f"there is no image in {path}: a folder is a person with several images")
    return Take(path.name, tuple(images), (0,) * len(images))


def _matches(pattern: Path) -> list[Path]:
    """Return the images and folders that a pattern names, by name; a folder's images may be of several people."""
    if not any(sign in pattern.name for sign in _PATTERN_SIGNS):
        raise FaceImageError(
            f"--faces is a quoted pattern such as 'cast/*', not {pattern}: use --take for one person"
        )
    entries = [entry for entry in _entries(pattern.parent) if fnmatch(entry.name, pattern.name)]
    people = sorted(
        entry
        for entry in entries
        if not entry.name.startswith(".") and (entry.is_dir() or is_source_image(entry))
    )
    people = [entry for entry in people if not entry.is_dir() or any(map(is_source_image, _entries(entry)))]
    if not people:
        raise FaceImageError(f"there is no image and no folder of images at {pattern}: check the pattern")
    return people


def _entries(path: Path) -> list[Path]:
    try:
        with Folder(path) as folder:
            return [path / name for name in folder.names()]
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise FaceImageError(f"can't look into {path}: {reason}; check its permissions") from error
