# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a range of a scene: at once, or in a worker process while the editor goes on."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import bpy

from ...core.layers.frame_order import progressive_order
from ...core.layers.job import LayerJob
from ...core.reporting.strip_state import PrepareProgress, StripState, prepare_text
from ..layers.consent_file import consent_file
from ..layers.folders import cache_folder
from ..layers.jobs import jobs_at
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.strip_warnings import scene_warnings
from ..layers.sync import sync_layers
from ..layers.take_layers import other_choices
from ..lookups.gallery import refresh_lookups
from ..modifiers.visibility import is_rendered
from ..preview.refresh import refresh_preview
from ..properties.preferences import preferences
from ..properties.scene_properties import request_of, settings_of
from ..properties.status import set_failure
from ..sequencer.strips import stack_id, strips_with_modifiers
from ..sessions.cache_folder import layers_root, refused_folder_warnings
from ..sessions.open import open_session, run_settings
from ..sessions.restarting_worker import RestartingWorker
from .results import PrepareResults
from .target_forms import keep_target_forms
from .timeline_walk import TimelineWalk

if TYPE_CHECKING:
    from ...core.sessions.prefetching_session import PrefetchingSession

_MAX_PENDING_JOBS = 16
_WALK_SLICE_SECONDS = 0.005


def prepare_now(
    scene: bpy.types.Scene, first: int, last: int, strip_id: str = "", *, all_takes: bool = False
) -> dict[str, Any]:
    """Prepare a range before returning its report, of the shown takes or of all.

    Raises FaceImageError or ModelError for a bad request.
    """
    problems = [*sync_layers(scene), *refused_folder_warnings(), *scene_warnings(scene)]
    session = open_session(cache_folder(scene), preferences(), consent_file(scene))
    for text in problems:
        session.warn(text)
    try:
        rounds = [None, *(other_choices(scene, strip_id) if all_takes else ())]
        walks = [TimelineWalk(scene, range(first, last + 1), strip_id, choices=made) for made in rounds]
        jobs = [job for walk in walks for job in walk.jobs()]
        for requests in dict.fromkeys(job.requests for job in jobs):
            session.check(requests)
        results = prepare_jobs(session, jobs)
        state = results.state()
        report: dict[str, Any] = {
            **session.as_dict(),
            "written": session.write_count,
            "state": state.as_dict(),
        }
    finally:
        session.close()
        if session.write_count:
            invalidate_layer_caches()
    report["summary"] = prepare_text(state, report["written"], report["seconds"])
    _store_results(scene, results, report["summary"])
    keep_target_forms(scene, results.strip_ids)
    return report


def prepare_jobs(
    session: "PrefetchingSession",
    jobs: Sequence[LayerJob],
    on_done: Callable[[LayerJob, str], None] = lambda _job, _shown: None,
) -> PrepareResults:
    """Make the images of jobs in their order, and return what came of each.

    `on_done` is called after each with what it shows, see `PrepareResults.add`.
    """
    results = PrepareResults()
    for job in jobs:
        before = session.outcomes.position
        session.update_layer(job)
        shown = session.outcomes.shown_since(before)
        results.add(job, shown, session.outcomes.last_reason)
        on_done(job, shown)
    return results


def _store_results(scene: bpy.types.Scene, results: PrepareResults, summary: str) -> None:
    """Note in the scene what the last preparation did, and in the window what it could not do."""
    settings_of(scene).last_run = summary
    for strip_id, (count, reason) in results.failures.items():
        set_failure(strip_id, count, reason)
    refresh_lookups()


def _refresh_display() -> None:
    """Have the window show what a worker wrote."""
    invalidate_layer_caches()
    refresh_preview()


