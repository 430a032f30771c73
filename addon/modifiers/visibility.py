# SPDX-License-Identifier: GPL-3.0-or-later
"""A modifier's two switches: `enabled` is for the preview and `show_render` for the render."""

from typing import Any

import bpy

from ..properties.scene_properties import settings_of
from ..sequencer.animation import MUTE_PATH
from ..sequencer.curves import curves_of, split_strip_path, strip_key
from ..sequencer.shown_frames import shown_scenes
from ..sequencer.strips import mute_reason, stack_id, strips_with_modifiers


def is_rendered(modifier: Any) -> bool:
    """Tell whether a modifier is in what is rendered.

    Projects from before there were two switches have one for both: `enabled`.
    """
    return bool(modifier.show_render if modifier.is_property_set("show_render") else modifier.enabled)


def migrate_visibility_flags(scene: bpy.types.Scene) -> None:
    """Give the modifiers of an old project a switch of their own for the render, set as their only one was.

    Not where that one is keyframed or driven: the render goes on following it.
    """
    for place, modifier in enumerate(settings_of(scene).modifiers):
        if modifier.is_property_set("show_render"):
            continue
        path = f"understudy.modifiers[{place}].enabled"
        if not any(curve.data_path == path for curve in curves_of(scene)):
            modifier.show_render = modifier.enabled


def visibility_mismatches(scene: bpy.types.Scene) -> list[Any]:
    """Return the modifiers on clips of what a scene shows now that only its preview has, or only its render."""
    mismatches = []
    for here, _ in shown_scenes(scene, scene.frame_current):
        ids = {stack_id(clip) for clip in strips_with_modifiers(here)}
        mismatches += [
            modifier
            for modifier in settings_of(here).modifiers
            if modifier.strip_id in ids and bool(modifier.enabled) != is_rendered(modifier)
        ]
    return mismatches


def hidden_reason(scene: bpy.types.Scene, strip: Any, name: str) -> str:
    """Say why a strip, which is called `name`, is not rendered; empty where it is."""
    around: Any = strip
    while around is not None:
        thing = name if around == strip else "meta strip"
        muted = mute_reason(scene, around)
        if muted == "strip" and _is_mute_animated(scene, around):
            muted = ""  # only at some frames
        if muted:
            return f"{thing} is muted" if muted == "strip" else f"channel of the {thing} is muted"
        around = around.parent_meta()
    return ""


def _is_mute_animated(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether keyframes or a driver mute a strip."""
    wanted = strip_key(strip), MUTE_PATH
    return any(split_strip_path(curve.data_path) == wanted for curve in curves_of(scene))
