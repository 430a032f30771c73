# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers: before Blender draws a frame of a render, its layer pictures exist and are up to date.

A render calls `render_init`, `render_pre` for each frame and `render_complete` or `render_cancel`. Without a
window these run on the main thread; with one, on the render's own thread, where Blender's data may be read but
not changed. There only files are written; bringing the layers in step is left to `depsgraph_update_post`,
which runs on the main thread whenever the editor changes something, and to the operators.
"""

import queue
from collections.abc import Callable
from functools import partial
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..blender.console import say
from ..blender.handlers import add_handlers, remove_handlers
from ..layers.sync import sync_layers, sync_timing
from ..modifiers.sanitize import mend_texts
from ..preview.refresh import preview_again
from ..properties.status import put
from .run import Ended, RenderRun, on_main_thread

_LOOK_SECONDS = 0.5
_HANDLED = (
    "render_init", "render_pre", "render_write", "render_complete", "render_cancel", "depsgraph_update_post",
    "load_post", "save_pre",
)  # fmt: skip


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded.

    The run that they share lives in this closure and nowhere else.
    """
    ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    run = RenderRun(ended.put)

    def show() -> float:
        """Show on the main thread how a render ended: its own thread may not change what windows show."""
        while not ended.empty():
            last = ended.get()
            put("rendered", last.line)
            if last.failures:
                put("trouble", last.failures[0])
            preview_again()
        return _LOOK_SECONDS

    @persistent
    def begin(scene: bpy.types.Scene, *_: Any) -> None:
        try:
            run.begin(scene)
        except Exception as error:  # noqa: BLE001 - the border: Blender would render on as if all were well
            run.broke(scene, error)

    @persistent
    def frame(scene: bpy.types.Scene, *_: Any) -> None:
        try:
            run.frame(scene)
        except Exception as error:  # noqa: BLE001 - the border, as above
            run.broke(scene, error)

    @persistent
    def written(scene: bpy.types.Scene, *_: Any) -> None:
        run.written(scene)

    @persistent
    def end(scene: bpy.types.Scene, *_: Any) -> None:
        run.end(scene)

    if not bpy.app.background:
        bpy.app.timers.register(show, first_interval=_LOOK_SECONDS, persistent=True)
    end.__dict__["close"] = partial(_stop_timer, show)

    handlers = (begin, frame, written, end, end, keep_in_step, loaded, saving)
    return dict(zip(_HANDLED, handlers, strict=True))


@persistent
def keep_in_step(scene: bpy.types.Scene, *_: Any) -> None:
    """Move the layers with their clips. Blender calls this for what it changes, too: then nothing is left."""
    if on_main_thread():
        sync_timing(scene)


@persistent
def loaded(*_: Any) -> None:
    """Bring the layers of a loaded project in step: it may have been edited without Understudy, by anyone."""
    mend_texts()
    for scene in bpy.data.scenes:
        sync_timing(scene)


@persistent
def saving(*_: Any) -> None:
    """A project saved elsewhere takes its cache folder, and so its layers' folder, with it."""
    for scene in bpy.data.scenes:
        for text in sync_layers(scene):
            say(f"warning: {text}")


def _stop_timer(timer: Callable[[], float]) -> None:
    if bpy.app.timers.is_registered(timer):
        bpy.app.timers.unregister(timer)


def register() -> None:
    """Add the handlers, once."""
    unregister()
    add_handlers(_handlers())


def unregister() -> None:
    """Take out every handler of this module, those of an earlier registration too."""
    remove_handlers(__name__, _HANDLED)
