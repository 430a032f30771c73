# SPDX-License-Identifier: GPL-3.0-or-later
"""What previews compare. It lies on the window manager: it is off in each file that is loaded, and never rendered."""

from typing import Any, cast

import bpy
from bpy.props import BoolProperty, EnumProperty, FloatProperty, PointerProperty, StringProperty
from bpy.types import PropertyGroup

from .status import redraw

_pointer: Any = PointerProperty
OFF, SPLIT, ORIGINAL, DIFFERENCE = "OFF", "SPLIT", "ORIGINAL", "DIFFERENCE"
MODES = (
    (OFF, "Result", "The preview as it is"),
    (SPLIT, "Split", "The original, or another take, left of a line, the result right of it. Drag the line"),
    (ORIGINAL, "Original", "The original, or another take, everywhere. The key J goes there and back"),
    (DIFFERENCE, "Difference", "How far the result differs from that, four times as bright"),
)


def _on_change(_state: Any, _context: Any) -> None:
    redraw()


def _on_mode_change(_state: Any, _context: Any) -> None:
    """Have the live preview look at what is compared: it calls no handler of its own accord."""
    for scene in bpy.data.scenes if compare_state().is_take else ():
        scene.update_tag()
    redraw()


class UNDERSTUDY_PG_compare(PropertyGroup):
    """What previews show instead of the result, or beside it."""

    mode: EnumProperty(  # type: ignore[valid-type]
        name="Compare",
        description="What the preview shows. It is only drawn, and never rendered",
        items=MODES,
        update=_on_mode_change,
        options={"SKIP_SAVE"},
    )
    is_take: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    strip_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    modifier: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    take_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    fault: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    before: EnumProperty(items=MODES, options={"SKIP_SAVE", "HIDDEN"})  # type: ignore[valid-type]
    split: FloatProperty(  # type: ignore[valid-type]
        name="Line",
        description="Where the line is, from the left to the right of the preview",
        min=0.0,
        max=1.0,
        default=0.5,
        subtype="FACTOR",
        update=_on_change,
        options={"SKIP_SAVE"},
    )


def compare_state() -> Any:
    """Return the `UNDERSTUDY_PG_compare` of this Blender."""
    return cast("Any", bpy.data.window_managers[0]).understudy_compare


def set_compare_fault(text: str) -> None:
    """Say why the take that is compared with can't be shown, and have what compares drawn anew."""
    state = compare_state()
    if state.is_take:
        state.fault = text
        redraw()


def reset_compare_state() -> None:
    """Compare nothing, as after another file was loaded."""
    state = compare_state()
    for entry in state.bl_rna.properties:
        if not entry.is_readonly:
            state.property_unset(entry.identifier)


def register() -> None:
    """Put the state on the window manager."""
    bpy.utils.register_class(UNDERSTUDY_PG_compare)
    manager = cast("Any", bpy.types.WindowManager)
    manager.understudy_compare = _pointer(type=UNDERSTUDY_PG_compare, options={"SKIP_SAVE"})


def unregister() -> None:
    """Take it off again."""
    delattr(bpy.types.WindowManager, "understudy_compare")
    bpy.utils.unregister_class(UNDERSTUDY_PG_compare)
