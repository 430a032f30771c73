# SPDX-License-Identifier: GPL-3.0-or-later
"""Make sure, before anything is computed, that the files a command names can be used."""

import os
import re
from collections.abc import Iterable
from fnmatch import fnmatch
from fractions import Fraction
from pathlib import Path

from ..errors import ClipError, FaceImageError, OutputError, UnderstudyError, os_error_reason
from ..filesystem import Folder, is_read_only
from ..media.clip import Clip
from ..media.image_clip import is_image
from ..media.source_image import (
    foreign_file_text,
    is_source_image,
    open_source_image,
    source_image,
    unusable_image_text,
)
from ..media.viewer_clip import ViewerClip, open_viewer_clip, open_viewer_light, open_viewer_sequence
from ..recipe.request import FaceImage
from ..reporting.layer_outcomes import pluralise
from .image_names import IMAGE_SUFFIXES, is_image_pattern, matches

_NUMBER_FIELD = re.compile(r"%0?\d*d")
"""A number as in the name of an output, `out_%05d.png`."""
_MOVIE_SUFFIXES = (".mp4", ".mov", ".mkv", ".webm")


def face_images(paths: list[Path], numbers: list[int]) -> tuple[FaceImage, ...]:
    """Return the images of a person; `numbers` holds face numbers for the first of them. FaceImageError."""
    if len(numbers) > len(paths):
        raise FaceImageError(
            f"{len(numbers)} face numbers were given for {pluralise(len(paths), 'image')}: one each at most"
        )
    for path in paths:
        require_input(path, "image", FaceImageError)
        if not is_source_image(path):
            raise FaceImageError(foreign_file_text(path))
    numbers = [*numbers, *([0] * (len(paths) - len(numbers)))]
    return tuple(FaceImage(path, number) for path, number in zip(paths, numbers, strict=True))


def readable_face_images(paths: list[Path]) -> tuple[FaceImage, ...]:
    """Return what `face_images` does of images that are read once, to see that they can be. FaceImageError."""
    images = face_images(paths, [])
    for path in paths:
        try:
            with open_source_image(source_image(path)) as clip:
                clip.read(0)
        except ClipError as error:
            raise FaceImageError(unusable_image_text(path, error)) from error
    return images


def open_named_clip(path: Path, colorspace: str = "") -> ViewerClip:
    """Open a movie, image, folder of images or pattern; OpenEXR images as light of a `colorspace`. ClipError."""
    paths = _sequence_paths(path)
    if paths is None:
        require_input(path, "clip", ClipError)
    if colorspace:
        return open_viewer_light([path] if paths is None else paths, colorspace)
    return open_viewer_clip(path) if paths is None else open_viewer_sequence(paths)


def frame_rate(path: Path, clip: Clip, rate: str | None) -> Fraction:
    """Return a clip's frame rate, or the one that is given for images. ClipError."""
    if clip.info.fps:
        if rate is None:
            return clip.info.fps
        raise ClipError(f"{path} has a frame rate of its own: leave out --fps")
    if rate is None:
        raise ClipError(f"{path} has no frame rate: give one with --fps, such as --fps 25")
    return _parse_frame_rate(rate)


def frame_range(clip: Clip, start: int | None, end: int | None) -> range:
    """Return the numbers of the frames from `start` to `end`, itself included. ClipError if there are none."""
    last = clip.image_count - 1
    first, final = 0 if start is None else start, last if end is None else end
    if first > final and end is not None:
        raise ClipError(f"the first frame, {first}, comes after the last, {final}: give them in their order")
    if not 0 <= first <= final <= last:
        asked = f"frame {first}" if first == final or end is None else f"all of frames {first} to {final}"
        info = clip.info
        raise ClipError(
            f"{info.title} does not have {asked}: its frames are 0 to {last}{info.first_frame_text}"
        )
    return range(first, final + 1)


def output_kind(path: Path) -> str:
    """Return what messages call a render's output of this name: the images, or the movie."""
    return "images" if is_image_pattern(path) else "movie"


