# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to prepare: a walk through the frames of a scene that meets every layer image once."""

import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import bpy

from ...core.layers.job import LayerJob
from ...core.recipe.request import SwapRequest
from ..layers.jobs import StripCache, jobs_at
from ..layers.take_layers import job_of_takes
from ..modifiers.takes import Choice
from ..properties.status import window_state


class _Met(NamedTuple):
    """An image that a walk has met."""

    place: int
    """How many frames were met before."""
    frame: int
    """The first frame of the timeline that is known to show it."""
    requests: tuple[SwapRequest, ...]


class TimelineWalk:
    """Goes through frames of a scene's timeline. The scene is looked up by name: undo replaces it."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        frames: Sequence[int],
        strip_id: str = "",
        *,
        preview: bool = False,
        choices: Mapping[str, Choice] | None = None,
    ) -> None:
        """`frames` are met in their order; with a stack's id only that stack's images are met.

        With `preview` an image that the preview shows otherwise than the render is met twice, the render's last. With
        `choices` of takes, by stack ids, images of these stacks alone are met, and those of these takes.
        """
        self._scene_name = scene.name
        self._strip_id = strip_id
        self._preview = preview
        self._choices = choices
        self.frames = frames
        self._next = 0
        self._met: dict[Path, _Met] = {}
        self._strip_cache = StripCache()

    @property
    def scene(self) -> bpy.types.Scene | None:
        """The scene, or None once it is gone."""
        return bpy.data.scenes.get(self._scene_name)

    @property
    def is_over(self) -> bool:
        """Whether every frame was met."""
        return self._next >= len(self.frames)

    def place_of(self, job: LayerJob) -> int:
        """Return how many frames were met before the one whose job this is."""
        return self._met[job.layer_path].place

    def jobs(self, seconds: float | None = None) -> list[LayerJob]:
        """Return what the next frames need, one frame at least, going on for about `seconds`, or to the end."""
        scene = self.scene
        if scene is None:
            self._next = len(self.frames)
            return []
        until = None if seconds is None else time.perf_counter() + seconds
        new_jobs: list[LayerJob] = []
        before, moving = scene.frame_current, _is_animated(scene)
        state = window_state()
        state.walking = moving
        try:
            while not self.is_over:
                frame = self.frames[self._next]
                if moving:
                    scene.frame_set(frame)  # keyframed parameters have their value only at their frame
                new_jobs += self._new_jobs(scene, frame)
                self._next += 1
                if until is not None and time.perf_counter() >= until:
                    break
        finally:
            if moving:
                scene.frame_set(before)
            state.walking = False
        return new_jobs

    def _new_jobs(self, scene: bpy.types.Scene, frame: int) -> list[LayerJob]:
        jobs = [
            job
            for job in self._jobs_at(scene, frame)
            if self._strip_id in ("", job.owner_id) and self._is_new(job, frame)
        ]
        if not self._preview:
            return jobs
        preview_jobs = {job.layer_path: job for job in jobs_at(scene, frame, self._strip_cache, preview=True)}
        return [
            asked
            for job in jobs
            for asked in (preview_jobs[job.layer_path], job)
            if asked is job or (asked != job and asked.requests)
        ]

    def _jobs_at(self, scene: bpy.types.Scene, frame: int) -> Iterator[LayerJob]:
        jobs = jobs_at(scene, frame, self._strip_cache)
        if self._choices is None:
            return jobs
        others = (
            job_of_takes(job, self._choices[job.owner_id]) for job in jobs if job.owner_id in self._choices
        )
        return (job for job in others if job is not None)

    def _is_new(self, job: LayerJob, frame: int) -> bool:
        """Note a job; False where its image was met before.

        An image that several frames show is left as the first of them in the timeline asks for, in whatever order they
        are met: where something else was keyframed there, the image is met again.
        """
        met = self._met.get(job.layer_path)
        if met is not None and (frame > met.frame or job.requests == met.requests):
            self._met[job.layer_path] = met._replace(frame=min(frame, met.frame))
            return False
        self._met[job.layer_path] = _Met(self._next, frame, job.requests)
        return True


def _is_animated(scene: bpy.types.Scene) -> bool:
    """Tell whether anything in a scene may differ from frame to frame."""
    animation = scene.animation_data
    if animation is None:
        return False
    return animation.action is not None or any(
        curve.data_path.startswith("understudy") for curve in animation.drivers
    )
