# SPDX-License-Identifier: GPL-3.0-or-later
"""What the sequencer's preview says over a frame that shows the original. It is drawn in the window, never rendered."""

from typing import Any, cast

import blf
import bpy
import gpu
from gpu_extras.batch import batch_for_shader

from ...core.reporting.strip_state import overlay_text
from ..modifiers.active import active_scene, active_strip
from ..modifiers.stack import stack_of
from ..prepare.drawn_state import drawn_state
from ..properties.status import window_state
from ..sequencer.strips import covers_frame, is_shown, stack_id, strips_with_modifiers

_UPDATING_TEXT = "Updating…"
_FONT = 0
_FONT_POINTS = 13
_MARGIN_PIXELS = 16
_COLOUR = (1.0, 0.75, 0.2, 1.0)
_SHADOW = (0.0, 0.0, 0.0, 0.9)
_SHADOW_BLUR = 3
_DIM_COLOUR = (0.0, 0.0, 0.0, 0.4)
# Blender hands out a number for what is drawn, and takes it back by that alone.
_HANDLES: list[Any] = []


def overlay_line(context: bpy.types.Context) -> str:
    """Return what stands over the visible frame; empty where every face in it is as it will be rendered."""
    if window_state().updating:
        return _UPDATING_TEXT
    if not window_state().original_shown:
        return ""
    scene = active_scene(context)
    if scene is None:
        return ""
    strip = _strip_at_frame(scene, active_strip(context))
    if strip is None:
        return ""
    return overlay_text(drawn_state(scene, strip), shows_original=True)


def _strip_at_frame(scene: bpy.types.Scene, active: Any | None) -> Any | None:
    """Return the strip with an enabled modifier that is seen at the scene's frame, the active one if it is."""
    frame = scene.frame_current
    shown = [
        strip
        for strip in strips_with_modifiers(scene)
        if covers_frame(strip, frame)
        and is_shown(scene, strip, frame)
        and any(modifier.enabled for modifier in stack_of(scene, stack_id(strip)))
    ]
    return active if active in shown else next(iter(shown), None)


def _draw() -> None:
    """Draw the line at the bottom left of the preview, where Blender writes nothing; dim an image that is old."""
    context = bpy.context
    region, text = context.region, overlay_line(context)
    if not text or region is None or context.preferences is None:
        return
    if window_state().dimmed:
        _dim(region.width, region.height)
    scale = context.preferences.system.ui_scale
    margin = _MARGIN_PIXELS * scale
    blf.size(_FONT, _FONT_POINTS * scale)
    text = _fit(text, region.width - 2 * margin)
    _, height = blf.dimensions(_FONT, text)
    blf.enable(_FONT, blf.SHADOW)
    blf.shadow(_FONT, _SHADOW_BLUR, *_SHADOW)
    blf.color(_FONT, *_COLOUR)
    blf.position(_FONT, margin, margin + height, 0)
    blf.draw(_FONT, text)
    blf.disable(_FONT, blf.SHADOW)


def _dim(width: int, height: int) -> None:
    """Darken a region of `width` x `height` pixels."""
    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    corners = ((0, 0), (width, 0), (0, height), (width, height))
    gpu.state.blend_set("ALPHA")
    shader.bind()
    shader.uniform_float("color", _DIM_COLOUR)
    batch_for_shader(shader, "TRI_STRIP", {"pos": corners}).draw(shader)
    gpu.state.blend_set("NONE")


def _fit(text: str, width: float) -> str:
    """Return a text, its end left out where it is wider than there is room for."""
    while len(text) > 1 and blf.dimensions(_FONT, text)[0] > width:
        text = text.removesuffix("…")[:-1] + "…"
    return text


def register() -> None:
    """Have it drawn over every preview."""
    if not bpy.app.background:
        space = cast("Any", bpy.types.SpaceSequenceEditor)
        _HANDLES.append(space.draw_handler_add(_draw, (), "PREVIEW", "POST_PIXEL"))


def unregister() -> None:
    """Have it drawn no more."""
    while _HANDLES:
        cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(_HANDLES.pop(), "PREVIEW")
