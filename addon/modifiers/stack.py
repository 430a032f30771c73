# SPDX-License-Identifier: GPL-3.0-or-later
"""The Face Swap modifiers of a strip: add, find, move, copy, remove. Scripts may call these as well."""

from collections.abc import Sequence
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from ...core.recipe import parameters
from ...core.recipe.request import SwapRequest
from ..properties.scene_properties import settings_of
from ..properties.take_properties import copy_group
from ..sequencer.strips import SUPPORTED_TYPES, layer_stack_id, stack_id, supports_modifiers
from .fcurves import copy_curves, index_after_move, index_after_removal, renumber_curves
from .stack_id import new_id
from .takes import Choice, active_choice, request_of_take
from .visibility import is_rendered

MAX_MODIFIERS = 256
"""How many modifiers a stack may have: a crowd. Each is fused into every frame."""


def stack_of(scene: bpy.types.Scene, strip_id: str) -> list[Any]:
    """List the modifiers of a stack in order; the last is on top."""
    return [entry for entry in settings_of(scene).modifiers if strip_id and entry.strip_id == strip_id]


def requests_of(scene: bpy.types.Scene, strip_id: str, *, preview: bool = False) -> tuple[SwapRequest, ...]:
    """Return what the modifiers of a stack ask for that are on for the render, or for the preview, in order.

    Raises RecipeError for more modifiers than a stack may have.
    """
    return requests_of_modifiers(stack_of(scene, strip_id), preview=preview)


def requests_of_modifiers(stack: Sequence[Any], *, preview: bool = False) -> tuple[SwapRequest, ...]:
    """Return what `requests_of` does, of the modifiers of a stack."""
    return requests_of_choice(stack, active_choice(stack), preview=preview)


def requests_of_choice(
    stack: Sequence[Any], choice: Choice, *, preview: bool = False
) -> tuple[SwapRequest, ...]:
    """Return what `requests_of` does, of the modifiers of a stack with a choice of their takes."""
    if len(stack) > MAX_MODIFIERS:
        raise RecipeError(f"a strip has {len(stack)} modifiers: remove all but {MAX_MODIFIERS}")
    return tuple(
        request_of_take(entry, place)
        for entry, place in zip(stack, choice, strict=True)
        if (entry.enabled if preview else is_rendered(entry))
    )


def unsupported_reason(strip: Any | None) -> str:
    """Say why a strip can't have a stack, or return an empty text."""
    if strip is None:
        return "No active strip: select a movie or image strip"
    if layer_stack_id(strip):
        return f"{strip.name} is a layer strip: select the strip below it"
    if not supports_modifiers(strip):
        kinds = " and ".join(kind.lower() for kind in SUPPORTED_TYPES)
        return f"{strip.name} is a {strip.type.lower()} strip: Face Swap works on {kinds} strips"
    return ""


def append_modifier(scene: bpy.types.Scene, strip: Any) -> Any:
    """Add a modifier to a strip's stack, giving the strip its id. RecipeError if the strip can't have one."""
    reason = unsupported_reason(strip)
    if reason:
        raise RecipeError(reason)
    is_first = not stack_id(strip)
    if is_first:
        cast("Any", strip).understudy_id = new_id()
    modifier = settings_of(scene).modifiers.add()
    modifier.strip_id = stack_id(strip)
    modifier.show_render = True  # unset it would follow the preview's switch, as in old projects
    for parameter in parameters():
        # A property's default is what old projects have, which do not hold it.
        if parameter.initial != parameter.default:
            setattr(getattr(modifier, parameter.group), parameter.name, parameter.initial)
    count = 1 if is_first else len(stack_of(scene, modifier.strip_id))
    modifier.name = "Face Swap" if count == 1 else f"Face Swap {count}"
    return modifier


def index_of(scene: bpy.types.Scene, modifier: Any) -> int:
    """Return a modifier's place in the scene's collection."""
    pointers = [entry.as_pointer() for entry in settings_of(scene).modifiers]
    return pointers.index(modifier.as_pointer())


def remove_modifier(scene: bpy.types.Scene, modifier: Any) -> None:
    """Remove a modifier. Other modifiers that were looked up before must be looked up anew."""
    place = index_of(scene, modifier)
    settings_of(scene).modifiers.remove(place)
    renumber_curves(scene, index_after_removal(place))


def move_modifier(scene: bpy.types.Scene, modifier: Any, steps: int) -> bool:
    """Move a modifier up (negative) or down its stack; False where it can't go further."""
    places = [index_of(scene, entry) for entry in stack_of(scene, modifier.strip_id)]
    here = places.index(index_of(scene, modifier))
    there = min(max(here + steps, 0), len(places) - 1)
    # The stack's entries need not be neighbours in the collection; those between keep their own order.
    settings_of(scene).modifiers.move(places[here], places[there])
    renumber_curves(scene, index_after_move(places[here], places[there]))
    return there != here


def add_source_image(modifier: Any, filepath: str, face_number: int = 0) -> Any:
    """Add an image of the source person."""
    image = modifier.identity.pictures.add()
    image.filepath, image.face_number = filepath, face_number
    return image


def copy_stack(source: bpy.types.Scene, strip_id: str, target: bpy.types.Scene, copy_id: str) -> None:
    """Give the stack `copy_id` of a scene copies of the modifiers of another stack, of that scene or of another.

    What animates them is copied with them.
    """
    places = [
        place for place, entry in enumerate(settings_of(source).modifiers) if entry.strip_id == strip_id
    ]
    for place in places:
        copied = settings_of(target).modifiers.add()
        copy_group(settings_of(source).modifiers[place], copied)
        copied.strip_id = copy_id
    count = len(settings_of(target).modifiers)
    copy_curves(source, target, dict(zip(places, range(count - len(places), count), strict=True)))
