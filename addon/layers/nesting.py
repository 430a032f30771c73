# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a clip that a layer above it can't follow is done to a meta strip around both.

Opacity, blend modes, strip modifiers, effects and transitions apply to whole strips: done to the clip, then to its
layer, they show the original through the new face, or leave the face as it was. So as soon as a clip has one of these
the two are nested, and the meta strip has it in the clip's place.
"""

from typing import Any, cast

import bpy

from ..sequencer.meta_strips import nest_in_meta
from ..sequencer.strips import all_strips, layer_stack_id, overlap, stack_id
from .layer_strip import invalidate_layer_caches
from .scene_strips import SceneStrips

# Blended in one of these ways and fully opaque, a clip covers what lies below it, and its layer covers the clip.
_COVERING_BLEND_TYPES = ("REPLACE", "ALPHA_OVER", "CROSS")
_FADED = "is transparent or faded"
_FADED_INSIDE = "is faded inside its meta strip, where its layer can't follow: fade the meta strip instead"
_FADED_BY_NLA = "is faded by the NLA, which its layer can't follow: bake the NLA strips into keyframes"
NOT_NESTABLE = frozenset((_FADED_INSIDE, _FADED_BY_NLA))
"""Reasons that nesting does not remove, with what to do."""


def nest_reasons(strips: SceneStrips) -> dict[str, str]:
    """Say of each clip that has to be nested with its layer, by name, what its layer can't follow.

    Only reads Blender's data.
    """
    return {clip.name: reason for clip in strips.clips if (reason := nest_reason(strips, clip))}


def nest_reason(strips: SceneStrips, clip: Any) -> str:
    """Say what the layer of a clip can't follow; empty where there is no such thing, or no layer beside the clip."""
    layer = strips.layer_of(clip)
    if layer is None or strips.parent_meta(layer) != strips.parent_meta(clip):
        return ""
    effect = strips.effect_of(clip)
    if effect is not None:
        return f"feeds the effect {effect.name}"
    kinds = [entry.type for entry in clip.modifiers]
    if kinds and kinds != [entry.type for entry in layer.modifiers]:
        return "has strip modifiers"
    if clip.blend_type not in _COVERING_BLEND_TYPES:
        return "is blended with the strips below"
    if strips.curves.is_in_nla(clip, "blend_alpha"):
        return _FADED_BY_NLA
    if clip.blend_alpha < 1 or strips.curves.is_animated(clip, "blend_alpha"):
        return _FADED if _nest_of(clip) is None else _FADED_INSIDE
    if strips.multicams and any(
        _shows_without_layer(strips, camera, clip, layer) for camera in strips.multicams
    ):
        return "is shown by a multicam selector"
    return ""


def _nest_of(clip: Any) -> Any | None:
    """Return the meta strip that nesting made around a clip, as long as it has nothing but the clip and its layers."""
    meta = clip.parent_meta()
    if meta is None or not meta.understudy_nest:
        return None
    others = [strip for strip in meta.strips if strip != clip]
    return meta if all(layer_stack_id(strip) == stack_id(clip) for strip in others) else None


def _shows_without_layer(strips: SceneStrips, camera: Any, clip: Any, layer: Any) -> bool:
    """Tell whether a multicam selector, which shows all up to a channel, may stop between a clip and its layer."""
    return bool(
        strips.parent_meta(camera) == strips.parent_meta(clip)
        and clip.channel <= camera.multicam_source < layer.channel
        and overlap(camera, clip)
    )


def nest_where_needed(strips: SceneStrips, *, during_edit: bool) -> tuple[list[str], bool]:
    """Nest the clips whose layers can't follow them; returns what could not be done, a line each, and if any was.

    `during_edit` leaves a faded clip active until `activate_shown_strip`: its opacity may just be dragged, and Blender
    ends a drag when another strip becomes active.
    """
    scene, problems, nested = strips.scene, [], False
    if during_edit:
        move_opacity_to_meta(scene)
    reasons = nest_reasons(strips)
    for clip, layer in [(clip, strips.layer_of(clip)) for clip in strips.clips if clip.name in reasons]:
        reason = reasons[clip.name]
        if reason in NOT_NESTABLE:
            problems.append(f"{clip.name} {reason}")
            continue
        nested = True
        try:
            _nest(scene, clip, layer, keeps_active=during_edit and reason == _FADED)
        except RuntimeError as error:  # an operator that Blender refuses
            text = str(error).strip().removeprefix("Error: ")
            problems.append(
                f"{clip.name} {reason}, which its layer can't follow: press Nest in Meta ({text})"
            )
    return problems, nested


def _nest(scene: bpy.types.Scene, clip: Any, layer: Any, *, keeps_active: bool) -> None:
    """Nest a clip and its layer. What is selected and active stays, the meta strip being in the two's place."""
    editor: Any = scene.sequence_editor
    active = editor.active_strip
    selected = [strip for strip in all_strips(scene) if strip.select]
    meta = None
    try:
        meta = nest_in_meta(scene, clip, layer)
    finally:
        nested = (clip, layer)
        for strip in all_strips(scene):
            strip.select = strip in selected or (strip == meta and any(entry in selected for entry in nested))
        replaced = meta is not None and active in nested and not (keeps_active and active == clip)
        editor.active_strip = meta if replaced else active
    invalidate_layer_caches()


def hidden_active_strip(scene: bpy.types.Scene) -> Any | None:
    """Return the active strip where it is a clip that has just been nested: the timeline does not show it."""
    editor: Any = scene.sequence_editor
    clip = None if editor is None else editor.active_strip
    if clip is None or not stack_id(clip):
        return None
    meta = _nest_of(clip)
    return clip if meta is not None and meta not in list(editor.meta_stack) else None


def move_opacity_to_meta(scene: bpy.types.Scene) -> None:
    """Give the meta strip the opacity of a clip that is still dragged after it was nested."""
    clip = hidden_active_strip(scene)
    if clip is not None and clip.blend_alpha < 1:
        clip.parent_meta().blend_alpha, clip.blend_alpha = clip.blend_alpha, 1.0


def activate_shown_strip(scene: bpy.types.Scene) -> None:
    """Make the meta strip around a nested clip active: that is what the timeline shows."""
    clip = hidden_active_strip(scene)
    if clip is not None:
        cast("Any", scene.sequence_editor).active_strip = clip.parent_meta()
