# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip's frames with their faces replaced, one after the other; a frame that fails shows the original."""

import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from av.video.frame import VideoFrame

from ..analysis.display import display_pixels
from ..concurrency.prefetch import Prefetcher
from ..errors import ClipError, FaceImageError
from ..face.types import Pixels
from ..fusion.patch import FootagePatch, Patch, composite_on_frame
from ..media.bounds import frame_capacity
from ..media.clip import Clip, DecodedImages, FramePixels
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest
from ..system.memory_errors import MEMORY_HINT

NO_MEMORY = f"there is not enough memory for it{MEMORY_HINT}"

_PREFETCH_FRAMES = 2
_ROW_STEP = 16
"""Every how many rows two frames are compared to see a repetition."""


@dataclass(frozen=True, eq=False)
class RenderedFrame:
    """One frame of the clip, ready to be written."""

    number: int
    original: Callable[[], Pixels]
    """Returns (H, W, 3) RGB uint8, display-coded, upright: of a frame that can't be read the one before it, or black.
    To see what stands for light takes long, and most files are written without."""
    source: FramePixels
    """The original with all its bits: uint8, uint16 with 65535 for the largest code, or float32."""
    patch: Patch | None
    """What is laid over it, as it is seen."""
    image: VideoFrame | None
    """The original as it was decoded, unrotated; None where the clip does not give it. Its planes are shared."""
    is_changed: bool
    """Whether any of its pixels show a new face."""
    fault: str
    """Why it shows the original; empty if it does not, or has no face to replace."""
    is_repeat: bool
    """Whether the clip shows the same image as in the frame before it."""
    own: FootagePatch | None
    """The patch in the numbers of its clip: a LightPatch for float32 ones. It is what files are written with."""

    @property
    def own_patch(self) -> Patch | None:
        """The patch in the numbers of its clip, where these are no floats."""
        return self.own if isinstance(self.own, Patch) else None

    @property
    def pixels(self) -> Pixels:
        """(H, W, 3) RGB uint8, display-coded, upright: the original with the patch over it."""
        return composite_on_frame(self.original(), self.patch)


class _Laid(NamedTuple):
    patch: Patch | None = None
    own: FootagePatch | None = None


class _Read(NamedTuple):
    original: Callable[[], Pixels]
    source: FramePixels
    image: VideoFrame | None
    rows: Pixels
    """Some rows as they are seen, to tell whether the next frame is the same."""


def render_frames(
    pipeline: Pipeline,
    clip: Clip,
    requests: Sequence[SwapRequest] | Callable[[int], Sequence[SwapRequest]],
    numbers: Sequence[int],
) -> Generator[RenderedFrame, None, None]:
    """Render the frames of `numbers`, which count from 0, in their order.

    `requests` are those of every frame, or a function that returns those of the frame whose number it gets.
    While the caller works on a frame the next ones are made on another thread, which alone uses pipeline and clip
    until this is closed. The frames are those that would be made in turn, bit for bit.
    A frame whose clip or image can't be read is handed out with its `fault`. What would fail for every frame
    alike is raised: RecipeError and ModelError.
    """
    requests_at = requests if callable(requests) else lambda _number: requests
    size = (clip.info.height, clip.info.width, 3)
    most = frame_capacity(_PREFETCH_FRAMES, math.prod(size))
    before: Pixels | None = None
    black = np.zeros(size, np.uint8)
    shown = _Read(lambda: black, black, None, black[::_ROW_STEP])
    ahead = Prefetcher(partial(_render_frame, pipeline, clip, requests_at), most, "understudy frames")
    try:
        for position, number in enumerate(numbers, 1):
            laid, read, fault = ahead.result(number, numbers[position : position + most])
            shown = shown if read is None else read
            patch, own = laid
            changed = patch is not None and bool(patch.pixels[..., 3].any())
            repeated = before is not None and np.array_equal(shown.rows, before)
            before = shown.rows
            yield RenderedFrame(
                number, shown.original, shown.source, patch, shown.image, changed, fault, repeated, own
            )
    finally:
        ahead.close()


def _render_frame(
    pipeline: Pipeline, clip: Clip, requests_at: Callable[[int], Sequence[SwapRequest]], number: int
) -> tuple[_Laid, _Read | None, str]:
    """Return what is laid over a frame, the frame, and why not; None for a frame that can't be read."""
    fault, laid = "", _Laid()
    try:
        laid = _Laid(*pipeline.recast_in_footage(clip, number, requests_at(number)))
    except (ClipError, FaceImageError) as error:
        fault = str(error)
    except MemoryError:
        fault = NO_MEMORY
    try:
        pixels = clip.read(number)
        image = clip.decoded_image(number) if isinstance(clip, DecodedImages) else None
        if image is None and pixels.dtype == np.uint16:
            image = VideoFrame.from_ndarray(pixels, "rgb48le")
        elif image is None and pixels.dtype == np.uint8 and clip.source.reading:
            image = VideoFrame.from_ndarray(pixels, "rgb24")  # not what is seen of them
        rows = display_pixels(clip, pixels[::_ROW_STEP])
        return laid, _Read(partial(display_pixels, clip, pixels), pixels, image, rows), fault
    except ClipError as error:
        return _Laid(), None, str(error)
    except MemoryError:
        return _Laid(), None, NO_MEMORY
