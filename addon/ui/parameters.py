# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parameter is in which panel, when it matters, and how it is drawn with what a change of it costs."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from ...core.models.library import MODELS_VARIABLE, user_model_folder
from ...core.models.model_availability import ModelAvailability
from ...core.recipe import parameters
from ...core.recipe.parameter import Parameter
from ...core.units import OFF
from ..blender.wrapped_text import draw_text
from ..lookups.gallery import lookup_cache
from ..lookups.lookups import ModelLookup
from ..properties.preferences import preferences

COST_ICONS = {"instant": "CHECKMARK", "re-swap": "FILE_REFRESH", "re-analyse": "VIEWZOOM"}

_NEURAL_ONLY_PATHS = {
    "swap.model", "swap.pixel_boost", "swap.identity", "fusion.mask_shape", "fusion.openings",
}  # fmt: skip
REFERENCE_PATHS = {"select.reference_frame", "select.reference_face", "select.others"}
"""The paths of what says where a person was picked: an image says it better."""


def _is_neural(modifier: Any) -> bool:
    return bool(modifier.swap.swapper != "mesh")


# When a parameter matters; those that are not here always do.
_RELEVANCE: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_NEURAL_ONLY_PATHS, _is_neural),
    **dict.fromkeys(REFERENCE_PATHS, lambda modifier: modifier.select.which == "reference"),
    "swap.mirror": lambda modifier: not _is_neural(modifier),
    "swap.morph": lambda modifier: modifier.swap.swapper == "dfm",
    "enhance.model": lambda modifier: modifier.enhance.enhancer != "none",
    "enhance.weight": lambda modifier: modifier.enhance.enhancer == "codeformer",
    "fusion.enhancer_blend": lambda modifier: modifier.enhance.enhancer != "none",
    "fusion.light_radius": lambda modifier: modifier.fusion.colour_match > 0,
}
_MODEL_ONLY_GROUPS = ("swap", "enhance")
"""The groups whose other settings are the engine's own: without its file they do nothing."""
_BISENET_ONLY_PREFIX = "With BiSeNet"
_REFRESH_SECONDS = 5.0
_MODEL_ROLES = {
    "detect.detector": "detect",
    "landmark.landmarker": "landmark",
    "landmark.pose": "pose",
    "embed.recogniser": "embed",
    "occlude.masker": "occlude",
    "swap.swapper": "swap",
    "enhance.enhancer": "enhance",
}
"""The parameters that choose an engine, and the role that its model file has in the catalogue."""


def is_relevant(parameter: Parameter, modifier: Any) -> bool:
    """Tell whether a parameter changes anything as a modifier is set."""
    if parameter.group == "occlude" and parameter.text.startswith(_BISENET_ONLY_PREFIX):
        return bool(modifier.occlude.masker == "bisenet")
    asked = _RELEVANCE.get(parameter.path)
    return asked is None or asked(modifier)


def in_which_face(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Which Face."""
    return parameter.group == "select"


def in_swap(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Swap."""
    return parameter.group in ("swap", "enhance") or parameter.path == "fusion.enhancer_blend"


def in_mask(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Mask: what is seen of the face, and what covers it."""
    shape = parameter.group == "fusion" and parameter.name.startswith(("mask_", "keep_", "openings"))
    return shape or parameter.group == "occlude"


def in_colour(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Color and Blend."""
    return parameter.group == "fusion" and not in_mask(parameter) and not in_swap(parameter)


def in_analysis(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Analysis: whatever no other panel has."""
    return not any(other(parameter) for other in (in_which_face, in_swap, in_mask, in_colour))


def draw_parameters(
    layout: Any, context: bpy.types.Context, modifier: Any, belongs: Callable[[Parameter], bool]
) -> None:
    """Draw the parameters that belong to a panel and matter, each with the icon of what a change costs.

    Switches that follow each other share a row in pairs: there are many of them. Below an engine stands whether its
    file is there; what it alone uses is greyed out until it is.
    """
    layout.use_property_split = True
    whole, layout = layout, layout.column()
    shown = [entry for entry in parameters() if belongs(entry) and is_relevant(entry, modifier)]
    group = shown[0].group if shown else ""
    while shown:
        parameter = shown.pop(0)
        if parameter.group != group:
            layout.separator()
            layout, group = whole.column(), parameter.group
        if parameter.kind is not bool:
            draw_parameter(layout, modifier, parameter)
            if parameter.path in _MODEL_ROLES and not _draw_model_availability(
                layout, context, modifier, parameter
            ):
                layout = layout.column()
                layout.enabled = parameter.group not in _MODEL_ONLY_GROUPS
            continue
        switches = [parameter]
        while shown and shown[0].kind is bool and shown[0].group == parameter.group:
            switches.append(shown.pop(0))
        _draw_switches(layout, modifier, switches)


def _draw_model_availability(
    layout: Any, context: bpy.types.Context, modifier: Any, parameter: Parameter
) -> bool:
    """Say below an engine that needs a file whether it is there, and its licence; tell whether it can be used."""
    name = getattr(getattr(modifier, parameter.group), parameter.name)
    if name == parameter.default:
        return True
    models = model_folder()
    wanted = ModelLookup(models, _MODEL_ROLES[parameter.path], name)
    state: ModelAvailability | None = lookup_cache().get(wanted, _REFRESH_SECONDS)
    if state is None:
        return True
    licence = f"Licence {state.licence}" if state.licence else "The licence is not known"
    if not state.commercial and "commercial" not in licence:
        licence += ": probably not for commercial use"
    if not state.available:
        text = state.problem or f"put its file into {models}, or choose another folder in the preferences"
        draw_text(layout, context, f"{state.title} can't be used: {text}", "ERROR")
    draw_text(layout, context, licence, "INFO")
    return state.available


def model_folder() -> Path:
    """Return where the user's models lie: what the environment says comes before the preferences."""
    said = os.environ.get(MODELS_VARIABLE, "").strip()
    chosen = "" if said == OFF else said or preferences().model_folder
    return Path(bpy.path.abspath(chosen)) if chosen else user_model_folder()


def draw_parameter(layout: Any, modifier: Any, parameter: Parameter) -> None:
    """Draw one parameter with the icon of what a change costs."""
    row = layout.row(align=False)
    row.prop(getattr(modifier, parameter.group), parameter.name)
    row.label(icon=COST_ICONS[parameter.cost])


def _draw_switches(layout: Any, modifier: Any, switches: list[Parameter]) -> None:
    row = layout.row()
    split = row.split(factor=0.4)
    title = split.column()
    title.alignment = "RIGHT"
    title.label(text="Parts of the Face")
    grid = split.grid_flow(row_major=True, columns=2, even_columns=True, align=True)
    grid.use_property_split = False
    for switch in switches:
        grid.prop(getattr(modifier, switch.group), switch.name)
    row.label(icon=COST_ICONS[switches[0].cost])
    row.label(icon="BLANK1")  # where others have their dot for keyframes
