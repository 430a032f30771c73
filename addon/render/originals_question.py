# SPDX-License-Identifier: GPL-3.0-or-later
"""Asks, as a render begins that can swap no face, whether to render the originals.

A render in a window begins on a thread of its own, where no dialog can be opened. There it waits for the answer, and
Blender's window goes on meanwhile.
"""

import threading
from functools import cache
from typing import Any, cast

import bpy

_TIMEOUT_SECONDS = 120.0
"""How long is waited for an answer. Blender, left meanwhile, waits for the render's thread to end."""


class OriginalsQuestion:
    """One question at a time, from a render's thread to the main thread."""

    def __init__(self) -> None:
        self._answered = threading.Event()
        self._text: str | None = None
        self._renders_originals = False

    def ask(self, text: str) -> bool:
        """Return whether the user wants the originals; not so where nobody answers. On a render's thread."""
        self._answered.clear()
        self._renders_originals = False
        self._text = text
        self._answered.wait(_TIMEOUT_SECONDS)
        self._text = None
        return self._renders_originals

    def answer(self, *, renders_originals: bool) -> None:
        """Let the render go on, or be refused."""
        self._renders_originals = renders_originals
        self._answered.set()

    def show(self) -> None:
        """Open the dialog, if a question waits for it. On the main thread."""
        text, self._text = self._text, None
        windows = bpy.data.window_managers[0].windows
        if text is None or not len(windows):
            return
        # The last is the one that the render has opened, if it did.
        with bpy.context.temp_override(window=windows[-1]):
            cast("Any", bpy.ops).understudy.render_originals("INVOKE_DEFAULT", text=text)
        # A dialog that a timer opens is not drawn before anything else is (5.2).
        for area in windows[-1].screen.areas:
            area.tag_redraw()


@cache
def originals_question() -> OriginalsQuestion:
    """Return the question of this Blender."""
    return OriginalsQuestion()
