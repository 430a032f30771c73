# SPDX-License-Identifier: GPL-3.0-or-later
"""Animated WebP and PNG files as clips of the command line. Blender shows a PNG's first image, and of WebP nothing."""

from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ClipError
from .animation import Animation, read_animation
from .bounds import frame_capacity, require_image_size, require_length
from .clip import FRAME_CACHE_SIZE, ClipInfo, FrameCache, FramePixels, require_frame
from .file_clip import FileClip
from .file_status import read_image_file, require_file
from .pillow_image import translate_pillow_errors
from .source import ClipSource

if TYPE_CHECKING:
    from PIL import Image

ANIMATED_READING = "animated"
_FORMATS = ("WEBP", "PNG")
_RGBA_BYTES = 4


def is_animated(path: Path) -> bool:
    """Whether an image file holds several images that follow each other. Raises ClipError."""
    return read_animation(read_image_file(path)) is not None


class AnimatedClip(FileClip):
    """The images of an animated WebP or PNG file, each for its time, over black where they are clear; see `Clip`."""

    def __init__(self, path: Path) -> None:
        """Read the times of the images. Raises ClipError where the file is damaged or holds one image."""
        require_file(path)
        super().__init__(ClipSource(True, (path,), ANIMATED_READING))
        self._path = path
        self._data = read_image_file(path)
        animation = read_animation(self._data)
        if animation is None:
            raise ClipError(f"{path} is not animated; choose an animated WebP or PNG file")
        self._animation: Animation = animation
        self._frames = animation.frames()
        require_length(path, len(self._frames))
        self._image = _open(path, self._data)
        width, height = self._image.size
        decoded = width * height * _RGBA_BYTES
        require_image_size(path, width, height, decoded, 4 * decoded, len(self._data))
        self._info = ClipInfo(path, "sequence", width, height, len(self._frames), Fraction(animation.fps), 8)
        self._cache = FrameCache(frame_capacity(FRAME_CACHE_SIZE, decoded))
        self.read(0)

    def read(self, number: int) -> FramePixels:
        """Return the pixels of frame `number`, (H, W, 3) RGB uint8; see `Clip.read`."""
        require_frame(self._info, number)
        index = self._frames[number]
        kept = self._cache.get(index)
        return self._cache.put(index, self._decode(index)) if kept is None else kept

    def close(self) -> None:
        """Forget the images."""
        self._cache.clear()
        self._image.close()

    def _decode(self, index: int) -> FramePixels:
        try:
            with translate_pillow_errors(*_FORMATS):
                self._image.seek(index + self._animation.first)
                pixels = np.array(self._image.convert("RGBA"))
        except ValueError as fault:
            raise ClipError(f"image {index} of {self._path} can't be decoded; save it again") from fault
        alpha = pixels[..., 3:].astype(np.uint16)
        return (pixels[..., :3] * alpha // 255).astype(np.uint8)


def _open(path: Path, data: bytes) -> "Image.Image":
    from PIL import Image

    try:
        with translate_pillow_errors(*_FORMATS):
            return Image.open(BytesIO(data), formats=_FORMATS)  # gate: memory
    except ValueError as fault:
        raise ClipError(f"{path} can't be read as an animated image; save it again") from fault
