# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer can't follow by itself, said plainly, each with the operator that puts it right."""

from dataclasses import dataclass
from typing import Any

import bpy

from ..modifiers.stack import MAX_MODIFIERS
from ..sequencer.animation import OPACITY_PATH
from ..sequencer.channels import strip_between
from ..sequencer.retiming import content_length
from .nesting import NOT_NESTABLE, nest_reason, nest_reasons
from .scene_strips import SceneStrips

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
    strips = SceneStrips(scene)
    return _warnings_of(strips, strip, nest_reason(strips, strip))


def warnings_by_clip(strips: SceneStrips) -> list[tuple[Any, list[StripWarning]]]:
    """Return what `strip_warnings` does for each clip of a scene that has any."""
    reasons = nest_reasons(strips)
    looks_closely = strips.curves.is_any
    suspects = [
        clip
        for clip in strips.clips
        if looks_closely or clip.name in reasons or not _is_in_place(strips, clip)
    ]
    listed = ((clip, _warnings_of(strips, clip, reasons.get(clip.name, ""))) for clip in suspects)
    return [(clip, warnings) for clip, warnings in listed if warnings]


def _is_in_place(strips: SceneStrips, clip: Any) -> bool:
    """Tell at the first look whether a clip that needs no nesting and is not animated has no warnings."""
    layer = strips.layer_of(clip)
    return (
        layer is not None
        and strips.siblings(clip).is_right_above(clip, layer)
        and layer.frame_duration == content_length(clip)
        and not len(layer.modifiers)
        and len(strips.modifiers_by_stack.get(strips.stack_id(clip), ())) <= MAX_MODIFIERS
    )


def _warnings_of(strips: SceneStrips, strip: Any, reason: str) -> list[StripWarning]:
    """Return the warnings of a clip that has to be nested for a reason, if it is not empty."""
    layer = strips.layer_of(strip)
    if layer is None:
        return [StripWarning("has no layer strip, so the original is shown: press Refresh", REFRESH_OPERATOR)]
    warnings = []
    count = len(strips.modifiers_by_stack.get(strips.stack_id(strip), ()))
    if count > MAX_MODIFIERS:
        warnings.append(
            StripWarning(f"has {count} modifiers, so its layer is not made: remove all but {MAX_MODIFIERS}")
        )
    if reason in NOT_NESTABLE:
        warnings.append(StripWarning(reason))
    elif reason:
        warnings.append(
            StripWarning(f"{reason}, which its layer can't follow: press Nest in Meta", NEST_OPERATOR)
        )
    if foreign := _foreign_look(strips, strip, layer):
        warnings.append(StripWarning(foreign))
    if layer.channel <= strip.channel and strips.parent_meta(layer) == strips.parent_meta(strip):
        warnings.append(
            StripWarning("has no free channel above it for its layer: move it down", REFRESH_OPERATOR)
        )
    covered = strip_between(strips.siblings(strip), strip, layer)
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


def _foreign_look(strips: SceneStrips, strip: Any, layer: Any) -> str:
    """Say what a script did to a layer that its clip does not have and no sync takes away; empty where nothing is.

    Where clip and layer have modifiers of the same kinds, an editor gave both the same look by hand.
    """
    kinds = [entry.type for entry in layer.modifiers] if len(layer.modifiers) else []
    if kinds and kinds != [entry.type for entry in strip.modifiers]:
        return f"has strip modifiers on its layer alone: remove them from {layer.name}"
    if strips.curves.is_in_nla(layer, OPACITY_PATH):
        return f"has a layer that the NLA fades: remove {layer.name} from the NLA strips"
    return ""


def scene_warnings(scene: bpy.types.Scene) -> list[str]:
    """Say of which clips of a scene the layer can't be seen as it should be, and what to do about it."""
    strips = SceneStrips(scene)
    return [
        f"{clip.name} {notice.text}" for clip, warnings in warnings_by_clip(strips) for notice in warnings
    ]
