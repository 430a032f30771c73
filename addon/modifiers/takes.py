# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of modifiers: what each asks for, and where its layer images lie. Scripts may call these as well.

Each combination of takes of a stack has a folder of layer images of its own, so that flipping to a take that was
prepared computes and writes nothing. Its id has the form of a stack's; that of the first takes is the stack's own.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import islice, product
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import RecipeError
from ...core.layers.folder import is_stack_id
from ...core.recipe.request import SwapRequest
from ..properties.identity_properties import stored_images
from ..properties.scene_properties import recipe_from, request_from, request_of, settings_of
from ..properties.source_image_files import absolute_path
from ..properties.take_properties import (
    TAKE_GROUPS,
    active_take_place,
    copy_group,
    identity_of_take,
    load_take,
    loaded_take_place,
    set_own_values,
    values_of_take,
)
from ..sequencer.curves import curves_of, keyframes_of
from .stack_id import new_id

__all__ = ["active_take_place", "load_take", "set_own_values"]

MAX_TAKES = 64
"""How many takes a modifier may have."""
_MAX_COMBINATIONS = 1024
"""Of how many combinations of a stack's takes the folders are known; others are seen, but their images not managed."""
_MAX_KNOWN_IDS = 4096
_MAX_NAME_CHARACTERS = 60

Choice = tuple[int, ...]
"""The place of the chosen take of each modifier of a stack."""


def takes_of(modifier: Any) -> list[tuple[str, SwapRequest]]:
    """List what the takes of a modifier ask for, each with its name; a modifier without takes counts as one.

    Parameters
    ----------
    modifier : UNDERSTUDY_PG_modifier
        The modifier.

    Returns
    -------
    list of (str, SwapRequest)
        In order, at the frame that the scene stands at.
    """
    if not len(modifier.takes):
        return [(modifier.identity.name or modifier.name, request_of(modifier))]
    return [(take.name, request_of_take(modifier, place)) for place, take in enumerate(modifier.takes)]


def request_of_take(modifier: Any, place: int) -> SwapRequest:
    """Return what a modifier asks for with one of its takes.

    Parameters that are keyframed or driven belong to the modifier: they are the same for every take.
    """
    if not len(modifier.takes) or place == loaded_take_place(modifier):
        return request_of(modifier)
    values = values_of_take(modifier, place)
    recipe = recipe_from(modifier, values, TAKE_GROUPS, _animated_parameters(modifier))
    return request_from(modifier, identity_of_take(modifier, place), recipe)


def active_choice(stack: Sequence[Any]) -> Choice:
    """Return which take each modifier of a stack shows, at the frame that the scene stands at."""
    return tuple(active_take_place(modifier) for modifier in stack)


def layers_id(strip_id: str, stack: Sequence[Any], choice: Choice | None = None) -> str:
    """Return the id of the folder of a stack's layer images for a choice of takes; for the active ones without it."""
    places = active_choice(stack) if choice is None else choice
    ids = [
        modifier.takes[place].take_id
        for modifier, place in zip(stack, places, strict=True)
        if len(modifier.takes)
    ]
    named = tuple(text for text in ids if text)
    return _hashed_id(strip_id, named) if named else strip_id


def active_choice_by_layers_id(strip_id: str, stack: Sequence[Any]) -> Mapping[str, Choice]:
    """Return the active choice of takes of a stack by the id of its folder."""
    active = active_choice(stack)
    return {layers_id(strip_id, stack, active): active}


def choices_by_layers_id(strip_id: str, stack: Sequence[Any]) -> Mapping[str, Choice]:
    """Return the choices of takes of a stack by the ids of their folders; the first of all is the active one."""
    known = dict(active_choice_by_layers_id(strip_id, stack))
    if has_takes(stack):
        every = product(*[range(max(len(modifier.takes), 1)) for modifier in stack])
        for choice in islice(every, _MAX_COMBINATIONS):
            known.setdefault(layers_id(strip_id, stack, choice), choice)
    return known


def layers_ids(strip_id: str, stack: Sequence[Any]) -> list[str]:
    """List the ids of the folders that a stack may have layer images in: its own, and those of its takes."""
    return list(dict.fromkeys([strip_id, *choices_by_layers_id(strip_id, stack)]))


def has_takes(stack: Sequence[Any]) -> bool:
    """Tell whether any modifier of a stack has takes."""
    return any(len(modifier.takes) for modifier in stack)


def stack_ids_by_layers_id(scene: bpy.types.Scene) -> dict[str, str]:
    """Return whose stack the folders of layer images are, for the stacks of a scene that have takes."""
    stacks: dict[str, list[Any]] = {}
    for modifier in settings_of(scene).modifiers:
        stacks.setdefault(modifier.strip_id, []).append(modifier)
    return {
        name: strip_id
        for strip_id, stack in stacks.items()
        if is_stack_id(strip_id) and has_takes(stack)
        for name in layers_ids(strip_id, stack)
    }


