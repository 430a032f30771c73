# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces' outlines and handles over the sequencer's preview. They are drawn in the window, never rendered."""

import math
from collections.abc import Sequence
from functools import cache
from itertools import chain, pairwise
from typing import Any, cast

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ...core.face.landmark_handles import NOSE_LINES
from ...core.face.types import LANDMARK_COUNT, Floats
from ...core.geometry.mesh_topology import load_topology
from ...core.recipe.landmark_drag import FaceControl
from ..properties.landmark_state import landmark_state
from .landmark_view import FaceView, LandmarkView, landmark_view

Color = tuple[float, float, float, float]
Point = tuple[float, float]
_LINE, _SHADE = (1.0, 1.0, 1.0, 0.7), (0.0, 0.0, 0.0, 0.35)
_GHOSTS: tuple[Color, Color] = ((0.35, 0.85, 0.35, 0.6), (0.45, 0.6, 1.0, 0.6))
"""Of the frame before and the one after, as Blender's onion skins have them."""
_HANDLE, _KEYED, _POINTED, _RIM = (
    (0.85, 0.85, 0.85, 1.0),
    (1.0, 0.75, 0.2, 1.0),
    (1.0, 1.0, 1.0, 1.0),
    (0.0, 0.0, 0.0, 0.9),
)
_HANDLE_PIXELS, _KNOB_PIXELS, _RIM_PIXELS, _LINE_PIXELS = 3.2, 6.0, 1.4, 1.2
_CORNERS = {FaceControl.MOVE: 4, FaceControl.SCALE: 4}
_CIRCLE_CORNERS = 20
_HOLLOW = (
    "left_eye",
    "right_eye",
    FaceControl.PLACE_LEFT_EYE,
    FaceControl.PLACE_RIGHT_EYE,
    FaceControl.PLACE_MOUTH,
)
"""Where a person must see what is below: the pupils, and the mouth."""
_FONT, _FONT_POINTS, _MARGIN_PIXELS = 0, 13, 16
# Blender hands out a number for what is drawn, and takes it back by that alone.
_DRAW_HANDLES: list[Any] = []


def draw() -> None:
    """Draw over the region that Blender draws now."""
    view = landmark_view(bpy.context)
    if view is None:
        return
    scale = cast("Any", bpy.context.preferences).system.ui_scale
    gpu.state.blend_set("ALPHA")
    for faces, color in zip(view.ghosts, _GHOSTS, strict=True):
        for points in faces:
            _draw_lines(_outline(view, points), color, _LINE_PIXELS * scale)
    for number, face in enumerate(view.faces):
        if len(face.points) == LANDMARK_COUNT:
            lines = _outline(view, face.points)
            _draw_lines(lines, _SHADE, (_LINE_PIXELS + 1.6) * scale)
            _draw_lines(lines, _LINE, _LINE_PIXELS * scale)
        _draw_controls(view, face, number, scale)
    gpu.state.blend_set("NONE")
    if view.text:
        _draw_text(view.text, scale)


def _outline(view: LandmarkView, points: Floats) -> list[Point]:
    """Return the lines that show a face, two ends each, in pixels of the region."""
    flat = points[:, :2].tolist()
    return [view.to_region.apply(*flat[end]) for end in _outline_ends()]


@cache
def _outline_ends() -> tuple[int, ...]:
    """Return the landmarks at which the lines that show a face end, two for each line."""
    known = load_topology()
    rings = (
        known.oval,
        known.left_eye_ring,
        known.right_eye_ring,
        known.left_brow,
        known.right_brow,
        known.inner_lips,
        known.outer_lips,
    )
    pairs = [
        (int(one), int(two)) for ring in rings for one, two in zip(ring, [*ring[1:], ring[0]], strict=True)
    ]
    pairs += [pair for line in NOSE_LINES for pair in pairwise(line)]
    return tuple(chain.from_iterable(pairs))


def _draw_controls(view: LandmarkView, face: FaceView, number: int, scale: float) -> None:
    pointed = landmark_state().pointed
    for control, point in face.controls.items():
        is_pointed = pointed == f"{number} {control}"
        is_knob = isinstance(control, FaceControl)
        size = (_KNOB_PIXELS if is_knob else _HANDLE_PIXELS) * scale * (1.4 if is_pointed else 1.0)
        color = _POINTED if is_pointed else _KEYED if face.is_keyed else _HANDLE
        at = view.to_region.apply(*point)
        if control in _HOLLOW:
            ring = _ring(at, size + 1.5 * scale)
            _draw_lines(ring, _RIM, 3.6 * scale)
            _draw_lines(ring, color, 1.8 * scale)
            continue
        turn = math.pi / 4 if control is FaceControl.SCALE else 0.0
        corners = _CORNERS.get(cast("Any", control), _CIRCLE_CORNERS)
        _fill(at, size + _RIM_PIXELS * scale, corners, turn, _RIM)
        _fill(at, size, corners, turn, color)
        if control is FaceControl.ROTATE:
            _fill(at, size * 0.55, corners, turn, _RIM)


def _ring(middle: Point, radius: float) -> list[Point]:
    """Return the lines of a circle, two ends each."""
    angles = [2 * math.pi * corner / _CIRCLE_CORNERS for corner in range(_CIRCLE_CORNERS + 1)]
    rim = [(middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)) for angle in angles]
    return [end for pair in pairwise(rim) for end in pair]


def _draw_lines(ends: Sequence[Point], color: Color, width: float) -> None:
    region = cast("Any", bpy.context.region)
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("viewportSize", (region.width, region.height))
    shader.uniform_float("lineWidth", width)
    shader.uniform_float("color", color)
    batch_for_shader(shader, "LINES", {"pos": [(*end, 0.0) for end in ends]}).draw(shader)


def _fill(middle: Point, radius: float, corners: int, turn: float, color: Color) -> None:
    """Fill a regular polygon."""
    angles = [turn + 2 * math.pi * corner / corners for corner in range(corners + 1)]
    rim = [(middle[0] + radius * math.cos(angle), middle[1] + radius * math.sin(angle)) for angle in angles]
    triangles = [corner for one, two in pairwise(rim) for corner in (middle, one, two)]
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", color)
    batch_for_shader(shader, "TRIS", {"pos": triangles}).draw(shader)


def _draw_text(text: str, scale: float) -> None:
    """Write a text above what else stands at the bottom of the preview."""
    blf.size(_FONT, _FONT_POINTS * scale)
    _, height = blf.dimensions(_FONT, "Ag")
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, 3, 0.0, 0.0, 0.0, 0.9)
    blf.color(_FONT, 1.0, 1.0, 1.0, 1.0)
    blf.position(_FONT, _MARGIN_PIXELS * scale, 3 * (_MARGIN_PIXELS * scale + height), 0)
    blf.draw(_FONT, text)
    blf.disable(_FONT, blf.SHADOW)


def register() -> None:
    """Have it drawn over every preview."""
    if not bpy.app.background:
        space = cast("Any", bpy.types.SpaceSequenceEditor)
        _DRAW_HANDLES.append(space.draw_handler_add(draw, (), "PREVIEW", "POST_PIXEL"))


def unregister() -> None:
    """Have it drawn no more."""
    while _DRAW_HANDLES:
        cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(_DRAW_HANDLES.pop(), "PREVIEW")
