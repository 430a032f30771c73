# SPDX-License-Identifier: GPL-3.0-or-later
"""What there is to prepare: a walk through the frames of a scene that meets every layer picture once."""

import time
from pathlib import Path

import bpy

from ...core.layers.job import LayerJob
from ..layers.jobs import StripMemory, jobs_at
from ..properties.status import window_state


class Walk:
    """Goes through a range of a scene's timeline. The scene is looked up by name: undo replaces it."""

    def __init__(
        self, scene: bpy.types.Scene, first: int, last: int, strip_id: str = "", *, preview: bool = False
    ) -> None:
        """Begin at the frame `first`; with a stack's id only that stack's pictures are met.

        With `preview` a picture that the preview shows otherwise than the render is met twice, the render's last.
        """
        self._scene = scene.name
        self._strip_id = strip_id
        self._preview = preview
        self.first, self.last = first, last
        self.frame = first
        """The next frame."""
        self._met: set[Path] = set()
        self._memory = StripMemory()

    @property
    def scene(self) -> bpy.types.Scene | None:
        """The scene, or None once it is gone."""
        return bpy.data.scenes.get(self._scene)

    @property
    def over(self) -> bool:
        """Whether every frame was met."""
        return self.frame > self.last

    def jobs(self, seconds: float | None = None) -> list[LayerJob]:
        """Return what the next frames need, one frame at least, going on for about `seconds`, or to the end."""
        scene = self.scene
        if scene is None:
            self.frame = self.last + 1
            return []
        until = None if seconds is None else time.perf_counter() + seconds
        found: list[LayerJob] = []
        before, moving = scene.frame_current, _is_animated(scene)
        state = window_state()
        state.walking = moving
        try:
            while not self.over:
                if moving:
                    scene.frame_set(self.frame)  # keyframed parameters have their value only at their frame
                found += self._new(scene)
                self.frame += 1
                if until is not None and time.perf_counter() >= until:
                    break
        finally:
            if moving:
                scene.frame_set(before)
            state.walking = False
        return found

    def _new(self, scene: bpy.types.Scene) -> list[LayerJob]:
        jobs = [
            job
            for job in jobs_at(scene, self.frame, self._memory)
            if job.picture not in self._met and self._strip_id in ("", job.picture.parent.name)
        ]
        self._met.update(job.picture for job in jobs)
        if not self._preview:
            return jobs
        seen = {job.picture: job for job in jobs_at(scene, self.frame, self._memory, preview=True)}
        return [
            asked
            for job in jobs
            for asked in (seen[job.picture], job)
            if asked is job or (asked != job and asked.castings)
        ]


def _is_animated(scene: bpy.types.Scene) -> bool:
    """Tell whether anything in a scene may differ from frame to frame."""
    animation = scene.animation_data
    if animation is None:
        return False
    return animation.action is not None or any(
        curve.data_path.startswith("understudy") for curve in animation.drivers
    )
