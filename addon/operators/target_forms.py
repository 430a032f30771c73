# SPDX-License-Identifier: GPL-3.0-or-later
"""The operator on the form of the person who is replaced."""

from contextlib import closing
from typing import Any

import bpy

from ...core.errors import UnderstudyError
from ...core.media.clip_info_cache import NotCachedError
from ..blender.reports import report
from ..layers.folders import cache_folder
from ..modifiers.active import active_scene, active_strip
from ..prepare.target_forms import learn_target_forms
from ..properties.preferences import preferences
from ..sessions.open import open_preview, open_session
from .requires_modifier import RequiresModifier, activate_modifier


class UNDERSTUDY_OT_target_form_learn(RequiresModifier, bpy.types.Operator):
    """Learn the form of the person who is replaced anew from this strip."""

    bl_idname = "understudy.target_form_learn"
    bl_label = "Learn Again"
    bl_description = (
        "Learn the form of the people who are replaced anew from this strip. Until then the form that was learned "
        "first is used, so that a clip that is cut anew keeps its swaps"
    )
    bl_options = {"REGISTER", "UNDO"}

    def execute(self, context: bpy.types.Context) -> set[Any]:
        """Take the form from the cache, or leave it to the next preparation; without a window learn it at once."""
        scene, strip, modifier = active_scene(context), active_strip(context), activate_modifier(context)
        if strip is None or modifier is None:
            return {"CANCELLED"}
        open_run = open_session if bpy.app.background else open_preview
        try:
            with closing(open_run(cache_folder(scene), preferences())) as session:
                known = learn_target_forms(session, strip, modifier)
        except NotCachedError:
            known = False
        except UnderstudyError as error:
            report(self, "ERROR", str(error))
            return {"CANCELLED"}
        if not known:
            modifier.target_forms = ""
        report(
            self, "INFO", "The form was learned" if known else "The form is learned with the next preparation"
        )
        return {"FINISHED"}


CLASSES = (UNDERSTUDY_OT_target_form_learn,)
