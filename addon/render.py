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

from .folders import cache_folder
from .jobs import jobs_at, without_layer
from .layers import show_rewritten, sync_layers, sync_timing
from .preferences import preferences
from .session import Session
from .timeline import shown_scenes, stacked_clips

REPORT_VARIABLE = "UNDERSTUDY_REPORT"


def _on_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


def _scenes(scene: bpy.types.Scene) -> list[bpy.types.Scene]:
    """List a scene and every scene its strips play, each once."""
    frames = range(scene.frame_start, scene.frame_end + 1)
    return list({here.name: here for frame in (frames[0], frames[-1]) for here, _ in shown_scenes(scene, frame)}.values())


def _finish(session: Session) -> None:
    """Say in one line what the run did, and write the report where the environment asks for it."""
    facts = session.as_dict()
    session.close()
    warnings = cast("list[str]", facts["warnings"])
    for text in warnings:
        print(f"Understudy: warning: {text}")
    print(
        f"Understudy: {facts['frames']} layers, {facts['faces']} faces, {session.written} written, "
        f"{facts['frames_decoded']} frames decoded, {facts['models_loaded']} models loaded, "
        f"{len(warnings)} warnings, {facts['seconds']} s",
        flush=True,
    )
    wanted = os.environ.get(REPORT_VARIABLE)
    if wanted:
        try:
            Path(wanted).write_text(json.dumps(facts, indent=1) + "\n", encoding="utf-8")
        except OSError as error:
            print(f"Understudy: can't write the report {wanted}: {error.strerror}", flush=True)


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers. The session of the render that runs lives in this closure and nowhere else."""
    running: dict[str, Session] = {}

    @persistent
    def render_init(scene: bpy.types.Scene, *_: Any) -> None:
        end(scene)
        if not any(stacked_clips(here) for here in bpy.data.scenes):
            return
        session = running["session"] = Session(cache_folder(scene), preferences())
        for here in bpy.data.scenes:
            problems = sync_layers(here) if _on_main_thread() else []
            for text in problems:
                session.warn(text)
            for name in without_layer(here):
                session.warn(f"{name} has no layer strip, so the original is shown: press Refresh")

    @persistent
    def render_pre(scene: bpy.types.Scene, *_: Any) -> None:
        session = running.get("session")
        if session is None or not scene.render.use_sequencer:
            return
        written = [session.bring(job) for job in jobs_at(scene, scene.frame_current)]
        if any(written):
            show_rewritten()

    @persistent
    def end(_scene: bpy.types.Scene, *_: Any) -> None:
        session = running.pop("session", None)
        if session is not None:
            _finish(session)

    @persistent
    def keep_in_step(scene: bpy.types.Scene, *_: Any) -> None:
        # Blender calls this again for what is changed here; then nothing is left to change.
        if _on_main_thread() and isinstance(scene, bpy.types.Scene):
            sync_timing(scene)

    @persistent
    def loaded(*_: Any) -> None:
        for scene in bpy.data.scenes:
            sync_timing(scene)

    @persistent
    def saved(*_: Any) -> None:
        # A project saved elsewhere takes its cache folder, and so the layers' folder, with it.
        for scene in bpy.data.scenes:
            for text in sync_layers(scene):
                print(f"Understudy: warning: {text}", flush=True)

    return {
        "render_init": render_init,
        "render_pre": render_pre,
        "render_complete": end,
        "render_cancel": end,
        "depsgraph_update_post": keep_in_step,
        "load_post": loaded,
        "save_pre": saved,
    }


def register() -> None:
    """Add the handlers, once."""
    unregister()
    for name, handler in _handlers().items():
        getattr(bpy.app.handlers, name).append(handler)


def unregister() -> None:
    """Take out every handler of this module, those of an earlier registration too."""
    for name in ("render_init", "render_pre", "render_complete", "render_cancel", "depsgraph_update_post",
                 "load_post", "save_pre"):  # fmt: skip
        handlers = getattr(bpy.app.handlers, name)
        for handler in [entry for entry in handlers if getattr(entry, "__module__", "") == __name__]:
            handlers.remove(handler)
