# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator that makes meshes of a clip's faces."""

from contextlib import closing
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import UnderstudyError
from ...core.filesystem import write_file
from ...core.media.clip_info_cache import NotCachedError
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..layers.jobs import StripCache, jobs_at
from ..modifiers.active import active_scene, active_strip
from ..modifiers.face_objects import make_camera, make_collection, make_face
from ..properties.default_paths import project_folder
from ..properties.preferences import preferences
from ..properties.scene_properties import request_of
from ..sequencer.strips import stack_id
from ..sessions.open import open_preview
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_face_geometry(RequiresModifier, bpy.types.Operator):
    """Make a moving mesh and an empty of each face that this modifier replaces."""

    bl_idname = "understudy.face_geometry"
    bl_label = "Make Face Geometry…"
    bl_description = (
        "Make a moving mesh with a UV map, and an empty, of each face that this modifier replaces, with a camera that "
        "sees them as the clip does: to paint on, to track things to, or to export as Alembic. The points of each "
        "frame are saved as a PC2 file"
    )
    bl_options = {"REGISTER", "UNDO"}

    filepath: bpy.props.StringProperty(subtype="FILE_PATH", options={"SKIP_SAVE"})  # type: ignore[valid-type]
    filter_glob: bpy.props.StringProperty(default="*.pc2", options={"HIDDEN"})  # type: ignore[valid-type]
    check_existing: bpy.props.BoolProperty(default=True, options={"HIDDEN"})  # type: ignore[valid-type]

    def invoke(self, context: bpy.types.Context, event: bpy.types.Event) -> set[Any]:  # noqa: ARG002
        """Ask where to save the points."""
        strip = active_strip(context)
        if activate_modifier(context) is None or strip is None:
            return {"CANCELLED"}
        name = bpy.path.clean_name(strip.name)
        self.filepath = str(project_folder() / f"{name}_face.pc2")
        cast("bpy.types.WindowManager", context.window_manager).fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Read the faces from the cache, save their points, make the objects."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        if not self.filepath or Path(bpy.path.abspath(self.filepath)).is_dir():
            report(self, "ERROR", "No file: give the path of a PC2 file")
            return {"CANCELLED"}
        path = Path(bpy.path.abspath(self.filepath)).with_suffix(".pc2")
        try:
            count = _make_faces(scene, strip, modifier, path)
        except NotCachedError:
            report(
                self,
                "ERROR",
                f"{strip.name} is not prepared: press Prepare Clip first, then make the geometry",
            )
            return {"CANCELLED"}
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        except OSError as error:
            report(self, "ERROR", f"can't write {path}: {error.strerror}")
            return {"CANCELLED"}
        if not count:
            report(self, "WARNING", f"{strip.name} shows no face that is replaced: nothing was made")
            return {"CANCELLED"}
        report(self, "INFO", f"{count} face{'s' if count > 1 else ''} of {strip.name} as geometry")
        return {"FINISHED"}


def _make_faces(scene: bpy.types.Scene, strip: Any, modifier: Any, path: Path) -> int:
    """Make the objects of a strip's faces; return how many faces there are."""
    from ...core.geometry.mesh_topology import load_topology  # these import NumPy's and OpenCV's libraries
    from ...core.matchmove.face_track import join_tracks, place_in_scene
    from ...core.matchmove.point_cache import encode_point_cache

    first, strip_cache = strip.frame_final_start, StripCache()
    jobs = {
        frame: job
        for frame in range(first, strip.frame_final_end)
        for job in jobs_at(scene, frame, strip_cache)
        if job.owner_id == stack_id(strip)
    }
    if not jobs:
        return 0
    source = next(iter(jobs.values())).source
    with closing(open_preview(cache_folder(scene), preferences())) as session:
        faces = session.clip_faces(source, [job.number for job in jobs.values()], request_of(modifier))
    by_frame = dict(zip(jobs, faces.frames, strict=True))
    tracks = join_tracks([by_frame.get(frame, ()) for frame in range(first, strip.frame_final_end)])
    if not tracks:
        return 0
    collection = make_collection(scene, f"{strip.name} Faces")
    make_camera(collection, faces.width / faces.height)
    for number, track in enumerate(tracks, 1):
        points = place_in_scene(track.points, faces.width, faces.height)
        file = path if len(tracks) == 1 else path.with_stem(f"{path.stem}_{number}")
        write_file(file, encode_point_cache(points, first + track.first))
        name = f"{strip.name} Face" if len(tracks) == 1 else f"{strip.name} Face {number}"
        make_face(collection, name, file, first + track.first, points, track.is_visible, load_topology())
    return len(tracks)


CLASSES = (UNDERSTUDY_OT_face_geometry,)
