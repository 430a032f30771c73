# SPDX-License-Identifier: GPL-3.0-or-later
"""The preview shows what would be rendered: the visible frame's layers follow every change.

Fusing is done on a thread of its own, one request at a time and the newest first; Blender's data is read and
shown images are renewed on the main thread only. No model runs here and no frame is decoded: what is not
prepared shows the original, and the panel says so. Only a frame that had its faces when an edit asked for other ones
is made beside the editor, see `FrameWorker`, and shows the last ones until then.
"""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from ...core.errors import UnderstudyError
from ..blender.handlers import add_handlers, call_handlers, remove_handlers
from ..blender.viewport_render import is_rendering, is_viewport_render_open
from ..layers.consent_file import consent_file
from ..layers.folders import cache_folder
from ..layers.jobs import LayerFault, StripCache, jobs_at
from ..layers.layer_strip import invalidate_layer_caches, stop_prefetching
from ..layers.take_layers import point_layers
from ..modifiers.active import active_scene
from ..properties.compare_state import set_compare_fault
from ..properties.preferences import preferences
from ..properties.status import reset_window_state, set_window_state, window_state
from .compared_take import compared_jobs
from .frame_worker import FrameWorker
from .layer_updater import LayerUpdater, PreviewOutcome, PreviewRequest, shows_original
from .preview_state import PreviewState

# How often is looked for an image that did not come while it was waited for. Only one is asked for at a time, so a
# short tick never fuses faster than Blender shows; and it ticks only while one is awaited.
TICK_SECONDS = 0.002
RETRY_SECONDS = 1.0
_MAKING_TICK_SECONDS = 0.02
# How long a new frame may wait for its layer before it is drawn without it: while it plays or anything is dragged, one
# frame's time; where somebody waits for this very frame longer, and longest where it is written to a file. What is
# not prepared is not waited for.
PLAYBACK_WAIT_SECONDS = 0.025
# After an edit: one that comes late costs Blender another whole redraw, which takes longer than this wait.
EDIT_WAIT_SECONDS = 0.05
STILL_FRAME_WAIT_SECONDS = 0.5
_DIM_SECONDS = 0.3
"""How long the last image stays bright: one that is replaced sooner would only flicker while a value is dragged."""
_WORKER_GRACE_SECONDS = 2.0
_HANDLER_NAMES = ("frame_change_post", "depsgraph_update_post", "undo_post", "redo_post", "load_post")


_TICK_INTERVALS_SECONDS = {
    PreviewState.IDLE: None,
    PreviewState.DUE: TICK_SECONDS,
    PreviewState.PENDING: TICK_SECONDS,
    PreviewState.RETRY: RETRY_SECONDS,
}


