# SPDX-License-Identifier: GPL-3.0-or-later
"""The panels: they draw properties and operators, and compute nothing.

In Blender 4.5 strip modifiers are in the sequencer's side bar, from 5.0 in the Properties editor. Every Face Swap
modifier of the active strip is drawn as Blender draws its own: a header to fold, name, switch and remove it by,
and below it what it is set to.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import bpy

from ...core.media.clip_info_cache import NOT_PREPARED
from ...core.reporting.strip_state import StripStateKind, state_text
from ..blender.text_width import region_width
from ..blender.wrapped_text import BOX_PIXELS, draw_text, fitting_text
from ..modifiers.active import MODIFIER_POINTER, active_scene, active_stack, active_strip
from ..modifiers.visibility import is_rendered, visibility_mismatches
from ..operators.modifiers import UNDERSTUDY_OT_modifier_add
from ..prepare.drawn_state import drawn_state, drawn_warnings
from ..properties.scene_properties import recipe_of, settings_of
from ..properties.status import window_state
from ..sequencer.strips import supports_modifiers
from .cache_panel import draw_cache, draw_refusal
from .consent_panel import draw_consent_warning
from .fields import row_or_column
from .parameters import draw_parameters, in_analysis, in_colour, in_mask, in_swap
from .repair_panel import draw_repair
from .sheet_panel import draw_sheet_progress
from .state_icon import state_icon
from .takes_panel import CLASSES as TAKE_CLASSES
from .which_face_panel import draw_which_face
from .who_panel import draw_who, needs_image

_IN_SIDE_BAR = bpy.app.version < (5, 0, 0)
_MAX_DRAWN_MODIFIERS = 64
"""Of how many modifiers are drawn: each takes milliseconds, at every redraw."""
_FIRST_STEP_SCALE = 1.8
_NARROW_PIXELS = 260
"""Below which width of a region a modifier's header has no room for its icon, its cross and a field for its name."""
_STOP_PIXELS = 36
"""What the button that stops takes of a line's width, and the edges of the bar beside it."""
_Draw = Callable[[Any, bpy.types.Context, Any], None]


class _Section(NamedTuple):
    """A part of a modifier that folds."""

    name: str
    """`show_` and this is the property that keeps whether it is folded."""
    label: str
    draw: _Draw


def _parameters_of(belongs: Any) -> _Draw:
    return lambda layout, context, modifier: draw_parameters(layout, context, modifier, belongs)


