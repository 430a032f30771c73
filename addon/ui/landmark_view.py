# SPDX-License-Identifier: GPL-3.0-or-later
"""What a preview shows of the landmarks in the current frame: the faces, their controls, and where these are."""

from collections.abc import Sequence
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
from ..properties.landmark_properties import landmark_edits_by_place
from ..properties.landmark_state import landmark_state
from ..sequencer.placement import Placement, preview_placement, view_placement

_RETRY_SECONDS = 1.0
"""How long what was not prepared is taken to be so still."""
_IN_PLACE = Placement(1, 0, 0, 0, 1, 0)
_GRAB_PIXELS = 11
"""How far from a control it is grabbed, on a screen without scaling."""
_Edits = Sequence[LandmarkEdit | None]
"""A modifier's corrections by their places."""


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
        return LandmarkView(number, text=text)
    edits = landmark_edits_by_place(modifier)
    views = [
        _face_view(edits, edit_index_at(modifier, number, face), number, face, landmarks)
        for face, landmarks in enumerate(known.here)
    ]
    faces = (*views, *_placed_face_views(edits, edit_index_at(modifier, number, None), number))
    ghosts = _correct(known.before, edits, number - 1), _correct(known.after, edits, number + 1)
    text = "" if faces else "No face is found in this frame: Place Face puts one there"
    from_top = Placement(1, 0, 0.5, 0, -1, known.size[1] - 0.5)
    to_region = from_top.then(preview_placement(scene, strip, known.size)).then(view_placement(region))
    return LandmarkView(number, faces, ghosts, to_region, text)


def _face_view(edits: _Edits, place: int, number: int, face: int, landmarks: Floats) -> FaceView:
    """Return a face that was found, under its corrections; the one at `place`, -1 for none, is the last."""
    for index, other in enumerate(edits):
        if index != place and other is not None and not other.places_face and other.face == face:
            landmarks = _pose(landmarks, other.in_frame(number))
    edit = edits[place] if place >= 0 else None
    key = LandmarkKey(number) if edit is None else edit.pose(number)
    points = pose_landmarks(landmarks, key)
    is_keyed = edit is not None and _has_key(edit, number)
    return FaceView(face, place, landmarks, key, landmarks if points is None else points, is_keyed)


def _placed_face_views(edits: _Edits, place: int, number: int) -> list[FaceView]:
    """Return the face that the correction at `place`, -1 for none, puts into a frame, if any."""
    edit = edits[place] if place >= 0 else None
    if edit is None:
        return []
    key = edit.pose(number)
    points = pose_landmarks(None, key)
    return [] if points is None else [FaceView(None, place, None, key, points, _has_key(edit, number))]


def _has_key(edit: LandmarkEdit, number: int) -> bool:
    return any(key.frame == number for key in edit.keys)


def _correct(faces: Faces, edits: _Edits, number: int) -> Faces:
    """Return the landmarks of a frame's faces under their corrections, and those that are placed there."""
    points = list(faces)
    for edit in edits:
        if edit is None:
            continue
        if edit.places_face and number in edit:
            placed = pose_landmarks(None, edit.pose(number))
            points += [] if placed is None else [placed]
        elif not edit.places_face and edit.face < len(faces):
            points[edit.face] = _pose(points[edit.face], edit.in_frame(number))
    return tuple(landmarks for landmarks in points if len(landmarks) == LANDMARK_COUNT)


def _pose(landmarks: Floats, edit: LandmarkEdit | None) -> Floats:
    points = None if edit is None else pose_landmarks(landmarks, edit.keys[0])
    return landmarks if points is None else points


def _is_playing() -> bool:
    """Tell whether anything plays: each frame would be looked up, and none of them grabbed."""
    windows: Any = bpy.data.window_managers[0].windows
    return any(window.screen.is_animation_playing for window in windows)
