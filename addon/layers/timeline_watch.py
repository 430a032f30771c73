# SPDX-License-Identifier: GPL-3.0-or-later
"""What Blender tells nobody: that strips were selected or locked, and that a drag began.

A moment after the timeline was drawn, layers hand their selection to their clips and are locked as these are. At the
begin of a drag, before anything has moved, they get out of its way.
"""

from typing import Any, cast

import bpy

from ..blender.modal_operators import is_operator_running
from ..modifiers.active import active_scene
from ..properties.status import redraw
from ..sequencer.strips import all_strips
from .selection import select_clips_of_layers, selected_layers
from .sync import DRAG_OPERATORS, sync_timing

_RETRY_SECONDS = 0.05
# Nobody drags a strip to another channel and drops it in less.
_POLL_SECONDS = 0.05
_EDIT_OPERATOR_PREFIXES = ("TRANSFORM_OT_", "SEQUENCER_OT_")


class TimelineWatch:
    """Looks at the strips when the timeline was drawn. Main thread only."""

    def __init__(self) -> None:
        self._locks: list[bool] = []
        self._was_dragged = False
        self._handle: Any = None
        # Blender knows timers by identity: so one object each.
        self._timer, self._poll_timer = self._sync, self._poll

    def open(self) -> None:
        """Begin to look."""
        bpy.app.timers.register(self._poll_timer, first_interval=_POLL_SECONDS, persistent=True)
        space = cast("Any", bpy.types.SpaceSequenceEditor)
        self._handle = space.draw_handler_add(self._on_draw, (), "WINDOW", "PRE_VIEW")

    def close(self) -> None:
        """Look no more."""
        if self._handle is not None:
            cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(self._handle, "WINDOW")
            self._handle = None
        for timer in (self._timer, self._poll_timer):
            if bpy.app.timers.is_registered(timer):
                bpy.app.timers.unregister(timer)

    def _poll(self) -> float:
        """Have layers get out of the way where a drag begins: Blender draws nothing until a strip has moved."""
        is_dragged = is_operator_running(*DRAG_OPERATORS)
        begins, self._was_dragged = is_dragged and not self._was_dragged, is_dragged
        if begins:
            for scene in bpy.data.scenes:
                sync_timing(scene)
        return _POLL_SECONDS

    def _on_draw(self) -> None:
        """Nothing may change while Blender draws: so only note that there is something to do."""
        scene = active_scene(bpy.context)
        if scene is None or bpy.app.timers.is_registered(self._timer):
            return
        if self._is_locked_otherwise(scene) or selected_layers(scene):
            bpy.app.timers.register(self._timer)

    def _is_locked_otherwise(self, scene: bpy.types.Scene) -> bool:
        """Tell whether other strips are locked than when this was last asked."""
        locks = [False] * len(all_strips(scene))
        if locks:
            cast("Any", scene.sequence_editor).strips_all.foreach_get("lock", locks)
        before, self._locks = self._locks, locks
        return before != locks

    def _sync(self) -> float | None:
        for scene in bpy.data.scenes:
            sync_timing(scene)
        if is_operator_running(*_EDIT_OPERATOR_PREFIXES):
            return _RETRY_SECONDS
        changed = [
            select_clips_of_layers(scene) for scene in bpy.data.scenes if cast("Any", scene).library is None
        ]
        if any(changed):
            redraw()
        return None


_WATCHES: list[TimelineWatch] = []


def register() -> None:
    """Begin to look."""
    if not bpy.app.background:
        _WATCHES.append(TimelineWatch())
        _WATCHES[-1].open()


def unregister() -> None:
    """Look no more."""
    while _WATCHES:
        _WATCHES.pop().close()
