# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips that were copied, cut or pasted still name the stack of the one they came from: each gets its own."""

from typing import Any, cast

import bpy

from ...core.errors import OutputError
from ..modifiers.stack import copy_stack, stack_of
from ..modifiers.stack_id import new_id
from ..sequencer.strips import layer_of_id, layer_strips, stack_id, stacked_clips
from .folders import layer_folder
from .layer_strip import nearest


def separate_copies(scene: bpy.types.Scene) -> None:
    """Give every clip of a scene a stack that no other clip has, in whatever scene that is."""
    known: dict[str, list[Any]] = {}
    for clip in stacked_clips(scene):
        known.setdefault(stack_id(clip), []).append(clip)
    for strip_id, clips in known.items():
        layers = [layer for layer in layer_strips(scene) if layer_of_id(layer) == strip_id]
        if not stack_of(scene, strip_id):
            _take_from_another(scene, strip_id, clips, layers)
        elif _has_an_original(scene, strip_id):
            _rename(scene, strip_id, clips, layers)
        elif len(clips) > 1:
            _part(scene, strip_id, clips, layers)


def _take_from_another(scene: bpy.types.Scene, strip_id: str, clips: list[Any], layers: list[Any]) -> None:
    """Pasted into another scene, strips have come without their stack."""
    origin: Any = next((other for other in bpy.data.scenes if stack_of(other, strip_id)), None)
    if origin is None:
        return
    for clip in clips:
        near = nearest(clip, layers)
        if near is not None:
            layers.remove(near)
        _give_own(origin, scene, strip_id, clip, near)


def _has_an_original(scene: bpy.types.Scene, strip_id: str) -> bool:
    """Tell whether a scene has a stack as the copy of another: of the two the one that is named first keeps it."""
    return any(
        cast("Any", other).library is None
        and other.name < scene.name
        and stack_of(other, strip_id)
        and strip_id in {stack_id(clip) for clip in stacked_clips(other)}
        for other in bpy.data.scenes
    )


def _rename(scene: bpy.types.Scene, strip_id: str, clips: list[Any], layers: list[Any]) -> None:
    """Give a copied scene's stack another name; the modifiers stay where they are, and so does what animates them."""
    own_id = new_id()
    for modifier in stack_of(scene, strip_id):
        modifier.strip_id = own_id
    for layer in layers:
        layer.understudy_layer_of = own_id
    for clip in clips:
        clip.understudy_id = own_id
    _take_pictures(scene, strip_id, own_id)
    if len(clips) > 1:
        _part(scene, own_id, clips, layers)


def _part(scene: bpy.types.Scene, strip_id: str, clips: list[Any], layers: list[Any]) -> None:
    """Leave a stack to the first of its clips; one layer stays with that, a copied layer goes with its copied clip."""
    for clip in clips[1:]:
        near = nearest(clip, layers) if len(layers) > 1 else None
        if near is not None:
            layers.remove(near)
        _give_own(scene, scene, strip_id, clip, near)


def _give_own(origin: Any, scene: bpy.types.Scene, strip_id: str, clip: Any, layer: Any | None) -> None:
    """Give a clip copies of a stack's modifiers and of the pictures that there are."""
    copy_id = new_id()
    copy_stack(origin, strip_id, scene, copy_id)
    clip.understudy_id = copy_id
    if layer is not None:
        layer.understudy_layer_of = copy_id
    _take_pictures(scene, strip_id, copy_id)


def _take_pictures(scene: bpy.types.Scene, strip_id: str, copy_id: str) -> None:
    try:
        layer_folder(scene, strip_id).copy_to(layer_folder(scene, copy_id))
    except OutputError:
        return  # said when the layer is brought in step
