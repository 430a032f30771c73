# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.portrait_sheet PORTRAITS`: the README's sheet of people who got the face of somebody else.

All pictures are in the public domain: NASA's portrait of the astronaut Eileen Collins, as the scikit-image wheel
carries it, and three paintings, which are read from the folder PORTRAITS. The sheet has to be made anew when the
embedded swapper draws faces differently.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from skimage.data import astronaut
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import OutputError, UnderstudyError
from understudy.core.face.types import Face, Pixels
from understudy.core.fusion.patch import composite_on_frame
from understudy.core.media.open import open_sequence
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import initial_recipe
from understudy.core.recipe.request import FaceImage, Identity, SwapRequest

ASTRONAUT = "astronaut.png"
SARGENT, MONA_LISA, PEARL_EARRING = (
    "p40_painting_sargent.jpg",
    "p41_painting_mona_lisa.jpg",
    "p42_painting_pearl_earring.jpg",
)
PAIRS = ((ASTRONAUT, SARGENT), (SARGENT, ASTRONAUT), (PEARL_EARRING, SARGENT), (MONA_LISA, SARGENT))
"""Who is replaced, and by whom. As a source, the Mona Lisa and the girl have too much of a painter's shadow."""
TITLES = ("original", "source", "result")
_OUTPUT = Path(__file__).resolve().parents[1] / "docs" / "portraits.jpg"
_PAIRS_IN_ROW = 2
_CELL_PIXELS, _GAP_PIXELS, _PAIR_GAP_PIXELS, _HEAD_PIXELS = 256, 4, 16, 30
_GROUND, _INK = 24, 235
_MIN_SIDE_PIXELS = 1400
"""Smaller originals are enlarged, so that what is drawn is not coarser than a cell."""
_FACE_SHARE = 0.54
_JPEG_QUALITY = 90
_MEMORY_BYTES = 1 << 29


@dataclass(frozen=True, eq=False)
class _Swap:
    """One pair's pictures: (256, 256, 3) RGB uint8 each."""

    original: Pixels
    source: Pixels
    result: Pixels


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the sheet; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.portrait_sheet", description=__doc__)
    parser.add_argument("portraits", type=Path, help="the folder that has the paintings")
    parser.add_argument("--output", type=Path, default=_OUTPUT, help="the JPEG file to write")
    options = parser.parse_args(arguments)
    try:
        with (
            tempfile.TemporaryDirectory() as folder,
            closing(Pipeline(MemoryStore(_MEMORY_BYTES), embedded_models())) as pipeline,
        ):
            files = _write_pictures(options.portraits, Path(folder))
            sheet = _draw_sheet([_swap(pipeline, files[target], files[source]) for target, source in PAIRS])
        _write(options.output, sheet, [cv2.IMWRITE_JPEG_QUALITY, _JPEG_QUALITY])
    except UnderstudyError as error:
        print(f"portrait_sheet: {error}", file=sys.stderr)
        return 1
    return 0


def _write_pictures(portraits: Path, folder: Path) -> dict[str, Path]:
    """Write everybody's picture as PNG, large enough for the sheet; return the files by name."""
    files = {}
    for name in dict.fromkeys(name for pair in PAIRS for name in pair):
        picture = _read(portraits, name)
        times = max(_MIN_SIDE_PIXELS // max(picture.shape[:2]), 1)
        large = cv2.resize(picture, None, fx=times, fy=times, interpolation=cv2.INTER_CUBIC)
        files[name] = folder / f"{Path(name).stem}.png"
        _write(files[name], np.asarray(large, np.uint8), [])
    return files


def _read(portraits: Path, name: str) -> Pixels:
    if name == ASTRONAUT:
        return np.asarray(astronaut(), np.uint8)
    picture = cv2.imread(str(portraits / name))
    if picture is None:
        raise OutputError(f"can't read {portraits / name}: is it the folder of the paintings?")
    return np.asarray(picture[..., ::-1], np.uint8)


def _swap(pipeline: Pipeline, target: Path, source: Path) -> _Swap:
    """Swap one face with the parameters that a new modifier begins with."""
    request = SwapRequest(Identity((FaceImage(source),)), initial_recipe())
    with open_sequence([target]) as clip, open_sequence([source]) as image:
        frame, shown = (np.asarray(opened.read(0), np.uint8) for opened in (clip, image))
        face = pipeline.faces(clip, 0, request.recipe)[0]
        source_face = pipeline.faces(image, 0, request.recipe)[0]
        _, patch = pipeline.recast(clip, 0, [request])
    result = composite_on_frame(frame, patch)
    return _Swap(_cell(frame, face), _cell(shown, source_face), _cell(result, face))


def _cell(picture: Pixels, face: Face) -> Pixels:
    """Cut out a face with the head around it."""
    height, width = picture.shape[:2]
    low, high = face.box[:2], face.box[2:]
    side = min(round(float((high - low).max()) / _FACE_SHARE), width, height)
    left, top = np.round((low + high - side) / 2).astype(int)
    left, top = min(max(left, 0), width - side), min(max(top, 0), height - side)
    cut = picture[top : top + side, left : left + side]
    return np.asarray(cv2.resize(cut, (_CELL_PIXELS, _CELL_PIXELS), interpolation=cv2.INTER_AREA), np.uint8)


def _draw_sheet(swaps: Sequence[_Swap]) -> Pixels:
    step = _CELL_PIXELS + _GAP_PIXELS
    pair_width = len(TITLES) * step - _GAP_PIXELS
    rows = -(-len(swaps) // _PAIRS_IN_ROW)
    width = _PAIRS_IN_ROW * (pair_width + _PAIR_GAP_PIXELS) - _PAIR_GAP_PIXELS
    sheet = np.full((_HEAD_PIXELS + rows * step - _GAP_PIXELS, width, 3), _GROUND, np.uint8)
    for place, swap in enumerate(swaps):
        row, column = divmod(place, _PAIRS_IN_ROW)
        for number, (title, cell) in enumerate(
            zip(TITLES, (swap.original, swap.source, swap.result), strict=True)
        ):
            left, top = column * (pair_width + _PAIR_GAP_PIXELS) + number * step, _HEAD_PIXELS + row * step
            sheet[top : top + _CELL_PIXELS, left : left + _CELL_PIXELS] = cell
            if row == 0:
                at = left + 6, _HEAD_PIXELS - 10
                cv2.putText(
                    sheet, title, at, cv2.FONT_HERSHEY_DUPLEX, 0.6, (_INK, _INK, _INK), 1, cv2.LINE_AA
                )
    return sheet


def _write(path: Path, picture: Pixels, options: Sequence[int]) -> None:
    if not cv2.imwrite(str(path), np.ascontiguousarray(picture[..., ::-1]), list(options)):
        raise OutputError(f"can't write {path}: check the folder and free space")


if __name__ == "__main__":
    sys.exit(main())
