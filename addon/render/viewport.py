# SPDX-License-Identifier: GPL-3.0-or-later
"""A render from the viewport, which runs as every render does though Blender says neither that it begins nor ends."""

from collections.abc import Callable

import bpy

from ...core.layers.job import LayerJob
from ..blender.viewport_render import is_in_render_range, is_viewport_rendering
from ..layers.jobs import StripCache, jobs_at
from .main_thread_task import on_main_thread
from .render_result import RenderResult
from .run import RenderRun


class ViewportRender:
    """The render from the viewport that goes on now, if one does."""

    def __init__(self, on_end: Callable[[RenderResult], None], on_originals: Callable[[str], None]) -> None:
        """See `RenderRun`."""
        self._run = RenderRun(on_end, on_originals, from_viewport=True)
        self._strip_cache = StripCache()
        self._jobs: dict[int, list[LayerJob]] = {}

    def on_frame_change(self, scene: bpy.types.Scene) -> None:
        """Bring the layer images of a frame up to date, on the render's own thread (5.2) or on the main thread."""
        if not is_viewport_rendering():
            if on_main_thread():
                self.end_if_over()
            return
        try:
            if not self._run.is_running:
                self._strip_cache, self._jobs = StripCache(), {}
                self._run.begin(scene)
            if not is_in_render_range(scene):
                return
            # Blender goes to the first frame twice, and back to where it was: such a frame counts once.
            jobs = list(jobs_at(scene, scene.frame_current, self._strip_cache, preview=True))
            if self._jobs.get(scene.frame_current) != jobs:
                self._jobs[scene.frame_current] = jobs
                self._run.update_frame(scene)
        except Exception as error:  # noqa: BLE001 - the border: Blender would render on as if all were well
            self._run.on_error(scene, error)

    def end_if_over(self) -> None:
        """End the run if Blender renders no more. On the main thread."""
        if self._run.is_running and not is_viewport_rendering():
            self._run.end(bpy.data.scenes[0])
