# SPDX-License-Identifier: GPL-3.0-or-later
"""In a window, what an editor changes is put in order a moment later: no Refresh is needed.

Copies and cuts get their own stack and layer, a deleted clip's layer goes, new retiming keys, another frame rate,
another file or new keyframes reach the layer. Strips are made and removed only between the editor's own actions,
never while one goes on: Blender keeps pointers to what it drags.
"""

import threading
import time
from collections.abc import Callable
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ..blender.console import print_traceback
from ..blender.handlers import add_handlers, remove_handlers
from ..blender.modal_operators import is_operator_running
from ..blender.reports import show_report
from ..modifiers.sanitize import strips_with_invalid_ids
from ..properties.status import redraw, set_window_state, window_state
from ..sequencer.channels import is_misplaced
from ..sequencer.retiming import is_retimed
from ..sequencer.strips import media_fingerprint
from .folders import cache_folder
from .layer_edits import layer_edits
from .nesting import nest_reasons
from .opacity_drag import activate_shown_strip, hidden_active_strip, move_opacity_to_meta, opacity_drag
from .scene_strips import SceneStrips
from .sync import sync_layers

# After the last of the editor's changes: what is dragged in a panel changes many times a second.
SYNC_DELAY_SECONDS = 0.15
# What changes without a pause is put in order all the same.
_MAX_DELAY_SECONDS = 0.5
# Whoever drags a value may hold still for that long.
_DRAG_PAUSE_SECONDS = 1.0
_TIMER_TOLERANCE_SECONDS = 0.01
_HANDLER_NAMES = ("depsgraph_update_post", "undo_post", "redo_post", "load_post")
# Operators that drag strips about.
_DRAG_OPERATOR_PREFIXES = ("TRANSFORM_OT_", "SEQUENCER_OT_", "ANIM_OT_")


def timeline_fingerprint() -> tuple[Any, ...]:
    """Return a value that changes when layers may have to be made, removed or remade. Only reads Blender's data."""
    return tuple(
        (
            scene.name,
            scene.render.fps,
            scene.render.fps_base,
            bpy.data.filepath,
            str(cache_folder(scene)),
            *_layer_fingerprints(strips),
            *_strip_fingerprints(strips),
            *nest_reasons(strips).items(),
        )
        for scene in bpy.data.scenes
        if cast("Any", scene).library is None
        and ((strips := SceneStrips(scene)).clips or strips.layers_by_stack or strips_with_invalid_ids(scene))
    )


def _layer_fingerprints(strips: SceneStrips) -> list[Any]:
    return sorted(
        (strip_id, _parent_meta_name(strips, layer))
        for strip_id, layers in strips.layers_by_stack.items()
        for layer in layers
    )


def _strip_fingerprints(strips: SceneStrips) -> list[Any]:
    fingerprints = []
    for clip in strips.clips:
        layer = strips.layer_of(clip)
        keys = (
            [key.timeline_frame - clip.frame_start for key in clip.retiming_keys] if is_retimed(clip) else []
        )
        fingerprints.append(
            (
                (
                    strips.stack_id(clip),
                    clip.name,
                    _parent_meta_name(strips, clip),
                    *media_fingerprint(clip),
                    clip.frame_duration,
                ),
                (clip.animation_offset_start, clip.animation_offset_end, *keys, bool(keys) and clip.strobe),
                strips.curves.values(clip),
                layer is not None and is_misplaced(strips.siblings(clip), clip, layer),
            )
        )
    return fingerprints


def _parent_meta_name(strips: SceneStrips, strip: Any) -> str:
    """Return the name of the meta strip that a strip lies in, or an empty text."""
    meta = strips.parent_meta(strip)
    return "" if meta is None else str(meta.name)


def _sync_during_edit(scene: bpy.types.Scene) -> list[str]:
    return sync_layers(scene, during_edit=True)


