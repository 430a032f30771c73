# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps for the images of source persons: where their project says that they are, and what finds them."""

import hashlib
from pathlib import Path

import bpy
from understudy.addon.properties.scene_properties import request_of


def source_images():
    """What each image is called, the file that it is read from with that one's hash, and which face it is."""
    (modifier,) = bpy.context.scene.understudy.modifiers
    request = request_of(modifier)
    return [
        {
            "filepath": image.filepath,
            "file": str(read.path),
            "sha256": hashlib.sha256(read.path.read_bytes()).hexdigest() if read.path.is_file() else "",
            "face": image.face_number,
        }
        for image, read in zip(modifier.identity.pictures, request.identity.images, strict=True)
    ]


def traced_files():
    """What Blender says that a project needs."""
    return sorted(str(Path(path).resolve()) for path in bpy.utils.blend_paths(absolute=True))


def choose_face(number):
    """Say which face of the image it is."""
    bpy.context.scene.understudy.modifiers[0].identity.pictures[0].face_number = number


def save_copy(path):
    """Save a copy elsewhere and go on with the project."""
    bpy.ops.wm.save_as_mainfile(filepath=path, copy=True)


def pack_files():
    """Pack files into the project, as File > External Data does."""
    bpy.ops.file.pack_all()


def own_paths_relative(enabled):
    """Set Blender's preference for relative paths."""
    bpy.context.preferences.filepaths.use_relative_paths = enabled


def move_file(path, to):
    """Move a file outside of Blender."""
    Path(path).rename(to)
