# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers: before Blender draws a frame of a render, its layer pictures exist and are up to date.

A render calls `render_init`, `render_pre` for each frame and `render_complete` or `render_cancel`. Without a
window these run on the main thread; with one, on the render's own thread, where Blender's data may be read but
not changed. There only files are written; bringing the layers in step is left to `depsgraph_update_post`,
which runs on the main thread whenever the editor changes something, and to the operators.
"""

import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ..core.layer_session import LayerSession
from .folders import cache_folder
from .jobs import jobs_at
from .layers import show_rewritten
from .notices import not_shown
from .preferences import preferences
from .session import open_session
from .timeline import stacked_clips
from .upkeep import sync_layers, sync_timing

REPORT_VARIABLE = "UNDERSTUDY_REPORT"


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _say(text: str) -> None:
    print(f"Understudy: {text}", flush=True)


class RenderRun:
    """The session of the render that runs now, if one does."""

    def __init__(self) -> None:
        self._session: LayerSession | None = None

    def begin(self, scene: bpy.types.Scene) -> None:
        """Begin a session, if any clip has a stack."""
        self.end()
        if not any(stacked_clips(here) for here in bpy.data.scenes):
            return
        self._session = open_session(cache_folder(scene), preferences())
        for here in bpy.data.scenes:
            problems = sync_layers(here) if _on_main_thread() else []
            for text in problems + not_shown(here):
                self._session.warn(text)

    def frame(self, scene: bpy.types.Scene) -> None:
        """Bring the layer pictures of the scene's frame up to date."""
        if self._session is None or not scene.render.use_sequencer:
            return
        written = [self._session.bring(job) for job in jobs_at(scene, scene.frame_current)]
        if any(written):
            show_rewritten()

    def end(self) -> None:
        """Say in one line what the render did, and write the report where the environment asks for it."""
        session, self._session = self._session, None
        if session is None:
            return
        facts = session.as_dict()
        session.close()
        warnings = cast("list[str]", facts["warnings"])
        for text in warnings:
            _say(f"warning: {text}")
        _say(
            f"{facts['frames']} layers, {facts['faces']} faces, {session.written} written, "
            f"{facts['frames_decoded']} frames decoded, {facts['models_loaded']} models loaded, "
            f"{len(warnings)} warnings, {facts['seconds']} s"
        )
        wanted = os.environ.get(REPORT_VARIABLE)
        if wanted:
            try:
                Path(wanted).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
            except OSError as error:
                _say(f"warning: can't write the report {wanted}: {error.strerror}")


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded.

    The run that they share lives in this closure and nowhere else.
    """
    run = RenderRun()

    @persistent
    def begin(scene: bpy.types.Scene, *_: Any) -> None:
        run.begin(scene)

    @persistent
    def frame(scene: bpy.types.Scene, *_: Any) -> None:
        run.frame(scene)

    @persistent
    def end(*_: Any) -> None:
        run.end()

    return {
        "render_init": begin,
        "render_pre": frame,
        "render_complete": end,
        "render_cancel": end,
        "depsgraph_update_post": keep_in_step,
        "load_post": loaded,
        "save_pre": saving,
    }


@persistent
def keep_in_step(scene: bpy.types.Scene, *_: Any) -> None:
    """Move the layers with their clips. Blender calls this for what it changes, too: then nothing is left."""
    if _on_main_thread():
        sync_timing(scene)


@persistent
def loaded(*_: Any) -> None:
    """Bring the layers of a loaded project in step: it may have been edited without Understudy."""
    for scene in bpy.data.scenes:
        sync_timing(scene)


@persistent
def saving(*_: Any) -> None:
    """A project saved elsewhere takes its cache folder, and so its layers' folder, with it."""
    for scene in bpy.data.scenes:
        for text in sync_layers(scene):
            _say(f"warning: {text}")


def register() -> None:
    """Add the handlers, once."""
    unregister()
    for name, handler in _handlers().items():
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Take out every handler of this module, those of an earlier registration too."""
    for name in _handlers():
        handlers = getattr(bpy.app.handlers, name)
        for handler in [entry for entry in handlers if getattr(entry, "__module__", "") == __name__]:
            handlers.remove(handler)
