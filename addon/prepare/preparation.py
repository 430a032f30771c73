# SPDX-License-Identifier: GPL-3.0-or-later
"""Preparing a range of a scene: at once, or in a worker process while the editor goes on."""

import time
from pathlib import Path
from typing import Any

import bpy

from ...core.layers.job import LayerJob
from ..layers.folders import cache_folder
from ..layers.jobs import jobs_at
from ..layers.layer_strip import show_rewritten
from ..layers.strip_warnings import not_shown
from ..layers.sync import sync_layers
from ..preview.refresh import preview_again
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..sessions.cache_folder import refusals
from ..sessions.open import open_session, run_settings
from ..sessions.restarting_worker import SteadyWorker
from .timeline_walk import Walk

_IN_HAND = 16
_WALK_SECONDS = 0.005


def prepare_now(scene: bpy.types.Scene, first: int, last: int, strip_id: str = "") -> dict[str, Any]:
    """Prepare a range before returning its report. Raises PictureError or ModelError for a bad casting."""
    problems = [*sync_layers(scene), *refusals(), *not_shown(scene)]
    session = open_session(cache_folder(scene), preferences())
    for text in problems:
        session.warn(text)
    try:
        jobs = Walk(scene, first, last, strip_id).jobs()
        for castings in dict.fromkeys(job.castings for job in jobs):
            session.check(castings)
        for job in jobs:
            session.bring(job)
        report: dict[str, Any] = {**session.as_dict(), "written": session.written}
    finally:
        session.close()
        if session.written:
            show_rewritten()
    keep_summary(scene, len(jobs), report)
    return report


def keep_summary(scene: bpy.types.Scene, count: int, report: dict[str, Any]) -> None:
    """Note in the scene what the last preparation did."""
    settings_of(
        scene
    ).last_run = f"{count} pictures ready, {report['written']} of them new, {report['seconds']:.1f} s"


def _show_written() -> None:
    """Have the window show what a worker wrote."""
    show_rewritten()
    preview_again()


class Preparation:
    """A range that a worker process prepares. `tick` never waits."""

    def __init__(self, scene: bpy.types.Scene, first: int, last: int, strip_id: str = "") -> None:
        """Bring the layers in step and start the worker. Raises ModelError where that is impossible."""
        self.warnings = [*sync_layers(scene), *refusals(), *not_shown(scene)]
        self.faults: list[str] = []
        self.report: dict[str, Any] | None = None
        self.done = self.written = 0
        self._ready: set[Path] = set()
        # An editor who waits for this wants to see it: what only the preview has is made as well.
        self._walk = Walk(scene, first, last, strip_id, preview=True)
        self._waiting: list[LayerJob] = []
        self._reached = first
        self._finishing = False
        self._began: float | None = None
        self.worker = SteadyWorker(run_settings(cache_folder(scene), preferences()))

    @property
    def progress(self) -> float:
        """How much is done, 0 to 1."""
        return min((self._reached - self._walk.first) / max(self._walk.last + 1 - self._walk.first, 1), 1.0)

    @property
    def status(self) -> str:
        """How it goes, in a line."""
        if self._began is None:
            return "starting"
        seconds = time.perf_counter() - self._began
        text = f"frame {self._reached} of {self._walk.last}, {self.progress:.0%}"
        if self.done and seconds > 0 and self.progress:
            left = seconds / self.progress * (1 - self.progress)
            text += f", {self.done / seconds:.1f} fps, {_clock(left)} left"
        return text

    def tick(self) -> bool:
        """Hand out jobs and take answers; False once it is over."""
        self._feed()
        shown = False
        for kind, value in self.worker.answers():
            if kind == "done":
                job, written = value
                # What the preview shows otherwise than the render is made twice, but is one picture.
                self._ready.add(job.picture)
                self.done, self.written = len(self._ready), self.written + written
                self._reached = max(self._reached, job.frame + 1)
                shown |= written and self._is_visible(job)
            elif kind == "warning":
                self.warnings.append(value)
            elif kind == "fault":
                self.faults.append(value)
            elif kind == "report":
                self.report = value
            elif kind == "ready" and self._began is None:  # a worker that is started again says so again
                self._began = time.perf_counter()
        if shown or (self.worker.ended and self.written):
            _show_written()
        return not self.worker.ended

    def cancel(self) -> None:
        """Stop at once; what was finished is kept."""
        self.worker.cancel()
        if self.written:
            _show_written()

    def _feed(self) -> None:
        """Keep the worker in work, with few jobs in hand: nothing piles up."""
        until = time.perf_counter() + 2 * _WALK_SECONDS
        while len(self.worker.waiting) < _IN_HAND and not self._finishing and time.perf_counter() < until:
            if not self._waiting and not self._walk.over:
                self._waiting = self._walk.jobs(_WALK_SECONDS)
                if not self._waiting:
                    return  # a stretch without faces to make: go on at the next tick
            if not self._waiting:
                self._finishing = True
                self.worker.finish()
                return
            self.worker.submit(self._waiting.pop(0))

    def _is_visible(self, job: LayerJob) -> bool:
        scene = self._walk.scene
        return scene is not None and any(
            seen.picture == job.picture for seen in jobs_at(scene, scene.frame_current)
        )


def prepared(run: Preparation, scene: bpy.types.Scene) -> str:
    """Say in a line what a run that ended did, and note it in the scene."""
    if run.report is not None:
        keep_summary(scene, run.done, run.report)
        return f"{run.done} layers ready, {run.written} new, {run.report['seconds']:.1f} s"
    return f"{run.done} layers ready, {run.written} new"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"
