# SPDX-License-Identifier: GPL-3.0-or-later
"""What using a cell of the last sheet changes in the modifier that the sheet is of."""

import json
from typing import Any

import bpy

from ...core.errors import RecipeError
from ...core.recipe import find_parameter, with_value
from ..layers.take_layers import point_layers
from ..modifiers.stack import add_source_image, index_of, stack_of
from ..modifiers.takes import add_person, place_of_take
from ..properties.identity_properties import CONSENT_TEXTS, stored_images
from ..properties.scene_properties import recipe_of
from ..properties.sheet_state import sheet_state
from ..sequencer.curves import keyframes_of


def sheet_modifier() -> tuple[bpy.types.Scene, Any] | None:
    """Return the scene and the modifier that the last sheet is of; None where it is gone."""
    state = sheet_state()
    scene: Any = bpy.data.scenes.get(state.scene)
    stack = [] if scene is None else stack_of(scene, state.strip_id)
    return next(((scene, entry) for entry in stack if entry.name == state.modifier), None)


def use_label(modifier: Any, variant: Any) -> str:
    """Return what a button says that uses a variant of a sheet."""
    if variant.is_take:
        return "Show Take"
    return "Add Take" if len(variant.images) and len(modifier.takes) else "Use"


def use_variant(scene: bpy.types.Scene, modifier: Any, index: int) -> None:
    """Set what a variant of the last sheet has in its modifier. Raises RecipeError.

    A take is shown. Another person becomes a take of a modifier that has takes, so that none loses its images, and
    replaces the images of one without. Values are set in what the modifier shows.
    """
    chosen = sheet_state().variants[index]
    if chosen.is_take:
        place = place_of_take(modifier, chosen.take_id)
        if place < 0:
            raise RecipeError(f"the take {chosen.label} is gone: undo its removal, or make another sheet")
        modifier.active_take = place
        point_layers(scene)
    elif len(chosen.images) and len(modifier.takes):
        modifier.active_take = add_person(modifier, chosen.person, _images_of(chosen))
        point_layers(scene)
    elif len(chosen.images):
        _replace_person(modifier, chosen)
    for setting in chosen.settings.splitlines():
        _set_value(scene, modifier, *setting.split("=", 1))


def add_takes(scene: bpy.types.Scene, modifier: Any) -> int:
    """Make every person of the last sheet a take of its modifier; return how many were added. Raises RecipeError."""
    has_person = bool(stored_images(modifier.identity))
    before = len(modifier.takes) or int(has_person)
    for variant in sheet_state().variants:
        if len(variant.images) and not (has_person and _is_own(modifier, variant)):
            add_person(modifier, variant.label, _images_of(variant))
    point_layers(scene)
    return max(len(modifier.takes) - before, 0)


def place_at(x: float, y: float) -> int:
    """Return the variant whose cell is at a point of the sheet's image, in pixels from the top left; -1 for none."""
    for place in sheet_state().places:
        left, top = place.corner
        if left <= x < left + place.size[0] and top <= y < top + place.size[1]:
            return int(place.variant)
    return -1


def _images_of(variant: Any) -> list[tuple[str, int]]:
    return [(image.filepath, image.face_number) for image in variant.images]


def _is_own(modifier: Any, variant: Any) -> bool:
    """Tell whether a variant has the images that a modifier has."""
    return stored_images(modifier.identity) == _images_of(variant)


def _replace_person(modifier: Any, chosen: Any) -> None:
    identity = modifier.identity
    if _is_own(modifier, chosen):
        return
    identity.pictures.clear()
    for filepath, number in _images_of(chosen):
        add_source_image(modifier, filepath, number)
    identity.name, identity.consent = chosen.person, chosen.consent
    # The other person's consent is no consent of this one.
    texts = json.loads(chosen.consent_record or "{}")
    for name in CONSENT_TEXTS:
        setattr(identity.consent_record, name, texts.get(name, ""))


def _set_value(scene: bpy.types.Scene, modifier: Any, path: str, text: str) -> None:
    parameter = find_parameter(path)
    recipe = with_value(recipe_of(modifier), path, text)
    group = getattr(modifier, parameter.group)
    setattr(group, parameter.name, getattr(getattr(recipe, parameter.group), parameter.name))
    curve = f"understudy.modifiers[{index_of(scene, modifier)}].{path}"
    if any(entry.data_path == curve for entry in keyframes_of(scene)):
        group.keyframe_insert(parameter.name, frame=scene.frame_current)