def _draw_colour(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    draw_parameters(layout, context, modifier, in_colour)
    if modifier.target_forms and recipe_of(modifier).swap.gives_shape:
        layout.operator("understudy.target_form_learn", icon="FILE_REFRESH")


_SECTIONS = (
    _Section("who", "Who", draw_who),
    _Section("which_face", "Which Face", draw_which_face),
    _Section("swap", "Swap", _parameters_of(in_swap)),
    _Section("mask", "Mask", _parameters_of(in_mask)),
    _Section("colour", "Color and Blend", _draw_colour),
    _Section("analysis", "Analysis", _parameters_of(in_analysis)),
    _Section("repair", "Repair", draw_repair),
)


class UNDERSTUDY_MT_modifier(bpy.types.Menu):
    """What else can be done with a Face Swap modifier."""

    bl_idname = "UNDERSTUDY_MT_modifier"
    bl_label = "Face Swap"
    bl_description = "What else can be done with this modifier"

    def draw(self, context: bpy.types.Context) -> None:
        """Draw the entries."""
        layout: Any = self.layout
        modifier = getattr(context, MODIFIER_POINTER, None)
        if modifier is not None:
            layout.prop(modifier, "name", text="")
        layout.operator("understudy.modifier_move", text="Move Up", icon="TRIA_UP").direction = "UP"
        layout.operator("understudy.modifier_move", text="Move Down", icon="TRIA_DOWN").direction = "DOWN"
        layout.separator()
        layout.operator("understudy.casting_sheet", text="Casting Sheet…", icon="IMGDISPLAY")
        layout.operator("understudy.takes_add_images", text="Add Takes from Images…", icon="FILEBROWSER")
        layout.operator("understudy.face_geometry", icon="MESH_DATA")
        layout.operator("understudy.turnover_write", icon="RENDERLAYERS")
        layout.separator()
        layout.operator("understudy.modifier_add", text="Add Face Swap", icon="ADD")
        layout.operator("understudy.modifier_remove", icon="X")


class UNDERSTUDY_PT_stack(bpy.types.Panel):
    """Face Swap modifiers of the active strip."""

    bl_idname = "UNDERSTUDY_PT_stack"
    bl_label = "Face Swap"
    bl_space_type: Any = "SEQUENCE_EDITOR" if _IN_SIDE_BAR else "PROPERTIES"
    bl_region_type: Any = "UI" if _IN_SIDE_BAR else "WINDOW"
    bl_category: Any = "Modifiers" if _IN_SIDE_BAR else ""
    bl_context: Any = "" if _IN_SIDE_BAR else "strip_modifier"

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only where a face can be swapped; where Blender's own menu has an entry for us, only once it was."""
        strip = active_strip(context)
        if strip is None:
            return False
        return bool(active_stack(context)) or (_menu() is None and supports_modifiers(strip))

    def draw(self, context: bpy.types.Context) -> None:
        """Draw what concerns the strip, then modifier by modifier."""
        layout: Any = self.layout
        stack = active_stack(context)
        if not stack:
            layout.operator("understudy.modifier_add", icon="ADD")
            return
        _draw_first_step(layout, stack)
        _draw_preparation(layout, context)
        for modifier in stack[:_MAX_DRAWN_MODIFIERS]:
            _draw_modifier(layout, context, modifier)
        if len(stack) > _MAX_DRAWN_MODIFIERS:
            draw_text(
                layout,
                context,
                f"{len(stack) - _MAX_DRAWN_MODIFIERS} more modifiers: remove some to see them",
                "INFO",
            )
        _draw_details(layout, context)
        header, body = layout.panel_prop(settings_of(active_scene(context)), "show_cache")
        header.label(text="Cache")
        if body:
            draw_cache(body, context)


def _draw_first_step(layout: Any, stack: list[Any]) -> None:
    """Draw one large button to choose an image with, as long as a modifier has none."""
    waiting = next((modifier for modifier in stack if needs_image(modifier)), None)
    if waiting is None:
        return
    column = layout.column()
    column.context_pointer_set(MODIFIER_POINTER, waiting)
    column.scale_y = _FIRST_STEP_SCALE
    text = "Choose Face Image" if len(stack) == 1 else f"Choose Face Image for {waiting.name}"
    column.operator("understudy.picture_add", text=text, icon="IMAGE_DATA", translate=len(stack) == 1)


def _draw_details(layout: Any, context: bpy.types.Context) -> None:
    """Draw what the last render and the preview have to say beyond the state, if anything."""
    state = window_state()
    notice = "" if NOT_PREPARED in state.notice else state.notice  # which the state says by its numbers
    if not (state.rendered or notice):
        return
    header, body = layout.panel_prop(settings_of(active_scene(context)), "show_details")
    header.label(text="Details")
    if body is None:
        return
    if state.rendered:
        draw_text(body, context, f"Last render: {state.rendered}", "RENDER_ANIMATION")
    if notice:
        draw_text(body, context, f"This frame: {notice}", "INFO")


def _draw_preparation(layout: Any, context: bpy.types.Context) -> None:
    """Draw what makes the new faces, how that goes, what went wrong, and what is seen instead."""
    row = layout.row(align=True)
    buttons = row_or_column(row, context, ("Prepare Clip", "Prepare All", "  "))
    buttons.operator("understudy.prepare_clip", icon="RENDER_ANIMATION")
    buttons.operator("understudy.prepare_all")
    row.operator("understudy.refresh", text="", icon="FILE_REFRESH")
    _draw_state(layout, context)
    draw_refusal(layout, context)
    strip: Any = active_strip(context)
    for notice in drawn_warnings(active_scene(context), strip):
        box = layout.box()
        draw_text(box, context, f"{strip.name} {notice.text}", "ERROR", BOX_PIXELS)
        if notice.operator:
            box.operator(notice.operator)


def _draw_state(layout: Any, context: bpy.types.Context) -> None:
    """Draw how it stands. There is always a line: one that came and went would move every button below it."""
    state, strip = window_state(), active_strip(context)
    shown = None if strip is None else drawn_state(active_scene(context), strip)
    is_prepared = shown is not None and shown.kind is StripStateKind.PREPARING
    if state.running:
        _draw_progress(layout, context, "" if is_prepared else state.prepared_label)
    draw_sheet_progress(layout, context)
    if state.turnover_strip:
        row = layout.row(align=True)
        row.progress(factor=state.turnover_progress, text=f"Turnover: {state.turnover_status}")
        row.operator("understudy.turnover_stop", text="", icon="CANCEL")
    if state.trouble:
        draw_text(layout, context, state.trouble, "ERROR")
    if is_prepared or shown is None:
        return
    draw_text(layout, context, state_text(shown), state_icon(shown))
    for modifier in visibility_mismatches(active_scene(context))[:1]:
        only = "preview" if modifier.enabled else "render"
        draw_text(layout, context, f"{modifier.name} is on in the {only} only", "INFO")


def _draw_progress(layout: Any, context: bpy.types.Context, name: str) -> None:
    """Draw how far the preparation is, below the name of what it prepares where that is not the active strip."""
    state = window_state()
    if name:
        layout.label(text=name, icon="RENDER_ANIMATION", translate=False)
    row = layout.row(align=True)
    done = state.status.partition(", ")[0]  # "Preparing 12 of 60" without the time
    texts = (state.status, done, done.removeprefix("Preparing ")) if state.status else ("Starting",)
    row.progress(factor=state.progress, text=fitting_text(context, texts, _STOP_PIXELS))
    row.operator("understudy.prepare_stop", text="", icon="CANCEL")
    for request in state.queue:
        layout.label(text=f"{request.label} waits", icon="SORTTIME", translate=False)


def _draw_modifier(layout: Any, context: bpy.types.Context, modifier: Any) -> None:
    """Draw a modifier: its header, and unless it is folded its parts."""
    header, body = layout.panel_prop(modifier, "show_expanded")
    for part in (header, body):
        if part is not None:
            part.context_pointer_set(MODIFIER_POINTER, modifier)
    is_narrow = region_width(context) < _NARROW_PIXELS
    if is_narrow:
        header.label(text=modifier.name, translate=False)
    else:
        header.label(text="", icon="USER")
        header.prop(modifier, "name", text="")
    row = header.row(align=True)
    row.prop(modifier, "enabled", text="", icon="HIDE_OFF" if modifier.enabled else "HIDE_ON")
    camera = "RESTRICT_RENDER_OFF" if is_rendered(modifier) else "RESTRICT_RENDER_ON"
    row.prop(modifier, "show_render", text="", icon=camera)
    row.menu(UNDERSTUDY_MT_modifier.bl_idname, text="", icon="DOWNARROW_HLT")
    if not is_narrow:
        header.operator("understudy.modifier_remove", text="", icon="X", emboss=False)
    draw_consent_warning(layout if body is None else body, context, modifier)
    if body is None:
        return
    if needs_image(modifier):
        # Nothing of it matters yet: the first step is above.
        more, body = body.panel_prop(modifier, "show_more")
        more.label(text="Settings")
        if body is None:
            return
    for section in _SECTIONS:
        title, inside = body.panel_prop(modifier, f"show_{section.name}")
        title.label(text=section.label)
        if inside is not None:
            inside.context_pointer_set(MODIFIER_POINTER, modifier)
            section.draw(inside, context, modifier)


CLASSES: tuple[Any, ...] = (*TAKE_CLASSES, UNDERSTUDY_MT_modifier, UNDERSTUDY_PT_stack)


def _menu_entry(menu: Any, _context: bpy.types.Context) -> None:
    menu.layout.operator(UNDERSTUDY_OT_modifier_add.bl_idname, text="Face Swap", icon="USER")


def _menu() -> Any | None:
    """Return Blender's own menu of strip modifiers, where there is one (5.0 and later)."""
    return getattr(bpy.types, "SEQUENCER_MT_modifier_add", None)


def register() -> None:
    """Add the panels."""
    for entry in CLASSES:
        bpy.utils.register_class(entry)
    menu = _menu()
    if menu is not None:
        menu.append(_menu_entry)


def unregister() -> None:
    """Remove the panels."""
    menu = _menu()
    if menu is not None:
        menu.remove(_menu_entry)
    for entry in reversed(CLASSES):
        bpy.utils.unregister_class(entry)