def require_output(path: Path, kind: str, sources: Iterable[Path]) -> None:
    """Raise OutputError unless a file can be written at `path` without destroying one of `sources`."""
    sources = list(sources)
    try:
        folder_there, is_folder = path.parent.is_dir(), path.is_dir()
        same = is_image_pattern(path) and any(matches(path, source) for source in sources)
        same = same or any(path.exists() and source.exists() and path.samefile(source) for source in sources)
    except OSError as error:
        raise OutputError(
            f"can't write the {kind} {path}: {os_error_reason(error).lower()}; choose another place"
        ) from error
    if not folder_there:
        raise OutputError(f"can't write the {kind} {path}: there is no folder {path.parent}; make it first")
    if is_folder:
        raise OutputError(f"can't write the {kind} {path}: it is a folder; give a file name in it")
    # A name there that leads to a file, as /dev/stdout may, would be replaced for every program.
    if (path.exists() and not path.is_file()) or path.parent == Path("/dev"):
        raise OutputError(f"can't write the {kind} {path}: it is not a file; give another name")
    if same:
        raise OutputError(f"can't write the {kind} over {path}, which is read: choose another name")
    if is_read_only(path):
        raise OutputError(f"can't write the {kind} over {path}: it is read-only; choose another name")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise OutputError(f"can't write the {kind} {path}: the folder is not writable; choose another one")


def follow_link(path: Path, kind: str) -> Path:
    """Return the file that is written where `path` is a link, else `path`. Raises OutputError for an endless one."""
    try:
        return path.resolve() if path.is_symlink() and path.parent != Path("/dev") else path
    except RuntimeError as error:
        raise OutputError(f"can't write the {kind} {path}: it is a link in a circle; remove it") from error
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write the {kind} {path}: {reason}; choose another place") from error


def require_movie_name(path: Path) -> None:
    """Raise OutputError unless the name ends as a movie's does, or stands for numbered images."""
    if path.suffix.lower() in _MOVIE_SUFFIXES or is_image_pattern(path):
        return
    if path.suffix.lower() in IMAGE_SUFFIXES:
        raise OutputError(
            f"{path.name} is one image for all frames: give a number, such as out_%05d{path.suffix}"
        )
    raise OutputError(
        f"can't tell the kind of movie from {path.name or path}: end it in {', '.join(_MOVIE_SUFFIXES)}, "
        "or give a pattern such as out_%05d.png"
    )


def natural_sort_key(name: str) -> tuple[list[tuple[int, str]], str]:
    """Return what sorts names in the order of the numbers in them."""
    parts = re.split(r"(\d+)", name)
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in parts], name


def _sequence_paths(path: Path) -> list[Path] | None:
    """Return the images of a folder or pattern in the order of their numbers, or None if it is neither."""
    try:
        if path.is_dir():
            images = [entry for entry in _entries(path) if is_image(entry)]
        elif any(sign in path.name for sign in "*?[") and not path.exists():
            images = [entry for entry in _entries(path.parent) if fnmatch(entry.name, path.name)]
            images = [entry for entry in images if entry.is_file()]
        else:
            return None
    except OSError as error:
        raise ClipError(
            f"can't look into {path}: {os_error_reason(error).lower()}; check its permissions"
        ) from error
    if not images:
        raise ClipError(f"there is no image in {path}: choose a folder or pattern that has some")
    return sorted(images, key=lambda image: natural_sort_key(image.name))


def _entries(path: Path) -> list[Path]:
    with Folder(path) as folder:
        return [path / name for name in folder.names()]


def _parse_frame_rate(text: str) -> Fraction:
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError) as error:
        raise ClipError(f"--fps can't be {text!r}: write it as 25, 23.976 or 30000/1001") from error
    if not 0 < rate <= 1000:
        raise ClipError(f"--fps must be above 0 and at most 1000, not {text}")
    return rate.limit_denominator(1001)


def require_input(path: Path, kind: str, error_type: type[UnderstudyError]) -> None:
    """Raise an error of a type unless a file that a command names is there and may be read."""
    try:
        path.stat()
    except OSError as error:
        remedy = "check the path"
        if _NUMBER_FIELD.search(path.name):
            remedy = f"images are read by a pattern such as {_NUMBER_FIELD.sub('*', path.name)}"
        raise error_type(
            f"can't find the {kind} {path}: {os_error_reason(error).lower()}; {remedy}"
        ) from error
    if path.is_dir():
        raise error_type(f"the {kind} {path} is a folder; name the files in it one by one")
    if not path.is_file():
        raise error_type(f"the {kind} {path} is not a file; check the path")
    if not os.access(path, os.R_OK):
        raise error_type(f"can't read the {kind} {path}: permission denied; check its permissions")
