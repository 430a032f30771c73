# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders from the viewport (View > Render Sequencer Animation), which call no handler of a render."""

from typing import Any, cast

import bpy


def is_viewport_rendering() -> bool:
    """Tell whether Blender renders from the viewport now. Not so where a script calls it without `INVOKE_DEFAULT`."""
    if bpy.app.background:
        return False
    windows = [cast("Any", window) for window in bpy.data.window_managers[0].windows]
    return any(
        entry.bl_idname == "RENDER_OT_opengl" for window in windows for entry in window.modal_operators
    )


def is_in_render_range(scene: Any) -> bool:
    """Tell whether a scene's frame is one that a render from the viewport writes: it shows others before and after."""
    if scene.use_preview_range:
        return bool(scene.frame_preview_start <= scene.frame_current <= scene.frame_preview_end)
    return bool(scene.frame_start <= scene.frame_current <= scene.frame_end)
