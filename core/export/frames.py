# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's frames with their faces replaced, one after the other; a frame that fails shows the original."""

import math
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from ..analysis.frame_reader import to_eight_bit
from ..concurrency.prefetch import Prefetcher
from ..errors import ClipError, FaceImageError
from ..face.types import Pixels
from ..fusion.patch import Patch, composite_on_frame
from ..media.bounds import frame_capacity
from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest

NO_MEMORY = "there is not enough memory for it: close other programs, or raise the limit (ulimit -v)"

_PREFETCH_FRAMES = 2
_ROW_STEP = 16
"""Every how many rows two frames are compared to see a repetition."""


@dataclass(frozen=True, eq=False)
class RenderedFrame:
    """One frame of the clip, ready to be written."""

    number: int
    pixels: Pixels
    """(H, W, 3) RGB uint8, display-coded. A frame that can't be read is the one before it, or black."""
    is_changed: bool
    """Whether any of its pixels show a new face."""
    fault: str
    """Why it shows the original; empty if it does not, or has no face to replace."""
    is_repeat: bool
    """Whether the clip shows the same image as in the frame before it."""


def render_frames(
    pipeline: Pipeline, clip: Clip, requests: Sequence[SwapRequest], numbers: Sequence[int]
) -> Generator[RenderedFrame, None, None]:
    """Render the frames of `numbers`, which count from 0, in their order.

    While the caller works on a frame the next ones are made on another thread, which alone uses pipeline and clip
    until this is closed. The frames are those that would be made in turn, bit for bit.
    A frame whose clip or image can't be read is handed out with its `fault`. What would fail for every frame
    alike is raised: RecipeError and ModelError.
    """
    size = (clip.info.height, clip.info.width, 3)
    most = frame_capacity(_PREFETCH_FRAMES, math.prod(size))
    before: Pixels | None = None
    shown: Pixels = np.zeros(size, np.uint8)
    ahead = Prefetcher(partial(_render_frame, pipeline, clip, requests), most, "understudy frames")
    try:
        for position, number in enumerate(numbers, 1):
            patch, read, fault = ahead.result(number, numbers[position : position + most])
            shown = shown if read is None else read
            changed = patch is not None and bool(patch.pixels[..., 3].any())
            repeated = before is not None and np.array_equal(shown[::_ROW_STEP], before[::_ROW_STEP])
            before = shown
            try:
                pixels = composite_on_frame(shown, patch)
            except MemoryError:
                pixels, changed, fault = shown, False, NO_MEMORY
            yield RenderedFrame(number, pixels, changed, fault, repeated)
    finally:
        ahead.close()


def _render_frame(
    pipeline: Pipeline, clip: Clip, requests: Sequence[SwapRequest], number: int
) -> tuple[Patch | None, Pixels | None, str]:
    """Return what is laid over a frame, the frame, and why not; None for a frame that can't be read."""
    fault, patch = "", None
    try:
        _, patch = pipeline.recast(clip, number, requests)
    except (ClipError, FaceImageError) as error:
        fault = str(error)
    except MemoryError:
        fault = NO_MEMORY
    try:
        return patch, to_eight_bit(clip.read(number)), fault
    except ClipError as error:
        return None, None, str(error)
    except MemoryError:
        return None, None, NO_MEMORY
