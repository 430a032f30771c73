# SPDX-License-Identifier: GPL-3.0-or-later
"""The button below an engine that needs a model file: its tooltip says what is needed, a click shows where it is."""

import os
from pathlib import Path
from typing import Any, cast

import bpy
from bpy.props import StringProperty

from ...core.models.library import MODELS_VARIABLE, user_model_folder
from ...core.models.model_availability import ModelAvailability
from ...core.units import OFF
from ..blender.reports import report
from ..lookups.gallery import lookup_cache
from ..lookups.lookups import ModelLookup
from ..properties.preferences import preferences

_REFRESH_SECONDS = 5.0


def model_folder() -> Path:
    """Return where the user's models are: what the environment says comes before the preferences."""
    said = os.environ.get(MODELS_VARIABLE, "").strip()
    chosen = "" if said == OFF else said or preferences().model_folder
    return Path(bpy.path.abspath(chosen)) if chosen else user_model_folder()


def look_up_model(role: str, name: str) -> ModelAvailability | None:
    """Return what is known of an engine's file; None for an engine that needs none, or until it is looked up."""
    state: ModelAvailability | None = lookup_cache().get(
        ModelLookup(model_folder(), role, name), _REFRESH_SECONDS
    )
    return state


def model_button_texts(state: ModelAvailability) -> tuple[str, ...]:
    """Return what the button may say, the longest first."""
    if state.available:
        short = "License" if state.commercial else "Limited License"
        if state.companion:
            return (f"{short}: {state.companion}", short)
        return (f"License: {state.licence}", short) if state.licence else ("License Not Known",)
    return (
        (f"Get {state.title}", "Get Model") if state.page else (f"{state.title} Is Missing", "Model Missing")
    )


def model_text(state: ModelAvailability) -> str:
    """Say whether an engine can be used, what to do if not, and what its license allows."""
    licence = f"License: {state.licence}" if state.licence else "The license is not known"
    if state.companion:
        licence += f", but it runs only with {state.companion}"
    if not state.commercial and "commercial" not in licence:
        licence += ", probably not for commercial use"
    if state.available:
        return f"{state.title}. {licence}"
    todo = state.problem or f"put its file into {model_folder()}, or choose another folder in the preferences"
    return f"{state.title} can't be used: {todo}. {licence}"


class UNDERSTUDY_OT_model_page(bpy.types.Operator):
    """Open the web page of a model's publisher, and say where its file belongs."""

    bl_idname = "understudy.model_page"
    bl_label = "Get Model"
    bl_options = {"INTERNAL"}

    role: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]
    family: StringProperty(options={"HIDDEN"})  # type: ignore[valid-type]

    @classmethod
    def description(cls, _context: bpy.types.Context, properties: Any) -> str:
        """Return the tooltip."""
        state = look_up_model(properties.role, properties.family)
        if state is None:
            return ""
        return f"{model_text(state)}.\nOpens {state.page}" if state.page else model_text(state)

    def execute(self, _context: bpy.types.Context) -> set[Any]:
        """Open the page, where one is known."""
        state = look_up_model(self.role, self.family)
        if state is None:
            return {"CANCELLED"}
        report(self, "INFO", model_text(state))
        if state.page and not bpy.app.background:
            cast("Any", bpy.ops).wm.url_open(url=state.page)
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_model_page,)
