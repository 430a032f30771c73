# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips that were copied, cut or pasted still name the stack of the one they came from: each gets its own."""

from typing import Any

import bpy

from ...core.errors import OutputError
from ..modifiers.stack import copy_stack, stack_of
from ..modifiers.stack_id import new_id
from ..modifiers.takes import choices_by_layers_id
from ..modifiers.takes import layers_id as layers_id_of
from .folders import layer_folder
from .nearest_layer import nearest_layer
from .scene_strips import SceneStrips


def separate_copies(scene: bpy.types.Scene, strips: SceneStrips | None = None) -> bool:
    """Give every clip of a scene a stack that no other clip has, in whatever scene that is; True if one got another.

    `strips` are those of the scene, where they were read already.
    """
    strips = strips or SceneStrips(scene)
    others = [SceneStrips(other) for other in bpy.data.scenes if other != scene]
    changed = False
    for strip_id, clips in strips.clips_by_stack.items():
        has_modifiers = strip_id in strips.modifiers_by_stack
        if has_modifiers and len(clips) == 1 and not others:
            continue
        layers = list(strips.layers_by_stack.get(strip_id, []))
        if not has_modifiers:
            changed |= _copy_from_other_scene(scene, strip_id, clips, layers)
        elif any(_has_original(other, scene, strip_id) for other in others):
            _assign_new_id(scene, strip_id, clips, layers)
            changed = True
        elif len(clips) > 1:
            _split_stack(scene, strip_id, clips, layers)
            changed = True
    return changed


def _copy_from_other_scene(
    scene: bpy.types.Scene, strip_id: str, strips: list[Any], layers: list[Any]
) -> bool:
    """Pasted into another scene, strips have come without their stack; False if no scene has it."""
    origin: Any = next((other for other in bpy.data.scenes if stack_of(other, strip_id)), None)
    if origin is None:
        return False
    for clip in strips:
        near = nearest_layer(clip, layers)
        if near is not None:
            layers.remove(near)
        _assign_copy(origin, scene, strip_id, clip, near)
    return True


def _has_original(other: SceneStrips, scene: bpy.types.Scene, strip_id: str) -> bool:
    """Tell whether a scene has a stack as a copy of another's: of the two the one that is named first keeps it."""
    return bool(
        other.scene.library is None
        and other.scene.name < scene.name
        and strip_id in other.modifiers_by_stack
        and strip_id in other.clips_by_stack
    )


def _assign_new_id(scene: bpy.types.Scene, strip_id: str, strips: list[Any], layers: list[Any]) -> None:
    """Give a copied scene's stack another name; the modifiers stay where they are, and so does what animates them."""
    own_id = new_id()
    for modifier in stack_of(scene, strip_id):
        modifier.strip_id = own_id
    for layer in layers:
        layer.understudy_layer_of = own_id
    for clip in strips:
        clip.understudy_id = own_id
    _copy_layer_images(scene, strip_id, own_id)
    if len(strips) > 1:
        _split_stack(scene, own_id, strips, layers)


def _split_stack(scene: bpy.types.Scene, strip_id: str, strips: list[Any], layers: list[Any]) -> None:
    """Leave a stack to the first of its clips; one layer stays with that, a copied layer goes with its copied clip."""
    for clip in strips[1:]:
        near = nearest_layer(clip, layers) if len(layers) > 1 else None
        if near is not None:
            layers.remove(near)
        _assign_copy(scene, scene, strip_id, clip, near)


def _assign_copy(
    source_scene: Any, scene: bpy.types.Scene, strip_id: str, strip: Any, layer: Any | None
) -> None:
    """Give a clip copies of a stack's modifiers and of the images that there are."""
    copy_id = new_id()
    copy_stack(source_scene, strip_id, scene, copy_id)
    strip.understudy_id = copy_id
    if layer is not None:
        layer.understudy_layer_of = copy_id
    _copy_layer_images(scene, strip_id, copy_id)


def _copy_layer_images(scene: bpy.types.Scene, strip_id: str, copy_id: str) -> None:
    """Give a copied stack the images of the one that it came from, of every take."""
    stack = stack_of(scene, copy_id)
    for layers_id, choice in choices_by_layers_id(copy_id, stack).items():
        try:
            source = layer_folder(scene, layers_id_of(strip_id, stack, choice))
            source.copy_to(layer_folder(scene, layers_id), placeholders=False)
        except OutputError:
            return  # said when the layer is brought in step
