# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips and pictures to measure with: the demo's own, or the user's, at any size."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from understudy.core.errors import OutputError
from understudy.core.media.file_status import file_status, files_stamp
from understudy.core.media.open import open_clip

from ..demo.make_up import write_sources
from ..demo.portrait import load_portrait
from ..demo.synthetic_clip import HEIGHT, write_clip

LOOP = 100
"""Frames after which a looped clip shows the same again."""
_LOOP_HEIGHT_PIXELS = 240


@dataclass(frozen=True)
class Material:
    """Who plays the part, and clips of one scene at several heights."""

    folder: Path
    clip: Path | None
    """The user's own; None for the demo's generated one."""
    face: Path
    other: Path
    """Another person's picture, for the render with another source."""

    def at_height(self, height: int, frames: int) -> Path:
        """Return a clip of this height and at most so many frames, making it where it is not there yet.

        The user's own is cut, or looped, and scaled.
        """
        own = self.clip
        if own is None:
            return self._make_once(
                f"clip_own_{height}p_{frames}.mp4",
                lambda path: write_clip(load_portrait(), path, frames, height / HEIGHT),
            )
        stamp = files_stamp([own], [file_status(own)])[:12]
        return self._make_once(
            f"clip_{stamp}_{height}p_{frames}.mp4", lambda path: _write_scaled(own, path, height, frames)
        )

    def make_loop(self, frames: int) -> Path:
        """Return a generated clip of 240p whose pictures come again every LOOP frames but for their grain.

        No frame is known from an earlier one, as it would be of a user's clip that is repeated.
        """
        return self._make_once(
            f"clip_looped_{_LOOP_HEIGHT_PIXELS}p_{frames}.mp4",
            lambda path: write_clip(load_portrait(), path, frames, _LOOP_HEIGHT_PIXELS / HEIGHT, LOOP),
        )

    def _make_once(self, name: str, write: Callable[[Path], None]) -> Path:
        path = self.folder / name
        if not path.is_file():
            unfinished = path.with_name(f".{name}")
            write(unfinished)
            unfinished.replace(path)
        return path


def prepare_material(folder: Path, clip: Path | None, face: Path | None) -> Material:
    """Generate what was not given. Raises OutputError where the folder can't be written to."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"can't write to {folder}: {error.strerror}; choose another --output") from error
    tiger, harlequin = folder / "tiger.png", folder / "harlequin.png"
    write_sources(load_portrait(), harlequin, tiger)
    return Material(folder, clip and clip.resolve(), (face or tiger).resolve(), harlequin)


def _write_scaled(source: Path, path: Path, height: int, frames: int) -> None:
    """Write the frames of a clip anew at another height, from its start again where it is too short."""
    with open_clip(source) as clip, av.open(str(path), "w") as container:
        info = clip.info
        width, height = round(info.width * height / info.height / 2) * 2, height // 2 * 2
        rate = info.fps or Fraction(25)
        stream = container.add_stream("libx264", rate=rate, options={"crf": "14", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for number in range(frames):
            pixels = clip.read(number % info.frame_count)
            pixels = pixels if pixels.dtype == "uint8" else (pixels // 257).astype("uint8")
            reduced = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA)
            picture = av.VideoFrame.from_ndarray(np.asarray(reduced, np.uint8), "rgb24").reformat(
                format="yuv420p"
            )
            picture.pts, picture.time_base = number, 1 / rate
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))
