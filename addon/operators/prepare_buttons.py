# SPDX-License-Identifier: GPL-3.0-or-later
"""The panel's two buttons that prepare: each has its own tooltip, and is grey with the reason where it can't work."""

from typing import Any, cast

import bpy

from ...core.reporting.strip_state import state_text
from ..modifiers.active import active_scene, active_strip
from ..modifiers.stack import stack_of
from ..modifiers.takes import has_takes
from ..prepare.strip_facts import has_all_sources, state_of
from ..sequencer.strips import stack_id, strips_with_modifiers


class UNDERSTUDY_OT_prepare_clip(bpy.types.Operator):
    """Make the new faces of the active strip; what is ready already is not made again."""

    bl_idname = "understudy.prepare_clip"
    bl_label = "Prepare Clip"
    bl_description = (
        "Make the new faces of the active strip, from its start to its end; what is ready is not made again"
    )
    bl_options = {"REGISTER", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where that can work; else the button says why not."""
        scene, strip = active_scene(context), active_strip(context)
        if scene is None or strip is None or not stack_id(strip):
            cls.poll_message_set("The active strip has no Face Swap modifier")
            return False
        state = state_of(scene, strip, ())  # asked at every redraw, and warnings prevent nothing
        if not state.can_prepare:
            cls.poll_message_set(state_text(state))
        return state.can_prepare

    def invoke(self, _context: Any, _event: Any) -> set[Any]:
        """Prepare beside the editor."""
        return _start("INVOKE_DEFAULT", "STRIP")

    def execute(self, _context: Any) -> set[Any]:
        """Prepare before returning."""
        return _start("EXEC_DEFAULT", "STRIP")


class UNDERSTUDY_OT_prepare_all(bpy.types.Operator):
    """Make the new faces of every strip in the scene; what is ready already is not made again."""

    bl_idname = "understudy.prepare_all"
    bl_label = "Prepare All"
    bl_description = (
        "Make the new faces of every strip, from the start to the end of the scene or of its preview range; "
        "what is ready is not made again"
    )
    bl_options = {"REGISTER", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only with a strip that can be prepared."""
        scene = active_scene(context)
        strips = [] if scene is None else strips_with_modifiers(scene)
        can_prepare = any(has_all_sources(scene, strip) for strip in strips)
        if not can_prepare:
            cls.poll_message_set("No strip has a Face Swap modifier with a face image")
        return can_prepare

    def invoke(self, _context: Any, _event: Any) -> set[Any]:
        """Prepare beside the editor."""
        return _start("INVOKE_DEFAULT", "TIMELINE")

    def execute(self, _context: Any) -> set[Any]:
        """Prepare before returning."""
        return _start("EXEC_DEFAULT", "TIMELINE")


class UNDERSTUDY_OT_prepare_takes(bpy.types.Operator):
    """Make the new faces of all takes of the active strip, so that each can be flipped to at once."""

    bl_idname = "understudy.prepare_takes"
    bl_label = "Prepare All Takes"
    bl_description = (
        "Make the new faces of all takes of the active strip, so that each can be flipped to at once: first those of "
        "the take that is shown, then take by take. The strip is analyzed once"
    )
    bl_options = {"REGISTER", "INTERNAL"}

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where the active strip has takes."""
        scene, strip = active_scene(context), active_strip(context)
        if scene is None or strip is None or not has_takes(stack_of(scene, stack_id(strip))):
            cls.poll_message_set("The active strip has no takes: add one")
            return False
        return True

    def invoke(self, _context: Any, _event: Any) -> set[Any]:
        """Prepare beside the editor."""
        return _start("INVOKE_DEFAULT", "TAKES")

    def execute(self, _context: Any) -> set[Any]:
        """Prepare before returning."""
        return _start("EXEC_DEFAULT", "TAKES")


def _start(how: str, what: str) -> set[Any]:
    """Start the operator that prepares. It goes on by itself: a button that claimed to run as well would never end."""
    ended = cast("Any", bpy.ops).understudy.prepare(how, what=what)
    return {"CANCELLED"} if "CANCELLED" in ended else {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_prepare_clip, UNDERSTUDY_OT_prepare_all, UNDERSTUDY_OT_prepare_takes)
