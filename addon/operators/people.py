# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators on who is replaced: find the people of a strip, and choose one of them."""

from contextlib import closing
from typing import Any

import bpy
from bpy.props import IntProperty

from ...core.errors import UnderstudyError
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..lookups.gallery import gallery, look_again
from ..lookups.people import replace_person, searched, stretch_of, wanted_people
from ..modifiers.active import active_scene, active_strip
from ..properties.preferences import preferences
from ..properties.scene_properties import casting_of
from ..properties.status import put, window_state
from ..sessions.open import open_session, run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import Question, asked
from .requires_modifier import OnModifier, take_modifier

_ABOUT = "people"


class UNDERSTUDY_OT_people_find(OnModifier, bpy.types.Operator):
    """Look through the strip for people, to choose from their pictures who is replaced."""

    bl_idname = "understudy.people_find"
    bl_label = "Find People"
    bl_description = (
        "Look through the strip for people, to choose from their pictures who is replaced. Two frames a second are "
        "looked at, and what is found out is used again when the strip is prepared"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Find them before returning."""
        scene, strip, modifier = active_scene(context), active_strip(context), take_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        strip.understudy_searched = stretch_of(scene, strip)
        wanted = wanted_people(scene, strip, modifier)
        try:
            with closing(open_session(wanted.folder, wanted.preferences)) as session:
                people = session.people(wanted.source, wanted.first, wanted.last, wanted.recipe)
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        look_again()
        report(self, "INFO", _count(len(people)))
        return {"FINISHED"}

    def invoke(self, context: Any, _event: Any) -> set[Any]:
        """Let a worker process look, while the editor goes on."""
        if bpy.app.background:
            return self.execute(context)
        scene, strip, modifier = active_scene(context), active_strip(context), take_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        if asked(_ABOUT):
            report(self, "INFO", "People are being looked for already")
            return {"CANCELLED"}
        first, last = stretch_of(scene, strip)
        try:
            worker = WorkerProcess(run_settings(cache_folder(scene), preferences()))
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        wanted = wanted_people(scene, strip, modifier)
        worker.find_people(strip.name, wanted.source, first, last, casting_of(modifier))
        place = scene.name, strip.name

        def ended(faults: list[str]) -> None:
            _end_search()
            put("trouble", faults[0] if faults else "")
            if not faults:
                _note_search(*place, (first, last))

        put("trouble", "")
        put("searching", 0.0)
        put("searched_strip", strip.name)
        Question(_ABOUT, worker, ended, _show_progress).ask()
        return {"FINISHED"}


def _note_search(scene_name: str, strip_name: str, stretch: tuple[int, int]) -> None:
    """Note on a strip that its people are known, as a step that can be undone."""
    scene: Any = bpy.data.scenes.get(scene_name)
    editor = None if scene is None else scene.sequence_editor
    strip = (
        None if editor is None else next((one for one in editor.strips_all if one.name == strip_name), None)
    )
    look_again()
    if strip is None:
        return
    strip.understudy_searched = stretch
    with bpy.context.temp_override(window=bpy.data.window_managers[0].windows[0]):
        bpy.ops.ed.undo_push(message="Find People")


def _show_progress(kind: str, value: Any) -> None:
    if kind == "progress":
        put("searching", round(value, 2))


def _end_search() -> None:
    state = window_state()
    for name in ("searching", "searched_strip"):
        state.property_unset(name)


class UNDERSTUDY_OT_people_stop(bpy.types.Operator):
    """Stop looking for people."""

    bl_idname = "understudy.people_stop"
    bl_label = "Stop Looking"
    bl_description = "Stop looking for people; what was found out about the clip is kept"
    bl_options = {"REGISTER"}

    @classmethod
    def poll(cls, _context: Any) -> bool:
        """Only while somebody is looked for."""
        return bool(asked(_ABOUT))

    def execute(self, _context: Any) -> set[Any]:
        """End the worker at once."""
        for search in asked(_ABOUT):
            search.cancel()
        _end_search()
        return {"FINISHED"}


class UNDERSTUDY_OT_person_choose(OnModifier, bpy.types.Operator):
    """Replace this person, wherever in the strip they are seen."""

    bl_idname = "understudy.person_choose"
    bl_label = "Replace This Person"
    bl_description = (
        "Replace this person, wherever in the strip they are seen. A change costs: swaps again the frames in which "
        "another face is chosen"
    )
    bl_options = {"REGISTER", "UNDO"}

    frame: IntProperty(name="Frame", description="A frame of the clip that shows the person", min=0)  # type: ignore[valid-type]
    face: IntProperty(name="Face", description="Which face there, counted from the left from 0", min=0)  # type: ignore[valid-type]

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Pick the person by the frame that shows them."""
        scene, strip, modifier = active_scene(context), active_strip(context), take_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        if not searched(strip):
            report(self, "ERROR", "The people of the strip are not known yet: Find People first")
            return {"CANCELLED"}
        people = gallery().now(wanted_people(scene, strip, modifier))
        if people is None:
            report(self, "ERROR", "Who was found is not known any more: Find People again")
            return {"CANCELLED"}
        spot = self.frame, self.face
        if not any(spot in shown.person.spots for shown in people):
            report(self, "ERROR", f"Nobody was found in frame {self.frame} as face {self.face}")
            return {"CANCELLED"}
        replace_person(modifier, spot, people)
        return {"FINISHED"}


def _count(count: int) -> str:
    return "Nobody was found" if count == 0 else f"{count} {'person' if count == 1 else 'people'} found"


CLASSES = (UNDERSTUDY_OT_people_find, UNDERSTUDY_OT_people_stop, UNDERSTUDY_OT_person_choose)
