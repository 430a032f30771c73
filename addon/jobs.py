# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.layer_job import ClipSource, LayerJob
from .layers import layer_of
from .stack import castings_of
from .timeline import is_shown, shown_scenes, source_of, stack_id, stacked_clips


class Sources:
    """Which files strips play, remembered: an image strip has an element for each, too many to list at every frame.

    Good for as long as nobody edits; another folder, length or first or last picture is noticed all the same.
    """

    def __init__(self) -> None:
        self._known: dict[int, tuple[tuple[object, ...], ClipSource]] = {}

    def of(self, strip: Any) -> ClipSource:
        """Return the files that a strip plays."""
        if strip.type == "MOVIE":
            return source_of(strip)
        elements = strip.elements
        ends = elements[0].filename, elements[len(elements) - 1].filename
        looks = (bpy.data.filepath, strip.directory, len(elements), *ends)
        known = self._known.get(strip.as_pointer())
        if known is None or known[0] != looks:
            self._known[strip.as_pointer()] = known = looks, source_of(strip)
        return known[1]


def jobs_at(
    scene: bpy.types.Scene, frame: int, sources: Sources | None = None, *, preview: bool = False
) -> Iterator[LayerJob]:
    """Yield what the layers that are seen at a frame need, for the render or the preview. Only reads Blender's data."""
    sources = sources or Sources()
    for here, at in shown_scenes(scene, frame):
        for clip in stacked_clips(here):
            layer = layer_of(here, clip)
            if layer is None or not is_shown(here, clip, at) or not is_shown(here, layer, at):
                continue
            # What Blender itself will read there, whatever trims, reverse or strobe do.
            element = layer.strip_elem_from_frame(at)
            if element is None or not element.filename.removesuffix(".tif").isdecimal():
                continue
            yield LayerJob(
                strip=clip.name,
                frame=at,
                source=sources.of(clip),
                number=int(element.filename.removesuffix(".tif")),
                picture=Path(bpy.path.abspath(layer.directory)) / element.filename,
                castings=castings_of(here, stack_id(clip), preview=preview),
            )
