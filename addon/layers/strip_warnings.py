# SPDX-License-Identifier: GPL-3.0-or-later
"""What a layer can't follow by itself, said plainly, each with the operator that puts it right."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import bpy

from ..modifiers.stack import MAX_MODIFIERS, stack_of
from ..sequencer.channels import strip_between
from ..sequencer.retiming import content_length
from ..sequencer.strips import stack_id, strips_with_modifiers
from .layer_strip import layer_of
from .nesting import nest_reasons

NEST_OPERATOR = "understudy.nest"
REFRESH_OPERATOR = "understudy.refresh"


@dataclass(frozen=True)
class StripWarning:
    """Why a clip is not seen as it should be."""

    text: str
    """One line: what is wrong and what to do about it."""
    operator: str = ""
    """The operator that does it when the clip is active, or an empty text."""


def strip_warnings(
    strip: Any, scene: bpy.types.Scene, reasons: Mapping[str, str] | None = None
) -> list[StripWarning]:
    """List what the layer of a clip can't follow. Only reads Blender's data; cheap enough for a panel.

    `reasons` are the scene's `nest_reasons`, where somebody has them already.
    """
    layer = layer_of(scene, strip)
    if layer is None:
        return [StripWarning("has no layer strip, so the original is shown: press Refresh", REFRESH_OPERATOR)]
    warnings = []
    count = len(stack_of(scene, stack_id(strip)))
    if count > MAX_MODIFIERS:
        warnings.append(
            StripWarning(f"has {count} modifiers, so its layer is not made: remove all but {MAX_MODIFIERS}")
        )
    reason = (nest_reasons(scene) if reasons is None else reasons).get(strip.name)
    if reason is not None:
        warnings.append(
            StripWarning(f"{reason}, which its layer can't follow: press Nest in Meta", NEST_OPERATOR)
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
    reasons = nest_reasons(scene)
    return [
        f"{clip.name} {notice.text}"
        for clip in strips_with_modifiers(scene)
        for notice in strip_warnings(clip, scene, reasons)
    ]
