# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips: a movie, an image or an image sequence, read exactly by frame number.

Frame n is what Blender's Video Sequence Editor shows for the n-th frame of the strip's content. What decodes is
imported when a clip is opened: an editor who opens none does not wait for it when Blender starts.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..errors import ClipError
from .clip import Clip, ClipInfo, FramePixels, frame_id
from .file_status import file_fingerprint
from .source import ClipSource

__all__ = [
    "Clip",
    "ClipInfo",
    "FramePixels",
    "file_fingerprint",
    "frame_id",
    "open_clip",
    "open_sequence",
    "open_source",
]


def open_clip(path: Path) -> Clip:
    """Open a movie or a single image; its first bytes say which it is.

    Parameters
    ----------
    path : pathlib.Path
        The file.

    Returns
    -------
    Clip
        The clip, to be closed after use or used in a `with` block.

    Raises
    ------
    ClipError
        The file is missing, empty, damaged, or neither a movie nor an image.
    """
    from .image_clip import ImageClip, is_image
    from .movie_clip import MovieClip

    return ImageClip([path], "picture") if is_image(path) else MovieClip(path)


def open_sequence(paths: Sequence[Path]) -> Clip:
    """Open image files as one clip, a frame each, in the order given.

    Parameters
    ----------
    paths : sequence of pathlib.Path
        The files, at least one.

    Returns
    -------
    Clip
        The clip, to be closed after use or used in a `with` block. An image after the first that can't be decoded is
        an error when that frame is read.

    Raises
    ------
    ClipError
        There is no file, or the first one can't be decoded.
    """
    from .image_clip import ImageClip

    return ImageClip(paths, "sequence")


def open_source(source: ClipSource) -> Clip:
    """Open the files that a strip plays. Raises ClipError as `open_clip` and `open_sequence` do.

    Images that are read as linear light, see `light_space`, have to be of a kind that `image_reading` reads so.
    """
    if source.reading:
        from .image_clip import ImageClip
        from .image_reading import has_codes
        from .light_image import decode_light
        from .light_space import light_space
        from .movie_clip import MovieClip

        space = light_space(source.reading)
        if space is None:
            raise ClipError(f"{source.paths[0]} can't be read as {source.reading}: update Understudy")
        if source.movie:
            return MovieClip(source.paths[0], source.reading)
        if has_codes(source.paths[0], space.name):
            return ImageClip(source.paths, "sequence", source.reading)
        return ImageClip(source.paths, "sequence", source.reading, partial(decode_light, space))
    return open_clip(source.paths[0]) if source.movie else open_sequence(source.paths)
