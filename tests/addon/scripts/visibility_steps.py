# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for a modifier's switches for the preview and for the render."""

import bpy


def before_two_switches(enabled):
    """Leave the first modifier as a project keeps it that knows one switch only; {frame: on} keyframes that."""
    modifier = bpy.context.scene.understudy.modifiers[0]
    modifier.property_unset("show_render")
    if not isinstance(enabled, dict):
        modifier.enabled = enabled
        return
    for frame, on in enabled.items():
        modifier.enabled = on
        modifier.keyframe_insert("enabled", frame=int(frame))


def switches():
    """The switches of every modifier: for the preview, for the render, and whether the second was ever set."""
    return [
        [modifier.enabled, modifier.show_render, modifier.is_property_set("show_render")]
        for modifier in bpy.context.scene.understudy.modifiers
    ]
