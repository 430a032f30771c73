# SPDX-License-Identifier: GPL-3.0-or-later
"""What the windows show of work that is going on. It lies on the window manager, and no file keeps it."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import bpy
from bpy.props import (
    BoolProperty,
    CollectionProperty,
    FloatProperty,
    IntProperty,
    PointerProperty,
    StringProperty,
)
from bpy.types import PropertyGroup

from ...core.reporting.quoting import quote

_pointer: Any = PointerProperty


class UNDERSTUDY_PG_request(PropertyGroup):
    """A range of a scene, or of one strip, that waits to be prepared."""

    label: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    scene: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type] # its number: names change
    strip_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    first: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    last: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    all_takes: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_failure(PropertyGroup):
    """What the last preparation could not make of a strip."""

    strip_id: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    count: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    reason: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_farm_line(PropertyGroup):
    """A line of what the last check of a farm's job found."""

    text: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    level: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


class UNDERSTUDY_PG_window(PropertyGroup):
    """What the panels show."""

    queue: CollectionProperty(type=UNDERSTUDY_PG_request, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    running: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    stopping: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    walking: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    progress: FloatProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    status: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    trouble: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    notice: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    searching: FloatProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    searched_strip: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    turnover_strip: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    turnover_progress: FloatProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    turnover_status: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    rendered: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    original_shown: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    updating: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    dimmed: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    made_count: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    prepared_label: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    prepared_scene: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    prepared_strip: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    prepared_count: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    prepared_total: IntProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    seconds_left: FloatProperty(default=-1.0, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    was_stopped: BoolProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]
    failures: CollectionProperty(type=UNDERSTUDY_PG_failure, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    farm_lines: CollectionProperty(type=UNDERSTUDY_PG_farm_line, options={"SKIP_SAVE"})  # type: ignore[valid-type]
    farm_scene: StringProperty(options={"SKIP_SAVE"})  # type: ignore[valid-type]


def window_state() -> Any:
    """Return the `UNDERSTUDY_PG_window` of this Blender."""
    return cast("Any", bpy.data.window_managers[0]).understudy


@dataclass(frozen=True)
class PrepareRequest:
    """A range of a scene, or of one stack of it, that is to be prepared."""

    label: str
    scene: Any
    first: int
    last: int
    strip_id: str
    all_takes: bool


def add_prepare_request(
    scene: bpy.types.Scene, label: str, first: int, last: int, strip_id: str = "", *, all_takes: bool = False
) -> None:
    """Put a request at the end of the queue; one that waits there already is not put twice."""
    queue = window_state().queue
    wanted = (str(scene.session_uid), first, last, strip_id, all_takes)
    if wanted in [(entry.scene, entry.first, entry.last, entry.strip_id, entry.all_takes) for entry in queue]:
        return
    entry = queue.add()
    entry.label = quote(label)
    entry.scene, entry.first, entry.last, entry.strip_id, entry.all_takes = wanted


def take_prepare_request() -> PrepareRequest | None:
    """Take the first request from the queue whose scene is still there, or None."""
    queue = window_state().queue
    while len(queue):
        entry = queue[0]
        scene = next((scene for scene in bpy.data.scenes if str(scene.session_uid) == entry.scene), None)
        request = PrepareRequest(entry.label, scene, entry.first, entry.last, entry.strip_id, entry.all_takes)
        queue.remove(0)
        if scene is not None:
            return request
    return None


def set_failure(strip_id: str, count: int, reason: str) -> None:
    """Note how many images of a strip could not be made, and why; 0 takes the note away."""
    failures = window_state().failures
    for place in reversed(range(len(failures))):
        if failures[place].strip_id == strip_id:
            failures.remove(place)
    if count:
        entry = failures.add()
        entry.strip_id, entry.count, entry.reason = strip_id, count, quote(reason)


def reset_progress() -> None:
    """Show nothing of how far the last preparation came."""
    names = ("label", "scene", "strip", "count", "total")
    for name in (*(f"prepared_{name}" for name in names), "seconds_left"):
        window_state().property_unset(name)


def set_farm_lines(scene: bpy.types.Scene, lines: Iterable[tuple[str, str]]) -> None:
    """Show what a check of a scene's job found: lines with their level, "INFO", "WARNING" or "ERROR"."""
    state = window_state()
    state.farm_lines.clear()
    state.farm_scene = scene.name
    for text, level in lines:
        entry = state.farm_lines.add()
        entry.text, entry.level = quote(text), level
    redraw()


def clear_farm_lines() -> None:
    """Show no result of a check any more."""
    window_state().farm_lines.clear()


def set_window_state(name: str, value: object) -> None:
    """Set a property of the window state, and draw anew what shows it. A text says only what it shows."""
    state = window_state()
    if isinstance(value, str):
        value = quote(value)
    if getattr(state, name) != value:
        setattr(state, name, value)
        redraw()


def redraw() -> None:
    """Have every area that shows our work drawn anew. Main thread only; does nothing without a window."""
    for window in () if bpy.app.background else bpy.data.window_managers[0].windows:
        for area in window.screen.areas:
            if area.type in ("SEQUENCE_EDITOR", "PROPERTIES"):
                area.tag_redraw()
        if not window_state().running:
            # The status bar is no area of the screen: this has it drawn anew.
            window.workspace.status_text_set_internal(None)


def reset_window_state() -> None:
    """Show nothing, as after another file was loaded."""
    state = window_state()
    state.queue.clear()
    state.failures.clear()
    state.farm_lines.clear()
    for entry in state.bl_rna.properties:
        if entry.type != "COLLECTION" and not entry.is_readonly:
            state.property_unset(entry.identifier)
    redraw()


CLASSES: tuple[Any, ...] = (
    UNDERSTUDY_PG_request,
    UNDERSTUDY_PG_failure,
    UNDERSTUDY_PG_farm_line,
    UNDERSTUDY_PG_window,
)


def register() -> None:
    """Put the state on the window manager."""
    for group in CLASSES:
        bpy.utils.register_class(group)
    cast("Any", bpy.types.WindowManager).understudy = _pointer(
        type=UNDERSTUDY_PG_window, options={"SKIP_SAVE"}
    )


def unregister() -> None:
    """Take it off again."""
    delattr(bpy.types.WindowManager, "understudy")
    for group in reversed(CLASSES):
        bpy.utils.unregister_class(group)
