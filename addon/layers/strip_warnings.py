# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer can't follow by itself, said plainly, each with the operator that puts it right."""

from dataclasses import dataclass
from typing import Any

import bpy

from ..modifiers.stack import MAX_MODIFIERS, stack_of
from ..sequencer.animation import animated_properties
from ..sequencer.channels import strip_between
from ..sequencer.retiming import content_length
from ..sequencer.strips import all_strips, inputs_of, overlap, parent_strips, stack_id, strips_with_modifiers
from .layer_strip import layer_of

NEST_OPERATOR = "understudy.nest"
REFRESH_OPERATOR = "understudy.refresh"


@dataclass(frozen=True)
class StripWarning:
    """Why a clip is not seen as it should be."""

    text: str
    """One line: what is wrong and what to do about it."""
    operator: str = ""
    """The operator that does it when the clip is active, or an empty text."""


def strip_warnings(strip: Any, scene: bpy.types.Scene) -> list[StripWarning]:
    """List what the layer of a clip can't follow. Only reads Blender's data; cheap enough for a panel."""
    layer = layer_of(scene, strip)
    if layer is None:
        return [StripWarning("has no layer strip, so the original is shown: press Refresh", REFRESH_OPERATOR)]
    warnings = []
    count = len(stack_of(scene, stack_id(strip)))
    if count > MAX_MODIFIERS:
        warnings.append(
            StripWarning(f"has {count} modifiers, so its layer is not made: remove all but {MAX_MODIFIERS}")
        )
    effect = next((entry for entry in all_strips(scene) if strip in inputs_of(entry)), None)
    if effect is not None:
        warnings.append(
            StripWarning(
                f"feeds the effect {effect.name}, which does not see its layer: press Nest in Meta",
                NEST_OPERATOR,
            )
        )
    if [entry.type for entry in strip.modifiers] not in ([], [entry.type for entry in layer.modifiers]):
        warnings.append(
            StripWarning(
                "has strip modifiers that its layer does not have: press Nest in Meta, or copy them",
                NEST_OPERATOR,
            )
        )
    if _is_blended_with_strips_below(scene, strip, layer):
        warnings.append(
            StripWarning(
                "is blended with the strips below, which show through the new face: press Nest in Meta",
                NEST_OPERATOR,
            )
        )
    covered = strip_between(scene, strip, layer)
    if covered is not None:
        warnings.append(
            StripWarning(
                f"has {covered.name} between it and its layer, which covers it: unlock that, press Refresh",
                REFRESH_OPERATOR,
            )
        )
    if layer.frame_duration != content_length(strip):
        warnings.append(
            StripWarning("is longer or shorter than its layer was made for: press Refresh", REFRESH_OPERATOR)
        )
    return warnings


def scene_warnings(scene: bpy.types.Scene) -> list[str]:
    """Say of which clips of a scene the layer can't be seen as it should be, and what to do about it."""
    return [
        f"{clip.name} {notice.text}"
        for clip in strips_with_modifiers(scene)
        for notice in strip_warnings(clip, scene)
    ]


def _is_blended_with_strips_below(scene: bpy.types.Scene, strip: Any, layer: Any) -> bool:
    """Tell whether a clip is blended in a way that a second strip above it can't repeat, and it shows."""
    plain = strip.blend_type in ("REPLACE", "ALPHA_OVER", "CROSS")
    faded = strip.blend_alpha < 1 or "blend_alpha" in animated_properties(scene, strip)
    if plain and not faded:
        return False
    return any(
        entry not in (strip, layer)
        and entry.type != "SOUND"
        and entry.channel < strip.channel
        and overlap(entry, strip)
        for entry in parent_strips(scene, strip)
    )
