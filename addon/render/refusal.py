# SPDX-License-Identifier: GPL-3.0-or-later
"""Renders in which no face can be swapped as asked: they would show who is not to be seen, and look finished."""

import os
import threading
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import bpy

from ...core.errors import UnderstudyError
from ...core.recipe import Detect
from ...core.recipe.request import FaceImage
from ...core.sessions.request_faults import RequestFault, image_fault
from ..layers.jobs import jobs_at
from ..layers.rendered_clips import RenderedClip
from ..properties.originals import ASK, ORIGINALS_VARIABLE, REFUSE, RENDER, originals_choice
from ..properties.preferences import preferences

if TYPE_CHECKING:
    from ...core.sessions.layer_session import LayerSession

REPORT = "REPORT"
REFUSED_TEXT = "Render refused: original faces would be shown"
"""The same in Blender's own report."""
CONDITION_TEXT = "Render refused: a condition of the preferences or the environment does not hold"


def rendered_image_fault(session: "LayerSession", rendered: RenderedClip) -> RequestFault | None:
    """Return which image of a clip's source persons can't be used, and why; None where all can.

    They are only looked into where no layer image proves that they will do: with `session`, whose cache has what was
    found in them before.
    """
    if _has_new_faces(session, rendered):
        return None
    return image_fault(rendered.requests, partial(_image_fault_text, session))


def _has_new_faces(session: "LayerSession", rendered: RenderedClip) -> bool:
    """Tell whether the first layer image of a clip is right and has a new face for each of its modifiers."""
    for job in jobs_at(rendered.scene, rendered.frame):
        if job.strip == rendered.clip.name:
            summary = session.current_summary(job)
            return summary is not None and summary.face_count >= len(rendered.requests)
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
