# SPDX-License-Identifier: GPL-3.0-or-later
"""Operator that makes every layer picture of the timeline ahead of playing or rendering it."""

from pathlib import Path
from typing import Any

import bpy

from ...core.errors import UnderstudyError
from ..active import active_scene
from ..folders import cache_folder
from ..jobs import jobs_at, not_shown
from ..layers import show_rewritten, sync_layers
from ..preferences import preferences
from ..properties import settings_of
from ..session import Session
from ..timeline import stacked_clips


class Preparation:
    """Goes through a scene's frame range, a frame at a time."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        """Begin at the first frame. The layers are brought in step first."""
        self._scene = scene
        self._session = Session(cache_folder(scene), preferences())
        self._first = self.frame = scene.frame_start
        self._last, self._before = scene.frame_end, scene.frame_current
        # Keyframed parameters have their value only at their frame.
        self._animated = scene.animation_data is not None and scene.animation_data.action is not None
        self._done: set[Path] = set()
        self._checked: set[str] = set()
        for text in [*sync_layers(scene), *not_shown(scene)]:
            self._session.warn(text)

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1."""
        return (self.frame - self._first) / max(self._last + 1 - self._first, 1)

    def step(self) -> bool:
        """Do one frame; False when there is none left. Raises PictureError or ModelError for a bad casting."""
        if self.frame > self._last:
            return False
        if self._animated:
            self._scene.frame_set(self.frame)
        for job in jobs_at(self._scene, self.frame):
            if job.strip not in self._checked:
                self._session.check(job.castings)
                self._checked.add(job.strip)
            if job.picture not in self._done:
                self._session.bring(job)
                self._done.add(job.picture)
        self.frame += 1
        return True

    def end(self) -> dict[str, Any]:
        """Let go of everything, show what was written, and return the report."""
        report: dict[str, Any] = {**self._session.as_dict(), "written": self._session.written}
        self._session.close()
        if self._animated:
            self._scene.frame_set(self._before)
        if self._session.written:
            show_rewritten()
        settings_of(self._scene).last_run = (
            f"{len(self._done)} pictures ready, {report['written']} of them new, {report['seconds']:.1f} s"
        )
        return report


class UNDERSTUDY_OT_prepare(bpy.types.Operator):
    """Make the new faces of every frame of the timeline now; what is ready already is not made again."""

    bl_idname = "understudy.prepare"
    bl_label = "Prepare"
    bl_description = "Make the new faces of every frame of the timeline now; what is ready already is not made again"
    bl_options = {"REGISTER"}

    _running: Preparation | None = None
    _timer: Any = None

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a Face Swap modifier in the scene."""
        scene = active_scene(context)
        found = scene is not None and bool(stacked_clips(scene))
        if not found:
            cls.poll_message_set("No strip has a Face Swap modifier")
        return found

    def execute(self, context: Any) -> set[Any]:
        """Prepare everything before returning."""
        self._running = Preparation(active_scene(context))
        while self._stepped():
            pass
        return self._ended()

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Prepare a frame at a time while the editor can go on looking; Esc stops."""
        if bpy.app.background:
            return self.execute(context)
        self._running = Preparation(active_scene(context))
        manager = context.window_manager
        self._timer = manager.event_timer_add(0.01, window=context.window)
        manager.modal_handler_add(self)
        manager.progress_begin(0.0, 1.0)
        return {"RUNNING_MODAL"}

    def modal(self, context: Any, event: Any) -> set[Any]:
        """Do the next frame at each tick."""
        running = self._running
        if running is None or event.type == "ESC":
            return self._left(context, cancelled=True)
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        if not self._stepped():
            return self._left(context, cancelled=False)
        context.window_manager.progress_update(running.progress)
        context.workspace.status_text_set(f"Understudy: frame {running.frame}, {running.progress:.0%} (Esc stops)")
        return {"RUNNING_MODAL"}

    def cancel(self, context: Any) -> None:
        """Blender closes, or loads another file."""
        self._left(context, cancelled=True)

    _fault = ""

    def _stepped(self) -> bool:
        if self._running is None:
            return False
        try:
            return self._running.step()
        except UnderstudyError as error:
            self._fault = str(error)
            return False

    def _left(self, context: Any, *, cancelled: bool) -> set[Any]:
        """Put the window back as it was. What was prepared so far stays."""
        manager = context.window_manager
        if self._timer is not None:
            manager.event_timer_remove(self._timer)
            self._timer = None
            manager.progress_end()
            context.workspace.status_text_set(None)
        result = self._ended()
        return {"CANCELLED"} if cancelled else result

    def _ended(self) -> set[Any]:
        running, self._running = self._running, None
        if running is None:
            return {"CANCELLED"}
        report = running.end()
        if self._fault:
            self.report({"ERROR"}, self._fault)
            return {"CANCELLED"}
        for text in report["warnings"][:10]:
            self.report({"WARNING"}, text)
        self.report({"INFO"}, f"{report['frames']} layers ready, {report['written']} new, {report['seconds']:.1f} s")
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_prepare,)
