# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders from the viewport (View > Render Sequencer Animation), which call no handler of a render."""

from typing import Any, cast

import bpy

from .modal_operators import is_operator_running

# Before 5.2 it runs within its operator, on the main thread.
_IS_JOB = bpy.app.version >= (5, 2, 0)


def is_viewport_rendering() -> bool:
    """Tell whether Blender renders from the viewport now. Not so where a script calls it without `INVOKE_DEFAULT`."""
    is_running = not _IS_JOB or cast("Any", bpy.app).is_job_running("RENDER")
    return bool(is_running and is_viewport_render_open())


def is_viewport_render_open() -> bool:
    """Tell whether the operator that renders from the viewport goes on; it ends with the first event after its job.

    As it ends it goes back to the former frame. To have anything drawn anew within that crashes 5.2.2.
    """
    return not bpy.app.background and is_operator_running("RENDER_OT_opengl")


def is_in_render_range(scene: Any) -> bool:
    """Tell whether a scene's frame is one that a render from the viewport writes: it shows others before and after."""
    if scene.use_preview_range:
        return bool(scene.frame_preview_start <= scene.frame_current <= scene.frame_preview_end)
    return bool(scene.frame_start <= scene.frame_current <= scene.frame_end)


def is_rendering() -> bool:
    """Tell whether Blender renders, from the viewport or not."""
    return is_viewport_rendering() or bool(cast("Any", bpy.app).is_job_running("RENDER"))
