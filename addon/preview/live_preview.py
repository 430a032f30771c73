# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview shows what would be rendered: the visible frame's layers follow every change.

Fusing is done on a thread of its own, one request at a time and the newest first; Blender's data is read and
shown pictures are renewed on the main thread only. No model runs here and no frame is decoded: what is not
prepared shows the original, and the panel says so.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import bpy
from bpy.app.handlers import persistent

from ...core.errors import UnderstudyError
from ...core.layers.job import LayerJob
from ..blender.handlers import add_handlers, remove_handlers
from ..layers.folders import cache_folder
from ..layers.jobs import StripMemory, jobs_at
from ..layers.layer_strip import show_rewritten, stop_prefetching
from ..modifiers.active import active_scene
from ..properties.preferences import Preferences, preferences
from ..properties.status import forget, put, window_state
from ..sessions.open import open_preview

if TYPE_CHECKING:
    from ...core.sessions.preview_session import Preview, PreviewSession

# How often is looked for a picture that did not come while it was waited for. Only one is asked for at a time, so a
# short tick never fuses faster than Blender shows; and it ticks only while one is awaited.
TICK_SECONDS = 0.002
AGAIN_SECONDS = 1.0
# How long a new frame may wait for its layer before it is drawn without it: while it plays or anything is dragged, one
# frame's time; where somebody waits for this very frame longer, and longest where it is written to a file. What is
# not prepared is not waited for.
PATIENCE_SECONDS = 0.025
# After an edit: one that comes late costs Blender another whole redraw, which takes longer than this wait.
EDITED_SECONDS = 0.05
STANDING_SECONDS = 0.5
WRITTEN_SECONDS = 10.0

_SETTLED_SECONDS = 2.0
_WATCHED = ("frame_change_post", "depsgraph_update_post", "undo_post", "redo_post", "load_post")


@dataclass(frozen=True)
class Wanted:
    """What the visible frame needs."""

    folder: Path
    preferences: Preferences
    jobs: tuple[LayerJob, ...]
    may_blank: bool


Outcome: TypeAlias = "list[tuple[LayerJob, Preview, str]]"


class _Fuser:
    """The work of the thread: a session that stays open while the cache folder stays the same."""

    def __init__(self) -> None:
        self.session: PreviewSession | None = None
        self._place: tuple[Path, Preferences] | None = None

    def bring(self, wanted: Wanted) -> Outcome:
        """Bring the pictures of a frame up to date as far as that needs fusing alone."""
        place = wanted.folder, wanted.preferences
        if self.session is None or self._place != place:
            self.close()
            self.session, self._place = open_preview(*place), place
        return [(job, *self.session.preview(job, may_blank=wanted.may_blank)) for job in wanted.jobs]

    def close(self) -> None:
        """Let go of the session."""
        if self.session is not None:
            self.session.close()
            self.session = None


