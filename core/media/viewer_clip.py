# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips as the command line reads them: images upright and moving, as viewers show them, missing ones held.

Blender's sequencer shows images as they are stored, and of an animated file one image at most: clips of its strips are
opened by `open`. A file that says nothing of its orientation is the same in both, and so are its keys.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Literal, NamedTuple

from ..errors import ClipError
from ..reporting.quoting import quote
from ..reporting.spans import frame_spans
from .animated_clip import AnimatedClip, is_animated
from .clip import Clip, FramePixels
from .colour_spaces import CODED_SPACES, LINEAR_SPACES, SRGB
from .dpx import has_log_codes
from .exr import is_exr
from .file_status import unreadable_error
from .image_clip import ImageClip, is_image
from .image_decode import decode_over_black, hides_parts
from .image_reading import image_reading
from .image_series import find_series, series_text
from .log_spaces import CINEON
from .movie_clip import MovieClip
from .number_gaps import HeldSequence, hold_over_gaps
from .open import open_source
from .orientation import UPRIGHT, read_file_orientation, turn_upright
from .source import ClipSource, light_reading
from .source_image import UPRIGHT_READING
from .tiff_header import is_float_tiff

_ALPHA_NOTE = "{} has transparent parts: they are black in the movie, as in Blender's sequencer"

_CINEON_NOTE = (
    "{0} says that its codes are logarithmic, so it is read as {1}; --colorspace says which log space it is "
    "in where that is another"
)

_FLOAT_NOTE = (
    "{} holds floats that are taken as an sRGB display shows them: light above white is cut off; "
    "--colorspace keeps it"
)


class ViewerClip(NamedTuple):
    """A clip, and what should be said of how it is read."""

    clip: Clip
    warnings: tuple[str, ...] = ()


def open_viewer_clip(path: Path) -> ViewerClip:
    """Open a movie, an image or an animated image. Raises ClipError."""
    if not is_image(path):
        return ViewerClip(MovieClip(path))
    if is_animated(path):
        return ViewerClip(AnimatedClip(path))
    if has_log_codes(path):
        return _open_log_codes([path])
    return ViewerClip(_open_images([path], "picture"), _notes([path]))


def open_viewer_sequence(paths: Sequence[Path]) -> ViewerClip:
    """Open image files, in their order, as a clip. Raises ClipError."""
    if paths and has_log_codes(paths[0]):
        return _open_log_codes(paths)
    held = hold_over_gaps(paths)
    return ViewerClip(
        _open_images(held.paths, "sequence"), (*_sequence_warnings(held, paths), *_notes(paths))
    )


def open_viewer_light(paths: Sequence[Path], space: str) -> ViewerClip:
    """Open a movie, or images in their order, as a clip whose numbers are in a colour space. Raises ClipError."""
    reading = light_reading(space)
    if space == SRGB:
        raise ClipError("--colorspace sRGB is what images are read as without it: leave it away")
    if space not in LINEAR_SPACES and space not in CODED_SPACES:
        known = {name.lower(): name for name in (*LINEAR_SPACES, *sorted(CODED_SPACES))}
        near = get_close_matches(space.lower(), known, 1)
        hint = f"did you mean '{known[near[0]]}'?" if near else f"known are {', '.join(known.values())}"
        raise ClipError(f"--colorspace {quote(space)} is no color space that is known: {hint}")
    other = next((path for path in paths if not is_exr(path) and not image_reading(path, space)), None)
    if other is not None:
        raise ClipError(
            f"--colorspace {space} is for OpenEXR, DPX and float TIFF images, and {other} is none: leave it away, "
            "or give the log or HDR space that it is in, such as AgX Log"
        )
    held = hold_over_gaps(paths) if is_image(paths[0]) else None
    clip = open_source(ClipSource(held is None, tuple(paths if held is None else held.paths), reading))
    return ViewerClip(clip, () if held is None else _sequence_warnings(held, paths))


def _open_log_codes(paths: Sequence[Path]) -> ViewerClip:
    opened = open_viewer_light(paths, CINEON)
    note = _CINEON_NOTE.format(quote(paths[0].name), CINEON)
    return ViewerClip(opened.clip, (note, *opened.warnings))


def _sequence_warnings(held: HeldSequence, paths: Sequence[Path]) -> tuple[str, ...]:
    series = find_series(paths)
    return (
        *((series_text(quote(paths[0].parent.name), series),) if series else ()),
        *((_gap_warning(held),) if held.missing else ()),
    )


def _open_images(paths: Sequence[Path], kind: Literal["sequence", "picture"]) -> Clip:
    if all(_orientation(path) == UPRIGHT for path in dict.fromkeys(paths)):
        return ImageClip(paths, kind)
    return ImageClip(paths, kind, UPRIGHT_READING, _decode_upright)


def _decode_upright(path: Path) -> FramePixels:
    return turn_upright(decode_over_black(path), _orientation(path))


def _orientation(path: Path) -> int:
    try:
        return read_file_orientation(path)
    except OSError as fault:
        raise unreadable_error(path, fault) from fault


def _notes(paths: Sequence[Path]) -> tuple[str, ...]:
    if not is_exr(paths[0]):
        return (
            *((_ALPHA_NOTE.format(paths[0].name),) if hides_parts(paths[0]) else ()),
            *((_FLOAT_NOTE.format(paths[0].name),) if is_float_tiff(paths[0]) else ()),
        )
    text = (
        f"{paths[0].name} is read as linear light with Rec.709 primaries and shown through the sRGB curve, as "
        "Blender's Standard view does: light above white is cut off; --colorspace keeps it"
    )
    return (text,)


def _gap_warning(held: HeldSequence) -> str:
    images = "an image is" if len(held.missing) == 1 else f"{len(held.missing)} images are"
    folder = held.paths[0].parent.name
    return f"{images} missing in the sequence {folder}: {frame_spans(held.missing)} the one before"
