# SPDX-License-Identifier: GPL-3.0-or-later
"""What a range of frames has of its own where faces are looked for with other settings."""

from typing import Any

from bpy.props import EnumProperty, FloatProperty

from ...core.cache.base.key import Scalar
from ...core.errors import RecipeError
from ...core.recipe import find_parameter
from ...core.recipe.parameter import validate_value
from .labels import UNIT_DIGITS, UNIT_SUBTYPES, choice_items, title_case
from .plain_value import plain_value
from .update import tag_update

_SAME = "same"
_PATHS = {
    "score": "detect.score",
    "face_score": "landmark.score",
    "angles": "detect.angles",
    "margin": "detect.margin",
    "detector": "detect.detector",
    "landmarker": "landmark.landmarker",
}
"""The parameter that each property stands for, in the order of the panel."""
# What finds most of what is missed: surer of less, whichever way up, and cut by the frame's border.
_DEFAULTS: dict[str, Any] = {"score": 0.3, "face_score": 0.3, "angles": "all", "margin": 25.0}
REDETECTION_NAMES = tuple(_PATHS)


def _make_property(name: str) -> Any:
    parameter = find_parameter(_PATHS[name])
    common: dict[str, Any] = {
        "name": title_case(parameter.label),
        "description": parameter.text,
        "options": set(),
        "update": tag_update,
    }
    if parameter.choices:
        same = (_SAME, "As Around", "As in the frames around the range")
        return EnumProperty(
            items=[same, *choice_items(parameter)], default=_DEFAULTS.get(name, _SAME), **common
        )
    subtype: Any = UNIT_SUBTYPES.get(parameter.unit, "FACTOR")
    return FloatProperty(
        default=_DEFAULTS[name],
        min=parameter.low,
        max=parameter.high,
        subtype=subtype,
        precision=UNIT_DIGITS.get(parameter.unit, 2),
        **common,
    )


RedetectionProperties: Any = type(
    "UNDERSTUDY_redetection", (), {"__annotations__": {name: _make_property(name) for name in _PATHS}}
)
"""The properties, for a group to have."""


def redetection_settings(entry: Any) -> dict[str, Scalar]:
    """Return what is other in a range, by the parameters' paths; without what a file holds that may not be."""
    values = {path: plain_value(getattr(entry, name)) for name, path in _PATHS.items()}
    return {path: value for path, value in values.items() if value != _SAME and _is_valid(path, value)}


def _is_valid(path: str, value: Scalar) -> bool:
    try:
        validate_value(find_parameter(path), value)
    except RecipeError:
        return False
    return True
