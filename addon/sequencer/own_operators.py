# SPDX-License-Identifier: GPL-3.0-or-later
"""Calls of the sequencer's operators by the add-on itself, told from what the editor does."""

from contextvars import ContextVar
from typing import Any, cast

import bpy

_CALLING: ContextVar[bool] = ContextVar("understudy_own_operator", default=False)


def is_in_own_operator() -> bool:
    """Tell whether an update of the scene comes of our own operator, in the midst of bringing a layer in order."""
    return _CALLING.get()


def update_scene(context: bpy.types.Context) -> None:
    """Have Blender take in what an operator of ours made, which left every layer in step: that is no edit."""
    calling = _CALLING.set(True)
    try:
        cast("Any", context).view_layer.update()
    finally:
        _CALLING.reset(calling)


def call_operator(scene: bpy.types.Scene, name: str, **arguments: Any) -> set[str]:
    """Call an operator of the sequencer on a scene; return what it returns.

    Blender updates the whole scene before and after it: that is no edit.
    """
    calling = _CALLING.set(True)
    try:
        # From Blender 5.0 the sequencer's scene need not be the window's.
        with bpy.context.temp_override(scene=scene, sequencer_scene=scene):
            returned: set[str] = getattr(bpy.ops.sequencer, name)(**arguments)
    finally:
        _CALLING.reset(calling)
    return returned
