# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is seen in a strip, and which of them a Face Swap modifier replaces."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import bpy

from ...core.recipe import Recipe, Select
from ..layers.folders import cache_folder
from ..modifiers.stack import stack_of
from ..properties.preferences import preferences
from ..properties.scene_properties import recipe_of
from ..sequencer.strips import frame_rate, movie_rate, stack_id
from .clip_source import clip_source
from .lookups import PeopleLookup, PersonView

if TYPE_CHECKING:
    from ...core.analysis.person_clustering import Person

_NO_SEARCH_RANGE = (-1, -1)


def source_range(scene: bpy.types.Scene, strip: Any) -> tuple[int, int]:
    """Return the first and the last frame of the clip that a strip may show.

    Where the strip is retimed that is all it has; `LayerSession.people` ends at the clip's end.
    """
    before, after = strip.frame_offset_start, strip.frame_offset_end
    if strip.use_reverse_frames:
        before, after = after, before
    if len(strip.retiming_keys):
        before = after = 0
    rate = 1.0
    if strip.type == "MOVIE":
        rate = max(movie_rate(strip) / frame_rate(scene), 1.0)
    first = strip.animation_offset_start + int(before)
    count = max(strip.frame_duration - int(before) - int(after), 1)
    return int(first), int(first + count * rate) - 1


def has_search_range(strip: Any) -> bool:
    """Tell whether the people of a strip were looked for."""
    first, last = strip.understudy_searched
    return bool(0 <= first <= last)


def clear_search(strip: Any) -> None:
    """Forget that they were."""
    strip.understudy_searched = _NO_SEARCH_RANGE


def face_selection_recipe(modifier: Any) -> Recipe:
    """Return of a modifier's recipe what decides which faces are replaced."""
    return without_swap(recipe_of(modifier))


def without_swap(recipe: Recipe) -> Recipe:
    """Return of a recipe what decides which faces are replaced."""
    return Recipe(detect=recipe.detect, landmark=recipe.landmark, embed=recipe.embed, select=recipe.select)


def face_detection_recipe(modifier: Any) -> Recipe:
    """Return of a modifier's recipe what decides which faces are seen."""
    recipe = face_selection_recipe(modifier)
    return replace(recipe, select=Select(min_height=recipe.select.min_height))


def people_lookup(scene: bpy.types.Scene, strip: Any, modifier: Any) -> PeopleLookup:
    """Return what to look up in order to know a strip's people."""
    first, last = strip.understudy_searched if has_search_range(strip) else source_range(scene, strip)
    return PeopleLookup(
        cache_folder(scene), preferences(), clip_source(strip), first, last, face_detection_recipe(modifier)
    )


def replaces(modifier: Any, person: "Person") -> bool:
    """Tell whether a modifier replaces this person, picked by a reference frame that shows them."""
    select = modifier.select
    return (
        select.which == "reference"
        and (
            select.reference_frame,
            select.reference_face,
        )
        in person.face_refs
    )


def modifiers_replacing(scene: bpy.types.Scene, strip: Any, person: "Person") -> list[Any]:
    """List the modifiers of a strip's stack that replace this person."""
    return [entry for entry in stack_of(scene, stack_id(strip)) if replaces(entry, person)]


def replace_person(modifier: Any, face_ref: tuple[int, int], people: Sequence[PersonView]) -> None:
    """Have a modifier replace whoever is at `face_ref`, and know that the other people are not meant."""
    select = modifier.select
    others = [shown.person.best_face for shown in people if face_ref not in shown.person.face_refs]
    select.reference_frame, select.reference_face = face_ref
    select.others = " ".join(f"{frame}:{face}" for frame, face in others)
    select.which = "reference"
