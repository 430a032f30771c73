# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of tests of farms, see drive.py."""

import os
import sys

import bpy


def relative_paths():
    """Make every path of the project relative, as File > External Data does."""
    return sorted(bpy.ops.file.make_paths_relative())


def fingerprint():
    """What an operator that only reads must leave as it is: whether anything is unsaved, and the frame."""
    scene = bpy.context.scene
    names = [(strip.name, strip.channel, strip.mute) for strip in scene.sequence_editor.strips_all]
    return [bpy.data.is_dirty, scene.frame_current, sorted(names)]


def pack_images():
    """Take every image of the project into the .blend."""
    return sorted(bpy.ops.file.pack_all())


def loaded_libraries():
    """Which libraries that decode or compute this Blender has loaded."""
    return sorted({"av", "cv2", "onnxruntime"}.intersection(sys.modules))


def farm_lines():
    """What the panel Farm shows of the last check, each line with its level."""
    return [[line.text, line.level] for line in bpy.data.window_managers[0].understudy.farm_lines]


def farm_settings():
    """What the panel Farm is set to."""
    farm = bpy.context.scene.understudy.farm
    return {
        name: getattr(farm, name)
        for name in [entry.identifier for entry in farm.bl_rna.properties]
        if name not in ("rna_type", "name")
    }


def prepare_headless(first, last, report=None):
    """Prepare as the command line asks for; returns the exit code."""
    from understudy.addon.farm.headless_preparation import HeadlessPreparation

    if report:
        os.environ["UNDERSTUDY_REPORT"] = report
    return HeadlessPreparation(bpy.context.scene, range(first, last + 1)).run()


def play_in_new_scene(start, length, offset):
    """Make a scene, in use from now on, that plays this one's strips from a frame on, without its first frames."""
    inner = bpy.context.scene
    outer = bpy.data.scenes.new("Outer")
    strip = outer.sequence_editor_create().strips.new_scene("inner", inner, 1, start)
    strip.scene_input = "SEQUENCER"
    strip.animation_offset_start = offset
    strip.frame_final_duration = length
    outer.frame_start, outer.frame_end = 1, start + length + 3
    bpy.context.window.scene = outer
