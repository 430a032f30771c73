# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators by which a user says yes to a folder that a project names outside its own, and takes it back."""

from pathlib import Path
from typing import Any

import bpy
from bpy.props import StringProperty

from ...core.cache.packs.layout import require_empty_or_cache
from ...core.errors import CacheError, OutputError
from ...core.reporting.quoting import quote
from ...core.system.trust import distrust_folder, trust_folder
from ..blender.reports import report
from ..layers.sync import sync_layers
from ..lookups.gallery import refresh_lookups
from ..modifiers.active import active_scene
from ..properties.status import redraw
from ..sessions.cache_folder import cache_location


class UNDERSTUDY_OT_trust_folder(bpy.types.Operator):
    """Let projects keep results and layers in this folder, and in those below it."""

    bl_idname = "understudy.trust_folder"
    bl_label = "Use This Folder"
    bl_description = (
        "Let projects keep results and layers in this folder, and in those below it. Remembered on this machine; the "
        "preferences take it back"
    )
    bl_options = {"REGISTER"}

    # No annotation of more than Any: a class that has one may never be freed, see UNDERSTUDY_OT_prepare.
    _folder_to_confirm: Any = None

    @classmethod
    def poll(cls, context: Any) -> bool:
        """Only where there is a folder to say yes to."""
        scene = active_scene(context)
        refused = scene is not None and cache_location(scene).refused_folder is not None
        if not refused:
            cls.poll_message_set("The project uses no folder but its own, or one that is trusted")
        return refused

    def invoke(self, context: Any, event: Any) -> set[Any]:
        """Ask first, naming the folder: a click alone is no yes."""
        self._folder_to_confirm = cache_location(active_scene(context)).refused_folder
        if not self._is_usable(self._folder_to_confirm):
            return {"CANCELLED"}
        answer: set[Any] = context.window_manager.invoke_confirm(
            self,
            event,
            title="Use this folder?",
            message=quote(
                f"All projects may then write results and layers there and below: {self._folder_to_confirm}"
            ),
            confirm_text="Use This Folder",
            icon="QUESTION",
        )
        return answer

    def execute(self, context: Any) -> set[Any]:
        """Remember it, and move the layers there."""
        folder = cache_location(active_scene(context)).refused_folder
        if folder is None or self._folder_to_confirm not in (None, folder):
            report(self, "ERROR", "The project names another folder now: check it again")
            return {"CANCELLED"}
        if not self._is_usable(folder):
            return {"CANCELLED"}
        try:
            trust_folder(folder)
        except OutputError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        _sync_every_scene(self)
        report(self, "INFO", f"Projects may use {folder}")
        return {"FINISHED"}

    def _is_usable(self, folder: Path | None) -> bool:
        """Tell whether a folder can be a cache; a yes to / or to one's home would let projects in everywhere below."""
        try:
            if folder is not None:
                require_empty_or_cache(folder)
        except CacheError as error:
            report(self, "ERROR", str(error))
            return False
        return True


class UNDERSTUDY_OT_distrust_folder(bpy.types.Operator):
    """Let projects use this folder no more, unless it is their own."""

    bl_idname = "understudy.distrust_folder"
    bl_label = "Remove Trust"
    bl_description = "No longer let projects use this folder, unless it is their own. Its content stays"
    bl_options = {"REGISTER", "INTERNAL"}

    folder: StringProperty(options={"HIDDEN", "SKIP_SAVE"}, subtype="DIR_PATH")  # type: ignore[valid-type]

    def execute(self, _context: Any) -> set[Any]:
        """Forget it."""
        try:
            distrust_folder(Path(self.folder))
        except OutputError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        _sync_every_scene(self)
        return {"FINISHED"}


def _sync_every_scene(operator: Any) -> None:
    """Have the layers of every scene read from where they are to be now."""
    for scene in bpy.data.scenes:
        for text in sync_layers(scene):
            report(operator, "WARNING", text)
    refresh_lookups()
    redraw()


CLASSES = (UNDERSTUDY_OT_trust_folder, UNDERSTUDY_OT_distrust_folder)
