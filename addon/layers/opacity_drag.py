# SPDX-License-Identifier: GPL-3.0-or-later
"""A clip that is nested while its opacity is dragged: what is dragged then reaches the meta strip.

The panel goes on showing the clip until nothing changes any more: Blender ends a drag when another strip is active.
"""

from functools import cache
from typing import Any, cast

import bpy

from ..sequencer.meta_strips import nest_of
from ..sequencer.strips import stack_id

DRAGGED_OPACITY = 1 - 2**-24
"""What the opacity of a clip is as long as it is dragged though the meta strip has it: the largest number below 1.

So a drag back to 1 is told from no drag.
"""


def hidden_active_strip(scene: bpy.types.Scene) -> Any | None:
    """Return the active strip where it is a clip that has just been nested: the timeline does not show it."""
    editor: Any = scene.sequence_editor
    clip = None if editor is None else editor.active_strip
    if clip is None or not stack_id(clip):
        return None
    meta = nest_of(clip)
    return clip if meta is not None and meta not in list(editor.meta_stack) else None


class OpacityDrag:
    """The nested clip whose opacity is still dragged, in a panel that goes on showing the clip. Main thread only."""

    def __init__(self) -> None:
        self._dragged = ("", "")

    def begin(self, scene: bpy.types.Scene, clip: Any) -> None:
        """Note that a clip was nested while its opacity may be dragged."""
        self.end()
        self._dragged = scene.name, clip.name
        clip.blend_alpha = DRAGGED_OPACITY

    def is_of(self, scene: bpy.types.Scene, clip: Any) -> bool:
        """Tell whether it is a clip's opacity that is dragged."""
        return self._dragged == (scene.name, clip.name)

    def end(self) -> None:
        """Note that nothing is dragged any more."""
        scene_name, name = self._dragged
        self._dragged = ("", "")
        scene = bpy.data.scenes.get(scene_name)
        editor: Any = None if scene is None else scene.sequence_editor
        clip = None if editor is None else editor.strips_all.get(name)
        if clip is not None and clip.blend_alpha == DRAGGED_OPACITY:
            clip.blend_alpha = 1.0


@cache
def opacity_drag() -> OpacityDrag:
    """Return the drag of this Blender."""
    return OpacityDrag()


def move_opacity_to_meta(scene: bpy.types.Scene) -> None:
    """Give the meta strip the opacity of a clip that is still dragged after it was nested."""
    clip = hidden_active_strip(scene)
    if clip is None:
        return
    is_dragged = opacity_drag().is_of(scene, clip)
    opacity = clip.blend_alpha
    if opacity < DRAGGED_OPACITY or (is_dragged and opacity != DRAGGED_OPACITY):
        clip.parent_meta().blend_alpha = opacity
        clip.blend_alpha = DRAGGED_OPACITY if is_dragged else 1.0


def activate_shown_strip(scene: bpy.types.Scene) -> None:
    """Make the meta strip around a nested clip active: that is what the timeline shows."""
    clip = hidden_active_strip(scene)
    if clip is not None:
        cast("Any", scene.sequence_editor).active_strip = clip.parent_meta()
