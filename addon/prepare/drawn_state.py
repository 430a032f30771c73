# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a strip for panels, status bar and overlay, which are drawn in one redraw: computed once for all."""

from typing import Any

import bpy

from ...core.reporting.strip_state import StripState
from ..blender.draw_memo import draw_memo
from ..layers.strip_warnings import StripWarning, strip_warnings
from .strip_facts import state_of


def drawn_state(scene: bpy.types.Scene, strip: Any) -> StripState:
    """Return the state of a strip that has a stack. Called by what draws, and by nothing else."""
    key = "state", scene.name, strip.name
    return draw_memo().get_or_compute(key, lambda: state_of(scene, strip, drawn_warnings(scene, strip)))


def drawn_warnings(scene: bpy.types.Scene, strip: Any) -> list[StripWarning]:
    """List what the layer of a strip can't follow. Called by what draws, and by nothing else."""
    key = "warnings", scene.name, strip.name
    return draw_memo().get_or_compute(key, lambda: strip_warnings(strip, scene))
