# SPDX-License-Identifier: GPL-3.0-or-later
"""Rendering strictly: a frame that is not as it was asked for counts as failed, and nothing of it looks finished.

Asked for by `blender -b project.blend -a -- --understudy-strict`, or by a setting of the scene. Then Blender
without a window stops at that frame as at Ctrl-C, before it is written, and ends with an exit code of its own.
With a window, and in the module `bpy`, a render can't be stopped from outside: it goes on, and the images of
failed frames are removed as soon as they are written.
"""

import atexit
import os
import signal
import sys

import bpy

from ..properties.scene_properties import settings_of

STRICT_FLAG = "--understudy-strict"
EXIT_CODE = 3
"""How Blender ends when a frame failed."""


def is_strict(scene: bpy.types.Scene) -> bool:
    """Tell whether a scene is to be rendered strictly."""
    words = sys.argv[sys.argv.index("--") + 1 :] if "--" in sys.argv else []
    return STRICT_FLAG in words or bool(settings_of(scene).strict)


def fail_process() -> None:
    """See to the exit code. Nobody waits for one with a window."""
    if bpy.app.background:
        atexit.unregister(_exit_process)
        atexit.register(_exit_process)


def stop_render() -> None:
    """Stop the render where that is possible, once only, and see to the exit code."""
    if not bpy.app.background:
        return
    fail_process()
    # Blender's own answer to the signal ends the render, closes what it writes and tells `render_cancel`. In the
    # module `bpy` the answer is Python's, an exception that would end nothing but our handler.
    if signal.getsignal(signal.SIGINT) is None:
        signal.raise_signal(signal.SIGINT)


def _exit_process() -> None:
    """End the process with our exit code: it can't be given to Blender, which is through with its work by now."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(EXIT_CODE)
