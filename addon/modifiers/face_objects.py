# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects of a clip's faces: meshes whose points a file moves, empties, a camera that sees them as the clip does."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ...core.face.types import Floats
    from ...core.geometry.mesh_topology import Topology

_CAMERA_DISTANCE = 10.0
_UV_NAME = "UVMap"


def make_collection(scene: bpy.types.Scene, name: str) -> bpy.types.Collection:
    """Make a collection for the objects of a clip, and link it to a scene."""
    collection = bpy.data.collections.new(name)
    scene.collection.children.link(collection)
    return collection


def make_camera(collection: bpy.types.Collection, aspect: float) -> bpy.types.Object:
    """Make a camera without perspective that sees a frame of an aspect (width by height) that is 1 high."""
    data = bpy.data.cameras.new("Face Camera")
    data.type = "ORTHO"
    data.sensor_fit = "HORIZONTAL"
    data.ortho_scale = aspect
    camera = bpy.data.objects.new("Face Camera", data)
    camera.location = (0.0, 0.0, _CAMERA_DISTANCE)
    collection.objects.link(camera)
    return camera


def make_face(
    collection: bpy.types.Collection,
    name: str,
    file: Path,
    first_frame: int,
    points: "Floats",
    is_visible: "npt.NDArray[np.bool_]",
    topology: "Topology",
) -> None:
    """Make the mesh and the empty of a face.

    Parameters
    ----------
    collection : bpy.types.Collection
        Where they go.
    name : str
        The mesh's; the empty's says so.
    file : pathlib.Path
        The PC2 file with the points.
    first_frame : int
        The scene's frame of the first sample.
    points : ndarray, shape (n, p, 3), float32
        The points of each frame, in the scene's units.
    is_visible : ndarray, shape (n,), bool
        At which of these frames the face is seen; at others, and before and after, the mesh is hidden.
    topology : Topology
        What is fixed about the mesh. Points beyond its own, those of the irises, belong to no triangle.
    """
    mesh = bpy.data.meshes.new(name)
    # The topology's triangles are wound clockwise as one sees them; Blender's face whoever sees them the other way.
    triangles = topology.triangles[:, ::-1]
    mesh.from_pydata(points[0].tolist(), [], triangles.tolist())
    uv_map = mesh.uv_layers.new(name=_UV_NAME)
    corners = topology.layout[triangles.ravel()].copy()
    corners[:, 1] = 1 - corners[:, 1]
    uv_map.data.foreach_set("uv", corners.ravel())
    mesh.polygons.foreach_set("use_smooth", [True] * len(mesh.polygons))
    mesh.update()
    face = bpy.data.objects.new(name, mesh)
    collection.objects.link(face)
    _add_points(face, file, first_frame)
    _key_visibility(face, first_frame, is_visible.tolist())
    _make_empty(collection, f"{name} Center", first_frame, points)


def _add_points(face: bpy.types.Object, file: Path, first_frame: int) -> None:
    cache: Any = face.modifiers.new("Points", "MESH_CACHE")
    cache.cache_format = "PC2"
    cache.filepath = bpy.path.relpath(str(file)) if bpy.data.filepath else str(file)
    cache.frame_start = first_frame
    cache.interpolation = "NONE"
    # The points are in the scene's space already.
    cache.forward_axis, cache.up_axis = "POS_Y", "POS_Z"


def _key_visibility(face: bpy.types.Object, first_frame: int, is_visible: list[bool]) -> None:
    shown = False
    _key_hidden(face, first_frame - 1, hidden=True)
    for frame, visible in enumerate([*is_visible, False], first_frame):
        if visible != shown:
            _key_hidden(face, frame, hidden=not visible)
            shown = visible


def _key_hidden(face: bpy.types.Object, frame: int, *, hidden: bool) -> None:
    for path in ("hide_viewport", "hide_render"):
        setattr(face, path, hidden)
        face.keyframe_insert(path, frame=frame)


def _make_empty(collection: bpy.types.Collection, name: str, first_frame: int, points: "Floats") -> None:
    """Make an empty in the middle of a face, as large as it, that looks at the camera."""
    empty = bpy.data.objects.new(name, None)
    empty.empty_display_type = "ARROWS"
    collection.objects.link(empty)
    middles = points.mean(1)
    heights = points[..., 1].max(1) - points[..., 1].min(1)
    for frame, (middle, height) in enumerate(
        zip(middles.tolist(), heights.tolist(), strict=True), first_frame
    ):
        empty.location = middle
        empty.scale = (height, height, height)
        empty.keyframe_insert("location", frame=frame)
        empty.keyframe_insert("scale", frame=frame)
