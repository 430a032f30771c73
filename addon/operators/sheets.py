# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on sheets: compare people, compare values, stop, and use what a cell shows."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import CollectionProperty, EnumProperty, IntProperty, StringProperty

from ...core.errors import UnderstudyError
from ...core.recipe import find_parameter, parameters
from ...core.reporting.layer_outcomes import pluralise
from ...core.sheet.request import MAX_COLUMNS
from ...core.sheet.values import can_compare, make_wedge, surrounding_values
from ..blender.reports import report
from ..lookups.people import source_range
from ..modifiers.active import active_scene, active_strip
from ..properties.labels import title_case
from ..properties.plain_value import plain_value
from ..properties.scene_properties import settings_of
from ..properties.sheet_state import sheet_state
from ..sequencer.strips import stack_id, strips_with_modifiers
from ..sheets.cell_use import add_takes, place_at, sheet_modifier, use_variant
from ..sheets.making import SheetOrder, make_sheet, stop_sheet
from ..sheets.sheet_image import sheet_image, show_image
from ..sheets.variants import people_rows, value_rows, visible_frame
from .requires_modifier import RequiresModifier, activate_modifier

_NO_SECOND = "none"
_DEFAULT_COLUMNS = 6
_DIALOG_PIXELS = 340


class UNDERSTUDY_OT_casting_sheet(RequiresModifier, bpy.types.Operator):
    """Show several people in this part, side by side."""

    bl_idname = "understudy.casting_sheet"
    bl_label = "Casting Sheet"
    bl_description = (
        "Show several people in this part, side by side in the frames that tell most. Choose an image of each. "
        "Only these frames are swapped"
    )
    # Not REGISTER: a change of its settings afterwards would begin another sheet at every step.
    bl_options = {"UNDO"}

    directory: StringProperty(subtype="DIR_PATH", options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    files: CollectionProperty(type=bpy.types.OperatorFileListElement, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    filter_image: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    filter_folder: bpy.props.BoolProperty(default=True, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    columns: IntProperty(  # type: ignore[valid-type]
        name="Frames",
        description="How many frames are shown",
        min=1,
        max=MAX_COLUMNS,
        default=_DEFAULT_COLUMNS,
    )

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let the editor choose the images."""
        activate_modifier(context)
        context.window_manager.fileselect_add(self)
        return {"RUNNING_MODAL"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Have the sheet made."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        files = [str(Path(self.directory) / entry.name) for entry in self.files if entry.name]
        try:
            rows = people_rows(modifier, files)
            order = SheetOrder("casting", rows, (), source_range(scene, strip), self.columns)
            image = make_sheet(scene, strip, modifier, order)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        return _show(self, context, image)


def _second_items() -> list[tuple[str, str, str]]:
    """List what a setting can be compared with, all of the recipe's."""
    settings = [
        (entry.path, title_case(entry.label), entry.text) for entry in parameters() if can_compare(entry)
    ]
    return [(_NO_SECOND, "None", "Compare the values of one setting"), *settings]


def _modifier_of(operator: Any, context: bpy.types.Context) -> Any | None:
    """Return the modifier whose setting is meant. In an update function an operator has its properties alone."""
    modifiers = settings_of(active_scene(context)).modifiers
    has_index = 0 <= operator.index < len(modifiers)
    return modifiers[operator.index] if has_index else activate_modifier(context)


def _fill_second(operator: Any, context: bpy.types.Context) -> None:
    """Write values around the present one of the second setting, or none."""
    modifier = _modifier_of(operator, context)
    operator.second_values = (
        "" if modifier is None or operator.second == _NO_SECOND else _values(modifier, operator.second)
    )


def _values(modifier: Any, path: str) -> str:
    """Return values of a setting around that of a modifier, as the dialog shows them."""
    parameter = find_parameter(path)
    present = plain_value(getattr(getattr(modifier, parameter.group), parameter.name))
    return ", ".join(surrounding_values(parameter, present))


class UNDERSTUDY_OT_compare_values(bpy.types.Operator):
    """Show the visible frame with several values of this setting, side by side."""

    bl_idname = "understudy.compare_values"
    bl_label = "Compare Values"
    bl_description = "Show the visible frame with several values of this setting, side by side"
    bl_options = {"UNDO"}

    path: StringProperty(options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    index: IntProperty(default=-1, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]
    values: StringProperty(name="Values", description="The values, with commas between them")  # type: ignore[valid-type]
    second: EnumProperty(  # type: ignore[valid-type]
        name="Second Setting",
        description="Show each of the values with each value of another setting",
        items=_second_items(),
        default=_NO_SECOND,
        update=_fill_second,
        options={"SKIP_SAVE"},
    )
    second_values: StringProperty(  # type: ignore[valid-type]
        name="Second Values", description="The values of the second setting", options={"SKIP_SAVE"}
    )

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Ask for the values; three around the present one are there to begin with."""
        modifier = _modifier_of(self, context)
        if modifier is None:
            return {"CANCELLED"}
        self.values = _values(modifier, self.path)
        return set(context.window_manager.invoke_props_dialog(self, width=_DIALOG_PIXELS))

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the dialog."""
        layout: Any = self.layout
        layout.use_property_split = True
        layout.label(text=title_case(find_parameter(self.path).label))
        layout.prop(self, "values")
        layout.prop(self, "second")
        if self.second != _NO_SECOND:
            layout.prop(self, "second_values")

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Have the sheet made."""
        scene, modifier = active_scene(context), _modifier_of(self, context)
        if modifier is None:
            return {"CANCELLED"}
        strips = [entry for entry in strips_with_modifiers(scene) if stack_id(entry) == modifier.strip_id]
        number = visible_frame(scene, strips[0]) if strips else None
        if number is None:
            report(self, "ERROR", "The strip is not seen at this frame: go to a frame that shows it")
            return {"CANCELLED"}
        try:
            wedges = [make_wedge(self.path, self.values.split(","))]
            if self.second != _NO_SECOND:
                wedges.append(make_wedge(self.second, self.second_values.split(",")))
            rows = value_rows(modifier, wedges)
            order = SheetOrder("values", rows, tuple(wedges), (number, number), 1)
            image = make_sheet(scene, strips[0], modifier, order)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        return _show(self, context, image)


def _show(operator: Any, context: bpy.types.Context, image: Any) -> set[Any]:
    if bpy.app.background:
        report(operator, "INFO", f"{sheet_state().status}: {image.filepath}")
    else:
        show_image(context, image)
    return {"FINISHED"}


class UNDERSTUDY_OT_sheet_stop(bpy.types.Operator):
    """Stop making the sheet."""

    bl_idname = "understudy.sheet_stop"
    bl_label = "Stop"
    bl_description = "Stop making the sheet. Finished cells are kept"
    bl_options = {"INTERNAL"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only while one is made."""
        return bool(sheet_state().is_running)

    def execute(self, _context: Any) -> set[Any]:
        """End the worker at once."""
        stop_sheet()
        return {"FINISHED"}


class UNDERSTUDY_OT_sheet_cell_use(bpy.types.Operator):
    """Use what this cell shows."""

    bl_idname = "understudy.sheet_cell_use"
    bl_label = "Use"
    bl_description = (
        "Set the person, or the values, of this cell in the modifier that the sheet is of. A modifier with takes gets "
        "the person as another take"
    )
    bl_options = {"UNDO", "INTERNAL"}

    index: IntProperty(default=-1, options={"HIDDEN", "SKIP_SAVE"})  # type: ignore[valid-type]

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only in an Image Editor that shows the sheet, of a modifier that is still there."""
        space, image = context.space_data, sheet_image()
        if image is None or getattr(space, "type", "") != "IMAGE_EDITOR" or space.image != image:
            return False
        if sheet_modifier() is None:
            cls.poll_message_set("The modifier of this sheet is gone")
            return False
        return True

    def invoke(self, context: Any, event: Any) -> set[Any]:
        """Use the cell under the pointer, unless a button names one."""
        if self.index < 0:
            width, height = context.space_data.image.size
            x, y = context.region.view2d.region_to_view(event.mouse_region_x, event.mouse_region_y)
            self.index = place_at(x * width, (1.0 - y) * height)
        return {"PASS_THROUGH"} if self.index < 0 else self.execute(context)

    def execute(self, _context: Any) -> set[Any]:
        """Set what it shows."""
        target = sheet_modifier()
        if target is None or not 0 <= self.index < len(sheet_state().variants):
            report(self, "ERROR", "The sheet has no such cell")
            return {"CANCELLED"}
        try:
            use_variant(*target, self.index)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", f"{target[1].name}: {sheet_state().variants[self.index].label}")
        return {"FINISHED"}


class UNDERSTUDY_OT_sheet_takes_add(bpy.types.Operator):
    """Make the people of this sheet takes."""

    bl_idname = "understudy.sheet_takes_add"
    bl_label = "Add All as Takes"
    bl_description = (
        "Make every person of this sheet a take of its modifier, to show and compare them in the preview"
    )
    bl_options = {"UNDO", "INTERNAL"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only with a sheet of people, of a modifier that is still there."""
        return sheet_modifier() is not None and any(len(entry.images) for entry in sheet_state().variants)

    def execute(self, _context: Any) -> set[Any]:
        """Add them; which one is shown stays."""
        target = sheet_modifier()
        if target is None:
            return {"CANCELLED"}
        try:
            count = add_takes(*target)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        report(self, "INFO", f"{target[1].name}: {pluralise(count, 'take')} added")
        return {"FINISHED"}


CLASSES = (
    UNDERSTUDY_OT_casting_sheet,
    UNDERSTUDY_OT_compare_values,
    UNDERSTUDY_OT_sheet_stop,
    UNDERSTUDY_OT_sheet_cell_use,
    UNDERSTUDY_OT_sheet_takes_add,
)
