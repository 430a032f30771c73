# SPDX-License-Identifier: GPL-3.0-or-later
"""A Speed effect shows the meta strip around a clip and its layer as it would show the clip alone.

Such an effect counts the frames of its input's content and may go past the input's handles: so the meta strip has
the clip's whole content, and is trimmed in its place. For frames between frames see `sequencer.speed_effects`.
"""

from typing import Any

import bpy

from ..sequencer.meta_strips import nest_of
from ..sequencer.speed_effects import is_rounding, make_rounding_strips
from .folders import LayerPlaces
from .layer_strip import invalidate_layer_caches, place_images
from .scene_strips import SceneStrips


def speed_reason(strips: SceneStrips, clip: Any) -> str:
    """Say which Speed effect shows a clip as its layer can't follow yet; empty where there is none."""
    speed = strips.speed_effects.get(clip)
    if speed is None:
        return ""
    meta = nest_of(clip)
    follows = (
        meta is not None
        and not _has_trims_to_move(meta, clip)
        and (clip.type != "MOVIE" or any(map(is_rounding, meta.strips)))
    )
    return "" if follows else f"is slowed down or sped up by {speed.name}"


def follow_speed(scene: bpy.types.Scene, clip: Any, layer: Any) -> None:
    """Have Speed effects show the meta strip that nesting made around a clip as they would show the clip."""
    meta: Any = nest_of(clip)
    if _has_trims_to_move(meta, clip):
        start, end = meta.frame_final_start, meta.frame_final_end
        for strip in (clip, layer):
            strip.frame_offset_start = strip.frame_offset_end = 0
        meta.frame_final_start, meta.frame_final_end = start, end
        place_images(LayerPlaces.of_scene(scene), layer)
    if clip.type == "MOVIE" and not any(map(is_rounding, meta.strips)):
        make_rounding_strips(meta, clip, layer)
    invalidate_layer_caches()


def _has_trims_to_move(meta: Any, clip: Any) -> bool:
    """Tell whether a clip is trimmed inside its meta strip, which shows nothing beyond that."""
    return bool(
        (clip.frame_offset_start or clip.frame_offset_end)
        and clip.frame_final_start <= meta.frame_final_start
        and meta.frame_final_end <= clip.frame_final_end
    )