def add_take(modifier: Any) -> Any:
    """Add a take without images and return it; the first time the modifier's images become a take too."""
    _require_takes(modifier)
    if len(modifier.takes) >= MAX_TAKES:
        raise RecipeError(f"{modifier.name} has {MAX_TAKES} takes: remove one")
    take = modifier.takes.add()
    take.take_id = new_id()
    take.name = _free_name(modifier, "Take")
    return take


def add_person(modifier: Any, name: str, images: Sequence[tuple[str, int]]) -> int:
    """Add a take of a person and return its place; that of the take that has these images already, if there is one.

    A modifier with neither takes nor images gets the person as its first take. `images` are paths as projects keep
    them, each with the number of the face in it. Raises RecipeError for too many takes.
    """
    wanted = [(absolute_path(filepath), number) for filepath, number in images]
    for place in range(len(modifier.takes)):
        if _images_of(identity_of_take(modifier, place)) == wanted:
            return place
    if len(modifier.takes) or _images_of(modifier.identity):
        take = add_take(modifier)
    else:
        _require_takes(modifier)
        take = modifier.takes[0]
    take.name = name
    place = len(modifier.takes) - 1
    person = identity_of_take(modifier, place)
    for filepath, number in images:
        image = person.pictures.add()
        image.filepath, image.face_number = filepath, number
    return place


def place_of_take(modifier: Any, take_id: str) -> int:
    """Return the place of a take by its id; -1 where it is gone."""
    return next((place for place, take in enumerate(modifier.takes) if take.take_id == take_id), -1)


def duplicate_take(modifier: Any, place: int) -> Any:
    """Add a copy of a take and return it."""
    take = add_take(modifier)
    origin = modifier.takes[place]
    copy_group(identity_of_take(modifier, place), take.identity)
    if origin.has_own_values:
        source = values_of_take(modifier, place)
        for stage in TAKE_GROUPS:
            copy_group(getattr(source, stage), getattr(take.values, stage))
        take.has_own_values = True
    take.name = ""
    take.name = _free_name(modifier, origin.name)
    return take


def remove_take(modifier: Any, place: int) -> None:
    """Remove a take. Raises RecipeError for the only one."""
    if len(modifier.takes) < 2:
        raise RecipeError(f"{modifier.name} has no other take: add one, then remove this")
    active = active_take_place(modifier)
    if place == loaded_take_place(modifier):
        load_take(modifier, place - 1 if place else 1)

    def moved(old: int) -> int:
        return max(old - 1, 0) if old >= place and old else old

    loaded = loaded_take_place(modifier)
    modifier.takes.remove(place)
    _renumber(modifier, moved, active, loaded - (loaded > place))


def move_take(modifier: Any, start: int, end: int) -> None:
    """Move a take to another place. Which one is active, and what keyframes show, stays."""

    def moved(old: int) -> int:
        if old == start:
            return end
        return old + (end <= old < start) - (start < old <= end)

    before, loaded = active_take_place(modifier), moved(loaded_take_place(modifier))
    modifier.takes.move(start, end)
    _renumber(modifier, moved, before, loaded)


def take_curve(modifier: Any) -> Any | None:
    """Return the keyframes of which take a modifier shows; None where it has none."""
    if not len(modifier.takes):
        return None
    path = f"{modifier.path_from_id()}.active_take"
    return next((curve for curve in keyframes_of(modifier.id_data) if curve.data_path == path), None)


def _renumber(modifier: Any, moved: Any, active: int, loaded: int) -> None:
    curve = take_curve(modifier)
    for point in () if curve is None else curve.keyframe_points:
        point.co.y = moved(round(point.co.y))
    # The loaded one first: what is loaded already is not loaded again.
    modifier.loaded_take = loaded
    modifier.active_take = moved(active)


def _require_takes(modifier: Any) -> None:
    """Make what a modifier has without takes its first."""
    if not len(modifier.takes):
        take = modifier.takes.add()
        take.name = modifier.identity.name or "Take 1"
        modifier.loaded_take = modifier.active_take = 0


def _images_of(identity: Any) -> list[tuple[Path, int]]:
    return [(absolute_path(filepath), number) for filepath, number in stored_images(identity)]


def _free_name(modifier: Any, name: str) -> str:
    taken = {take.name for take in modifier.takes}
    stem = name.rstrip("0123456789 ")[:_MAX_NAME_CHARACTERS] or "Take"
    numbered = (f"{stem} {number}" for number in range(2, MAX_TAKES + 3))
    return next(text for text in numbered if text not in taken)


def _animated_parameters(modifier: Any) -> frozenset[tuple[str, str]]:
    """Return the parameters of a modifier that keyframes or drivers decide: (stage, name) each."""
    prefix = f"{modifier.path_from_id()}."
    paths = (curve.data_path for curve in curves_of(modifier.id_data))
    parts = (path.removeprefix(prefix).split(".") for path in paths if path.startswith(prefix))
    return frozenset((part[0], part[1]) for part in parts if len(part) == 2)


@lru_cache(_MAX_KNOWN_IDS)
def _hashed_id(strip_id: str, take_ids: tuple[str, ...]) -> str:
    text = " ".join((strip_id, *take_ids))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[: len(strip_id)]
