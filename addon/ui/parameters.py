# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parameter is in which panel, when it matters, and how it is drawn with what a change of it costs."""

from collections.abc import Callable, Mapping
from typing import Any

import bpy

from ...core.recipe import parameters
from ...core.recipe.parameter import Parameter
from ..operators.model_page import look_up_model, model_button_texts
from .fields import Field, draw_field, draw_switches, fit_side_by_side, fits_button

_NEURAL_ONLY_PATHS = {
    "swap.model", "swap.pixel_boost", "swap.identity", "fusion.mask_shape", "fusion.openings",
}  # fmt: skip
REFERENCE_PATHS = {"select.reference_frame", "select.reference_face", "select.others"}
"""The paths of what says where a person was picked: an image says it better."""


def _is_neural(modifier: Any) -> bool:
    return bool(modifier.swap.swapper != "mesh")


def _has_shape(modifier: Any) -> bool:
    return bool(not _is_neural(modifier) and modifier.swap.shape > 0)


# When a parameter matters; those that are not here always do.
_RELEVANCE: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_NEURAL_ONLY_PATHS, _is_neural),
    **dict.fromkeys(REFERENCE_PATHS, lambda modifier: modifier.select.which == "reference"),
    "select.steady": lambda modifier: modifier.select.which not in ("all", "reference", "track"),
    "swap.mirror": lambda modifier: not _is_neural(modifier),
    "swap.shape": lambda modifier: not _is_neural(modifier),
    "swap.morph": lambda modifier: modifier.swap.swapper == "dfm",
    "enhance.model": lambda modifier: modifier.enhance.enhancer != "none",
    "enhance.weight": lambda modifier: modifier.enhance.enhancer == "codeformer",
    "fusion.enhancer_blend": lambda modifier: modifier.enhance.enhancer != "none",
    "fusion.light_radius": lambda modifier: modifier.fusion.colour_match > 0,
    "fusion.grain": _has_shape,
    "fusion.skin_reach": _has_shape,
}
SHAPE_PATH = "swap.shape"
"""Of the stage swap, but an editor looks for it beside Blend."""
_MODEL_ONLY_GROUPS = ("swap", "enhance")
"""The groups whose other settings are the engine's own: without its file they do nothing."""
_BISENET_ONLY_PREFIX = "With BiSeNet"
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
    if parameter.path == SHAPE_PATH:
        return False
    return parameter.group in ("swap", "enhance") or parameter.path == "fusion.enhancer_blend"


def in_mask(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Mask: what is seen of the face, and what covers it."""
    shape = parameter.group == "fusion" and parameter.name.startswith(("mask_", "keep_", "openings"))
    return shape or parameter.group == "occlude"


def in_colour(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Color and Blend: how much of the other person there is."""
    fusion = parameter.group == "fusion" and not in_mask(parameter) and not in_swap(parameter)
    return fusion or parameter.path == SHAPE_PATH


def in_analysis(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Analysis: whatever no other panel has."""
    return not any(other(parameter) for other in (in_which_face, in_swap, in_mask, in_colour))


def draw_parameters(
    layout: Any, context: bpy.types.Context, modifier: Any, belongs: Callable[[Parameter], bool]
) -> None:
    """Draw the parameters that belong to a panel and matter, each with the icon of what a change costs.

    Switches that follow each other are drawn side by side: there are many of them. Below an engine stands whether its
    file is there; what it alone uses is greyed out until it is.
    """
    whole, layout = layout, layout.column()
    shown = [entry for entry in parameters() if belongs(entry) and is_relevant(entry, modifier)]
    fields = [Field(getattr(modifier, entry.group), entry.name, entry.cost) for entry in shown]
    is_narrow = not fit_side_by_side(context, fields)
    group = shown[0].group if shown else ""
    while shown:
        parameter, field = shown.pop(0), fields.pop(0)
        if parameter.group != group:
            layout.separator()
            layout, group = whole.column(), parameter.group
        if parameter.kind is not bool:
            draw_field(layout, context, field, is_narrow=is_narrow)
            if parameter.path in _MODEL_ROLES and not _draw_model_availability(
                layout, context, modifier, parameter
            ):
                layout = layout.column()
                layout.enabled = parameter.group not in _MODEL_ONLY_GROUPS
            continue
        switches = [field]
        while shown and shown[0].kind is bool and shown[0].group == parameter.group:
            shown.pop(0)
            switches.append(fields.pop(0))
        if len(switches) == 1:
            draw_field(layout, context, field, is_narrow=is_narrow)
            continue
        draw_switches(layout, context, "Parts of the Face", switches, is_narrow=is_narrow)


def _draw_model_availability(
    layout: Any, context: bpy.types.Context, modifier: Any, parameter: Parameter
) -> bool:
    """Draw one button below an engine that needs a file: what the file lacks or its license, and where it is from."""
    name = getattr(getattr(modifier, parameter.group), parameter.name)
    if name == parameter.default:
        return True
    role = _MODEL_ROLES[parameter.path]
    state = look_up_model(role, name)
    if state is None:
        return True
    row = layout.row()
    row.use_property_split = False
    row.alert = not state.available
    texts = model_button_texts(state)
    text = next((text for text in texts if fits_button(context, text)), texts[-1])
    button = row.operator("understudy.model_page", text=text, icon="URL" if state.page else "INFO")
    button.role, button.family = role, name
    return state.available
