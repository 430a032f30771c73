# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer pictures that Blender is about to read there."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import RecipeError
from ...core.layers.folder import LAYER_NAME, LayerFolder
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.recipe.request import Casting
from ..modifiers.stack import castings_of
from ..sequencer.strips import is_shown, shown_scenes, source_of, stack_id, stacked_clips
from .fallback_folder import spare_folder
from .folders import cache_folder, read_folder
from .layer_strip import layer_of


class StripMemory:
    """What strips play and ask for, remembered: it is needed at every frame, and seldom anything else than before.

    Good for as long as nobody edits; what is asked for is read anew at every frame all the same, since it may be
    keyframed, and so is what tells that a strip plays other files.
    """

    def __init__(self) -> None:
        self._sources: dict[int, tuple[tuple[object, ...], ClipSource]] = {}
        self._folders: dict[tuple[str, ...], Path | None] = {}
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

    def folder(self, scene: bpy.types.Scene, strip_id: str, layer: Any) -> Path | None:
        """Return the folder of a layer's pictures, None where Blender reads them from another.

        What a file says of it is compared and never followed: nothing is written to a folder of its choice.
        """
        place = bpy.data.filepath, scene.name, strip_id, layer.directory
        if place not in self._folders:
            here, own = read_folder(layer), LayerFolder(cache_folder(scene), strip_id).path
            spare = LayerFolder.spare(spare_folder(), strip_id).path
            self._folders[place] = here if here in (own, spare) else None
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
    faults: list[str] | None = None,
) -> Iterator[LayerJob]:
    """Yield what the layers that are seen at a frame need, for the render or the preview. Only reads Blender's data.

    `as_before` takes it that stacks ask for what they did when the memory was last used. `faults` takes a line for
    each layer that is out of step: it gets no job, and Blender shows whatever it reads there.
    """
    memory = memory or StripMemory()
    for here, at in shown_scenes(scene, frame):
        for clip in stacked_clips(here):
            layer = layer_of(here, clip)
            if layer is None or not is_shown(here, clip, at) or not is_shown(here, layer, at):
                continue
            # What Blender itself will read there, whatever trims, reverse or strobe do.
            element = layer.strip_elem_from_frame(at)
            if element is None:
                continue
            strip_id, name = stack_id(clip), element.filename
            folder = memory.folder(here, strip_id, layer)
            if folder is None or LAYER_NAME.fullmatch(name) is None:
                if faults is not None:
                    what = "another folder" if folder is None else f"{name}, which is no layer of it"
                    faults.append(
                        f"{clip.name}, frame {at}: its layer strip reads from {what}: press Refresh"
                    )
                continue
            try:
                castings = memory.castings(here, strip_id, preview=preview, as_before=as_before)
            except RecipeError:
                continue  # said by `notices`
            yield LayerJob(
                strip=clip.name,
                frame=at,
                source=memory.source(clip),
                number=int(name.removesuffix(".tif")),
                picture=folder / name,
                castings=castings,
            )
