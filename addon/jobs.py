# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ..core.identity import Casting
from ..core.layer_job import ClipSource, LayerJob
from .layers import layer_of
from .stack import castings_of
from .timeline import is_shown, shown_scenes, source_of, stack_id, stacked_clips


class StripMemory:
    """What strips play and ask for, remembered: it is needed at every frame, and seldom anything else than before.

    Good for as long as nobody edits; what is asked for is read anew at every frame all the same, since it may be
    keyframed, and so is what tells that a strip plays other files.
    """

    def __init__(self) -> None:
        self._sources: dict[int, tuple[tuple[object, ...], ClipSource]] = {}
        self._folders: dict[tuple[str, str], Path] = {}
        self._castings: dict[tuple[int, str, bool], tuple[Casting, ...]] = {}

    def source(self, strip: Any) -> ClipSource:
        """Return the files that a strip plays.

        An image strip has an element for each, too many to list at every frame: the first and the last are looked at.
        """
        looks: tuple[object, ...]
        if strip.type == "MOVIE":
            looks = bpy.data.filepath, strip.filepath
        else:
            elements = strip.elements
            ends = elements[0].filename, elements[len(elements) - 1].filename
            looks = bpy.data.filepath, strip.directory, len(elements), *ends
        known = self._sources.get(strip.as_pointer())
        if known is None or known[0] != looks:
            self._sources[strip.as_pointer()] = known = looks, source_of(strip)
        return known[1]

    def folder(self, layer: Any) -> Path:
        """Return the folder of a layer's pictures."""
        place = bpy.data.filepath, layer.directory
        if place not in self._folders:
            self._folders[place] = Path(bpy.path.abspath(layer.directory))
        return self._folders[place]

    def castings(
        self, scene: bpy.types.Scene, strip_id: str, *, preview: bool, as_before: bool
    ) -> tuple[Casting, ...]:
        """Return what a stack asks for: the very object as before where it is the same, so that comparing it is quick.

        `as_before` returns what it asked for when this was last called.
        """
        place = scene.as_pointer(), strip_id, preview
        known = self._castings.get(place)
        if known is None or not as_before:
            asked = castings_of(scene, strip_id, preview=preview)
            if known != asked:
                self._castings[place] = known = asked
        return known


def jobs_at(
    scene: bpy.types.Scene,
    frame: int,
    memory: StripMemory | None = None,
    *,
    preview: bool = False,
    as_before: bool = False,
) -> Iterator[LayerJob]:
    """Yield what the layers that are seen at a frame need, for the render or the preview. Only reads Blender's data.

    `as_before` takes it that stacks ask for what they did when the memory was last used.
    """
    memory = memory or StripMemory()
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
                source=memory.source(clip),
                number=int(element.filename.removesuffix(".tif")),
                picture=memory.folder(layer) / element.filename,
                castings=memory.castings(here, stack_id(clip), preview=preview, as_before=as_before),
            )
