# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of tests of farms, see drive.py."""

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
