# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the render that begins now is refused: by a condition of the user's, or since it could swap no face."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import bpy

from ..blender.console import print_error
from ..layers.rendered_clips import condition_reason, originals_reason
from ..properties.originals import ASK, REFUSE, RENDER
from .originals_question import originals_question
from .refusal import (
    CONDITION_TEXT,
    REFUSED_TEXT,
    REPORT,
    originals_action,
    question_text,
    refusal_text,
    rendered_image_fault,
    report_text,
)
from .refused_output import RefusedOutput
from .strict import fail_process

if TYPE_CHECKING:
    from ...core.sessions.layer_session import LayerSession


class RenderRefusal:
    """What a render was refused for, if it was."""

    def __init__(
        self, on_originals: Callable[[str], None], close: Callable[[], None], *, from_viewport: bool
    ) -> None:
        """`on_originals` hears what nobody refuses; `close` is called as a process ends that refused its render."""
        self._on_originals = on_originals
        self._close = close
        self._from_viewport = from_viewport
        self._output = RefusedOutput()
        self._title = ""
        self.text = ""
        """The line that the refused render prints; empty where it is not refused."""

    @property
    def title(self) -> str:
        """The same in a few words, as Blender's own report says it."""
        return self._title

    @property
    def holds_output(self) -> bool:
        """Whether a scene has the settings of a refused render now."""
        return self._output.is_set

    def clear(self) -> None:
        """Refuse nothing, until the next render is decided on."""
        self.text = self._title = ""

    def restore_output(self) -> None:
        """Give the scene its own settings back."""
        self._output.restore()

    def decide(self, scene: bpy.types.Scene, session: "LayerSession | None") -> None:
        """Refuse a render that is against a condition, or that can swap no face unless the user wants it."""
        reason = condition_reason(scene)
        if reason and self._from_viewport:
            self._on_originals(f"A render would be refused: {reason}")
        elif reason:
            self._refuse(scene, f"render refused: {reason}", CONDITION_TEXT)
        else:
            self._decide_on_originals(scene, session)

    def _decide_on_originals(self, scene: bpy.types.Scene, session: "LayerSession | None") -> None:
        action = originals_action(scene, from_viewport=self._from_viewport)
        # Who wants the originals anyway does not wait for the images to be looked into.
        if action == RENDER or session is None:
            return
        reason = originals_reason(scene, partial(rendered_image_fault, session))
        if not reason:
            return
        if action == REPORT:
            self._on_originals(report_text(reason))
        elif action == REFUSE or (action == ASK and not originals_question().ask(question_text(reason))):
            self._refuse(scene, refusal_text(reason), REFUSED_TEXT)

    def _refuse(self, scene: bpy.types.Scene, text: str, title: str) -> None:
        self.text, self._title = text, title
        print_error(text)
        self._output.prevent(scene, title)
        fail_process(self._close)
