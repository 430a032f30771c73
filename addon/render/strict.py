# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering strictly: a frame that is not as it was asked for counts as failed, and nothing of it looks finished.

Asked for by `blender -b project.blend -a -- --understudy-strict`, by UNDERSTUDY_STRICT=1 where another program has
Blender's command line, or by a setting of the scene. Then Blender
without a window stops at that frame as at Ctrl-C, before it is written, and ends with an exit code of its own.
With a window, and in the module `bpy`, a render can't be stopped from outside: it goes on, and the images of
failed frames are removed as soon as they are written.
"""

import atexit
import os
import signal
import sys
from collections.abc import Callable
from functools import cache

import bpy

from ...core.units import parse_switch
from ..blender.command_line import blender_words, own_words
from ..properties.scene_properties import settings_of

STRICT_FLAG = "--understudy-strict"
STRICT_VARIABLE = "UNDERSTUDY_STRICT"
_SINGLE_FRAME_OPTIONS = {"-f", "--render-frame"}
EXIT_CODE = 3
"""How Blender ends when a frame failed."""


def is_strict(scene: bpy.types.Scene) -> bool:
    """Tell whether a scene is to be rendered strictly."""
    return STRICT_FLAG in own_words() or _is_strict_by_environment() or bool(settings_of(scene).strict)


def _is_strict_by_environment() -> bool:
    """Tell what the environment says; what can't be read as a switch was meant to be one."""
    text = os.environ.get(STRICT_VARIABLE, "").strip()
    try:
        return bool(text) and parse_switch(text)
    except ValueError:
        return True


def fail_process(close: Callable[[], None], exit_code: int = EXIT_CODE) -> None:
    """See to the exit code; `close` is called as the process ends. Nobody waits for a code with a window."""
    if bpy.app.background:
        atexit.unregister(_exit_process)
        atexit.register(_exit_process, close, exit_code)


def stop_render(close: Callable[[], None]) -> None:
    """Stop the render where that is possible, and see to the exit code as `fail_process` does."""
    if not bpy.app.background:
        return
    fail_process(close)
    # Blender's own answer to the signal ends the render, closes what it writes and tells `render_cancel`. In the
    # module `bpy` the answer is Python's, an exception that would end nothing but our handler. Of single frames the
    # command line would drop those that follow as well, though it goes through them.
    if signal.getsignal(signal.SIGINT) is None and not _SINGLE_FRAME_OPTIONS.intersection(blender_words()):
        _interrupt_blender()


@cache
def _interrupt_blender() -> None:
    """Send Blender the signal, once: at a second one, as of a later still, it would end at once with another code."""
    signal.raise_signal(signal.SIGINT)


def _exit_process(close: Callable[[], None], exit_code: int) -> None:
    """End the process with our exit code: it can't be given to Blender, which is through with its work by now."""
    close()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)
