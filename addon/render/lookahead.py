# SPDX-License-Identifier: GPL-3.0-or-later
"""What the next frames of a render will ask for, as far as that can be told now."""

from collections.abc import Sequence

import bpy

from ...core.layers.job import LayerJob
from ..layers.jobs import StripMemory, jobs_at
from ..sequencer.animation import curves_of

_FRAMES = 2
_SETTINGS = "understudy."


class Upcoming:
    """Follows a render from frame to frame. What it tells is a guess: whoever uses it compares."""

    def __init__(self, memory: StripMemory) -> None:
        self._memory = memory
        self._last: int | None = None
        self._guesses: dict[int, list[LayerJob]] = {}
        self._right: bool | None = None

    def after(self, scene: bpy.types.Scene, jobs: Sequence[LayerJob]) -> list[LayerJob]:
        """Return what the frames after the current one will ask for, whose own jobs are `jobs`.

        Nothing before a second frame shows that a range is rendered, nothing where parameters are keyframed or driven,
        for what they will be is known only when Blender is there, and nothing once a guess was wrong.
        """
        if self._right is None:
            self._right = not any(
                curve.data_path.startswith(_SETTINGS) for here in bpy.data.scenes for curve in curves_of(here)
            )
        frame, step = scene.frame_current, scene.frame_step
        follows, self._last = self._last == frame - step, frame
        self._right = self._right and self._guesses.pop(frame, list(jobs)) == list(jobs)
        if not follows or not self._right:
            self._guesses.clear()
            return []
        numbers = range(frame + step, min(frame + _FRAMES * step, scene.frame_end) + 1, step)
        self._guesses = {
            near: self._guesses.get(near) or list(jobs_at(scene, near, self._memory, as_before=True))
            for near in numbers
        }
        return [job for near in numbers for job in self._guesses[near]]
