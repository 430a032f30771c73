# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender shows a retimed clip's own frames, and not whichever neighbour it has at hand.

From 5.0 Blender keeps a source image under the whole part of a retimed frame's number, but chooses it by rounding:
whether frame 7.8 is 7 or 8 then depends on what was drawn before (seen in 5.0.1 and 5.2.2, movies and images, without
Understudy as well). The input of a Speed effect may be that of the frame drawn before. A layer can follow the clip only
where that is settled, so before such a frame is drawn the clip's images are forgotten: then it is always the nearest
one. Strobed by no whole number of frames, as keyframes of the strobe have it, a clip and its layer are both read so.
"""

from collections.abc import Callable
from typing import Any

import bpy
from bpy.app.handlers import persistent

from .retiming import is_retimed
from .shown_frames import shifted_strips
from .strips import all_strips, layer_stack_id, layer_strips, stack_id, strips_at, strips_with_modifiers

_HANDLER_NAMES = ("render_pre", "frame_change_pre")


def invalidate_retimed_strips(scene: bpy.types.Scene) -> None:
    """Have Blender read anew what is retimed, unevenly strobed or under a Speed effect at the scenes' frames.

    It changes no data.
    """
    for here in (scene, *(other for other in bpy.data.scenes if other != scene)):
        # The frame of a scene that a scene strip plays is not known here.
        strips = strips_at(here, here.frame_current) if here == scene else all_strips(here)
        for strip in shifted_strips(strips):
            strip.invalidate_cache("RAW")
        for clip in strips_with_modifiers(here, strips):
            if is_retimed(clip):
                clip.invalidate_cache("RAW")
            elif clip.strobe % 1:
                for strip in (clip, *(strip for strip in layer_strips(here) if _is_layer_of(strip, clip))):
                    strip.invalidate_cache("RAW")


def _is_layer_of(strip: Any, clip: Any) -> bool:
    return layer_stack_id(strip) == stack_id(clip)


@persistent
def _on_render_frame(scene: bpy.types.Scene, *_: Any) -> None:
    invalidate_retimed_strips(scene)


@persistent
def _on_frame_change(scene: bpy.types.Scene, *_: Any) -> None:
    # Playing goes on from what is cached: there every frame was drawn in its turn.
    playing = any(window.screen.is_animation_playing for window in bpy.data.window_managers[0].windows)
    if not bpy.app.background and not playing:
        invalidate_retimed_strips(scene)


def _handlers() -> dict[str, Callable[..., None]]:
    return dict(zip(_HANDLER_NAMES, (_on_render_frame, _on_frame_change), strict=True))


def register() -> None:
    """Add the handlers, where Blender needs them."""
    if bpy.app.version >= (5, 0, 0):
        for name, handler in _handlers().items():
            getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Take the handlers out again."""
    for name, handler in _handlers().items():
        handlers = getattr(bpy.app.handlers, name)
        if handler in handlers:
            handlers.remove(handler)