class LivePreview:
    """Keeps the layers of the visible frame up to date. Called on the main thread."""

    def __init__(
        self,
        invalidate_caches: Callable[[], None] = invalidate_layer_caches,
        pause_prefetch: Callable[[], None] = stop_prefetching,
    ) -> None:
        """`invalidate_caches` makes Blender reload rewritten images; `pause_prefetch` is called during fusion."""
        self._invalidate_caches, self._pause_prefetch = invalidate_caches, pause_prefetch
        self._updater = LayerUpdater()
        self._frame_worker = FrameWorker()
        self._thread = ThreadPoolExecutor(1, "understudy preview")
        self._state = PreviewState.IDLE
        # IDLE or RETRY, by the last results: the state once nothing is due or pending.
        self._rest_state = PreviewState.IDLE
        self._futures: list[Future[PreviewOutcome]] = []
        self._scene_name = ""
        self._strip_cache = StripCache()
        self._last_request: PreviewRequest | None = None
        self._has_faults = False
        self._last_worker_activity = -_WORKER_GRACE_SECONDS
        self._timer = self.tick  # one object: Blender knows timers by identity

    @property
    def report(self) -> dict[str, object]:
        """What was fused, loaded and decoded so far, as a session reports it."""
        return {} if self._updater.session is None else self._updater.session.as_dict()

    def schedule(self, scene: bpy.types.Scene) -> None:
        """Something changed: look again at the next tick. Cheap, however often it is called."""
        self._scene_name, self._state = scene.name, PreviewState.DUE
        if not bpy.app.background and not bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.register(self._timer, first_interval=TICK_SECONDS)

    def on_edit(self, scene: bpy.types.Scene, wait_seconds: float = EDIT_WAIT_SECONDS) -> None:
        """Something but the frame changed: a strip may play other files. Then as for a new frame.

        Blender draws after every edit, before any timer: an image that is not waited for has it draw twice.
        """
        self._strip_cache = StripCache()
        self._update(scene, wait_seconds, after_edit=True)

    def on_frame_change(self, scene: bpy.types.Scene, wait_seconds: float = PLAYBACK_WAIT_SECONDS) -> None:
        """Ask for the layers of the scene's new frame; if they are ready within `wait_seconds` seconds show them."""
        self._update(scene, wait_seconds, after_edit=False)

    def _update(self, scene: bpy.types.Scene, wait_seconds: float, *, after_edit: bool) -> None:
        """Ask for what the visible frame needs, wait, show it."""
        if window_state().walking:
            return
        if not is_rendering():
            for each in bpy.data.scenes:  # one may play another
                point_layers(each)
        self.schedule(scene)
        if self._submit_request() and after_edit:
            self._pause_prefetch()
        wait(self._futures, wait_seconds)
        self._collect_results()
        if (
            self._futures
            and after_edit
            and self._last_request is not None
            and self._last_request.can_show_faces
        ):
            set_window_state("updating", True)  # until it comes, the last image stays

    def tick(self) -> float | None:
        """Ask for what changed and show what came; return the seconds to the next tick, None for no more."""
        if window_state().running:
            self._frame_worker.pause()  # a preparation makes the visible frame too, and takes all cores
        if self._frame_worker.tick():
            self._show_new_images()
            self._last_request, self._state = None, PreviewState.DUE  # a failure shows the original
        self._collect_results()
        set_window_state("dimmed", self._frame_worker.busy_seconds > _DIM_SECONDS)
        if self._state in (PreviewState.DUE, PreviewState.RETRY) and not self._futures:
            self._submit_request()
        if self._state is PreviewState.PENDING and not self._futures:
            self._state = self._rest_state
            if self._state is PreviewState.RETRY:
                self._last_request = None  # the same request is made again
        seconds = _TICK_INTERVALS_SECONDS[self._state]
        if self._frame_worker.is_busy:
            return _MAKING_TICK_SECONDS if seconds is None else min(seconds, _MAKING_TICK_SECONDS)
        return RETRY_SECONDS if seconds is None and self._frame_worker.is_open else seconds

    def on_load(self) -> None:
        """Another file was loaded."""
        self._frame_worker.close()
        self._last_request, self._rest_state = None, PreviewState.IDLE
        # What the thread has begun is shown even so.
        self._state = PreviewState.PENDING if self._futures else PreviewState.IDLE

    def release_session(self) -> None:
        """Results were deleted: forget those in memory, or what shows them would be fused again."""
        self._last_request = None
        self._frame_worker.close()
        self._thread.submit(self._updater.close).result()

    def close(self) -> None:
        """End the thread and let go of everything."""
        if not bpy.app.background and bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._thread.shutdown(wait=True, cancel_futures=True)
        self._futures.clear()
        self._frame_worker.close()
        self._updater.close()

    def _submit_request(self) -> bool:
        """Hand the visible frame's jobs to the thread, unless they are those it had last; True if it did."""
        self._state = PreviewState.PENDING
        scene: Any = bpy.data.scenes.get(self._scene_name)
        # A render writes the images itself; a walk only passes through its frames.
        if scene is None or window_state().walking or is_rendering():
            return False
        faults: list[LayerFault] = []
        try:
            jobs = tuple(jobs_at(scene, scene.frame_current, self._strip_cache, preview=True, faults=faults))
        except UnderstudyError as error:
            set_window_state("notice", str(error))
            return False
        self._frame_worker.note_jobs(jobs)
        may_blank = self._may_blank() and not self._frame_worker.keeps_images
        compared = compared_jobs(scene, jobs)
        wanted = PreviewRequest(
            cache_folder(scene), preferences(), jobs, may_blank, consent_file(scene), compared
        )
        self._has_faults = bool(faults)
        if not jobs:
            set_window_state("original_shown", self._has_faults)
        if wanted == self._last_request:
            return False
        self._last_request = wanted
        if not jobs:
            self._rest_state = PreviewState.IDLE
            set_window_state("notice", "")
            return False
        # The newest is wanted; what the thread has begun is still shown.
        self._futures = [entry for entry in self._futures if not entry.cancel()]
        self._futures.append(self._thread.submit(self._updater.update_layers, wanted))
        return True

    def _may_blank(self) -> bool:
        """Tell whether what looks unprepared is so.

        While a worker writes, and until its results have surely been seen, its new images would be blanked.
        """
        now = time.monotonic()
        if window_state().running:
            self._last_worker_activity = now
        return now - self._last_worker_activity >= _WORKER_GRACE_SECONDS

    def _show_new_images(self) -> None:
        """Have Blender read images anew, and what says how they stand look at them again."""
        self._invalidate_caches()
        set_window_state("made_count", window_state().made_count + 1)

    def _collect_results(self) -> None:
        """Show what the thread has done, and that nothing more is awaited."""
        ended = [entry for entry in self._futures if entry.done()]
        self._futures = [entry for entry in self._futures if entry not in ended]
        if not self._futures and not self._frame_worker.is_busy:
            set_window_state("updating", False)
        for entry in ended:
            set_compare_fault(entry.result().compare_fault)
            outcome = entry.result().results
            missing = [f"{job.strip}: {reason}" for job, _, reason in outcome if reason]
            self._rest_state = PreviewState.RETRY if missing else PreviewState.IDLE
            set_window_state("notice", missing[0] if missing else "")
            shows_any = self._has_faults or any(shows_original(job, how) for job, how, _ in outcome)
            set_window_state("original_shown", shows_any)
            if any(how in ("fused", "incomplete", "blanked") for _, how, _ in outcome):
                self._show_new_images()
            jobs = self._frame_worker.jobs_to_make(outcome)
            if jobs and self._last_request is not None and not window_state().running:
                self._frame_worker.make(self._last_request, jobs)
                set_window_state("updating", True)


