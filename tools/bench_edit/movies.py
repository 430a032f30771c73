# SPDX-License-Identifier: GPL-3.0-or-later
"""The movies of the timeline: small and flat, since what is measured is the edit and not the frames."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

MOVIE_COUNT = 10
STRIP_FRAMES = 24
LONG_FRAMES = 100_000
_WIDTH_PIXELS, _HEIGHT_PIXELS = 64, 48
# Every other movie has another rate than the timeline: for those the length of the movie itself matters.
_RATES = (24, 25)


def make_movies(folder: Path, count: int, frames: int) -> list[Path]:
    """Return so many movies of so many frames, making those that are not there yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_make_once(folder, number, frames) for number in range(count)]


def _make_once(folder: Path, number: int, frames: int) -> Path:
    path = folder / f"movie_{frames}_{number}.mp4"
    if not path.is_file():
        unfinished = path.with_name(f".{path.name}")
        _write(unfinished, number, frames)
        unfinished.replace(path)
    return path


def _write(path: Path, number: int, frames: int) -> None:
    rate = _RATES[number % len(_RATES)]
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "g": "250"})
        stream.width, stream.height, stream.pix_fmt = _WIDTH_PIXELS, _HEIGHT_PIXELS, "yuv420p"
        shades = [
            np.full((_HEIGHT_PIXELS * 3 // 2, _WIDTH_PIXELS), shade, np.uint8) for shade in range(64, 192)
        ]
        for place in range(frames):
            image = av.VideoFrame.from_ndarray(shades[(place + number) % len(shades)], "yuv420p")
            image.pts, image.time_base = place, Fraction(1, rate)
            container.mux(stream.encode(image))
        container.mux(stream.encode(None))
