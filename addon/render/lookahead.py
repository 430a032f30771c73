# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next frames of a render will ask for, as far as that can be told now."""

from collections.abc import Sequence

import bpy

from ...core.layers.job import LayerJob
from ..layers.jobs import StripCache, jobs_at
from ..sequencer.curves import curves_of

_LOOKAHEAD_FRAMES = 2
_SETTINGS_PATH_PREFIX = "understudy."


class RenderLookahead:
    """Follows a render from frame to frame. What it tells is a guess: whoever uses it compares."""

    def __init__(self, strip_cache: StripCache) -> None:
        self._strip_cache = strip_cache
        self._last_frame: int | None = None
        self._predictions: dict[int, list[LayerJob]] = {}
        self._is_predictable: bool | None = None

    def upcoming_jobs(
        self, scene: bpy.types.Scene, jobs: Sequence[LayerJob], *, preview: bool = False
    ) -> list[LayerJob]:
        """Return what the frames after the current one will ask for, whose own jobs are `jobs`.

        Nothing before a second frame shows that a range is rendered, nothing where parameters are keyframed or driven,
        for what they will be is known only when Blender is there, and nothing once a guess was wrong.
        """
        if self._is_predictable is None:
            self._is_predictable = not any(
                curve.data_path.startswith(_SETTINGS_PATH_PREFIX)
                for here in bpy.data.scenes
                for curve in curves_of(here)
            )
        frame, step = scene.frame_current, scene.frame_step
        follows, self._last_frame = self._last_frame == frame - step, frame
        self._is_predictable = self._is_predictable and self._predictions.pop(frame, list(jobs)) == list(jobs)
        if not follows or not self._is_predictable:
            self._predictions.clear()
            return []
        numbers = range(frame + step, min(frame + _LOOKAHEAD_FRAMES * step, scene.frame_end) + 1, step)
        self._predictions = {
            near: self._predictions.get(near)
            or list(jobs_at(scene, near, self._strip_cache, preview=preview, reuse_requests=True))
            for near in numbers
        }
        return [job for near in numbers for job in self._predictions[near]]
