# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders in which no face can be swapped as asked: they would show who is not to be seen, and look finished."""

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import RecipeError, UnderstudyError
from ...core.recipe import Detect
from ...core.recipe.request import FaceImage, SwapRequest
from ...core.sessions.request_faults import image_fault, request_fault
from ..layers.folders import cache_folder
from ..layers.jobs import jobs_at
from ..layers.scene_strips import SceneStrips
from ..modifiers.stack import requests_of_modifiers
from ..modifiers.visibility import hidden_reason
from ..properties.originals import ASK, ORIGINALS_VARIABLE, REFUSE, RENDER, originals_choice
from ..properties.preferences import preferences
from ..sequencer.strips import all_strips
from ..sessions.open import run_settings

if TYPE_CHECKING:
    from ...core.sessions.layer_session import LayerSession

REPORT = "REPORT"
REFUSED_TEXT = "Render refused: original faces would be shown"
"""The same in Blender's own report."""


@dataclass(frozen=True)
class RenderedClip:
    """A clip with a stack that a render may show."""

    scene: bpy.types.Scene
    """The scene that it lies in."""
    clip: Any
    frame: int
    """The first frame of that scene at which the render may show it."""
    modifiers: Sequence[Any]


def originals_reason(scene: bpy.types.Scene, session: "LayerSession") -> str:
    """Say why a render of a scene can swap no face as it is to be; empty where it can, or where nobody asks for one.

    Looks at the clips that are seen in the scene's range, up to the first that can have its new faces. Images of source
    persons are only looked into where no layer image proves that they will do: with `session`, whose cache has what was
    found in them before.
    """
    if not scene.render.use_sequencer:
        return ""
    library = run_settings(cache_folder(scene), preferences()).library
    reasons: list[str] = []
    for rendered in _rendered_clips(scene):
        try:
            requests = requests_of_modifiers(rendered.modifiers)
        except RecipeError:
            continue
        if not requests:
            continue
        fault = request_fault(requests, library)
        if fault is None and not _has_new_faces(rendered, requests, session):
            fault = image_fault(requests, partial(_image_fault_text, session))
        if fault is None:
            return ""
        name = f"{fault.modifier} of {rendered.clip.name}" if fault.modifier else rendered.clip.name
        reasons.append(f"{name}: {fault.text}")
    return "; ".join(dict.fromkeys(reasons))


def _has_new_faces(rendered: RenderedClip, requests: Sequence[SwapRequest], session: "LayerSession") -> bool:
    """Tell whether the first layer image of a clip is right and has a new face for each of its modifiers."""
    for job in jobs_at(rendered.scene, rendered.frame):
        if job.strip == rendered.clip.name:
            summary = session.current_summary(job)
            return summary is not None and summary.face_count >= len(requests)
    return False


def _image_fault_text(session: "LayerSession", image: FaceImage, detect: Detect) -> str:
    """Say why an image of a source person can't be used; empty where it can."""
    try:
        return session.inspect_source_image(image, detect).fault
    except UnderstudyError as error:
        return str(error)


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
    return (
        f"render refused, since original faces would be shown ({reason}); "
        f"{ORIGINALS_VARIABLE}=render renders them"
    )


def question_text(reason: str) -> str:
    """Return why, as the dialog before such a render shows it."""
    return f"{reason}."


def report_text(reason: str) -> str:
    """Return the line that is reported in the window as such a render starts."""
    return f"Original faces are being rendered ({reason}): Esc in the render's window stops it"


def _rendered_clips(scene: bpy.types.Scene) -> Iterator[RenderedClip]:
    """Yield the clips with a stack that a render of a scene's range may show.

    A still need not lie in the range, but as it starts Blender does not say which frame it is (4.5 to 5.2): then its
    originals are counted, and it is not refused.
    """
    for here in _played_scenes(scene):
        strips = SceneStrips(here)
        for clip in strips.clips:
            frame = _first_frame(clip, scene if here == scene else None)
            if frame is not None and not hidden_reason(here, clip, "strip"):
                modifiers = strips.modifiers_by_stack.get(strips.stack_id(clip), [])
                yield RenderedClip(here, clip, frame, modifiers)


def _played_scenes(scene: bpy.types.Scene) -> list[bpy.types.Scene]:
    """List a scene and those that its scene strips play by their sequencer, and those within these."""
    scenes, waiting = [scene], [scene]
    while waiting:
        here = waiting.pop()
        for strip in all_strips(here):
            inner = cast("Any", strip)
            if inner.type != "SCENE" or inner.scene_input != "SEQUENCER" or inner.scene in (None, *scenes):
                continue
            shown = _first_frame(inner, scene if here == scene else None) is not None
            if shown and not hidden_reason(here, inner, "strip"):
                scenes.append(inner.scene)
                waiting.append(inner.scene)
    return scenes


def _first_frame(strip: Any, scene: bpy.types.Scene | None) -> int | None:
    """Return the first frame at which a strip and the meta strips around it lie; None where there is none.

    In the range of a scene, if one is given.
    """
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    if scene is not None:
        first, last = max(first, scene.frame_start), min(last, scene.frame_end)
    around = strip.parent_meta()
    while around is not None:
        first, last = max(first, around.frame_final_start), min(last, around.frame_final_end - 1)
        around = around.parent_meta()
    return int(first) if first <= last else None
