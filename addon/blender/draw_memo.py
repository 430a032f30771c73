# SPDX-License-Identifier: GPL-3.0-or-later
"""What several regions draw, computed once per redraw.

Blender draws all regions in one go, in which nothing may be edited. Its timers run before anything else can be, so
one that is registered while drawing ends what is remembered. Edits end it too, for whoever redraws by force.
"""

from collections.abc import Callable, Hashable
from functools import cache
from typing import Any, TypeVar, cast

import bpy
from bpy.app.handlers import persistent

_T = TypeVar("_T")
_MISSING = object()
_HANDLER_NAMES = (
    "depsgraph_update_post",
    "frame_change_post",
    "undo_post",
    "redo_post",
    "load_pre",
    "load_post",
)


class DrawMemo:
    """Values that are good for the redraw that goes on. Only what draws may ask it: elsewhere anything may change."""

    def __init__(self) -> None:
        self._values: dict[Hashable, Any] = {}
        self._timer = self.clear  # one object: Blender knows timers by identity

    def get_or_compute(self, key: Hashable, compute: Callable[[], _T]) -> _T:
        """Return what `compute` returned for a key in this redraw. Without a window nothing is remembered."""
        if bpy.app.background:
            return compute()
        # A render's thread may clear it at any time.
        value = self._values.get(key, _MISSING)
        if value is _MISSING:
            if not bpy.app.timers.is_registered(self._timer):
                bpy.app.timers.register(self._timer)
            self._values[key] = value = compute()
        return cast("_T", value)

    def clear(self) -> None:
        """Forget everything."""
        self._values.clear()

    def close(self) -> None:
        """Forget everything, and run no more."""
        self.clear()
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)


@cache
def draw_memo() -> DrawMemo:
    """Return the memo of this Blender."""
    return DrawMemo()


@persistent
def _on_change(*_: Any) -> None:
    draw_memo().clear()


def register() -> None:
    """Have edits end what is remembered."""
    for name in _HANDLER_NAMES:
        getattr(bpy.app.handlers, name).append(_on_change)


def unregister() -> None:
    """Take the handler out again."""
    for name in _HANDLER_NAMES:
        getattr(bpy.app.handlers, name).remove(_on_change)
    draw_memo().close()
