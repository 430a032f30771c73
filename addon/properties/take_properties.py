# SPDX-License-Identifier: GPL-3.0-or-later
"""The takes of a modifier: alternative source people, where wanted with settings of their own.

The modifier's own properties hold the values of the loaded take, so that panels and scripts read and set them as they
do without takes. What the others have lies with them until they are loaded. Settings of takes without their own are
the modifier's; while a take with its own is loaded, they lie in `shared_values`.
"""

from collections.abc import Mapping
from typing import Any

import bpy
from bpy.props import BoolProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from .identity_properties import CONSENT_TEXTS, UNDERSTUDY_PG_identity, tag_update

TAKE_GROUPS = ("swap", "enhance", "occlude", "fusion")
"""The stages whose settings a take may have of its own. Which face is replaced is the modifier's."""
_pointer: Any = PointerProperty
_text: Any = StringProperty
_switch: Any = BoolProperty


def make_take_groups(stage_groups: Mapping[str, Any]) -> tuple[Any, Any]:
    """Make the groups `UNDERSTUDY_PG_take_values`, with these groups of stages, and `UNDERSTUDY_PG_take`."""
    stages = {stage: _pointer(type=group) for stage, group in stage_groups.items()}
    values = type(
        "UNDERSTUDY_PG_take_values",
        (PropertyGroup,),
        {"__annotations__": stages, "__doc__": "Settings of a take, or of those without their own."},
    )
    take = {
        "name": _text(name="Name", description="Name of the take"),
        "take_id": _text(options={"HIDDEN"}),
        "identity": _pointer(type=UNDERSTUDY_PG_identity),
        "values": _pointer(type=values),
        "has_own_values": _switch(options={"HIDDEN"}),
    }
    return values, type(
        "UNDERSTUDY_PG_take",
        (PropertyGroup,),
        {"__annotations__": take, "__doc__": "One of the source people that a modifier may show."},
    )


def active_take_place(modifier: Any) -> int:
    """Return the place of the take that a modifier shows; 0 where it has no takes."""
    return max(min(modifier.active_take, len(modifier.takes) - 1), 0)


def loaded_take_place(modifier: Any) -> int:
    """Return the place of the take whose values the modifier's own properties hold; 0 where it has no takes."""
    return max(min(modifier.loaded_take, len(modifier.takes) - 1), 0)


def values_of_take(modifier: Any, place: int) -> Any:
    """Return what has the settings of a take, a group for each of `TAKE_GROUPS`: the modifier if it is loaded."""
    takes = modifier.takes
    loaded = loaded_take_place(modifier)
    if not len(takes) or place == loaded:
        return modifier
    if takes[place].has_own_values:
        return takes[place].values
    return modifier.shared_values if takes[loaded].has_own_values else modifier


def identity_of_take(modifier: Any, place: int) -> Any:
    """Return the source person of a take: the modifier's own if it is loaded."""
    is_loaded = not len(modifier.takes) or place == loaded_take_place(modifier)
    return modifier.identity if is_loaded else modifier.takes[place].identity


def load_take(modifier: Any, place: int) -> None:
    """Put the values of a take into the modifier's own properties, and keep those of the take that was there."""
    if place == loaded_take_place(modifier) or not 0 <= place < len(modifier.takes):
        return
    store_loaded_take(modifier)
    person, values = modifier.takes[place].identity, values_of_take(modifier, place)
    copy_group(person, modifier.identity)
    if values is not modifier:
        _copy_stages(values, modifier)
    _clear_person(person)
    modifier.loaded_take = place


def store_loaded_take(modifier: Any) -> None:
    """Keep the values of a modifier's own properties with its loaded take."""
    loaded = modifier.takes[loaded_take_place(modifier)]
    copy_group(modifier.identity, loaded.identity)
    _copy_stages(modifier, loaded.values if loaded.has_own_values else modifier.shared_values)


def set_own_values(modifier: Any, place: int, *, has_own: bool) -> None:
    """Give a take settings of its own, the same as before; or have it share those of the others again."""
    take = modifier.takes[place]
    if bool(take.has_own_values) == has_own:
        return
    if place != loaded_take_place(modifier):
        if has_own:
            _copy_stages(values_of_take(modifier, place), take.values)
    elif has_own:
        _copy_stages(modifier, modifier.shared_values)
    else:
        _copy_stages(modifier.shared_values, modifier)
    take.has_own_values = has_own


def on_take_change(modifier: Any, context: Any) -> None:
    """Load the take that was made the active one. Keyframes do not call this: what they show is not loaded."""
    load_take(modifier, active_take_place(modifier))
    tag_update(modifier, context)


def copy_group(source: Any, target: Any) -> None:
    """Copy every property of a group to another of its kind."""
    for entry in source.bl_rna.properties:
        name = entry.identifier
        if name == "rna_type":
            continue
        value = getattr(source, name)
        if entry.type == "POINTER" and value is not None and not isinstance(value, bpy.types.ID):
            copy_group(value, getattr(target, name))
        elif entry.type == "COLLECTION":
            items = getattr(target, name)
            items.clear()
            for item in value:
                copy_group(item, items.add())
        elif not entry.is_readonly:
            setattr(target, name, value)


def _copy_stages(source: Any, target: Any) -> None:
    for stage in TAKE_GROUPS:
        copy_group(getattr(source, stage), getattr(target, stage))


def _clear_person(identity: Any) -> None:
    """Leave nothing of a person where nothing reads it."""
    identity.pictures.clear()
    identity.name = identity.consent = ""
    for name in CONSENT_TEXTS:
        setattr(identity.consent_record, name, "")
