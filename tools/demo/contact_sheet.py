# SPDX-License-Identifier: GPL-3.0-or-later
"""The contact sheet: moments of the clip, and what each render made of them."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from understudy.core.errors import OutputError
from understudy.core.face.types import Pixels
from understudy.core.media.open import open_clip

CELL_WIDTH, CELL_HEIGHT = 320, 272
_GAP, _HEAD = 6, 40
_GROUND, _INK = 24, 235


def moments(frames: int, count: int = 4) -> list[int]:
    """Choose frames spread over a clip, counted from 0."""
    return sorted({int((index + 0.5) * frames / count) for index in range(min(count, frames))})


def frames_of(movie: Path, numbers: Sequence[int]) -> list[Pixels]:
    """Read frames of a rendered movie: (H, W, 3) RGB uint8 each."""
    with open_clip(movie) as clip:
        return [np.asarray(clip.read(number), np.uint8) for number in numbers]


def alpha_of(layer: Path) -> Pixels:
    """Read the alpha (H, W) uint8 of a layer image."""
    picture = cv2.imread(str(layer), cv2.IMREAD_UNCHANGED)
    if picture is None or picture.ndim != 3 or picture.shape[2] != 4:
        raise OutputError(f"the layer image {layer} is missing or damaged")
    return np.asarray(picture[..., 3], np.uint8)


def write_sheet(path: Path, columns: Sequence[tuple[str, Sequence[Pixels]]], masks: Sequence[Pixels]) -> None:
    """Write the sheet as PNG.

    Each column has a title and a picture for each moment, RGB or grey, all of one size; `masks` tell where the
    face is, which the cells show close up.
    """
    windows = _windows(masks)
    width = len(columns) * (CELL_WIDTH + _GAP) - _GAP
    height = _HEAD + len(masks) * (CELL_HEIGHT + _GAP) - _GAP
    sheet = np.full((height, width, 3), _GROUND, np.uint8)
    for place, (title, pictures) in enumerate(columns):
        left = place * (CELL_WIDTH + _GAP)
        at = left + 8, _HEAD - 13
        cv2.putText(sheet, title, at, cv2.FONT_HERSHEY_DUPLEX, 0.72, (_INK, _INK, _INK), 1, cv2.LINE_AA)
        for row, (picture, (x, y, w, h)) in enumerate(zip(pictures, windows, strict=True)):
            top = _HEAD + row * (CELL_HEIGHT + _GAP)
            cell = cv2.resize(
                picture[y : y + h, x : x + w], (CELL_WIDTH, CELL_HEIGHT), interpolation=cv2.INTER_AREA
            )
            colour = cell if cell.ndim == 3 else cv2.cvtColor(cell, cv2.COLOR_GRAY2RGB)
            sheet[top : top + CELL_HEIGHT, left : left + CELL_WIDTH] = colour
    if not cv2.imwrite(str(path), np.ascontiguousarray(sheet[..., ::-1]), [cv2.IMWRITE_PNG_COMPRESSION, 9]):
        raise OutputError(f"can't write {path}: check the folder and free space")


def _windows(masks: Sequence[Pixels]) -> list[tuple[int, int, int, int]]:
    """Find what to show of each moment: left, top, width, height of one size, around the face."""
    height, width = masks[0].shape
    boxes = [cv2.boundingRect(mask) for mask in masks]
    tall = max(box[3] for box in boxes) or height
    aspect = CELL_WIDTH / CELL_HEIGHT
    high = min(round(tall * 1.5), height, round(width / aspect))
    wide = min(round(high * aspect), width)
    windows = []
    for x, y, w, h in boxes:
        left = (x + w // 2 if w else width // 2) - wide // 2
        top = (y + h // 2 if h else height // 2) - round(high * 0.53)
        windows.append((min(max(left, 0), width - wide), min(max(top, 0), height - high), wide, high))
    return windows
