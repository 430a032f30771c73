# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to prepare: a walk through the frames of a scene that meets every layer image once."""

import time
from pathlib import Path

import bpy

from ...core.layers.job import LayerJob
from ..layers.jobs import StripCache, jobs_at
from ..properties.status import window_state


class TimelineWalk:
    """Goes through a range of a scene's timeline. The scene is looked up at each step: undo replaces it."""

    def __init__(
        self,
        scene: bpy.types.Scene,
        first: int,
        last: int,
        strip_id: str = "",
        *,
        preview: bool = False,
        step: int = 1,
    ) -> None:
        """Begin at the frame `first` and meet every `step`-th; with a stack's id only that stack's images are met.

        With `preview` an image that the preview shows otherwise than the render is met twice, the render's last.
        """
        self._scene_id: int = scene.session_uid  # its name may change
        self._strip_id = strip_id
        self._preview = preview
        self._step = step
        self.first, self.last = first, last
        self.next_frame = first
        """The next frame."""
        self._visited_images: set[Path] = set()
        self._strip_cache = StripCache()

    @property
    def scene(self) -> bpy.types.Scene | None:
        """The scene, or None once it is gone."""
        return next((scene for scene in bpy.data.scenes if scene.session_uid == self._scene_id), None)

    @property
    def strip_id(self) -> str:
        """The stack whose images are met alone; empty where all are."""
        return self._strip_id

    @property
    def is_over(self) -> bool:
        """Whether every frame was met."""
        return self.next_frame > self.last

    def restart(self) -> None:
        """Begin again at the first frame, and meet every image again."""
        self.next_frame = self.first
        self._visited_images.clear()

    def jobs(self, seconds: float | None = None) -> list[LayerJob]:
        """Return what the next frames need, one frame at least, going on for about `seconds`, or to the end."""
        scene = self.scene
        if scene is None:
            self.next_frame = self.last + 1
            return []
        until = None if seconds is None else time.perf_counter() + seconds
        new_jobs: list[LayerJob] = []
        before, moving = scene.frame_current, _is_animated(scene)
        state = window_state()
        state.walking = moving
        try:
            while not self.is_over:
                if moving:
                    scene.frame_set(
                        self.next_frame
                    )  # keyframed parameters have their value only at their frame
                new_jobs += self._new_jobs(scene)
                self.next_frame += self._step
                if until is not None and time.perf_counter() >= until:
                    break
        finally:
            if moving:
                scene.frame_set(before)
            state.walking = False
        return new_jobs

    def _new_jobs(self, scene: bpy.types.Scene) -> list[LayerJob]:
        jobs = [
            job
            for job in jobs_at(scene, self.next_frame, self._strip_cache)
            if job.layer_path not in self._visited_images
            and self._strip_id in ("", job.layer_path.parent.name)
        ]
        self._visited_images.update(job.layer_path for job in jobs)
        if not self._preview:
            return jobs
        preview_jobs = {
            job.layer_path: job for job in jobs_at(scene, self.next_frame, self._strip_cache, preview=True)
        }
        return [
            asked
            for job in jobs
            for asked in (preview_jobs[job.layer_path], job)
            if asked is job or (asked != job and asked.requests)
        ]


def _is_animated(scene: bpy.types.Scene) -> bool:
    """Tell whether anything in a scene may differ from frame to frame."""
    animation = scene.animation_data
    if animation is None:
        return False
    return animation.action is not None or any(
        curve.data_path.startswith("understudy") for curve in animation.drivers
    )
