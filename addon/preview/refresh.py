# SPDX-License-Identifier: GPL-3.0-or-later
"""A render or a preparation wrote the render's pictures: the preview makes its own again, where they differ."""

import bpy

from ..modifiers.visibility import only_in_one
from .live_preview import let_go


def preview_again() -> None:
    """Have the preview look at the visible frame once more. On the main thread only."""
    if bpy.app.background or not any(only_in_one(scene) for scene in bpy.data.scenes):
        return
    let_go()
    for scene in bpy.data.scenes:
        scene.update_tag()  # without this no handler is called, and so nobody looks
