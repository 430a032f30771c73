# SPDX-License-Identifier: GPL-3.0-or-later
"""What the operators on a Face Swap modifier share: which one is meant."""

from typing import Any

import bpy

from ..modifiers.active import active_modifier, active_scene, make_active


class RequiresModifier:
    """Needs a modifier on the active strip."""

    @classmethod
    def poll(cls, context: bpy.types.Context) -> bool:
        """Only with a modifier to work on."""
        has_modifier = active_scene(context) is not None and active_modifier(context) is not None
        if not has_modifier:
            cls.poll_message_set("The active strip has no Face Swap modifier")  # type: ignore[attr-defined]
        return has_modifier


def activate_modifier(context: bpy.types.Context) -> Any | None:
    """Return the modifier that is meant, and make it the active one.

    A file browser, and a change of an operator's settings afterwards, no longer know which button was pressed.
    """
    modifier = active_modifier(context)
    if modifier is not None:
        make_active(active_scene(context), modifier)
    return modifier
