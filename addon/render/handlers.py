# SPDX-License-Identifier: GPL-3.0-or-later
"""Handlers: before Blender draws a frame of a render, its layer images exist and are up to date.

A render calls `render_init`, `render_pre` for each frame and `render_complete` or `render_cancel`. Without a
window these run on the main thread; with one, on the render's own thread, where Blender's data may be read but
not changed. There only files are written; bringing the layers in step is left to `depsgraph_update_post`,
which runs on the main thread whenever the editor changes something, and to the operators.

A render from the viewport calls `frame_change_post` alone, for each frame, and nothing as it ends.
"""

import queue
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import bpy
from bpy.app.handlers import persistent

from ..blender.console import print_warnings
from ..blender.handlers import add_handlers, call_handlers, remove_handlers
from ..blender.reports import show_report
from ..layers.layer_edits import layer_edits
from ..layers.nesting import unnest_where_possible
from ..layers.project_save import has_layers_elsewhere, take_along
from ..layers.replaced_files import remember_movies
from ..layers.scene_strips import SceneStrips
from ..layers.sync import sync_layers, sync_timing
from ..layers.sync_memory import sync_memory
from ..layers.visible_placeholders import apply_placeholder_choice
from ..lookups.gallery import refresh_lookups
from ..modifiers.sanitize import repair_texts
from ..modifiers.source_images import source_image_paths
from ..preview.refresh import refresh_preview
from ..properties.status import set_window_state
from .main_thread_task import main_thread_task, on_main_thread
from .originals_question import originals_question
from .render_result import RenderResult
from .run import RenderRun
from .viewport import ViewportRender

_POLL_SECONDS = 0.5
_HANDLER_NAMES = (
    "render_init", "render_pre", "render_write", "render_complete", "render_cancel", "depsgraph_update_post",
    "load_post", "save_pre", "save_post", "save_post_fail", "frame_change_post",
)  # fmt: skip


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded.

    The run that they share lives in this closure and nowhere else.
    """
    ended: queue.SimpleQueue[RenderResult] = queue.SimpleQueue()
    notes: queue.SimpleQueue[str] = queue.SimpleQueue()
    run = RenderRun(ended.put, notes.put)
    viewport = ViewportRender(ended.put, notes.put)

    def show_results() -> float:
        """Show on the main thread how a render ended: its own thread may not change what windows show."""
        main_thread_task().run_pending()
        originals_question().show()
        viewport.end_if_over()
        run.end_if_refused()
        while not notes.empty():
            text = notes.get()
            set_window_state("trouble", text)
            show_report(text, "ERROR")
        while not ended.empty():
            _show_result(ended.get())
        return _POLL_SECONDS

    @persistent
    def on_begin(scene: bpy.types.Scene, *_: Any) -> None:
        try:
            run.begin(scene)
        except Exception as error:  # noqa: BLE001 - the border: Blender would render on as if all were well
            run.on_error(scene, error)

    @persistent
    def on_frame(scene: bpy.types.Scene, *_: Any) -> None:
        try:
            run.update_frame(scene)
        except Exception as error:  # noqa: BLE001 - the border, as above
            run.on_error(scene, error)

    @persistent
    def on_frame_change(scene: bpy.types.Scene, *_: Any) -> None:
        viewport.on_frame_change(scene)

    @persistent
    def on_write(scene: bpy.types.Scene, *_: Any) -> None:
        run.check_written_frame(scene)

    @persistent
    def on_end(scene: bpy.types.Scene, *_: Any) -> None:
        run.end(scene)

    if not bpy.app.background:
        bpy.app.timers.register(show_results, first_interval=_POLL_SECONDS, persistent=True)
    on_end.__dict__.update(close=partial(_close, show_results, run), release_session=run.close)

    handlers = (
        on_begin,
        on_frame,
        on_write,
        on_end,
        _cancel_handler(run),
        on_depsgraph_update,
        on_load,
        on_save,
        on_saved,
        on_saved,
        on_frame_change,
    )
    return dict(zip(_HANDLER_NAMES, handlers, strict=True))


def _cancel_handler(run: RenderRun) -> Callable[..., None]:
    @persistent
    def on_cancel(scene: bpy.types.Scene, *_: Any) -> None:
        run.cancel(scene)

    return on_cancel


@persistent
def on_depsgraph_update(scene: bpy.types.Scene, depsgraph: Any = None, *_: Any) -> None:
    """Move the layers with their clips. Blender calls this for what it changes, too: then nothing is left."""
    # A strip is part of its scene: whatever else changed moved none.
    if on_main_thread() and (depsgraph is None or depsgraph.id_type_updated("SCENE")):
        sync_timing(scene)


@persistent
def on_load(*_: Any) -> None:
    """Bring the layers of a loaded project in step: it may have been edited without Understudy, by anyone."""
    sync_memory().forget_layers()
    layer_edits().forget()
    repair_texts()
    for scene in bpy.data.scenes:
        sync_timing(scene)
        remember_movies(SceneStrips(scene))


@persistent
def on_save(filepath: object = "", *_: Any) -> None:
    """Put the layers in order before they are saved; into another folder than before, they come along."""
    problems = _sync_scenes()
    for scene in bpy.data.scenes:
        unnest_where_possible(scene)
    # Blender gives no name where it saves its own start-up file.
    if isinstance(filepath, str) and filepath:
        source_image_paths().store(Path(filepath).parent)
        problems += take_along(filepath)
        for scene in bpy.data.scenes:
            problems += apply_placeholder_choice(scene, Path(filepath).parent)
    print_warnings(problems)


@persistent
def on_saved(*_: Any) -> None:
    """After a copy was saved elsewhere, or saving failed, layers have their own folder again."""
    source_image_paths().restore()
    if any(map(has_layers_elsewhere, bpy.data.scenes)):
        print_warnings(_sync_scenes())


def _sync_scenes() -> list[str]:
    return [text for scene in bpy.data.scenes for text in sync_layers(scene)]


def release_render_session() -> None:
    """Let go of what renders keep open and in memory."""
    call_handlers(__name__, "render_complete", "release_session")


def _show_result(result: RenderResult) -> None:
    """Show how a render ended."""
    set_window_state("rendered", result.summary)
    refresh_lookups()
    show_report(result.report, "WARNING" if result.has_originals else "INFO")
    if result.failures:
        set_window_state("trouble", result.failures[0])
    refresh_preview(after_viewport_render=result.from_viewport)


def _close(timer: Callable[[], float], run: RenderRun) -> None:
    run.close()
    if bpy.app.timers.is_registered(timer):
        bpy.app.timers.unregister(timer)


def register() -> None:
    """Add the handlers, once."""
    unregister()
    add_handlers(_handlers())


def unregister() -> None:
    """Take out every handler of this module, those of an earlier registration too."""
    remove_handlers(__name__, _HANDLER_NAMES)
