# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that make layer images ahead of playing or rendering: prepare, and stop preparing."""

from typing import Any

import bpy
from bpy.props import EnumProperty

from ...core.errors import UnderstudyError
from ...core.reporting.strip_state import StripFacts, StripStateKind, state_text, status_text, strip_state
from ..blender.reports import Level, report
from ..layers.rendered_clips import condition_reason, takes_condition_reason
from ..modifiers.active import active_scene, active_strip
from ..prepare.preparation import Preparation, finish_preparation, prepare_now
from ..properties.status import (
    add_prepare_request,
    redraw,
    reset_progress,
    set_window_state,
    take_prepare_request,
    window_state,
)
from ..sequencer.strips import stack_id, strips_with_modifiers

_TICK_SECONDS = 0.05


class UNDERSTUDY_OT_prepare(bpy.types.Operator):
    """Make the new faces of every frame now; what is ready already is not made again."""

    bl_idname = "understudy.prepare"
    bl_label = "Prepare"
    bl_description = "Make the new faces of every frame now; what is ready already is not made again"
    bl_options = {"REGISTER"}

    what: EnumProperty(  # type: ignore[valid-type]
        name="What",
        items=(
            (
                "TIMELINE",
                "Timeline",
                "Every strip, from the start to the end of the scene or its preview range",
            ),
            ("STRIP", "Strip", "The active strip, from its start to its end"),
            ("TAKES", "Takes", "All takes of the active strip, first those that are shown"),
        ),
    )

    # One works at a time. It is the class's, so that it can be ended with the class while Blender goes on.
    # No ClassVar: annotated with one, a class is never freed, and Python hangs as it leaves (bpy 4.5.15).
    _preparation: Any = None
    _timer: Any = None
    _last_status: Any = None

    @classmethod
    def unregister(cls) -> None:
        """Blender takes the class out and tells no running operator: end what it works on."""
        cls._release(bpy.context)

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a Face Swap modifier in the scene."""
        scene = active_scene(context)
        has_strips = scene is not None and bool(strips_with_modifiers(scene))
        if not has_strips:
            cls.poll_message_set("No strip has a Face Swap modifier")
        return has_strips

    def execute(self, context: Any) -> set[Any]:
        """Prepare everything before returning."""
        scene = active_scene(context)
        if self._is_refused(context):
            return {"CANCELLED"}
        _, first, last, strip_id = self._requested_range(context)
        window_state().was_stopped = False
        try:
            done = prepare_now(scene, first, last, strip_id, all_takes=self.what == "TAKES")
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        for text in done["warnings"][:10]:
            report(self, "WARNING", text)
        report(self, _report_kind(done["state"]["state"]), done["summary"])
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let a worker process prepare while the editor goes on; Esc stops. While one works, requests queue."""
        if bpy.app.background:
            return self.execute(context)
        if self._is_refused(context):
            return {"CANCELLED"}
        label, first, last, strip_id = self._requested_range(context)
        add_prepare_request(
            active_scene(context), label, first, last, strip_id, all_takes=self.what == "TAKES"
        )
        state = window_state()
        if state.running:
            report(self, "INFO", f"{label} is prepared after what is being prepared now")
            return {"FINISHED"}
        state.running, state.stopping, state.trouble, state.rendered = True, False, "", ""
        state.was_stopped = False
        reset_progress()
        manager = context.window_manager
        UNDERSTUDY_OT_prepare._timer = manager.event_timer_add(_TICK_SECONDS, window=context.window)
        manager.modal_handler_add(self)
        manager.progress_begin(0.0, 1.0)
        return {"RUNNING_MODAL"}

    def _is_refused(self, context: Any) -> bool:
        """Tell whether a render of the scene, or of any take, would be refused by a condition, and report it."""
        scene, strip = active_scene(context), active_strip(context)
        reason = condition_reason(scene)
        if not reason and self.what == "TAKES" and strip is not None:
            reason = takes_condition_reason(scene, strip)
        if reason:
            report(self, "ERROR", f"Not prepared: {reason}")
        return bool(reason)

    def modal(self, context: Any, event: Any) -> set[Any]:
        """See how the worker is doing at each tick. Whatever goes wrong, no worker is left behind."""
        try:
            return self._handle_event(context, event)
        except Exception:
            self._stop(context)
            raise

    def _handle_event(self, context: Any, event: Any) -> set[Any]:
        if (event.type == "ESC" and event.value == "PRESS") or window_state().stopping:
            done = None if self._preparation is None else self._preparation.frames
            self._stop(context)
            if done is not None:
                set_window_state("was_stopped", True)
            after = "" if done is None else f" after {done.done} of {done.total} frames"
            report(self, "INFO", f"Stopped{after}; what is finished is kept")
            return {"CANCELLED"}
        if event.type != "TIMER":
            return {"PASS_THROUGH"}
        running = self._preparation or self._start_next()
        if running is None:
            self._stop(context)
            return {"FINISHED"}
        if running.tick():
            UNDERSTUDY_OT_prepare._preparation = running
            self._show_progress(context, running)
        else:
            UNDERSTUDY_OT_prepare._preparation = None
            self._report_results(running)
        return {"PASS_THROUGH"}

    def cancel(self, context: Any) -> None:
        """Blender closes, or loads another file."""
        self._stop(context)

    def _requested_range(self, context: Any) -> tuple[str, int, int, str]:
        """Return label, first and last frame and stack id of what is asked for."""
        scene, strip = active_scene(context), active_strip(context)
        if self.what in ("STRIP", "TAKES") and strip is not None and stack_id(strip):
            return strip.name, strip.frame_final_start, strip.frame_final_end - 1, stack_id(strip)
        if scene.use_preview_range:
            return scene.name, scene.frame_preview_start, scene.frame_preview_end, ""
        return scene.name, scene.frame_start, scene.frame_end, ""

    def _start_next(self) -> Preparation | None:
        """Begin the next request of the queue; None when there is none left."""
        while (request := take_prepare_request()) is not None:
            self._label = request.label
            reset_progress()
            set_window_state("prepared_label", request.label)
            set_window_state("prepared_scene", request.scene.name)
            set_window_state("prepared_strip", request.strip_id)
            try:
                return Preparation(
                    request.scene,
                    request.first,
                    request.last,
                    request.strip_id,
                    all_takes=request.all_takes,
                )
            except UnderstudyError as error:
                self._report_trouble(f"{self._label}: {error}")
        return None

    _label = ""

    def _show_progress(self, context: Any, preparation: Preparation) -> None:
        context.window_manager.progress_update(preparation.progress)
        frames, scene = preparation.frames, preparation.scene
        if scene is not None:
            set_window_state("prepared_scene", scene.name)  # it may have another name by now
        set_window_state("prepared_count", frames.done)
        set_window_state("prepared_total", frames.total)
        set_window_state("seconds_left", -1.0 if frames.seconds_left is None else round(frames.seconds_left))
        state = strip_state(StripFacts(progress=frames))
        set_window_state("progress", round(preparation.progress, 3))
        set_window_state("status", state_text(state))  # the status bar says of which strip
        text = status_text(self._label, state)
        if self._last_status != (context.workspace.name, text):
            # Blender draws the window anew for it. Not `status_text_set`: that may take what others draw out of the
            # status bar, our own line too.
            UNDERSTUDY_OT_prepare._last_status = context.workspace.name, text
            context.workspace.status_text_set_internal(text)

    def _report_results(self, preparation: Preparation) -> None:
        for text in preparation.faults:
            self._report_trouble(text)
        for text in preparation.warnings[:10]:
            report(self, "WARNING", text)
        scene = preparation.scene
        if scene is not None:
            state, summary = finish_preparation(preparation, scene)
            report(self, _report_kind(state.kind.value), f"{self._label}: {summary}")

    def _report_trouble(self, text: str) -> None:
        set_window_state("trouble", text)
        report(self, "ERROR", text)

    def _stop(self, context: Any) -> None:
        """End the worker at once and put the windows back as they were. What was prepared so far stays."""
        self._release(context)
        state = window_state()
        state.queue.clear()
        for name in ("running", "stopping", "progress", "status"):
            state.property_unset(name)
        redraw()

    @staticmethod
    def _release(context: Any) -> None:
        """Let go of worker and timer, if there are any."""
        operator = UNDERSTUDY_OT_prepare
        running, operator._preparation, operator._last_status = operator._preparation, None, None
        if running is not None:
            running.cancel()
        timer, operator._timer = operator._timer, None
        if timer is not None:
            context.window_manager.event_timer_remove(timer)
            context.window_manager.progress_end()
            if context.workspace is not None:
                context.workspace.status_text_set_internal(None)


class UNDERSTUDY_OT_prepare_stop(bpy.types.Operator):
    """Stop preparing at once; what is finished is kept."""

    bl_idname = "understudy.prepare_stop"
    bl_label = "Stop Preparing"
    bl_description = "Stop preparing at once, and forget what waits; what is finished is kept"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only while something is being prepared."""
        return bool(window_state().running)

    def execute(self, _context: Any) -> set[Any]:
        """Ask the running preparation to stop."""
        window_state().stopping = True
        return {"FINISHED"}


def _report_kind(state: str) -> Level:
    """Return as what a preparation is reported: a warning where originals will be rendered."""
    bad = (StripStateKind.BLOCKED.value, StripStateKind.ORIGINALS.value)
    return "WARNING" if state in bad else "INFO"


CLASSES = (
    UNDERSTUDY_OT_prepare,
    UNDERSTUDY_OT_prepare_stop,
)
