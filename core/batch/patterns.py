# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips and people by patterns such as 'shots/*.mp4': what a shell would list, and which of it is meant."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from ..cache.settings import CACHE_FOLDER_NAME
from ..errors import BatchError, FaceImageError, os_error_reason
from ..export.inputs import natural_sort_key
from ..filesystem import Folder
from ..media.source_image import is_source_image
from ..provenance.sidecar import SUFFIX, sidecar_name
from ..reporting.quoting import quote

_SIGNS = frozenset("*?[")
_NoteOf = Callable[[Path], str | None]
"""Returns why what a pattern has found is not meant; empty where that need not be said, None where it is meant."""


@dataclass(frozen=True)
class Person:
    """A person by their images.

    Attributes
    ----------
    name : str
        The name of the file without its ending, or of the folder.
    images : tuple of pathlib.Path
        The images.
    face_numbers : tuple of int
        Which face is meant in the first of the images, see `FaceImage`.
    """

    name: str
    images: tuple[Path, ...]
    face_numbers: tuple[int, ...] = ()


@dataclass(frozen=True)
class Matches:
    """What patterns have found.

    Attributes
    ----------
    paths : tuple of pathlib.Path
        What is meant, each once.
    notes : tuple of str
        What was found and is not meant, and why.
    """

    paths: tuple[Path, ...]
    notes: tuple[str, ...] = ()


def find_clips(patterns: Sequence[Path]) -> Matches:
    """Return the clips of patterns. Movies that Understudy made are none, unless they are named in full. BatchError."""
    return _find(patterns, "clip", _clip_note)


def find_people(patterns: Sequence[Path]) -> Matches:
    """Return the people of patterns: a file is one, a folder one with several images. Raises BatchError."""
    return _find(patterns, "face", _face_note)


def find_person(paths: Sequence[Path], face_numbers: Sequence[int] = ()) -> Person:
    """Return a person by images and folders of images. Raises BatchError, FaceImageError."""
    if not paths:
        raise BatchError("there is no face: give an image of the person, such as face = 'person.jpg'")
    images = [image for path in paths for image in (_folder_images(path) if _is_folder(path) else [path])]
    first = paths[0]
    name = first.name if _is_folder(first) else first.stem
    return Person(name or first.resolve().name, tuple(images), tuple(face_numbers))


def has_pattern(path: Path) -> bool:
    """Tell whether a path has signs of a pattern in it."""
    return not _SIGNS.isdisjoint(str(path))


def _find(patterns: Sequence[Path], kind: str, note_of: _NoteOf) -> Matches:
    paths: list[Path] = []
    notes: list[str] = []
    for pattern in patterns:
        if not has_pattern(pattern) or _exists(pattern):
            paths.append(pattern)
            continue
        matches = _expand(pattern)
        for path in matches:
            note = note_of(path)
            if note is None:
                paths.append(path)
            elif note:
                notes.append(f"{quote(path)} {note}")
        if not matches:
            raise BatchError(f"there is no {kind} {quote(pattern)}: check the pattern")
    if patterns and not paths:
        raise BatchError(f"there is no {kind} in {', '.join(map(quote, patterns))}: {'; '.join(notes)}")
    return Matches(tuple(dict.fromkeys(paths)), tuple(notes))


def _clip_note(path: Path) -> str | None:
    if path.name == CACHE_FOLDER_NAME or path.name.endswith(SUFFIX):
        return ""
    if _exists(path.with_name(sidecar_name(path.name))):
        return "was made by Understudy, so it is not taken as a clip: name it in full where it is meant"
    return None


def _face_note(path: Path) -> str | None:
    if path.name == CACHE_FOLDER_NAME:
        return ""
    if _is_folder(path) or is_source_image(path):
        return None
    return "is no image, so it is not taken as a face"


def _expand(pattern: Path) -> list[Path]:
    """Return what matches a pattern, name by name, in the order of the numbers in the names."""
    matches = [Path(pattern.anchor)]
    for part in pattern.parts[1 if pattern.anchor else 0 :]:
        if _SIGNS.isdisjoint(part):
            matches = [path / part for path in matches]
        else:
            matches = [path / name for path in matches if _is_folder(path) for name in _names(path, part)]
    return [path for path in matches if _exists(path)]


def _names(folder: Path, pattern: str) -> list[str]:
    hidden = pattern.startswith(".")
    try:
        with Folder(folder) as opened:
            names = [name for name in opened.names() if hidden or not name.startswith(".")]
    except OSError as error:
        raise BatchError(
            f"can't look into {quote(folder)}: {os_error_reason(error).lower()}; check its permissions"
        ) from error
    return sorted((name for name in names if fnmatch(name, pattern)), key=natural_sort_key)


def _folder_images(folder: Path) -> list[Path]:
    images = [folder / name for name in _names(folder, "*")]
    images = [image for image in images if not _is_folder(image) and is_source_image(image)]
    if not images:
        raise FaceImageError(f"there is no image in {quote(folder)}: put images of the person into it")
    return images


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except OSError:
        return False


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        return False