class Preparation:
    """A range that a worker process prepares. `tick` never waits."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        first: int,
        last: int,
        strip_id: str = "",
        *,
        all_takes: bool = False,
        max_pending_jobs: int = _MAX_PENDING_JOBS,
    ) -> None:
        """Sync the layers and start the worker, which has `max_pending_jobs` at most.

        With `all_takes` the other takes follow those that are shown, one after the other. Raises ModelError where that
        is impossible.
        """
        self.warnings = [*sync_layers(scene), *refused_folder_warnings(), *scene_warnings(scene)]
        self.faults: list[str] = []
        self.report: dict[str, Any] | None = None
        self.results = PrepareResults()
        """What came of each image so far."""
        # An editor who waits for this wants to see it: what only the preview has is made as well.
        self._range = first, last
        self._strip_id, self._all_takes = strip_id, all_takes
        self._begin_walks(scene)
        self._asked_for = self._asked_now()
        self._last_jobs: dict[Path, LayerJob] = {}
        self._places: dict[Path, int] = {}
        self._job_queue: list[LayerJob] = []
        self._no_more_jobs = False
        self._max_pending_jobs = max_pending_jobs
        self._start_time: float | None = None
        self.worker = RestartingWorker(run_settings(cache_folder(scene), preferences(), consent_file(scene)))

    def _begin_walks(self, scene: bpy.types.Scene) -> None:
        """Begin at the first frame: with what is shown, then with the other takes."""
        first, last = self._range
        order = progressive_order(first, last, scene.frame_current)
        self._walk = TimelineWalk(scene, order, self._strip_id, preview=True)
        self._later_walks = [
            TimelineWalk(scene, order, self._strip_id, choices=made)
            for made in (other_choices(scene, self._strip_id) if self._all_takes else ())
        ]
        self._frame_count = len(order) * (1 + len(self._later_walks))
        self._walked_count = self._done_count = 0

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1."""
        return self._done_count / max(self._frame_count, 1)

    @property
    def written_count(self) -> int:
        """How many images were written so far."""
        return self.results.written_count

    @property
    def scene(self) -> bpy.types.Scene | None:
        """The scene that is prepared, whatever it is called by now; None once it is gone."""
        return self._walk.scene

    @property
    def has_begun(self) -> bool:
        """Whether the worker is ready to work."""
        return self._start_time is not None

    @property
    def frames(self) -> PrepareProgress:
        """How many frames are done, and how long the others take."""
        left = None
        if self._start_time is not None and len(self.results) and self.progress:
            left = (time.perf_counter() - self._start_time) / self.progress * (1 - self.progress)
        return PrepareProgress(self._done_count, self._frame_count, left)

    def tick(self) -> bool:
        """Hand out jobs and take answers; False once it is over."""
        self._submit_jobs()
        shown = False
        for kind, value in self.worker.messages():
            if kind == "done":
                self.results.add(value.job, value.shown, value.reason, is_written=value.written)
                self._done_count = max(self._done_count, self._places[value.job.layer_path] + 1)
                shown |= value.written and self._is_visible(value.job)
            elif kind == "warning":
                self.warnings.append(value)
            elif kind == "fault":
                self.faults.append(value)
            elif kind == "report":
                self.report = value
            elif kind == "ready" and self._start_time is None:  # a worker that is started again says so again
                self._start_time = time.perf_counter()
        if shown or (self.worker.has_ended and self.written_count):
            _refresh_display()
        return not self.worker.has_ended

    def cancel(self) -> None:
        """Stop at once; what was finished is kept."""
        self.worker.cancel()
        refresh_lookups()
        if self.written_count:
            _refresh_display()

    def _submit_jobs(self) -> None:
        """Keep the worker in work, with few jobs in hand: nothing piles up."""
        until = time.perf_counter() + 2 * _WALK_SLICE_SECONDS
        while (
            len(self.worker.pending_jobs) < self._max_pending_jobs
            and not self._no_more_jobs
            and time.perf_counter() < until
        ):
            if not self._job_queue and not self._walk.is_over:
                jobs = self._walk.jobs(_WALK_SLICE_SECONDS)
                self._job_queue = [job for job in jobs if self._last_jobs.get(job.layer_path) != job]
                self._places.update(
                    (job.layer_path, self._walked_count + self._walk.place_of(job)) for job in self._job_queue
                )
                if not self._job_queue:
                    return  # a stretch without faces to make: go on at the next tick
            if not self._job_queue and self._later_walks:
                self._walked_count += len(self._walk.frames)
                self._walk = self._later_walks.pop(0)
                continue
            if not self._job_queue:
                self._finish_unless_edited()
                return
            job = self._job_queue.pop(0)
            self._last_jobs[job.layer_path] = job
            self.worker.submit(job)

    def _finish_unless_edited(self) -> None:
        """Once all is made end the worker; what was made before settings were changed meanwhile is made again."""
        if self.worker.pending_jobs:
            return
        asked_now = self._asked_now()
        if asked_now == self._asked_for:
            self._no_more_jobs = True
            self.worker.finish()
            return
        self._asked_for, scene = asked_now, self._walk.scene
        if scene is not None:
            self._begin_walks(scene)
        if self.has_begun:
            self._start_time = time.perf_counter()

    def _asked_now(self) -> tuple[object, ...]:
        """Return what the strips are asked for, and where their layers are."""
        strip_id = self._strip_id
        # Other scenes, too, since a strip may play one.
        stacks = [
            entry
            for scene in bpy.data.scenes
            for entry in settings_of(scene).modifiers
            if strip_id in ("", entry.strip_id)
        ]
        switches = [(entry.enabled, is_rendered(entry)) for entry in stacks]
        roots = tuple(map(layers_root, bpy.data.scenes))
        return roots, tuple(map(request_of, stacks)), tuple(switches)

    def _is_visible(self, job: LayerJob) -> bool:
        scene = self.scene
        return scene is not None and any(
            visible_job.layer_path == job.layer_path for visible_job in jobs_at(scene, scene.frame_current)
        )


def finish_preparation(run: Preparation, scene: bpy.types.Scene) -> tuple[StripState, str]:
    """Note what a run that ended did; return the state that it left behind, and the line that reports it."""
    strip_ids = {stack_id(strip) for here in bpy.data.scenes for strip in strips_with_modifiers(here)}
    is_any_gone = not run.results.strip_ids <= strip_ids
    run.results.forget_strips_but(strip_ids)
    state = run.results.state()
    if is_any_gone and not run.results:
        return state, "The strip is gone"
    seconds = None if run.report is None else float(run.report["seconds"])
    summary = prepare_text(state, run.written_count, seconds)
    _store_results(scene, run.results, summary)
    keep_target_forms(scene, run.results.strip_ids)
    return state, summary
