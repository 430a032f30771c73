# SPDX-License-Identifier: GPL-3.0-or-later
"""In a window, what an editor changes is put in order a moment later: no Refresh is needed.

Copies and cuts get their own stack and layer, a deleted clip's layer goes, new retiming keys, another frame rate,
another file or new keyframes reach the layer. Strips are made and removed only between the editor's own actions,
never while one goes on: Blender keeps pointers to what it drags.
"""

import threading
import time
from collections.abc import Callable, Mapping, Set
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ..blender.console import print_traceback
from ..blender.handlers import add_handlers, remove_handlers
from ..blender.modal_operators import is_operator_running
from ..blender.reports import show_report
from ..properties.status import redraw, set_window_state, window_state
from .layer_edits import layer_edits
from .opacity_drag import activate_shown_strip, hidden_active_strip, move_opacity_to_meta, opacity_drag
from .scene_strips import SceneStrips
from .sync import SyncResult, sync_scene
from .timeline_fingerprint import SceneFingerprint, read_timelines, timeline_fingerprint

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


def _sync_during_edit(
    scene: bpy.types.Scene, changed_clips: Set[str] | None, strips: SceneStrips | None
) -> SyncResult:
    return sync_scene(scene, during_edit=True, changed_clips=changed_clips, strips=strips)


class LayerAutoSync:
    """Puts the layers in order when the editor has done something. Called on the main thread."""

    def __init__(
        self,
        sync: Callable[
            [bpy.types.Scene, Set[str] | None, SceneStrips | None], SyncResult
        ] = _sync_during_edit,
        report: Callable[[str, str], None] = show_report,
    ) -> None:
        """`sync` puts the layers of a scene's clips of these names in order, None being all clips.

        It gets the scene's strips too, where they were read already.
        `report` says a line at a level.
        """
        self._sync = sync
        self._report = report
        self._last_fingerprint: Mapping[str, SceneFingerprint] = {}
        self._syncs_all_clips = True
        self._last_trouble = ""
        self._first_change_seconds = self._last_change_seconds = 0.0
        self._timer = self.tick  # one object: Blender knows timers by identity

    def schedule(self) -> None:
        """Something changed: look at it in a moment. Cheap, however often it is called."""
        self._last_change_seconds = time.monotonic()
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            self._first_change_seconds = self._last_change_seconds
            bpy.app.timers.register(self._timer, first_interval=SYNC_DELAY_SECONDS)

    def sync_all_clips(self) -> None:
        """Something else than an edit changed: once the timeline changes trust nothing of what was in order."""
        self._syncs_all_clips = True

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
        timelines = read_timelines()
        fingerprint, before = timeline_fingerprint(timelines), self._last_fingerprint
        if fingerprint == before:
            return
        # Known before it is tried: what fails is not tried again at each edit of something else.
        self._last_fingerprint = fingerprint
        syncs_all_clips, self._syncs_all_clips = self._syncs_all_clips, True
        changed, problems = True, []
        try:
            results: list[SyncResult] = []
            for scene in bpy.data.scenes:
                known = None if syncs_all_clips else before.get(scene.name)
                here = fingerprint.get(scene.name)
                changed_clips = None if here is None else here.changed_clips(known)
                # A scene that was put in order may have changed the next one.
                is_unchanged = not any(result.changed for result in results)
                strips = timelines.get(scene.name) if is_unchanged else None
                results.append(self._sync(scene, changed_clips, strips))
            problems = [text for result in results for text in result.problems]
            changed = any(result.changed for result in results)
        finally:
            if changed:
                self._last_fingerprint = timeline_fingerprint()
        # What could not be done is said again as long as it can't.
        self._syncs_all_clips = bool(problems)
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

    @persistent
    def on_other_state(*_: Any) -> None:
        auto_sync.sync_all_clips()
        on_change()

    handlers = (on_change, on_other_state, on_other_state, on_other_state)
    for handler in handlers:
        handler.__dict__["close"] = auto_sync.close
    return dict(zip(_HANDLER_NAMES, handlers, strict=True))


def register() -> None:
    """Add the handlers."""
    add_handlers(_handlers())


def unregister() -> None:
    """Take the handlers out again and stop looking."""
    remove_handlers(__name__, _HANDLER_NAMES)
