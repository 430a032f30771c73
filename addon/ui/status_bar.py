# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of the active strip in Blender's status bar."""

from typing import Any, cast

import bpy

from ...core.reporting.strip_state import status_text
from ..modifiers.active import active_scene, active_strip
from ..prepare.drawn_state import drawn_state
from ..properties.status import window_state
from ..sequencer.strips import stack_id
from .state_icon import state_icon


def _draw(header: Any, context: bpy.types.Context) -> None:
    """Draw the state, unless a preparation has the status bar for its own."""
    scene = active_scene(context)
    strip = None if scene is None else active_strip(context)
    if strip is None or not stack_id(strip) or window_state().running:
        return
    state = drawn_state(scene, strip)
    header.layout.label(text=status_text(strip.name, state), icon=state_icon(state), translate=False)


def register() -> None:
    """Add it to the status bar, at the left: what is at its right end has no room beside it."""
    cast("Any", bpy.types).STATUSBAR_HT_header.prepend(_draw)


def unregister() -> None:
    """Take it out again."""
    cast("Any", bpy.types).STATUSBAR_HT_header.remove(_draw)
