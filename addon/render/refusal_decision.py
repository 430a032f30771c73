# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a render that can swap no face goes on, which its user may decide."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import bpy

from ..layers.rendered_clips import originals_reason
from ..properties.originals import ASK, REFUSE, RENDER
from .originals_question import originals_question
from .refusal import REPORT, originals_action, question_text, refusal_text, rendered_image_fault, report_text

if TYPE_CHECKING:
    from ...core.sessions.layer_session import LayerSession


def decide_refusal(
    scene: bpy.types.Scene,
    session: "LayerSession",
    on_originals: Callable[[str], None],
    *,
    from_viewport: bool,
) -> str:
    """Return why a render is refused, an empty text where it goes on.

    `on_originals` is called where it goes on and the user is to know that it can swap no face.
    """
    action = originals_action(scene, from_viewport=from_viewport)
    # Who wants the originals anyway does not wait for the images to be looked into.
    if action == RENDER:
        return ""
    reason = originals_reason(scene, partial(rendered_image_fault, session))
    if not reason:
        return ""
    if action == REPORT:
        on_originals(report_text(reason))
    elif action == REFUSE or (action == ASK and not originals_question().ask(question_text(reason))):
        return refusal_text(reason)
    return ""
