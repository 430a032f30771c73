# SPDX-License-Identifier: GPL-3.0-or-later
"""How long each image of an animated WebP or PNG file is shown, read from the file's chunks."""

import struct
from dataclasses import dataclass
from fractions import Fraction
from math import gcd

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_MAX_CHUNKS = 1_000_000
_DEFAULT_DELAY = Fraction(1, 10)
"""For images that say they are shown for no time, as browsers have it."""
_ROUNDING_SECONDS = Fraction(2, 1000)
"""Delays are whole milliseconds in WebP: 30 images a second are 33, 33 and 34."""
_MAX_FPS = 100


@dataclass(frozen=True)
class Animation:
    """The images of a file and their times."""

    delays: tuple[Fraction, ...]
    """How many seconds each image is shown."""
    first: int = 0
    """1 where the file begins with an image that is shown only by what knows no animation."""

    @property
    def fps(self) -> Fraction:
        """The frame rate at which each image has its time."""
        if max(self.delays) - min(self.delays) <= _ROUNDING_SECONDS:
            return (len(self.delays) / sum(self.delays, Fraction(0))).limit_denominator(1001)
        unit = self.delays[0]
        for delay in self.delays[1:]:
            unit = Fraction(
                gcd(unit.numerator * delay.denominator, delay.numerator * unit.denominator),
                unit.denominator * delay.denominator,
            )
        return min(1 / unit, Fraction(_MAX_FPS))

    def frames(self) -> tuple[int, ...]:
        """Return which image each frame shows, at `fps`."""
        if max(self.delays) - min(self.delays) <= _ROUNDING_SECONDS:
            return tuple(range(len(self.delays)))
        shown: list[int] = []
        end, fps = Fraction(0), self.fps
        for number, delay in enumerate(self.delays):
            end += delay
            shown += [number] * (round(end * fps) - len(shown))
        return tuple(shown)


def read_animation(data: bytes) -> Animation | None:
    """Return the times of an animated WebP or PNG file's images; None for a file of one image, or of another kind."""
    try:
        if data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X":
            delays, first = _webp_delays(data), 0
        elif data.startswith(_PNG_SIGNATURE):
            delays, first = _png_delays(data)
        else:
            return None
    except (struct.error, IndexError):  # cut off
        return None
    return Animation(tuple(delay or _DEFAULT_DELAY for delay in delays), first) if len(delays) > 1 else None


def is_animated_webp(data: bytes) -> bool:
    """Whether a file's bytes say that it is an animated WebP image."""
    return data.startswith(b"RIFF") and data[8:16] == b"WEBPVP8X" and len(data) > 20 and bool(data[20] & 2)


def _webp_delays(data: bytes) -> list[Fraction]:
    delays, at = [], 12
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        kind, length = struct.unpack_from("<4sI", data, at)
        if kind == b"ANMF":
            delays.append(Fraction(int.from_bytes(data[at + 20 : at + 23], "little"), 1000))
        at += 8 + length + length % 2
    return delays


def _png_delays(data: bytes) -> tuple[list[Fraction], int]:
    delays: list[Fraction] = []
    is_animated, first, at = False, 0, len(_PNG_SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 8 > len(data):
            break
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"acTL":
            is_animated = True
        elif kind == b"fcTL":
            numerator, denominator = struct.unpack_from(">HH", data, at + 8 + 20)
            delays.append(Fraction(numerator, denominator or 100))
        elif kind == b"IDAT" and not delays:
            if not is_animated:
                break
            first = 1
        elif kind == b"IEND":
            break
        at += 12 + length
    return (delays, first) if is_animated else ([], 0)
