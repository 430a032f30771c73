# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in images, in the letters that Pillow brings: the same on every machine."""

import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..reporting.quoting import quote

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

_LETTERS_BESIDE_ASCII = {"×": "x", "·": "-", "→": ">", "↓": "v", "–": "-", "…": "..."}


@lru_cache(maxsize=8)
def font(pixels: int) -> "ImageFont.FreeTypeFont | ImageFont.ImageFont":
    """Return the letters of a size."""
    from PIL import ImageFont

    return ImageFont.load_default(pixels)


def plain_letters(text: str) -> str:
    """Return a text in ASCII, which is what the letters have: accents are left out, other letters become `?`."""
    shown = "".join(_LETTERS_BESIDE_ASCII.get(sign, sign) for sign in quote(text))
    parts = unicodedata.normalize("NFKD", shown)
    return "".join(sign if sign.isascii() else "?" for sign in parts if not unicodedata.combining(sign))


def draw_line(
    draw: "ImageDraw.ImageDraw", text: str, at: tuple[int, int], width: int, pixels: int, color: tuple[int, int, int]
) -> None:
    """Draw a line of text from a point on, down from it; its end is left out where it is wider than `width`."""
    draw.text(at, _shorten(plain_letters(text), width, pixels), font=font(pixels), fill=color)


def wrap_lines(text: str, width: int, pixels: int, most: int) -> list[str]:
    """Return a text in at most `most` lines that fit into a width in pixels."""
    lines = list(_wrap(plain_letters(text), width, pixels))
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], _shorten(" ".join(lines[most - 1 :]), width, pixels)] if most else []


def _wrap(text: str, width: int, pixels: int) -> Iterator[str]:
    line = ""
    for word in _short_words(text, width, pixels):
        longer = f"{line} {word}".lstrip()
        if line and font(pixels).getlength(longer) > width:
            yield line
            longer = word
        line = longer
    if line:
        yield line


def _short_words(text: str, width: int, pixels: int) -> Iterator[str]:
    """Split a text into words that each fit into a width: longer ones in pieces."""
    for word in text.split():
        piece = ""
        for sign in word:
            if piece and font(pixels).getlength(piece + sign) > width:
                yield piece
                piece = ""
            piece += sign
        yield piece


def _shorten(text: str, width: int, pixels: int) -> str:
    if font(pixels).getlength(text) <= width:
        return text
    low, high = 0, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        if font(pixels).getlength(text[:middle].rstrip() + "...") <= width:
            low = middle
        else:
            high = middle - 1
    return text[:low].rstrip() + "..."
