# SPDX-License-Identifier: GPL-3.0-or-later
"""What is saved in the .blend: the Face Swap modifiers of every clip, and the settings of a scene.

The modifiers lie in one collection on the scene, in stack order, because members of a scene's collection can
be keyframed and those of a group on a strip can't. A strip names its stack by `understudy_id`.
"""

from collections.abc import Collection
from dataclasses import fields
from functools import cache, lru_cache
from itertools import repeat
from typing import Any, cast

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    EnumProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from ...core.cache.settings import CACHE_FOLDER_NAME
from ...core.recipe import Recipe, parameters
from ...core.recipe.parameter import Parameter
from ...core.recipe.request import SwapRequest
from .farm_properties import UNDERSTUDY_PG_farm
from .identity_properties import CLASSES as IDENTITY_CLASSES
from .identity_properties import (
    RELATIVE_PATH_OPTIONS,
    TRANSLATION_CONTEXT,
    UNDERSTUDY_PG_identity,
    identity_of,
)
from .labels import UNIT_DIGITS, UNIT_SUBTYPES, choice_items, title_case, tooltip
from .placeholder_choice import make_placeholder_property
from .plain_value import plain_value
from .repair_properties import CLASSES as REPAIR_CLASSES
from .repair_properties import Repairs, repairs_of
from .strip_properties import register_strip_properties, unregister_strip_properties
from .take_properties import TAKE_GROUPS, make_take_groups, on_take_change
from .update import tag_update

DEFAULT_CACHE_FOLDER = f"//{CACHE_FOLDER_NAME}/"
"""The folder of a project's results unless it names another."""
# What may change over time: what is analysed once for a whole clip can't.
_ANIMATABLE_GROUPS = ("fusion", "select")
_MAX_RECIPES = 256


def is_animatable(parameter: Parameter) -> bool:
    """Tell whether a parameter can be keyframed and driven."""
    if parameter.group in _ANIMATABLE_GROUPS:
        return parameter.kind is not str or bool(parameter.choices)
    return parameter.group in ("swap", "enhance") and parameter.kind is float


def _make_property(parameter: Parameter) -> Any:
    """Make the Blender property of a parameter."""
    common: dict[str, Any] = {
        "name": title_case(parameter.label),
        "description": tooltip(parameter),
        "default": parameter.default,
        "update": tag_update,
        # Where it is a mesh that has faces, they are something else in other languages.
        "translation_context": TRANSLATION_CONTEXT if "face" in parameter.label.lower() else "*",
        "options": {"ANIMATABLE"} if is_animatable(parameter) else set(),
    }
    if parameter.choices:
        return EnumProperty(items=choice_items(parameter), **common)
    if parameter.kind is str:
        return StringProperty(**common)
    if parameter.kind is bool:
        return BoolProperty(**common)
    low, high = parameter.low, parameter.high
    if low is not None and high is not None:
        soft = high if parameter.soft_high is None else parameter.soft_high
        limits = {"min": low, "max": high, "soft_max": soft}
        common.update({name: parameter.kind(limit) for name, limit in limits.items()})
    common["subtype"] = UNIT_SUBTYPES.get(parameter.unit, "NONE")
    if parameter.kind is int:
        return IntProperty(**common)
    if (low, high, parameter.unit) == (0.0, 1.0, ""):
        common["subtype"] = "FACTOR"
    common["precision"] = UNIT_DIGITS.get(parameter.unit, 2)
    return FloatProperty(**common)


def _make_stage_group(stage: str) -> Any:
    """Make the property group of a stage, with every parameter that the recipe has for it."""
    annotations = {entry.name: _make_property(entry) for entry in parameters() if entry.group == stage}
    body = {"__annotations__": annotations, "__doc__": f"The parameters of the stage {stage}."}
    return type(f"UNDERSTUDY_PG_{stage}", (PropertyGroup,), body)


STAGE_GROUPS = {stage.name: _make_stage_group(stage.name) for stage in fields(Recipe)}


