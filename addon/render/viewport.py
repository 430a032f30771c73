# SPDX-License-Identifier: GPL-3.0-or-later
"""A render from the viewport, which runs as every render does though Blender says neither that it begins nor ends."""

from collections.abc import Callable

import bpy

from ..blender.viewport_render import is_in_render_range, is_viewport_rendering
from .run import RenderResult, RenderRun


class ViewportRender:
    """The render from the viewport that goes on now, if one does."""

    def __init__(self, on_end: Callable[[RenderResult], None], on_originals: Callable[[str], None]) -> None:
        """See `RenderRun`."""
        self._run = RenderRun(on_end, on_originals, from_viewport=True)
        self._frames: set[int] = set()

    def on_frame_change(self, scene: bpy.types.Scene) -> None:
        """Bring the layer images of a frame up to date, on the render's own thread (5.2) or on the main thread."""
        if not is_viewport_rendering():
            return
        try:
            if not self._run.is_running:
                self._frames.clear()
                self._run.begin(scene)
            # Blender goes to the first frame twice, and back to where it was.
            if is_in_render_range(scene) and scene.frame_current not in self._frames:
                self._frames.add(scene.frame_current)
                self._run.update_frame(scene)
        except Exception as error:  # noqa: BLE001 - the border: Blender would render on as if all were well
            self._run.on_error(scene, error)

    def end_if_over(self) -> None:
        """End the run if Blender renders no more. On the main thread."""
        if self._run.is_running and not is_viewport_rendering():
            self._run.end(bpy.data.scenes[0])
