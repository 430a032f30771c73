# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frame of its clip a strip shows at each frame of the timeline, and where the clip's frames are seen."""

from typing import Any

import bpy

from ..layers.layer_strip import layer_of
from ..lookups.gallery import lookup_cache
from .strip_survey import images_by_frame, images_key


def source_frames(scene: bpy.types.Scene, strip: Any) -> dict[int, int]:
    """Return the clip's frame that a strip shows, by the frame of the timeline, ascending: as its layer has it."""
    layer = layer_of(scene, strip)
    if layer is None:
        return {}
    key = "source frames", images_key(scene, strip, layer)
    return lookup_cache().get_or_compute(key, lambda: _source_frames(scene, strip, layer))


def source_frame_at(scene: bpy.types.Scene, strip: Any, frame: int) -> int | None:
    """Return the clip's frame that a strip shows at a frame of the timeline; None where it shows none."""
    return source_frames(scene, strip).get(frame)


def first_frame_within(scene: bpy.types.Scene, strip: Any, first: int, last: int) -> int | None:
    """Return the first frame of the timeline at which a strip shows one of its clip's frames `first` to `last`."""
    shown = source_frames(scene, strip).items()
    return next((frame for frame, number in shown if first <= number <= last), None)


def _source_frames(scene: bpy.types.Scene, strip: Any, layer: Any) -> dict[int, int]:
    numbers = images_by_frame(scene, strip, layer)
    return {strip.frame_final_start + place: number for place, number in enumerate(numbers) if number >= 0}
