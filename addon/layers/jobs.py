# SPDX-License-Identifier: GPL-3.0-or-later
"""From a scene and a frame to the layer images that Blender is about to read there."""

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import RecipeError
from ...core.layers.folder import LAYER_NAME, LayerFolder
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.recipe.request import SwapRequest
from ..modifiers.stack import requests_of_choice, stack_of
from ..modifiers.takes import Choice, active_choice_by_layers_id, choices_by_layers_id
from ..sequencer.shown_frames import shown_frames, shown_strips
from ..sequencer.strips import (
    is_shown,
    layer_stack_id,
    media_fingerprint,
    mute_reason,
    source_of,
    stack_id,
    strips_with_modifiers,
)
from ..sessions.cache_folder import layers_root
from .fallback_folder import fallback_folder
from .folders import layer_read_folder, split_element_name, temporary_layer_folder
from .nearest_layer import nearest_layer


class StripCache:
    """What strips play and ask for, remembered: it is needed at every frame, and seldom anything else than before.

    Good for as long as nobody edits; what is asked for is read anew at every frame all the same, since it may be
    keyframed, and so is what tells that a strip plays other files.
    """

    def __init__(self) -> None:
        self._sources: dict[int, tuple[tuple[object, ...], ClipSource]] = {}
        self._folders: dict[tuple[str, ...], Path | None] = {}
        self._stacks: dict[tuple[int, str], list[Any]] = {}
        self._choices: dict[tuple[int, str], Mapping[str, Choice]] = {}
        self._requests: dict[tuple[int, str, Choice, bool], tuple[SwapRequest, ...]] = {}

    def source(self, strip: Any) -> ClipSource:
        """Return the files that a strip plays.

        An image strip has an element for each, too many to list at every frame: the first and the last are looked at.
        """
        looks = bpy.data.filepath, *media_fingerprint(strip)
        known = self._sources.get(strip.as_pointer())
        if known is None or known[0] != looks:
            self._sources[strip.as_pointer()] = known = looks, source_of(strip)
        return known[1]

    def folder(self, scene: bpy.types.Scene, layers_id: str, layer: Any, subfolder: str = "") -> Path | None:
        """Return the folder of an image of a layer, None where Blender reads it from another than that of `layers_id`.

        `subfolder` is the one that the image's element names. What a file says of it is compared and never followed:
        nothing is written to a folder of its choice.
        """
        place = bpy.data.filepath, scene.name, layers_id, layer.directory, subfolder
        if place not in self._folders:
            here, own = layer_read_folder(layer, subfolder), LayerFolder(layers_root(scene), layers_id).path
            spare = LayerFolder.fallback(fallback_folder(), layers_id).path
            unsaved = temporary_layer_folder(here, layers_id)
            self._folders[place] = here if here in (own, spare) or unsaved is not None else None
        return self._folders[place]

    def choice(
        self, scene: bpy.types.Scene, strip_id: str, layers_id: str, *, reuse_requests: bool
    ) -> Choice | None:
        """Return the takes of a stack whose images lie in the folder `layers_id`; None where none's do."""
        place = scene.as_pointer(), strip_id
        known = self._choices.get(place)
        if known is None or not reuse_requests:
            self._stacks[place] = stack = stack_of(scene, strip_id)
            self._choices[place] = known = active_choice_by_layers_id(strip_id, stack)
        if layers_id not in known:
            self._choices[place] = known = choices_by_layers_id(strip_id, self._stacks[place])
        return known.get(layers_id)

    def requests(
        self, scene: bpy.types.Scene, strip_id: str, choice: Choice, *, preview: bool, reuse_requests: bool
    ) -> tuple[SwapRequest, ...]:
        """Return what a stack asks for: the very object as before where it is the same, so that comparing it is quick.

        `reuse_requests` returns what it asked for when this was last called. `choice` was called before.
        """
        place = scene.as_pointer(), strip_id, choice, preview
        known = self._requests.get(place)
        if known is None or not reuse_requests:
            asked = requests_of_choice(self._stacks[place[:2]], choice, preview=preview)
            if known != asked:
                self._requests[place] = known = asked
        return known


def jobs_at(
    scene: bpy.types.Scene,
    frame: int,
    strip_cache: StripCache | None = None,
    *,
    preview: bool = False,
    reuse_requests: bool = False,
    faults: list[str] | None = None,
) -> Iterator[LayerJob]:
    """Yield what the layers that are seen at a frame need, for the render or the preview. Only reads Blender's data.

    `reuse_requests` takes it that stacks ask for what they did when the memory was last used. `faults` takes a line for
    each layer that is out of step: it gets no job, and Blender shows whatever it reads there.
    """
    strip_cache = strip_cache or StripCache()
    for here, at, strips in shown_strips(scene, frame):
        layers = [strip for strip in strips if layer_stack_id(strip)]
        for clip in strips_with_modifiers(here, strips):
            own = [layer for layer in layers if layer_stack_id(layer) == stack_id(clip)]
            layer = nearest_layer(clip, own)
            if layer is None:
                continue
            strip_id = stack_id(clip)
            for name in _shown_images(here, clip, layer, at, is_shifted=strips[clip]):
                subfolder, file = split_element_name(name)
                layers_id = subfolder or layer_read_folder(layer).name
                # A folder that is none of the stack's takes is another than any that it may read from.
                choice = strip_cache.choice(here, strip_id, layers_id, reuse_requests=reuse_requests)
                folder = None if choice is None else strip_cache.folder(here, layers_id, layer, subfolder)
                if choice is None or folder is None or LAYER_NAME.fullmatch(file) is None:
                    if faults is not None:
                        what = "another folder" if folder is None else f"{name}, which is not its layer image"
                        faults.append(
                            f"{clip.name}, frame {at}: its layer strip reads from {what}: press Refresh"
                        )
                    continue
                try:
                    requests = strip_cache.requests(
                        here, strip_id, choice, preview=preview, reuse_requests=reuse_requests
                    )
                except RecipeError:
                    continue  # said by `strip_warnings`
                yield LayerJob(
                    strip=clip.name,
                    frame=at,
                    source=strip_cache.source(clip),
                    number=int(file.removesuffix(".tif")),
                    layer_path=folder / file,
                    requests=requests,
                    stack_id=strip_id,
                )


def _shown_images(
    scene: bpy.types.Scene, clip: Any, layer: Any, frame: int, *, is_shifted: bool
) -> list[str]:
    """List the names of the images that Blender reads of a layer at a frame, whatever trims, reverse or strobe do."""
    shown = shown_frames(scene, clip, frame, is_shifted=is_shifted)
    if not shown or (mute_reason(scene, layer) if is_shifted else not is_shown(scene, layer, frame)):
        return []
    elements = (layer.strip_elem_from_frame(math.floor(at)) for at in shown)
    return list(dict.fromkeys(element.filename for element in elements if element is not None))