class LayerAutoSync:
    """Puts the layers in order when the editor has done something. Called on the main thread."""

    def __init__(
        self,
        sync: Callable[[bpy.types.Scene], list[str]] = _sync_during_edit,
        report: Callable[[str, str], None] = show_report,
    ) -> None:
        """`sync` puts a scene's layers in order and returns what could not be done; `report` says a line at a level."""
        self._sync = sync
        self._report = report
        self._last_fingerprint: tuple[Any, ...] = ()
        self._last_trouble = ""
        self._first_change_seconds = self._last_change_seconds = 0.0
        self._timer = self.tick  # one object: Blender knows timers by identity

    def schedule(self) -> None:
        """Something changed: look at it in a moment. Cheap, however often it is called."""
        self._last_change_seconds = time.monotonic()
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            self._first_change_seconds = self._last_change_seconds
            bpy.app.timers.register(self._timer, first_interval=SYNC_DELAY_SECONDS)

    def tick(self) -> float | None:
        """Put the layers in order if something that matters changed; later, while the editor is at work."""
        if _is_busy():
            return SYNC_DELAY_SECONDS
        now = time.monotonic()
        remaining = SYNC_DELAY_SECONDS - (now - self._last_change_seconds)
        if remaining > _TIMER_TOLERANCE_SECONDS and now - self._first_change_seconds < _MAX_DELAY_SECONDS:
            return remaining
        try:
            self._sync_if_changed()
        except Exception as error:  # noqa: BLE001 - the border: Blender would drop the timer and show nothing
            print_traceback(error)
            self._show_trouble(
                f"Understudy itself failed, please report it ({type(error).__name__}: {error})"
            )
        for text in layer_edits().take_notices():
            self._report(text, "WARNING")
        return self._activate_shown_strips()

    def _activate_shown_strips(self) -> float | None:
        """Once nothing changes any more have the panels show what the timeline does; until then, return when."""
        hidden = [scene for scene in bpy.data.scenes if hidden_active_strip(scene) is not None]
        if not hidden:
            opacity_drag().end()
            return None
        remaining = _DRAG_PAUSE_SECONDS - (time.monotonic() - self._last_change_seconds)
        if remaining > _TIMER_TOLERANCE_SECONDS:
            return remaining
        for scene in hidden:
            activate_shown_strip(scene)
        opacity_drag().end()
        redraw()
        return None

    def _sync_if_changed(self) -> None:
        fingerprint = timeline_fingerprint()
        if fingerprint == self._last_fingerprint:
            return
        # Known before it is tried: what fails is not tried again at each edit of something else.
        self._last_fingerprint = fingerprint
        try:
            problems = [text for scene in bpy.data.scenes for text in self._sync(scene)]
        finally:
            self._last_fingerprint = timeline_fingerprint()
        self._show_trouble(problems[0] if problems else "")
        redraw()

    def _show_trouble(self, text: str) -> None:
        """Show in the panels what is wrong, or no more what this said before."""
        if text or window_state().trouble == self._last_trouble:
            set_window_state("trouble", text)
        self._last_trouble = text

    def close(self) -> None:
        """Look no more."""
        if not bpy.app.background and bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)


def _is_busy() -> bool:
    """Tell whether Blender renders or plays, or an operator such as a drag goes on."""
    if cast("Any", bpy.app).is_job_running("RENDER"):
        return True
    windows = bpy.data.window_managers[0].windows
    is_playing = any(window.screen.is_animation_playing for window in windows)
    return is_playing or is_operator_running(*_DRAG_OPERATOR_PREFIXES)


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded, around one `LayerAutoSync`."""
    auto_sync = LayerAutoSync()

    @persistent
    def on_change(*_: Any) -> None:
        if not bpy.app.background and threading.current_thread() is threading.main_thread():
            for scene in bpy.data.scenes:
                move_opacity_to_meta(scene)
            auto_sync.schedule()

    on_change.__dict__["close"] = auto_sync.close
    return dict.fromkeys(_HANDLER_NAMES, on_change)


def register() -> None:
    """Add the handlers."""
    add_handlers(_handlers())


def unregister() -> None:
    """Take the handlers out again and stop looking."""
    remove_handlers(__name__, _HANDLER_NAMES)
