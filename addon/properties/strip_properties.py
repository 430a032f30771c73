# SPDX-License-Identifier: GPL-3.0-or-later
"""What a strip keeps of Understudy: which stack it has, which layer it is, what was done to it and must be undone."""

from typing import Any, cast

import bpy
from bpy.props import BoolProperty, FloatProperty, IntVectorProperty, StringProperty

_text: Any = StringProperty
_numbers: Any = IntVectorProperty
_number: Any = FloatProperty
_switch: Any = BoolProperty
_NAMES = (
    "nest_range",
    "rounds_frames",
    "nest_by_editor",
    "nest",
    "rate",
    "lifted",
    "searched",
    "layer_of",
    "id",
)


def register_strip_properties() -> None:
    """Put the properties on strips."""
    strip = cast("Any", bpy.types.Strip)
    strip.understudy_id = _text(options={"HIDDEN"})
    strip.understudy_layer_of = _text(options={"HIDDEN"})
    strip.understudy_searched = _numbers(size=2, default=(-1, -1), options={"HIDDEN"})
    strip.understudy_lifted = _text(options={"HIDDEN"})
    strip.understudy_rate = _number(options={"HIDDEN"})
    strip.understudy_nest = _switch(options={"HIDDEN"})
    strip.understudy_nest_by_editor = _switch(options={"HIDDEN"})
    strip.understudy_rounds_frames = _switch(options={"HIDDEN"})
    strip.understudy_nest_range = _numbers(size=4, default=(0, 0, 0, 0), options={"HIDDEN"})


def unregister_strip_properties() -> None:
    """Take the properties off again. What they hold stays in the .blend."""
    for name in _NAMES:
        delattr(bpy.types.Strip, f"understudy_{name}")
