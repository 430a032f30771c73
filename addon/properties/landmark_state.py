# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether previews show handles on faces. It lies on the window manager: it is off in each file that is loaded."""

from typing import Any, cast

import bpy
from bpy.app.handlers import persistent
from bpy.props import BoolProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from .status import redraw

_pointer: Any = PointerProperty


def _on_change(_state: Any, _context: Any) -> None:
    redraw()


class UNDERSTUDY_PG_landmarks(PropertyGroup):
    """What previews show of the landmarks."""

    is_editing: BoolProperty(update=_on_change, options={"SKIP_SAVE", "HIDDEN"})  # type: ignore[valid-type]
    pointed: StringProperty(update=_on_change, options={"SKIP_SAVE", "HIDDEN"})  # type: ignore[valid-type]


def landmark_state() -> Any:
    """Return the `UNDERSTUDY_PG_landmarks` of this Blender: whether handles are shown, and which one is pointed at."""
    return cast("Any", bpy.data.window_managers[0]).understudy_landmarks


@persistent
def _on_load(*_: Any) -> None:
    for name in ("is_editing", "pointed"):
        landmark_state().property_unset(name)


def register() -> None:
    """Put the state on the window manager."""
    bpy.utils.register_class(UNDERSTUDY_PG_landmarks)
    manager = cast("Any", bpy.types.WindowManager)
    manager.understudy_landmarks = _pointer(type=UNDERSTUDY_PG_landmarks, options={"SKIP_SAVE"})
    bpy.app.handlers.load_post.append(_on_load)


def unregister() -> None:
    """Take it off again."""
    bpy.app.handlers.load_post.remove(_on_load)
    delattr(bpy.types.WindowManager, "understudy_landmarks")
    bpy.utils.unregister_class(UNDERSTUDY_PG_landmarks)
