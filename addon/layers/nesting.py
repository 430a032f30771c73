# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to a clip that a layer above it can't follow is done to a meta strip around both.

Opacity, blend modes, strip modifiers, effects and transitions apply to whole strips: done to the clip, then to its
layer, they show the original through the new face, or leave the face as it was. So as soon as a clip has one of these
the two are nested, and the meta strip has it in the clip's place.
"""

from operator import attrgetter
from typing import Any

import bpy

from ..sequencer.meta_strips import has_moved_curves, nest_in_meta, nest_of
from ..sequencer.nest_range import follow_frame_rate
from ..sequencer.strips import all_strips, overlap
from ..sequencer.unnest import removable_nest, unnest
from .layer_strip import invalidate_layer_caches
from .opacity_drag import DRAGGED_OPACITY, move_opacity_to_meta, opacity_drag
from .scene_strips import SceneStrips
from .speed_nests import follow_speed, speed_reason

# Blended in one of these ways and fully opaque, a clip covers what lies below it, and its layer covers the clip.
_COVERING_BLEND_TYPES = ("REPLACE", "ALPHA_OVER", "CROSS")
_OPACITY = attrgetter("blend_alpha")
_BLEND, _MODIFIERS = attrgetter("blend_type", "blend_alpha", "multiply_alpha"), attrgetter("modifiers")
_FADED = "is transparent or faded"
_FADED_INSIDE = "is faded inside its meta strip, where its layer can't follow: fade the meta strip instead"
_FADED_BY_NLA = "is faded by the NLA, which its layer can't follow: bake the NLA strips into keyframes"
_MULTIPLIED_ALPHA = (
    "has Multiply Alpha, which its layer can't follow: switch it off and set the opacity instead"
)
NOT_NESTABLE = frozenset((_FADED_INSIDE, _FADED_BY_NLA, _MULTIPLIED_ALPHA))
"""Reasons that nesting does not remove, with what to do."""


def nest_reasons(strips: SceneStrips) -> dict[str, str]:
    """Say of each clip that has to be nested with its layer, by name, what its layer can't follow.

    Only reads Blender's data.
    """
    clips = strips.clips
    if not (strips.multicams or strips.curves.is_any or strips.speed_effects):
        # Nearly all clips are as Blender makes them: of those these reads say so, at every edit.
        looks = zip(clips, map(_BLEND, clips), map(len, map(_MODIFIERS, clips)), strict=True)
        clips = [
            clip
            for clip, (blend_type, opacity, multiplies_alpha), modifier_count in looks
            if modifier_count
            or multiplies_alpha
            or blend_type not in _COVERING_BLEND_TYPES
            or opacity < DRAGGED_OPACITY
            or strips.effect_of(clip) is not None
        ]
    return {clip.name: reason for clip in clips if (reason := nest_reason(strips, clip))}


def nest_reason(strips: SceneStrips, clip: Any) -> str:
    """Say what the layer of a clip can't follow; empty where there is no such thing, or no layer beside the clip."""
    layer = strips.layer_of(clip)
    if layer is None or strips.parent_meta(layer) != strips.parent_meta(clip):
        return ""
    speed = speed_reason(strips, clip)
    if speed:
        return speed
    effect = strips.effect_of(clip)
    if effect is not None:
        return f"feeds the effect {effect.name}"
    kinds = [entry.type for entry in clip.modifiers]
    if kinds and kinds != [entry.type for entry in layer.modifiers]:
        return "has strip modifiers"
    is_keyed = strips.curves.is_animated(clip, "blend_type")
    if is_keyed or clip.blend_type not in _COVERING_BLEND_TYPES:
        return "is blended with the strips below"
    transparency = _transparency(strips, clip)
    if transparency:
        return transparency
    if strips.multicams and any(
        _shows_without_layer(strips, camera, clip, layer) for camera in strips.multicams
    ):
        return "is shown by a multicam selector"
    return ""


