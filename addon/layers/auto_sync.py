# SPDX-License-Identifier: GPL-3.0-or-later
"""In a window, what an editor changes is put in order a moment later: no Refresh is needed.

Copies and cuts get their own stack and layer, a deleted clip's layer goes, new retiming keys, another frame rate,
another file or new keyframes reach the layer. Strips are made and removed only between the editor's own actions,
never while one goes on: Blender keeps pointers to what it drags.
"""

import threading
from collections.abc import Callable
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ..blender.console import print_fault
from ..blender.handlers import add_handlers, remove_handlers
from ..modifiers.sanitize import unusable_clips
from ..properties.status import put, redraw, window_state
from ..sequencer.animation import animated_properties
from ..sequencer.channels import is_misplaced
from ..sequencer.retiming import is_retimed
from ..sequencer.strips import layer_of_id, layer_strips, stack_id, stacked_clips
from .folders import cache_folder
from .layer_strip import layer_of
from .sync import sync_layers

SETTLE_SECONDS = 0.3
_WATCHED = ("depsgraph_update_post", "undo_post", "redo_post", "load_post")
# Operators that drag strips about.
_DRAGGING = ("TRANSFORM_OT_", "SEQUENCER_OT_", "ANIM_OT_")


def fingerprint() -> tuple[Any, ...]:
    """Return a value that changes when layers may have to be made, removed or remade. Only reads Blender's data."""
    return tuple(
        (
            scene.name,
            scene.render.fps,
            scene.render.fps_base,
            str(cache_folder(scene)),
            *_of_layers(scene),
            *_of_clips(scene),
        )
        for scene in bpy.data.scenes
        if cast("Any", scene).library is None
        and (stacked_clips(scene) or layer_strips(scene) or unusable_clips(scene))
    )


def _of_layers(scene: bpy.types.Scene) -> list[Any]:
    return sorted((layer_of_id(layer), _around(layer)) for layer in layer_strips(scene))


def _of_clips(scene: bpy.types.Scene) -> list[Any]:
    found = []
    for clip in stacked_clips(scene):
        layer = layer_of(scene, clip)
        keys = (
            [key.timeline_frame - clip.frame_start for key in clip.retiming_keys] if is_retimed(clip) else []
        )
        found.append(
            (
                (
                    stack_id(clip),
                    clip.name,
                    _around(clip),
                    *_files(clip),
                    clip.frame_duration,
                ),
                (clip.animation_offset_start, clip.animation_offset_end, *keys, bool(keys) and clip.strobe),
                frozenset(animated_properties(scene, clip)),
                layer is not None and is_misplaced(scene, clip, layer),
            )
        )
    return found


def _around(strip: Any) -> str:
    """Return the name of the meta strip that a strip lies in, or an empty text."""
    meta = strip.parent_meta()
    return "" if meta is None else str(meta.name)


def _files(clip: Any) -> tuple[Any, ...]:
    """Return what tells a clip's files from others, whatever their number: to list them takes long."""
    if clip.type == "MOVIE":
        return (bpy.path.abspath(clip.filepath),)
    count = len(clip.elements)
    ends = (clip.elements[0].filename, clip.elements[count - 1].filename) if count else ()
    return (bpy.path.abspath(clip.directory), count, *ends)


class InStep:
    """Puts the layers in order when the editor has done something. Called on the main thread."""

    def __init__(self, sync: Callable[[bpy.types.Scene], list[str]] = sync_layers) -> None:
        """`sync` puts a scene's layers in order and returns what could not be done."""
        self._sync = sync
        self._known: tuple[Any, ...] = ()
        self._told = ""
        self._timer = self.settle  # one object: Blender knows timers by identity

    def touched(self) -> None:
        """Something changed: look at it in a moment. Cheap, however often it is called."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, first_interval=SETTLE_SECONDS)

    def settle(self) -> float | None:
        """Put the layers in order if something that matters changed; later, while the editor is at work."""
        if _is_busy():
            return SETTLE_SECONDS
        try:
            self._put_in_order()
        except Exception as error:  # noqa: BLE001 - the border: Blender would drop the timer and show nothing
            print_fault(error)
            self._tell(f"Understudy itself failed, please report it ({type(error).__name__}: {error})")
        return None

    def _put_in_order(self) -> None:
        found = fingerprint()
        if found == self._known:
            return
        # Known before it is tried: what fails is not tried again at each edit of something else.
        self._known = found
        try:
            problems = [text for scene in bpy.data.scenes for text in self._sync(scene)]
        finally:
            self._known = fingerprint()
        self._tell(problems[0] if problems else "")
        redraw()

    def _tell(self, text: str) -> None:
        """Show in the panels what is wrong, or no more what this said before."""
        if text or window_state().trouble == self._told:
            put("trouble", text)
        self._told = text

    def close(self) -> None:
        """Look no more."""
        if not bpy.app.background and bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)


def _is_busy() -> bool:
    """Tell whether Blender renders or plays, or an operator such as a drag goes on."""
    if cast("Any", bpy.app).is_job_running("RENDER"):
        return True
    for window in bpy.data.window_managers[0].windows:
        going_on = cast("Any", window).modal_operators
        if window.screen.is_animation_playing or any(
            entry.bl_idname.startswith(_DRAGGING) for entry in going_on
        ):
            return True
    return False


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded, around one `InStep`."""
    in_step = InStep()

    @persistent
    def changed(*_: Any) -> None:
        if not bpy.app.background and threading.current_thread() is threading.main_thread():
            in_step.touched()

    changed.__dict__["close"] = in_step.close
    return dict.fromkeys(_WATCHED, changed)


def register() -> None:
    """Add the handlers."""
    add_handlers(_handlers())


def unregister() -> None:
    """Take the handlers out again and stop looking."""
    remove_handlers(__name__, _WATCHED)
