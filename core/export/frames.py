# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's frames with their faces replaced, one after the other; a frame that fails shows the original."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..analysis.analyser import eight_bit
from ..concurrency.prefetch import Ahead
from ..errors import ClipError, PictureError
from ..face.types import Pixels
from ..fusion.patch import Patch, laid_over
from ..media.bounds import kept_frames
from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from ..recipe.request import Casting

NO_MEMORY = "there is not enough memory for it: close other programs, or raise the limit (ulimit -v)"

_FRAMES_AHEAD = 2
_ROWS = 16
"""Every how many rows two frames are compared to see a repetition."""


@dataclass(frozen=True, eq=False)
class FinishedFrame:
    """One frame of the clip, ready to be written."""

    number: int
    pixels: Pixels
    """(H, W, 3) RGB uint8, display-coded. A frame that can't be read is the one before it, or black."""
    changed: bool
    """Whether any of its pixels show a new face."""
    fault: str
    """Why it shows the original; empty if it does not, or has no face to replace."""
    repeated: bool
    """Whether the clip shows the same picture as in the frame before it."""


def finished_frames(
    pipeline: Pipeline, clip: Clip, castings: Sequence[Casting], numbers: Sequence[int]
) -> Generator[FinishedFrame, None, None]:
    """Render the frames of `numbers`, which count from 0, in their order.

    While the caller works on a frame the next ones are made on another thread, which alone uses pipeline and clip
    until this is closed. The frames are those that would be made in turn, bit for bit.
    A frame whose clip or picture can't be read is handed out with its `fault`. What would fail for every frame
    alike is raised: RecipeError and ModelError.
    """
    size = (clip.info.height, clip.info.width, 3)
    most = kept_frames(_FRAMES_AHEAD, math.prod(size))
    before: Pixels | None = None
    shown: Pixels = np.zeros(size, np.uint8)
    ahead = Ahead(partial(_made, pipeline, clip, castings), most, "understudy frames")
    try:
        for position, number in enumerate(numbers, 1):
            patch, read, fault = ahead.result(number, numbers[position : position + most])
            shown = shown if read is None else read
            changed = patch is not None and bool(patch.pixels[..., 3].any())
            repeated = before is not None and np.array_equal(shown[::_ROWS], before[::_ROWS])
            before = shown
            try:
                pixels = laid_over(shown, patch)
            except MemoryError:
                pixels, changed, fault = shown, False, NO_MEMORY
            yield FinishedFrame(number, pixels, changed, fault, repeated)
    finally:
        ahead.close()


def _made(
    pipeline: Pipeline, clip: Clip, castings: Sequence[Casting], number: int
) -> tuple[Patch | None, Pixels | None, str]:
    """Return what is laid over a frame, the frame, and why not; None for a frame that can't be read."""
    fault, patch = "", None
    try:
        patch = pipeline.make(pipeline.plan(clip, number, castings))
    except (ClipError, PictureError) as error:
        fault = str(error)
    except MemoryError:
        fault = NO_MEMORY
    try:
        return patch, eight_bit(clip.read(number)), fault
    except ClipError as error:
        return None, None, str(error)
    except MemoryError:
        return None, None, NO_MEMORY
