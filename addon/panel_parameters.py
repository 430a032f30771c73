# SPDX-License-Identifier: GPL-3.0-or-later
"""Which parameter is in which panel, when it matters, and how it is drawn with what a change of it costs."""

from collections.abc import Callable, Mapping
from typing import Any

from ..core.parameter import Parameter
from ..core.recipe import parameters

COST_ICONS = {"instant": "CHECKMARK", "re-swap": "FILE_REFRESH", "re-analyse": "VIEWZOOM"}

_NEURAL_ONLY = {
    "swap.model", "swap.pixel_boost", "swap.identity", "fusion.mask_shape", "fusion.openings",
}  # fmt: skip
REFERENCE = {"select.reference_frame", "select.reference_face", "select.others"}
"""The paths of what says where a person was picked: a picture says it better."""


def _is_neural(modifier: Any) -> bool:
    return bool(modifier.swap.swapper != "mesh")


# When a parameter matters; those that are not here always do.
_MATTERS: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(_NEURAL_ONLY, _is_neural),
    **dict.fromkeys(REFERENCE, lambda modifier: modifier.select.which == "reference"),
    "swap.mirror": lambda modifier: not _is_neural(modifier),
    "swap.morph": lambda modifier: modifier.swap.swapper == "dfm",
    "enhance.model": lambda modifier: modifier.enhance.enhancer != "none",
    "enhance.weight": lambda modifier: modifier.enhance.enhancer == "codeformer",
    "fusion.enhancer_blend": lambda modifier: modifier.enhance.enhancer != "none",
    "fusion.light_radius": lambda modifier: modifier.fusion.colour_match > 0,
}
_BISENET_ONLY = "With BiSeNet"


def matters(parameter: Parameter, modifier: Any) -> bool:
    """Tell whether a parameter changes anything as a modifier is set."""
    if parameter.group == "occlude" and parameter.text.startswith(_BISENET_ONLY):
        return bool(modifier.occlude.masker == "bisenet")
    asked = _MATTERS.get(parameter.path)
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
    """Tell whether a parameter is in the panel Colour and Blend."""
    return parameter.group == "fusion" and not in_mask(parameter) and not in_swap(parameter)


def in_analysis(parameter: Parameter) -> bool:
    """Tell whether a parameter is in the panel Analysis: whatever no other panel has."""
    return not any(other(parameter) for other in (in_which_face, in_swap, in_mask, in_colour))


def draw_parameters(layout: Any, modifier: Any, belongs: Callable[[Parameter], bool]) -> None:
    """Draw the parameters that belong to a panel and matter, each with the icon of what a change costs.

    Switches that follow each other share a row in pairs: there are many of them.
    """
    layout.use_property_split = True
    shown = [entry for entry in parameters() if belongs(entry) and matters(entry, modifier)]
    group = shown[0].group if shown else ""
    while shown:
        parameter = shown.pop(0)
        if parameter.group != group:
            layout.separator()
            group = parameter.group
        if parameter.kind is not bool:
            draw_parameter(layout, modifier, parameter)
            continue
        switches = [parameter]
        while shown and shown[0].kind is bool and shown[0].group == parameter.group:
            switches.append(shown.pop(0))
        _draw_switches(layout, modifier, switches)


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
