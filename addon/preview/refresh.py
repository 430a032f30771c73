# SPDX-License-Identifier: GPL-3.0-or-later
"""A render or a preparation wrote the render's images: the preview makes its own again, where they differ."""

import bpy

from ..modifiers.visibility import visibility_mismatches
from .live_preview import release_session


def refresh_preview(*, after_viewport_render: bool = False) -> None:
    """Have the preview look at the visible frame once more. On the main thread only."""
    mismatch = any(visibility_mismatches(scene) for scene in bpy.data.scenes)
    # A viewport render makes the preview's own images, at frames that the preview did not look at meanwhile.
    if bpy.app.background or not (mismatch or after_viewport_render):
        return
    if mismatch:
        release_session()
    for scene in bpy.data.scenes:
        scene.update_tag()  # without this no handler is called, and so nobody looks
