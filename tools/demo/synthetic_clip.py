# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's own clip: the portrait brought to motion, under changing light, as 1080p H.264."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from understudy.core.face.types import Floats, Pixels

from .portrait import ENLARGEMENT, Portrait

WIDTH, HEIGHT, FPS = 1920, 1080, 30
_CLOSE = 3.55 / ENLARGEMENT
_RATE = 48000
_LENGTH = 90
"""Frames of one round of the motion."""


def write_clip(
    portrait: Portrait, path: Path, frames: int = _LENGTH, scale: float = 1.0, period: int | None = None
) -> None:
    """Write the clip with a quiet tone. `scale` makes it smaller than 1080p.

    With a `period` all goes back and forth in so many frames, but for the grain, which is new in each.
    """
    width, height = (int(side * scale) // 2 * 2 for side in (WIDTH, HEIGHT))
    with av.open(str(path), "w") as container:
        stream = container.add_stream(
            "libx264", rate=FPS, options={"crf": "14", "preset": "veryfast", "bf": "2"}
        )
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1  # limited
        sound = container.add_stream("aac", rate=_RATE)
        tone = _tone(frames / FPS)
        for start in range(0, len(tone), 1024):
            samples = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
            samples.sample_rate, samples.pts, samples.time_base = _RATE, start, Fraction(1, _RATE)
            container.mux(sound.encode(samples))
        container.mux(sound.encode(None))
        for number, pixels in enumerate(_moments(portrait, frames, width, height, period)):
            picture = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(
                format="yuv420p", dst_colorspace=1, dst_color_range=1
            )
            picture.pts, picture.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(picture))
        container.mux(stream.encode(None))


def _moments(
    portrait: Portrait, frames: int, width: int, height: int, period: int | None
) -> Iterator[Pixels]:
    random = np.random.default_rng(7)
    person = np.dstack([portrait.pixels, np.round(portrait.person * 255).astype(np.uint8)])
    coarse = random.normal(0, 3.0, (height * 2 // 3 + 64, width * 2 // 3 + 64, 1)).astype(np.float32)
    grain = cv2.resize(coarse, (width + 96, height + 96))
    for number in range(frames):
        moment = (number if period is None else min(number % period, -number % period)) / _LENGTH
        picture = _compose(person, portrait, moment, width, height)
        lit = cv2.multiply(picture, _light(moment, width, height), dtype=cv2.CV_32F)
        row, column = random.integers(0, 96, 2).tolist()
        noise = grain[row : row + height, column : column + width]
        yield np.asarray(cv2.add(lit, cv2.merge([noise] * 3), dtype=cv2.CV_8U), np.uint8)


def _compose(person: Pixels, portrait: Portrait, moment: float, width: int, height: int) -> Pixels:
    """Draw the person over the backdrop; both move, the backdrop less."""
    turn = 2 * np.pi * moment
    scale = height / HEIGHT
    zoom = _CLOSE * (1 + 0.05 * np.sin(turn * 0.5)) * scale
    rest = np.array([0.5, 0.47]) * (width, height)
    middle = rest + np.array([0.045 * np.sin(turn + 0.4), 0.012 * np.sin(2 * turn)]) * (width, height)
    where = _where(portrait, middle, zoom, turn, (width, height))
    drawn = cv2.remap(person, where, np.empty(0), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    wide = width / (0.9 * portrait.backdrop.shape[1])
    shift = np.array([width / 2, height * 0.62]) + (middle - rest) * 0.35
    place = np.array([[wide, 0, shift[0] - wide * 256], [0, wide, shift[1] - wide * 256]], np.float32)
    behind = cv2.warpAffine(
        portrait.backdrop, place, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
    )
    alpha = drawn[..., 3].astype(np.float32) / 255
    front = np.ascontiguousarray(drawn[..., :3])
    return np.asarray(cv2.blendLinear(front, behind, alpha, 0.82 * (1 - alpha)), np.uint8)


def _where(portrait: Portrait, middle: Floats, zoom: float, turn: float, size: tuple[int, int]) -> Floats:
    """Return (h, w, 2): the portrait's pixel that each pixel of the frame shows."""
    face, neck = portrait.landmarks[:468, :2].mean(0), portrait.landmarks[152, :2] + (0, 60)
    # The head rolls about the neck, the shoulders follow by a third of it.
    roll, sway = np.radians(12 * np.sin(turn)), np.radians(4 * np.sin(turn))
    # The map is smooth: found on every eighth pixel, a cell more on each side, and spread.
    grid = [(np.arange(-1, side // 8 + 2, dtype=np.float32) + 0.5) * 8 - 0.5 for side in size]
    columns, rows = np.meshgrid(*grid)
    body = _rotate((np.stack([columns, rows], -1) - middle) / zoom + face - neck, -sway)
    fall = np.clip((body[..., 1] + 40) / 420, 0, 1)
    bent = _rotate(body, -(roll - sway) * (1 - fall * fall * (3 - 2 * fall))) + neck
    full = cv2.resize(bent.astype(np.float32), (bent.shape[1] * 8, bent.shape[0] * 8))
    return np.asarray(full[8 : 8 + size[1], 8 : 8 + size[0]], np.float32)


def _rotate(points: Floats, angle: "float | Floats") -> Floats:
    cosine, sine = np.cos(angle), np.sin(angle)
    x, y = points[..., 0], points[..., 1]
    return np.stack([cosine * x - sine * y, sine * x + cosine * y], -1)


def _light(moment: float, width: int, height: int) -> Floats:
    """Gain (h, w, 3): the exposure breathes, the tone goes from cool to warm, a soft light passes by."""
    turn = 2 * np.pi * moment
    tone = np.array([1 + 0.06 * np.sin(turn * 0.7 - 1), 1.0, 1 - 0.07 * np.sin(turn * 0.7 - 1)], np.float32)
    exposure = 0.95 + 0.09 * np.sin(turn * 1.3)
    across = np.linspace(-0.9, 0.9, 64, dtype=np.float32)[None] - 0.75 * np.cos(turn * 0.8)
    down = np.linspace(-0.5, 0.5, 36, dtype=np.float32)[:, None] + 0.1
    lamp = 0.7 + 0.36 * np.exp(-(across**2 + down**2) / 0.35)
    return np.asarray(cv2.resize(exposure * tone * lamp[..., None], (width, height)), np.float32)


def _tone(seconds: float) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    """A quiet fifth."""
    time = np.arange(int(seconds * _RATE)) / _RATE
    swell = 0.5 - 0.5 * np.cos(2 * np.pi * time / max(seconds, 1e-3))
    return np.asarray(
        0.05 * swell * (np.sin(2 * np.pi * 196 * time) + np.sin(2 * np.pi * 294 * time)), np.float32
    )
