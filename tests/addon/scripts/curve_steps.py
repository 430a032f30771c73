# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for what animates modifiers: drivers, curve modifiers, and the values that come of them."""

import bpy
from steps import _strip
from understudy.addon.layers.sync import sync_layers
from understudy.addon.modifiers import stack
from understudy.addon.sequencer.curves import curves_of, keyframes_of


def drive_modifier(path, index, of=None, times=1.0):
    """Drive a parameter of a modifier by the frame, or by the same parameter of another modifier."""
    scene = bpy.context.scene
    group, name = path.split(".")
    driver = getattr(scene.understudy.modifiers[index], group).driver_add(name).driver
    driver.type = "SCRIPTED"
    variable = driver.variables.new()
    variable.name = "value"
    variable.targets[0].id_type, variable.targets[0].id = "SCENE", scene
    variable.targets[0].data_path = "frame_current" if of is None else f"understudy.modifiers[{of}].{path}"
    driver.expression = f"value * {times}"


def repeat(path, index):
    """Have the keys of a parameter repeat, by a curve modifier."""
    wanted = f"understudy.modifiers[{index}].{path}"
    next(curve for curve in keyframes_of(bpy.context.scene) if curve.data_path == wanted).modifiers.new(
        "CYCLES"
    )


def straight():
    """Join all keys by straight lines."""
    for curve in keyframes_of(bpy.context.scene):
        for key in curve.keyframe_points:
            key.interpolation = "LINEAR"


def at_frames(path, frames, name=None, scene=None):
    """A parameter's value at frames for each modifier: {its name: [value, ...]}, of a strip's stack or of all."""
    scene = bpy.data.scenes[scene] if scene else bpy.context.scene
    bpy.context.window.scene = scene  # no other's curves are worked out
    # Nor, in 4.5, those of a scene that was not shown before.
    scene.frame_set(0)
    bpy.context.view_layer.update()
    group, leaf = path.split(".")
    values = {}
    for frame in frames:
        scene.frame_set(frame)
        bpy.context.view_layer.update()
        held = scene.understudy.modifiers
        for entry in stack.stack_of(scene, _strip(name).understudy_id) if name else held:
            values.setdefault(entry.name, []).append(round(getattr(getattr(entry, group), leaf), 4))
    return values


def drop(index):
    stack.remove_modifier(bpy.context.scene, bpy.context.scene.understudy.modifiers[index])


def move(index, steps):
    return stack.move_modifier(bpy.context.scene, bpy.context.scene.understudy.modifiers[index], steps)


def curve_paths(scene=None):
    return sorted(
        curve.data_path for curve in curves_of(bpy.data.scenes[scene] if scene else bpy.context.scene)
    )


def copy_scene_by_script():
    """Copy the scene as a script does: the copy shares the action. Returns its name."""
    return bpy.context.scene.copy().name


def rename_paths(old, new):
    """Have curves name their strips by another of the paths that Blender takes."""
    for curve in curves_of(bpy.context.scene):
        curve.data_path = curve.data_path.replace(old, new, 1)


def push_action_down():
    """Make a strip of the NLA of the scene's action."""
    animation = bpy.context.scene.animation_data
    action = animation.action
    animation.action = None
    animation.nla_tracks.new().strips.new(action.name, 1, action)


def copy_scene_and_sync():
    """Copy the scene, which shares the keyframes, and sync both; returns the meta strips' opacities at both ends."""
    copied = bpy.context.scene.copy()
    both = bpy.context.scene, copied
    for scene in sorted(both, key=lambda entry: entry.name, reverse=True):
        sync_layers(scene)
    opacities = []
    for scene in both:
        curves = [
            curve
            for curve in keyframes_of(scene)
            if "Face Swap" in curve.data_path and "alpha" in curve.data_path
        ]
        opacities.append([curves[0].evaluate(frame) for frame in (1, 9)])
    return opacities