class Live:
    """Keeps the layers of the visible frame up to date. Called on the main thread."""

    def __init__(
        self,
        show: Callable[[], None] = show_rewritten,
        clear_way: Callable[[], None] = stop_prefetching,
    ) -> None:
        """`show` makes Blender read rewritten pictures again; `clear_way` is called while an edit's are fused."""
        self._show, self._clear_way = show, clear_way
        self._fuser = _Fuser()
        self._thread = ThreadPoolExecutor(1, "understudy preview")
        self._pending: list[Future[Outcome]] = []
        self._scene = ""
        self._memory = StripMemory()
        self._asked: Wanted | None = None
        self._touched = False
        self._unprepared = False
        self._worked = -_SETTLED_SECONDS
        self._timer = self.tick  # one object: Blender knows timers by identity

    @property
    def facts(self) -> dict[str, object]:
        """What was fused, loaded and decoded so far, as a session reports it."""
        return {} if self._fuser.session is None else self._fuser.session.as_dict()

    def touched(self, scene: bpy.types.Scene) -> None:
        """Something changed: look again at the next tick. Cheap, however often it is called."""
        self._scene, self._touched = scene.name, True
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, first_interval=TICK_SECONDS)

    def edited(self, scene: bpy.types.Scene, patience: float = EDITED_SECONDS) -> None:
        """Something but the frame changed: a strip may play other files. Then as for a new frame.

        Blender draws after every edit, before any timer: a picture that is not waited for has it draw twice.
        """
        self._memory = StripMemory()
        self._bring(scene, patience, edited=True)

    def frame_changed(self, scene: bpy.types.Scene, patience: float = PATIENCE_SECONDS) -> None:
        """Ask for the layers of the scene's new frame; if they are ready within `patience` seconds show them."""
        self._bring(scene, patience, edited=False)

    def _bring(self, scene: bpy.types.Scene, patience: float, *, edited: bool) -> None:
        """Ask for what the visible frame needs, wait, show it."""
        if window_state().walking:
            return
        self.touched(scene)
        if self._ask() and edited:
            self._clear_way()
        wait(self._pending, patience)
        self._take()

    def frame_written(self, scene: bpy.types.Scene) -> None:
        """Bring the layers of a frame that the viewport renders, on that render's own thread (Blender 5.2).

        Blender's data is only read there.
        """
        wanted = Wanted(
            cache_folder(scene),
            preferences(),
            tuple(jobs_at(scene, scene.frame_current, self._memory, preview=True)),
            self._may_blank(),
        )
        if not wanted.jobs:
            return
        asked = self._thread.submit(self._fuser.bring, wanted)
        wait([asked], WRITTEN_SECONDS)
        if asked.done() and any(how in ("fused", "blanked") for _, how, _ in asked.result()):
            self._show()

    def tick(self) -> float | None:
        """Ask for what changed and show what came; return the seconds to the next tick, None for no more."""
        self._take()
        if self._touched and not self._pending:
            self._ask()
        if self._pending or self._touched:
            return TICK_SECONDS
        if self._unprepared:
            # The worker, another process or another machine may be making it.
            self._asked, self._touched = None, True
            return AGAIN_SECONDS
        return None

    def forget(self) -> None:
        """Another file was loaded."""
        self._asked, self._touched, self._unprepared = None, False, False

    def let_go(self) -> None:
        """Results were deleted: forget those in memory, or what shows them would be fused again."""
        self._asked = None
        self._thread.submit(self._fuser.close).result()

    def close(self) -> None:
        """End the thread and let go of everything."""
        if not bpy.app.background and bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._pending.clear()
        self._fuser.close()

    def _ask(self) -> bool:
        """Hand the visible frame's jobs to the thread, unless they are those it had last; True if it did."""
        self._touched = False
        scene: Any = bpy.data.scenes.get(self._scene)
        # A render writes the pictures itself, but for one of the viewport; a walk only passes through its frames.
        rendering = cast("Any", bpy.app).is_job_running("RENDER") and not _viewport_renders()
        if scene is None or window_state().walking or rendering:
            return False
        try:
            jobs = tuple(jobs_at(scene, scene.frame_current, self._memory, preview=True))
        except UnderstudyError as error:
            put("notice", str(error))
            return False
        wanted = Wanted(cache_folder(scene), preferences(), jobs, self._may_blank())
        if wanted == self._asked:
            return False
        self._asked = wanted
        if not jobs:
            self._unprepared = False
            put("notice", "")
            return False
        # The newest is wanted; what the thread has begun is still shown.
        self._pending = [entry for entry in self._pending if not entry.cancel()]
        self._pending.append(self._thread.submit(self._fuser.bring, wanted))
        return True

    def _may_blank(self) -> bool:
        """Tell whether what looks unprepared is so.

        While a worker writes, and until its results have surely been seen, its new pictures would be blanked.
        """
        now = time.monotonic()
        if window_state().running:
            self._worked = now
        return now - self._worked >= _SETTLED_SECONDS

    def _take(self) -> None:
        """Show what the thread has done."""
        ended = [entry for entry in self._pending if entry.done()]
        self._pending = [entry for entry in self._pending if entry not in ended]
        for entry in ended:
            outcome = entry.result()
            missing = [f"{job.strip}: {reason}" for job, _, reason in outcome if reason]
            self._unprepared = bool(missing)
            put("notice", missing[0] if missing else "")
            if any(how in ("fused", "blanked") for _, how, _ in outcome):
                self._show()


def _viewport_renders() -> bool:
    """Tell whether Blender renders from the viewport, which calls no handler of a render."""
    windows = [cast("Any", window) for window in bpy.data.window_managers[0].windows]
    return any(
        entry.bl_idname == "RENDER_OT_opengl" for window in windows for entry in window.modal_operators
    )


def _patience() -> float:
    """Return how long the frame that Blender is about to show may be waited for."""
    if _viewport_renders():
        return WRITTEN_SECONDS
    windows = [cast("Any", window) for window in bpy.data.window_managers[0].windows]
    moving = any(window.screen.is_animation_playing or window.screen.is_scrubbing for window in windows)
    return PATIENCE_SECONDS if moving else STANDING_SECONDS


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded, around one `Live`."""
    live = Live()

    def here() -> bool:
        return not bpy.app.background and threading.current_thread() is threading.main_thread()

    @persistent
    def changed(scene: bpy.types.Scene, *_: Any) -> None:
        if here():
            live.edited(active_scene(bpy.context) or scene)

    @persistent
    def moved(scene: bpy.types.Scene, *_: Any) -> None:
        if here():
            live.frame_changed(scene, _patience())
        elif not bpy.app.background and _viewport_renders():
            live.frame_written(scene)

    @persistent
    def loaded(*_: Any) -> None:
        live.forget()
        forget()
        scene = active_scene(bpy.context)
        if scene is not None and here():
            live.touched(scene)

    loaded.__dict__.update(close=live.close, let_go=live.let_go)
    return dict(zip(_WATCHED, (moved, changed, changed, changed, loaded), strict=True))


def let_go() -> None:
    """Have the preview forget results that were deleted."""
    for handler in bpy.app.handlers.load_post:
        if getattr(handler, "__module__", "") == __name__:
            handler.__dict__["let_go"]()


def register() -> None:
    """Add the handlers."""
    add_handlers(_handlers())


def unregister() -> None:
    """Take the handlers out again and end the thread."""
    remove_handlers(__name__, _WATCHED)
