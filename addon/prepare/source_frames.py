# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frame of its clip a strip shows at each frame of the timeline, and where the clip's frames are seen."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import bpy
import numpy as np
import numpy.typing as npt

from ..layers.layer_strip import layer_of
from ..lookups.gallery import lookup_cache
from .strip_survey import images_by_frame, images_key


@dataclass(frozen=True, eq=False)
class VisibleFrames:
    """Where in the timeline a strip shows which frame of its clip.

    Attributes
    ----------
    by_frame : dict of int to int
        The clip's frame that is seen, by the frame of the timeline, ascending.
    """

    by_frame: dict[int, int]

    @cached_property
    def _columns(self) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """The clip's frames, ascending, and where each is in the timeline: lists ask for many stretches of them."""
        count = len(self.by_frame)
        frames = np.fromiter(self.by_frame, np.int64, count)
        numbers = np.fromiter(self.by_frame.values(), np.int64, count)
        order = np.argsort(numbers)
        return numbers[order], frames[order]

    def span(self, first: int, last: int) -> tuple[int, int] | None:
        """Return the first and the last frame of the timeline that show one of the clip's frames `first` to `last`.

        None where none of them is seen.
        """
        numbers, frames = self._columns
        begin, end = np.searchsorted(numbers, (first, last + 1))
        here = frames[begin:end]
        return (int(here.min()), int(here.max())) if len(here) else None


def visible_frames(scene: bpy.types.Scene, strip: Any) -> VisibleFrames:
    """Return the clip's frames that a strip shows: as its layer has them."""
    layer = layer_of(scene, strip)
    if layer is None:
        return VisibleFrames({})
    key = "source frames", images_key(scene, strip, layer)
    return lookup_cache().get_or_compute(key, lambda: VisibleFrames(_source_frames(scene, strip, layer)))


def source_frame_at(scene: bpy.types.Scene, strip: Any, frame: int) -> int | None:
    """Return the clip's frame that a strip shows at a frame of the timeline; None where it shows none."""
    return visible_frames(scene, strip).by_frame.get(frame)


def _source_frames(scene: bpy.types.Scene, strip: Any, layer: Any) -> dict[int, int]:
    numbers = images_by_frame(scene, strip, layer)
    return {strip.frame_final_start + place: number for place, number in enumerate(numbers) if number >= 0}
