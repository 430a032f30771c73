# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on who is replaced: find the people of a strip, and choose one of them."""

from contextlib import closing
from typing import Any

import bpy
from bpy.props import IntProperty

from ...core.errors import UnderstudyError
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..lookups.gallery import lookup_cache, refresh_lookups
from ..lookups.people import has_search_range, people_lookup, replace_person, source_range
from ..modifiers.active import active_scene, active_strip
from ..properties.preferences import preferences
from ..properties.scene_properties import request_of
from ..properties.status import set_window_state, window_state
from ..sessions.open import open_session, run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from .requires_modifier import RequiresModifier, activate_modifier

_TOPIC = "people"


class UNDERSTUDY_OT_people_find(RequiresModifier, bpy.types.Operator):
    """Look through the strip for people, to choose from their images who is replaced."""

    bl_idname = "understudy.people_find"
    bl_label = "Find People"
    bl_description = (
        "Look through the strip for people, to choose from their images who is replaced. Two frames a second are "
        "looked at, and what is found out is used again when the strip is prepared"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Find them before returning."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        strip.understudy_searched = source_range(scene, strip)
        wanted = people_lookup(scene, strip, modifier)
        try:
            with closing(open_session(wanted.folder, wanted.preferences)) as session:
                people = session.find_people(wanted.source, wanted.first, wanted.last, wanted.recipe)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        refresh_lookups()
        report(self, "INFO", _search_summary(len(people)))
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let a worker process look, while the editor goes on."""
        if bpy.app.background:
            return self.execute(context)
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        if active_queries(_TOPIC):
            report(self, "INFO", "People are being looked for already")
            return {"CANCELLED"}
        try:
            start_search(scene, strip, modifier)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        return {"FINISHED"}


def start_search(scene: bpy.types.Scene, strip: Any, modifier: Any) -> None:
    """Have a worker look for the people in a strip, as a modifier's recipe says. Raises UnderstudyError."""
    first, last = source_range(scene, strip)
    worker = WorkerProcess(run_settings(cache_folder(scene), preferences()))
    wanted = people_lookup(scene, strip, modifier)
    worker.find_people(strip.name, wanted.source, first, last, request_of(modifier))
    place = scene.name, strip.name

    def on_end(faults: list[str]) -> None:
        _clear_search_state()
        set_window_state("trouble", faults[0] if faults else "")
        if not faults:
            _record_search(*place, (first, last))

    set_window_state("trouble", "")
    set_window_state("searching", 0.0)
    set_window_state("searched_strip", strip.name)
    WorkerQuery(_TOPIC, worker, on_end, _show_progress, _clear_search_state).start()


def _record_search(scene_name: str, strip_name: str, source_range: tuple[int, int]) -> None:
    """Note on a strip that its people are known, as a step that can be undone."""
    scene: Any = bpy.data.scenes.get(scene_name)
    editor = None if scene is None else scene.sequence_editor
    strip = (
        None if editor is None else next((one for one in editor.strips_all if one.name == strip_name), None)
    )
    refresh_lookups()
    if strip is None:
        return
    strip.understudy_searched = source_range
    with bpy.context.temp_override(window=bpy.data.window_managers[0].windows[0]):
        bpy.ops.ed.undo_push(message="Find People")


def _show_progress(kind: str, value: Any) -> None:
    if kind == "progress":
        set_window_state("searching", round(value, 2))


def _clear_search_state() -> None:
    state = window_state()
    for name in ("searching", "searched_strip"):
        state.property_unset(name)


class UNDERSTUDY_OT_people_stop(bpy.types.Operator):
    """Stop looking for people."""

    bl_idname = "understudy.people_stop"
    bl_label = "Stop Looking"
    bl_description = "Stop looking for people. Results so far are kept"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only while somebody is looked for."""
        return bool(active_queries(_TOPIC))

    def execute(self, _context: Any) -> set[Any]:
        """End the worker at once."""
        for search in active_queries(_TOPIC):
            search.cancel()
        return {"FINISHED"}


class UNDERSTUDY_OT_person_choose(RequiresModifier, bpy.types.Operator):
    """Replace this person, wherever in the strip they are seen."""

    bl_idname = "understudy.person_choose"
    bl_label = "Replace This Person"
    bl_description = (
        "Replace this person, wherever in the strip they are seen. A change costs: swaps again the frames in which "
        "another face is chosen"
    )
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(name="Frame", description="A frame of the strip that shows the person", min=0)  # type: ignore[valid-type]
    face: IntProperty(name="Face", description="Which face there, counted from the left from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Pick the person by the frame that shows them."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        if not has_search_range(strip):
            report(self, "ERROR", "No people found yet: press Find People first")
            return {"CANCELLED"}
        people = lookup_cache().get_or_fetch(people_lookup(scene, strip, modifier))
        if people is None:
            report(self, "ERROR", "The people found are no longer in the cache: press Find People again")
            return {"CANCELLED"}
        spot = self.frame, self.face
        if not any(spot in shown.person.face_refs for shown in people):
            report(self, "ERROR", f"Frame {self.frame} has no person as face {self.face}")
            return {"CANCELLED"}
        replace_person(modifier, spot, people)
        return {"FINISHED"}


def _search_summary(count: int) -> str:
    return "No person found" if count == 0 else f"{count} {'person' if count == 1 else 'people'} found"


CLASSES = (UNDERSTUDY_OT_people_find, UNDERSTUDY_OT_people_stop, UNDERSTUDY_OT_person_choose)
