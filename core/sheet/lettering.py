# SPDX-License-Identifier: GPL-3.0-or-later
"""Text in images, in the letters that Pillow brings: the same on every machine."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from ..reporting.quoting import quote

if TYPE_CHECKING:
    from PIL import ImageDraw, ImageFont

_LETTERS_BESIDE_ASCII = {"×": "x", "·": "-", "→": ">", "↓": "v", "–": "-", "…": "..."}
_BREAKABLE = re.compile(r"\s+|[^\s_-]*[_-]|[^\s_-]+")
"""What a line may be broken after."""


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
    draw: "ImageDraw.ImageDraw",
    text: str,
    at: tuple[int, int],
    width: int,
    pixels: int,
    color: tuple[int, int, int],
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
    for piece in _BREAKABLE.findall(text):
        for part in _parts(piece, width, pixels):
            if line.strip() and font(pixels).getlength((line + part).strip()) > width:
                yield line.strip()
                line = ""
            line += part
    if line.strip():
        yield line.strip()


def _parts(piece: str, width: int, pixels: int) -> Iterator[str]:
    """Split a piece of text into parts that each fit into a width."""
    part = ""
    for sign in piece:
        if part and font(pixels).getlength(part + sign) > width:
            yield part
            part = ""
        part += sign
    yield part


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