# The stubs say that a property's definition is None; Blender keeps what it returns.
_pointer: Any = PointerProperty
_Stages: Any = type(
    "UNDERSTUDY_stages",
    (),
    {"__annotations__": {stage: _pointer(type=group) for stage, group in STAGE_GROUPS.items()}},
)


def _make_fold_property(part: str, *, expanded: bool = False) -> Any:
    """Make the property that keeps whether a part of a panel is folded."""
    switch: Any = BoolProperty
    return switch(name=part, description="Show this part of the panel", default=expanded, options=set())


UNDERSTUDY_PG_take_values, UNDERSTUDY_PG_take = make_take_groups(
    {stage: STAGE_GROUPS[stage] for stage in TAKE_GROUPS}
)


class UNDERSTUDY_PG_modifier(_Stages, Repairs, PropertyGroup):
    """One Face Swap modifier of a clip's stack, with a group for each stage, such as `fusion`."""

    name: StringProperty(name="Name")  # type: ignore[valid-type]
    strip_id: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    enabled: BoolProperty(  # type: ignore[valid-type]
        name="Show in Preview",
        description="Replace this face in the preview, and in what is rendered from the viewport",
        default=True,
        update=tag_update,
    )
    show_render: BoolProperty(  # type: ignore[valid-type]
        name="Show in Render",
        description="Replace this face in what is rendered",
        default=True,
        update=tag_update,
    )
    show_expanded: _make_fold_property("Expanded", expanded=True)  # type: ignore[valid-type]
    show_more: _make_fold_property("Settings")  # type: ignore[valid-type]
    show_who: _make_fold_property("Who", expanded=True)  # type: ignore[valid-type]
    show_consent: _make_fold_property("Consent Record")  # type: ignore[valid-type]
    show_which_face: _make_fold_property("Which Face")  # type: ignore[valid-type]
    show_swap: _make_fold_property("Swap")  # type: ignore[valid-type]
    show_mask: _make_fold_property("Mask")  # type: ignore[valid-type]
    show_colour: _make_fold_property("Color and Blend")  # type: ignore[valid-type]
    show_analysis: _make_fold_property("Analysis")  # type: ignore[valid-type]
    identity: PointerProperty(type=UNDERSTUDY_PG_identity)  # type: ignore[valid-type]
    target_forms: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    shared_values: PointerProperty(type=UNDERSTUDY_PG_take_values)  # type: ignore[valid-type]
    takes: CollectionProperty(type=UNDERSTUDY_PG_take)  # type: ignore[valid-type]
    # Before the active one, so that a copy of a modifier has both before anything is loaded.
    loaded_take: IntProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    active_take: IntProperty(  # type: ignore[valid-type]
        name="Take",
        description="Which take is shown and rendered, counted from 0; it can be keyframed",
        min=0,
        update=on_take_change,
    )
    show_repair: _make_fold_property("Repair")  # type: ignore[valid-type]
    show_plots: _make_fold_property("Plots", expanded=True)  # type: ignore[valid-type]


class UNDERSTUDY_PG_scene(PropertyGroup):
    """Understudy's settings of a scene."""

    modifiers: CollectionProperty(type=UNDERSTUDY_PG_modifier)  # type: ignore[valid-type]
    active_index: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    show_details: _make_fold_property("Details")  # type: ignore[valid-type]
    show_cache: _make_fold_property("Cache")  # type: ignore[valid-type]
    cache_folder: StringProperty(  # type: ignore[valid-type]
        name="Cache Folder",
        description="Where results are kept, so that they need not be computed twice; // is beside the project",
        subtype="DIR_PATH",
        options=RELATIVE_PATH_OPTIONS,
        default=DEFAULT_CACHE_FOLDER,
    )
    consent_file: StringProperty(  # type: ignore[valid-type]
        name="Consent File",
        description="A file of consent records that several projects may share; they count beside those of modifiers",
        subtype="FILE_PATH",
        options=RELATIVE_PATH_OPTIONS,
    )
    strict: BoolProperty(  # type: ignore[valid-type]
        name="Strict Rendering",
        description="A frame in which a face can't be replaced as asked counts as failed: no image of it is kept, "
        "and Blender without a window stops there and ends with exit code 3",
    )
    placeholder: make_placeholder_property()  # type: ignore[valid-type]
    has_visible_placeholders: BoolProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    last_run: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    farm: PointerProperty(type=UNDERSTUDY_PG_farm)  # type: ignore[valid-type]


