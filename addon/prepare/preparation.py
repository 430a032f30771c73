# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a range of a scene: at once, or in a worker process while the editor goes on."""

import time
from pathlib import Path
from typing import Any

import bpy

from ...core.layers.job import LayerJob
from ..layers.folders import cache_folder
from ..layers.jobs import jobs_at
from ..layers.layer_strip import invalidate_layer_caches
from ..layers.strip_warnings import scene_warnings
from ..layers.sync import sync_layers
from ..preview.refresh import refresh_preview
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..sessions.cache_folder import refused_folder_warnings
from ..sessions.open import open_session, run_settings
from ..sessions.restarting_worker import RestartingWorker
from .timeline_walk import TimelineWalk

_MAX_PENDING_JOBS = 16
_WALK_SLICE_SECONDS = 0.005


def prepare_now(scene: bpy.types.Scene, first: int, last: int, strip_id: str = "") -> dict[str, Any]:
    """Prepare a range before returning its report. Raises FaceImageError or ModelError for a bad request."""
    problems = [*sync_layers(scene), *refused_folder_warnings(), *scene_warnings(scene)]
    session = open_session(cache_folder(scene), preferences())
    for text in problems:
        session.warn(text)
    try:
        jobs = TimelineWalk(scene, first, last, strip_id).jobs()
        for requests in dict.fromkeys(job.requests for job in jobs):
            session.check(requests)
        for job in jobs:
            session.update_layer(job)
        report: dict[str, Any] = {**session.as_dict(), "written": session.write_count}
    finally:
        session.close()
        if session.write_count:
            invalidate_layer_caches()
    store_summary(scene, len(jobs), report)
    return report


def store_summary(scene: bpy.types.Scene, count: int, report: dict[str, Any]) -> None:
    """Note in the scene what the last preparation did."""
    settings_of(scene).last_run = f"{count} layers ready, {report['written']} new, {report['seconds']:.1f} s"


def _refresh_display() -> None:
    """Have the window show what a worker wrote."""
    invalidate_layer_caches()
    refresh_preview()


class Preparation:
    """A range that a worker process prepares. `tick` never waits."""

    def __init__(self, scene: bpy.types.Scene, first: int, last: int, strip_id: str = "") -> None:
        """Bring the layers in step and start the worker. Raises ModelError where that is impossible."""
        self.warnings = [*sync_layers(scene), *refused_folder_warnings(), *scene_warnings(scene)]
        self.faults: list[str] = []
        self.report: dict[str, Any] | None = None
        self.ready_count = self.written_count = 0
        self._ready_images: set[Path] = set()
        # An editor who waits for this wants to see it: what only the preview has is made as well.
        self._walk = TimelineWalk(scene, first, last, strip_id, preview=True)
        self._job_queue: list[LayerJob] = []
        self._next_frame = first
        self._no_more_jobs = False
        self._start_time: float | None = None
        self.worker = RestartingWorker(run_settings(cache_folder(scene), preferences()))

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1."""
        return min(
            (self._next_frame - self._walk.first) / max(self._walk.last + 1 - self._walk.first, 1), 1.0
        )

    @property
    def status(self) -> str:
        """How it goes, in a line."""
        if self._start_time is None:
            return "starting"
        seconds = time.perf_counter() - self._start_time
        text = f"frame {self._next_frame} of {self._walk.last}, {self.progress:.0%}"
        if self.ready_count and seconds > 0 and self.progress:
            left = seconds / self.progress * (1 - self.progress)
            text += f", {self.ready_count / seconds:.1f} fps, {_format_duration(left)} left"
        return text

    def tick(self) -> bool:
        """Hand out jobs and take answers; False once it is over."""
        self._submit_jobs()
        shown = False
        for kind, value in self.worker.messages():
            if kind == "done":
                job, written = value
                # What the preview shows otherwise than the render is made twice, but is one image.
                self._ready_images.add(job.layer_path)
                self.ready_count, self.written_count = len(self._ready_images), self.written_count + written
                self._next_frame = max(self._next_frame, job.frame + 1)
                shown |= written and self._is_visible(job)
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
        if self.written_count:
            _refresh_display()

    def _submit_jobs(self) -> None:
        """Keep the worker in work, with few jobs in hand: nothing piles up."""
        until = time.perf_counter() + 2 * _WALK_SLICE_SECONDS
        while (
            len(self.worker.pending_jobs) < _MAX_PENDING_JOBS
            and not self._no_more_jobs
            and time.perf_counter() < until
        ):
            if not self._job_queue and not self._walk.is_over:
                self._job_queue = self._walk.jobs(_WALK_SLICE_SECONDS)
                if not self._job_queue:
                    return  # a stretch without faces to make: go on at the next tick
            if not self._job_queue:
                self._no_more_jobs = True
                self.worker.finish()
                return
            self.worker.submit(self._job_queue.pop(0))

    def _is_visible(self, job: LayerJob) -> bool:
        scene = self._walk.scene
        return scene is not None and any(
            visible_job.layer_path == job.layer_path for visible_job in jobs_at(scene, scene.frame_current)
        )


def summarise_preparation(run: Preparation, scene: bpy.types.Scene) -> str:
    """Say in a line what a run that ended did, and note it in the scene."""
    if run.report is not None:
        store_summary(scene, run.ready_count, run.report)
        return f"{run.ready_count} layers ready, {run.written_count} new, {run.report['seconds']:.1f} s"
    return f"{run.ready_count} layers ready, {run.written_count} new"


def _format_duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
