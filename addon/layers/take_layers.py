# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer images of takes: layers read those of the active takes, and what belongs to none is deleted."""

from collections.abc import Collection, Iterable
from dataclasses import replace
from functools import reduce
from operator import add
from typing import Any, cast

import bpy

from ...core.errors import OutputError
from ...core.layers.files import BlankingReport
from ...core.layers.folder import LayerFolder
from ...core.layers.job import LayerJob
from ..modifiers.stack import requests_of_choice, stack_of
from ..modifiers.takes import Choice, active_choice, has_takes, layers_id, layers_ids
from ..properties.scene_properties import settings_of
from ..sequencer.strips import layer_stack_id, layer_strips
from .folders import LayerPlaces, layer_folder
from .keyed_takes import is_keyed
from .layer_strip import invalidate_layer_caches, place_images, sync_directory


def point_layers(scene: bpy.types.Scene) -> bool:
    """Have the layers of a scene read the images of the active takes; True if any read others. Main thread only.

    It writes no file where these images are there, and is quick where no modifier has takes.
    """
    with_takes = {entry.strip_id for entry in settings_of(scene).modifiers if len(entry.takes)}
    if not with_takes or cast("Any", scene).library is not None:
        return False
    places, changed = None, False
    for layer in layer_strips(scene):
        strip_id = layer_stack_id(layer)
        if strip_id not in with_takes:
            continue
        places = places or LayerPlaces.of_scene(scene)
        stack = stack_of(scene, strip_id)
        if is_keyed(stack):
            continue  # its elements say which take each frame shows
        try:
            if sync_directory(places, layers_id(strip_id, stack), layer):
                place_images(places, layer)
                changed = True
        except OutputError:
            continue  # said by the next sync
    if changed:
        invalidate_layer_caches()
    return changed


def job_of_takes(job: LayerJob, choice: Choice, *, preview: bool = False) -> LayerJob | None:
    """Return the job of the image of other takes of a stack at the same frame; None where these are gone meanwhile.

    It asks for what the render does, or the preview.
    """
    stack = next((stack for scene in bpy.data.scenes if (stack := stack_of(scene, job.owner_id))), [])
    if len(stack) != len(choice) or any(
        place >= max(len(modifier.takes), 1) for modifier, place in zip(stack, choice, strict=True)
    ):
        return None
    layers = job.layer_path.parent.with_name(layers_id(job.owner_id, stack, choice))
    requests = requests_of_choice(stack, choice, preview=preview)
    return replace(job, layer_path=layers / job.layer_path.name, requests=requests)


def other_choices(scene: bpy.types.Scene, strip_id: str = "") -> list[dict[str, Choice]]:
    """List rounds in which all takes of the stacks of a scene, or of one stack, are met that are not shown now.

    Each is what `TimelineWalk` takes: a choice for each stack that has a take left, of one modifier another one.
    """
    rounds: list[dict[str, Choice]] = []
    for name in dict.fromkeys(entry.strip_id for entry in settings_of(scene).modifiers):
        stack = stack_of(scene, name)
        active = active_choice(stack)
        others = [
            (*active[:place], take, *active[place + 1 :])
            for place, modifier in enumerate(stack)
            for take in range(len(modifier.takes))
            # Where keyframes choose, the one of this frame is not that of all.
            if (take != active[place] or is_keyed(stack)) and strip_id in ("", name)
        ]
        for place, choice in enumerate(others):
            if place == len(rounds):
                rounds.append({})
            rounds[place][name] = choice
    return rounds


def layer_folders(scene: bpy.types.Scene, strip_id: str) -> list[LayerFolder]:
    """Return the folders of the layer images of a stack, of every take."""
    return [layer_folder(scene, name) for name in layers_ids(strip_id, stack_of(scene, strip_id))]


def blank_images(folders: Iterable[LayerFolder]) -> BlankingReport:
    """Take the faces out of the layer images in folders; see `LayerFolder.blank_with_report`."""
    return reduce(add, (folder.blank_with_report() for folder in folders), BlankingReport())


def remove_unused_images(scene: bpy.types.Scene, strip_id: str, before: Collection[str]) -> None:
    """Delete the layer images of takes that a stack no longer has; `before` are the folders that it had, by id."""
    stack = stack_of(scene, strip_id)
    if not (has_takes(stack) or len(before) > 1):
        return
    for name in set(before).difference(layers_ids(strip_id, stack)):
        try:
            layer_folder(scene, name).remove()
        except OutputError:
            continue  # nothing reads them any more, and the cache's own purge finds them