def settings_of(scene: bpy.types.Scene) -> Any:
    """Return the scene's `UNDERSTUDY_PG_scene`."""
    return cast("Any", scene).understudy


def recipe_of(modifier: Any) -> Recipe:
    """Return what a modifier's parameters are set to, at the frame the scene stands at."""
    return recipe_from(modifier, modifier, ())


def recipe_from(
    modifier: Any,
    values: Any,
    groups: Collection[str],
    own: Collection[tuple[str, str]] = (),
) -> Recipe:
    """Return a modifier's parameters, those of some stages from elsewhere.

    Parameters
    ----------
    modifier : UNDERSTUDY_PG_modifier
        The modifier.
    values : UNDERSTUDY_PG_modifier or UNDERSTUDY_PG_take_values
        What has the groups that are not the modifier's.
    groups : collection of str
        The stages of these groups.
    own : collection of (str, str)
        Parameters, (stage, name) each, that are the modifier's all the same.

    Returns
    -------
    Recipe
        The recipe, at the frame the scene stands at.
    """
    read: list[tuple[Any, ...]] = []
    for stage, _, names in _stages():
        usual = getattr(modifier, stage)
        if stage not in groups:
            read.append(tuple(map(getattr, repeat(usual), names)))
            continue
        group = getattr(values, stage)
        read.append(tuple(getattr(usual if (stage, name) in own else group, name) for name in names))
    return _recipe_of_values(tuple(read))


@lru_cache(_MAX_RECIPES)
def _recipe_of_values(values: tuple[tuple[Any, ...], ...]) -> Recipe:
    """Return the recipe of the values of each stage as Blender has them: mostly the same as at the last frame."""
    stages = zip(_stages(), values, strict=True)
    return Recipe(**{stage: made(*map(plain_value, read)) for (stage, made, _), read in stages})


@cache
def _stages() -> tuple[tuple[str, type, tuple[str, ...]], ...]:
    """List each stage of a recipe, what it is made as, and its parameters in order."""
    default = Recipe()
    groups = [(stage.name, getattr(default, stage.name)) for stage in fields(Recipe)]
    return tuple((name, type(group), tuple(entry.name for entry in fields(group))) for name, group in groups)


def request_of(modifier: Any) -> SwapRequest:
    """Return what a modifier asks for with its loaded take."""
    return request_from(modifier, modifier.identity, recipe_of(modifier))


def request_from(modifier: Any, person: Any, recipe: Recipe) -> SwapRequest:
    """Return what a modifier asks for with a source person, an identity group, and a recipe: those of any take."""
    return SwapRequest(
        identity_of(person),
        recipe,
        modifier=modifier.name,
        target_forms=modifier.target_forms if recipe.swap.gives_shape else "",
        **repairs_of(modifier),
    )


CLASSES: tuple[Any, ...] = (
    *STAGE_GROUPS.values(),
    *IDENTITY_CLASSES,
    UNDERSTUDY_PG_take_values,
    UNDERSTUDY_PG_take,
    *REPAIR_CLASSES,
    UNDERSTUDY_PG_modifier,
    UNDERSTUDY_PG_farm,
    UNDERSTUDY_PG_scene,
)


def register() -> None:
    """Put the properties on scenes and strips."""
    for group in CLASSES:
        bpy.utils.register_class(group)
    cast("Any", bpy.types.Scene).understudy = _pointer(type=UNDERSTUDY_PG_scene)
    register_strip_properties()


def unregister() -> None:
    """Take the properties off again. What they hold stays in the .blend."""
    unregister_strip_properties()
    delattr(bpy.types.Scene, "understudy")
    for group in reversed(CLASSES):
        bpy.utils.unregister_class(group)