def _transparency(strips: SceneStrips, clip: Any) -> str:
    """Say what makes a clip transparent; empty where nothing does."""
    if strips.curves.is_in_nla(clip, "blend_alpha"):
        return _FADED_BY_NLA
    if clip.blend_alpha < DRAGGED_OPACITY or strips.curves.is_animated(clip, "blend_alpha"):
        return _FADED if nest_of(clip) is None else _FADED_INSIDE
    is_multiplied = clip.color_multiply != 1 or strips.curves.is_animated(clip, "color_multiply")
    return _MULTIPLIED_ALPHA if clip.multiply_alpha and is_multiplied else ""


def _shows_without_layer(strips: SceneStrips, camera: Any, clip: Any, layer: Any) -> bool:
    """Tell whether a multicam selector, which shows all up to a channel, may stop between a clip and its layer."""
    return bool(
        strips.parent_meta(camera) == strips.parent_meta(clip)
        and (
            clip.channel <= camera.multicam_source < layer.channel
            or strips.curves.is_animated(camera, "multicam_source")
        )
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
    else:
        opacity_drag().end()
    for clip, opacity in zip(strips.clips, map(_OPACITY, strips.clips), strict=True):
        if opacity == DRAGGED_OPACITY and not opacity_drag().is_of(scene, clip):
            clip.blend_alpha = 1.0  # redone after its drag
    reasons = nest_reasons(strips)
    for clip, layer in [(clip, strips.layer_of(clip)) for clip in strips.clips if clip.name in reasons]:
        reason = reasons[clip.name]
        if reason in NOT_NESTABLE:
            problems.append(f"{clip.name} {reason}")
            continue
        nested = True
        keeps_active = during_edit and reason == _FADED
        is_shown_by_speed = clip in strips.speed_effects
        try:
            if not (is_shown_by_speed and nest_of(clip) is not None):
                _nest(scene, clip, layer, keeps_active=keeps_active)
            if is_shown_by_speed:
                follow_speed(scene, clip, layer)
        except RuntimeError as error:  # an operator that Blender refuses
            text = str(error).strip().removeprefix("Error: ")
            problems.append(
                f"{clip.name} {reason}, which its layer can't follow: press Nest in Meta ({text})"
            )
    return problems, nested


def trim_nests_at_other_rate(strips: SceneStrips) -> bool:
    """Have the meta strips that nesting made show what they did before the frame rate changed; True if any did not."""
    trimmed = False
    for clip in strips.clips if strips.has_metas else ():
        meta = None if strips.parent_meta(clip) is None else nest_of(clip)
        if meta is not None:
            trimmed |= follow_frame_rate(strips.scene, meta, clip)
    return trimmed


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
    if keeps_active and active == clip:
        opacity_drag().begin(scene, clip)
    invalidate_layer_caches()


def unnest_clip(scene: bpy.types.Scene, clip: Any) -> bool:
    """Put a clip in the place of the meta strip that nesting made around it, if that changes no pixel; True if so.

    Not during an edit: a panel may show the meta strip, and Blender would go on dragging what is gone.
    """
    meta = removable_nest(scene, clip)
    if meta is None or not unnest(scene, meta, clip):
        return False
    invalidate_layer_caches()
    return True


def unnest_where_possible(scene: Any) -> None:
    """Take the clips out of their meta strips whose layers can follow them again. Not during an edit."""
    if scene.library is not None:
        return
    names = [clip.name for clip in SceneStrips(scene).clips if nest_of(clip) is not None]
    for name in names:
        strips = SceneStrips(scene)
        clip = next((strip for strip in strips.clips if strip.name == name), None)
        if clip is not None and not _needs_nest(scene, strips, clip):
            unnest_clip(scene, clip)


def _needs_nest(scene: bpy.types.Scene, strips: SceneStrips, clip: Any) -> bool:
    """Tell whether a nested clip has to stay so, or is to by the editor's wish."""
    meta: Any = strips.parent_meta(clip)
    return bool(
        meta.understudy_nest_by_editor
        or strips.layer_of(clip) is None
        or nest_reason(strips, clip)
        or clip in strips.speed_effects
        or meta.blend_type not in _COVERING_BLEND_TYPES
        or meta.blend_alpha < 1
        or len(meta.modifiers)
        or strips.effect_of(meta) is not None
        or has_moved_curves(scene, meta)
        or any(
            strips.parent_meta(camera) == strips.parent_meta(meta) and overlap(camera, meta)
            for camera in strips.multicams
        )
    )
