# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer can't follow by itself, said plainly, each with the operator that puts it right."""

from dataclasses import dataclass
from typing import Any

import bpy

from ..modifiers.stack import MOST_MODIFIERS, stack_of
from ..sequencer.animation import animated_properties
from ..sequencer.channels import between
from ..sequencer.retiming import content_length
from ..sequencer.strips import all_strips, holder, inputs_of, overlap, stack_id, stacked_clips
from .layer_strip import layer_of

NEST = "understudy.nest"
REFRESH = "understudy.refresh"


@dataclass(frozen=True)
class Notice:
    """Why a clip is not seen as it should be."""

    text: str
    """One line: what is wrong and what to do about it."""
    operator: str = ""
    """The operator that does it when the clip is active, or an empty text."""


def notices(strip: Any, scene: bpy.types.Scene) -> list[Notice]:
    """List what the layer of a clip can't follow. Only reads Blender's data; cheap enough for a panel."""
    layer = layer_of(scene, strip)
    if layer is None:
        return [Notice("has no layer strip, so the original is shown: press Refresh", REFRESH)]
    found = []
    count = len(stack_of(scene, stack_id(strip)))
    if count > MOST_MODIFIERS:
        found.append(
            Notice(f"has {count} modifiers, so its layer is not made: remove all but {MOST_MODIFIERS}")
        )
    effect = next((entry for entry in all_strips(scene) if strip in inputs_of(entry)), None)
    if effect is not None:
        found.append(
            Notice(f"feeds the effect {effect.name}, which does not see its layer: press Nest in Meta", NEST)
        )
    if [entry.type for entry in strip.modifiers] not in ([], [entry.type for entry in layer.modifiers]):
        found.append(
            Notice("has strip modifiers that its layer does not have: press Nest in Meta, or copy them", NEST)
        )
    if _is_mixed(scene, strip, layer):
        found.append(
            Notice(
                "is blended with what lies below, which shows through the new face: press Nest in Meta", NEST
            )
        )
    covered = between(scene, strip, layer)
    if covered is not None:
        found.append(
            Notice(
                f"has {covered.name} between it and its layer, which covers it: unlock that, press Refresh",
                REFRESH,
            )
        )
    if layer.frame_duration != content_length(strip):
        found.append(Notice("is longer or shorter than its layer was made for: press Refresh", REFRESH))
    return found


def not_shown(scene: bpy.types.Scene) -> list[str]:
    """Say of which clips of a scene the layer can't be seen as it should be, and what to do about it."""
    return [f"{clip.name} {notice.text}" for clip in stacked_clips(scene) for notice in notices(clip, scene)]


def _is_mixed(scene: bpy.types.Scene, clip: Any, layer: Any) -> bool:
    """Tell whether a clip is blended in a way that a second strip above it can't repeat, and it shows."""
    plain = clip.blend_type in ("REPLACE", "ALPHA_OVER", "CROSS")
    faded = clip.blend_alpha < 1 or "blend_alpha" in animated_properties(scene, clip)
    if plain and not faded:
        return False
    return any(
        entry not in (clip, layer)
        and entry.type != "SOUND"
        and entry.channel < clip.channel
        and overlap(entry, clip)
        for entry in holder(scene, clip)
    )