def _wait_seconds() -> float:
    """Return how long the frame that Blender is about to show may be waited for."""
    windows = [cast("Any", window) for window in bpy.data.window_managers[0].windows]
    moving = any(window.screen.is_animation_playing or window.screen.is_scrubbing for window in windows)
    return PLAYBACK_WAIT_SECONDS if moving else STILL_FRAME_WAIT_SECONDS


def _handlers() -> dict[str, Callable[..., None]]:
    """Make the handlers, functions since Blender keeps no others when a file is loaded, around one `LivePreview`."""
    live = LivePreview()

    def can_update() -> bool:
        return not bpy.app.background and threading.current_thread() is threading.main_thread()

    @persistent
    def on_edit(scene: bpy.types.Scene, *_: Any) -> None:
        if can_update():
            live.on_edit(active_scene(bpy.context) or scene)

    @persistent
    def on_undo(scene: bpy.types.Scene, *_: Any) -> None:
        set_window_state("rendered", "")
        on_edit(scene)

    @persistent
    def on_frame_change(scene: bpy.types.Scene, *_: Any) -> None:
        if can_update():
            if is_viewport_render_open():
                live.schedule(scene)
            else:
                live.on_frame_change(scene, _wait_seconds())

    @persistent
    def on_load(*_: Any) -> None:
        live.on_load()
        reset_window_state()
        scene = active_scene(bpy.context)
        if scene is not None and can_update():
            live.schedule(scene)

    on_load.__dict__.update(close=live.close, release_session=live.release_session)
    return dict(zip(_HANDLER_NAMES, (on_frame_change, on_edit, on_undo, on_undo, on_load), strict=True))


def release_session() -> None:
    """Have the preview forget results that were deleted."""
    call_handlers(__name__, "load_post", "release_session")


def register() -> None:
    """Add the handlers."""
    add_handlers(_handlers())


def unregister() -> None:
    """Take the handlers out again and end the thread."""
    remove_handlers(__name__, _HANDLER_NAMES)
