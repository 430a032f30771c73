# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps of tests of face geometry, see drive.py."""

import bpy
import numpy as np


def face_geometry(path):
    """Make the geometry of the first modifier's faces; return what was said where it failed."""
    scene = bpy.context.scene
    scene.sequence_editor.active_strip = scene.sequence_editor.strips_all["clip"]
    try:
        bpy.ops.understudy.face_geometry(filepath=path)
    except RuntimeError as error:
        return str(error)
    return ""


def face_objects(frame):
    """What is in the scene at a frame: kind, name, whether it is hidden, place; of meshes every point and some more."""
    scene = bpy.context.scene
    scene.frame_set(frame)
    graph = bpy.context.evaluated_depsgraph_get()
    objects = []
    made = [one for group in bpy.data.collections if group.name.endswith(" Faces") for one in group.objects]
    for one in made:
        facts = {"name": one.name, "type": one.type, "hidden": one.hide_render, "place": list(one.location)}
        if one.type == "MESH":
            mesh = one.evaluated_get(graph).data
            points = np.empty(3 * len(mesh.vertices), np.float32)
            mesh.vertices.foreach_get("co", points)
            facts["points"] = points.tolist()
            facts["normal_z"] = float(np.mean([face.normal[2] for face in mesh.polygons]))
            facts["uv"] = len(mesh.uv_layers)
        if one.type == "EMPTY":
            facts["size"] = one.scale[0]
        if one.type == "CAMERA":
            facts["size"] = one.data.ortho_scale
        objects.append(facts)
    return objects


def export_alembic(path):
    """Export the scene as Alembic; None where this Blender was made without it, as Debian's is."""
    if not bpy.app.build_options.alembic:
        return None
    return sorted(bpy.ops.wm.alembic_export(filepath=path))


def shorten(name, length):
    """Let a strip end after so many frames."""
    bpy.context.scene.sequence_editor.strips_all[name].frame_final_duration = length
