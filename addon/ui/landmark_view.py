# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preview shows of the landmarks in the current frame: the faces, their controls, and where these are."""

from dataclasses import dataclass
from typing import Any

import bpy

from ...core.face.types import LANDMARK_COUNT, Floats
from ...core.recipe.landmark_drag import Control, Point, control_points, pose_landmarks
from ...core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from ..lookups.gallery import lookup_cache
from ..lookups.landmark_lookup import Faces, landmark_lookup
from ..modifiers.active import active_modifier, active_scene, active_strip
from ..modifiers.landmark_edits import edit_index_at
from ..prepare.source_frames import source_frame_at
from ..properties.landmark_properties import landmark_edit_of, landmark_edits_of
from ..properties.landmark_state import landmark_state
from ..sequencer.placement import Placement, preview_placement, view_placement

_RETRY_SECONDS = 1.0
"""How long what was not prepared is taken to be so still."""
_IN_PLACE = Placement(1, 0, 0, 0, 1, 0)
_GRAB_PIXELS = 11
"""How far from a control it is grabbed, on a screen without scaling."""


@dataclass(frozen=True, eq=False)
class FaceView:
    """A face that can be corrected.

    Attributes
    ----------
    face : int or None
        Which of the faces that are replaced, from the left; None for one that a person placed.
    edit : int
        The place of the correction that the frame is in, -1 for none.
    landmarks : ndarray, shape (478, 3), float32, or None
        As they are without that correction, in pixels of the frame; None for a placed face.
    key : LandmarkKey
        What the correction does in this frame.
    points : ndarray, shape (478, 3), float32
        As they are with it.
    is_keyed : bool
        Whether the correction has a key in this frame.
    """

    face: int | None
    edit: int
    landmarks: Floats | None
    key: LandmarkKey
    points: Floats
    is_keyed: bool

    @property
    def controls(self) -> dict[Control, Point]:
        """Where the controls are, in pixels of the frame."""
        return control_points(self.points, self.key)


@dataclass(frozen=True, eq=False)
class LandmarkView:
    """What is shown of a frame.

    Attributes
    ----------
    modifier : UNDERSTUDY_PG_modifier
        Whose faces these are. It is Blender's: never keep a view.
    number : int
        The frame of the clip.
    faces : tuple of FaceView
        The faces.
    ghosts : tuple of (tuple of ndarray)
        The landmarks of the frame before and of the one after.
    to_region : Placement
        From pixels of the frame to those of the region.
    text : str
        What there is to say where no face is shown.
    """

    modifier: Any
    number: int
    faces: tuple[FaceView, ...] = ()
    ghosts: tuple[Faces, Faces] = ((), ())
    to_region: Placement = _IN_PLACE
    text: str = ""

    def control_at(self, x: float, y: float) -> tuple[int, Control] | None:
        """Return which face's control is at a place of the region, the nearest one."""
        reach = _GRAB_PIXELS * bpy.context.preferences.system.ui_scale  # type: ignore[union-attr]
        near = []
        for number, face in enumerate(self.faces):
            for control, point in face.controls.items():
                at = self.to_region.apply(*point)
                near.append((((at[0] - x) ** 2 + (at[1] - y) ** 2) ** 0.5, number, str(control), control))
        if not near:
            return None
        distance, number, _, control = min(near, key=lambda entry: entry[:3])
        return (number, control) if distance <= reach else None


def landmark_view(context: bpy.types.Context) -> LandmarkView | None:
    """Return what a preview shows; None where no handles are wanted or there is nothing to show them on."""
    scene, region = active_scene(context), context.region
    if not landmark_state().is_editing or scene is None or region is None or _is_playing():
        return None
    strip, modifier = active_strip(context), active_modifier(context)
    number = None if strip is None or modifier is None else source_frame_at(scene, strip, scene.frame_current)
    if number is None or modifier is None:
        return None
    cache, lookup = lookup_cache(), landmark_lookup(scene, strip, modifier, number)
    known = cache.get(lookup)
    if known is None:
        is_unknown = cache.is_unknown(lookup)
        if is_unknown:
            cache.get(lookup, _RETRY_SECONDS)
        text = (
            "This frame is not prepared, so there are no handles" if is_unknown else "Looking for the face…"
        )
        return LandmarkView(modifier, number, text=text)
    edits = landmark_edits_of(modifier)
    faces = (
        *(_face_view(modifier, number, face, own) for face, own in enumerate(known.here)),
        *_placed_views(modifier, number),
    )
    ghosts = (
        _corrected(known.before, edits, number - 1),
        _corrected(known.after, edits, number + 1),
    )
    text = "" if faces else "No face is found in this frame: Place Face puts one there"
    width_height = known.size
    from_top = Placement(1, 0, 0.5, 0, -1, width_height[1] - 0.5)
    place = from_top.then(preview_placement(scene, strip, width_height)).then(view_placement(region))
    return LandmarkView(modifier, number, faces, ghosts, place, text)


def _face_view(modifier: Any, number: int, face: int, landmarks: Floats) -> FaceView:
    """Return a face that was found, under its corrections."""
    place = edit_index_at(modifier, number, face)
    for index, entry in enumerate(modifier.landmark_edits):
        edit = landmark_edit_of(entry) if index != place else None
        if edit is not None and not edit.places_face and edit.face == face:
            landmarks = _posed(landmarks, edit.in_frame(number))
    entry = modifier.landmark_edits[place] if place >= 0 else None
    edit = None if entry is None else landmark_edit_of(entry)
    key = LandmarkKey(number) if edit is None else edit.pose(number)
    points = pose_landmarks(landmarks, key)
    keyed = edit is not None and any(one.frame == number for one in edit.keys)
    return FaceView(face, place, landmarks, key, landmarks if points is None else points, keyed)


def _placed_views(modifier: Any, number: int) -> list[FaceView]:
    """Return the face that a person placed in a frame, if any."""
    place = edit_index_at(modifier, number, None)
    edit = landmark_edit_of(modifier.landmark_edits[place]) if place >= 0 else None
    if edit is None:
        return []
    key = edit.pose(number)
    points = pose_landmarks(None, key)
    keyed = any(one.frame == number for one in edit.keys)
    return [] if points is None else [FaceView(None, place, None, key, points, keyed)]


def _corrected(faces: Faces, edits: tuple[LandmarkEdit, ...], number: int) -> Faces:
    """Return the landmarks of a frame's faces as they are corrected, and those that are placed there."""
    corrected = list(faces)
    for edit in edits:
        if edit.places_face and number in edit:
            placed = pose_landmarks(None, edit.pose(number))
            corrected += [] if placed is None else [placed]
        elif not edit.places_face and edit.face < len(faces):
            corrected[edit.face] = _posed(corrected[edit.face], edit.in_frame(number))
    return tuple(points for points in corrected if len(points) == LANDMARK_COUNT)


def _posed(landmarks: Floats, edit: LandmarkEdit | None) -> Floats:
    posed = None if edit is None else pose_landmarks(landmarks, edit.keys[0])
    return landmarks if posed is None else posed


def _is_playing() -> bool:
    """Tell whether anything plays: each frame would be looked up, and none of them grabbed."""
    windows: Any = bpy.data.window_managers[0].windows
    return any(window.screen.is_animation_playing for window in windows)
