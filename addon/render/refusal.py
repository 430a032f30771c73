# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders in which no face can be swapped: they would show somebody who is not to be seen, and look finished."""

import os
import threading
from collections.abc import Iterator
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from ...core.sessions.request_faults import request_fault
from ..layers.folders import cache_folder
from ..layers.scene_strips import SceneStrips
from ..modifiers.stack import requests_of_modifiers
from ..modifiers.visibility import hidden_reason
from ..properties.originals import ASK, ORIGINALS_VARIABLE, REFUSE, RENDER, originals_choice
from ..properties.preferences import preferences
from ..sequencer.strips import all_strips
from ..sessions.open import run_settings

REPORT = "REPORT"
REFUSED_TEXT = "Render refused: no face can be swapped"
"""The same in Blender's own report."""


def originals_reason(scene: bpy.types.Scene) -> str:
    """Say why a render of a scene can swap no face at all; empty where it can, or where nobody asks for one.

    Looks at files only, and only at the clips that are seen in the scene's range.
    """
    if not scene.render.use_sequencer:
        return ""
    library = run_settings(cache_folder(scene), preferences()).library
    reasons: list[str] = []
    for clip, modifiers in _rendered_clips(scene):
        try:
            requests = requests_of_modifiers(modifiers)
        except RecipeError:
            continue
        fault = request_fault(requests, library)
        if requests and not fault:
            return ""
        if requests:
            reasons.append(f"{clip.name}: {fault}")
    return "; ".join(dict.fromkeys(reasons))


def originals_action(scene: bpy.types.Scene, *, from_viewport: bool) -> str:
    """Return what becomes of such a render: ASK, REFUSE, REPORT (as it starts) or RENDER."""
    choice = originals_choice(preferences().originals, os.environ)
    if from_viewport:
        return RENDER if choice == RENDER else REPORT
    if choice != ASK:
        return choice
    if bpy.app.background:
        return REFUSE
    # A script waits for its render on the main thread, and a locked window takes no answer.
    on_main_thread = threading.current_thread() is threading.main_thread()
    return REPORT if on_main_thread or cast("Any", scene.render).use_lock_interface else ASK


def refusal_text(reason: str) -> str:
    """Return the line that a refused render prints."""
    return f"render refused, since no face can be swapped ({reason}); {ORIGINALS_VARIABLE}=render renders the originals"


def question_text(reason: str) -> str:
    """Return why, as the dialog before such a render shows it."""
    return f"{reason}."


def report_text(reason: str) -> str:
    """Return the line that is reported in the window as such a render starts."""
    return f"Originals are being rendered, since no face can be swapped ({reason}): Esc in the render's window stops it"


def _rendered_clips(scene: bpy.types.Scene) -> Iterator[tuple[Any, list[Any]]]:
    """Yield the clips with a stack that a render of a scene's range may show, each with its modifiers.

    A still need not lie in the range, but as it starts Blender does not say which frame it is (4.5 to 5.2): then its
    originals are counted, and it is not refused.
    """
    for here in _played_scenes(scene):
        strips = SceneStrips(here)
        for clip in strips.clips:
            if (here != scene or _is_in_range(scene, clip)) and not hidden_reason(here, clip, "strip"):
                yield clip, strips.modifiers_by_stack.get(strips.stack_id(clip), [])


def _played_scenes(scene: bpy.types.Scene) -> list[bpy.types.Scene]:
    """List a scene and those that its scene strips play by their sequencer, and those within these."""
    scenes, waiting = [scene], [scene]
    while waiting:
        here = waiting.pop()
        for strip in all_strips(here):
            inner = cast("Any", strip)
            if inner.type != "SCENE" or inner.scene_input != "SEQUENCER" or inner.scene in (None, *scenes):
                continue
            if not hidden_reason(here, inner, "strip") and (here != scene or _is_in_range(scene, inner)):
                scenes.append(inner.scene)
                waiting.append(inner.scene)
    return scenes


def _is_in_range(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether a strip, and the meta strips around it, lie at frames of the scene's range."""
    first, last, around = scene.frame_start, scene.frame_end, strip
    while around is not None:
        first, last = max(first, around.frame_final_start), min(last, around.frame_final_end - 1)
        around = around.parent_meta()
    return bool(first <= last)
