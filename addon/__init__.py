# SPDX-License-Identifier: GPL-3.0-or-later
"""All of Understudy that touches Blender. It holds no image maths: that is `core`."""

import atexit
from types import ModuleType

import bpy


def register() -> None:
    """Add properties, preferences, operators, panels and handlers; the parts that others need first."""
    for part in _parts():
        part.register()
    if bpy.app.module:
        # Blender disables its add-ons before it leaves; the module `bpy` leaves them registered. Then Python
        # can't free `bpy` (4.5.15), Blender's own end is never reached, and leaving waits for ever for a thread
        # that only that end would have stopped (delayed_close_thread_run).
        atexit.register(unregister)


def unregister() -> None:
    """Take everything out again, in the opposite order. Does nothing where there is nothing to take out."""
    atexit.unregister(unregister)
    if not hasattr(bpy.types.Scene, "understudy"):
        return  # the module `bpy` disables its add-ons as well, after Python has called us
    for part in reversed(_parts()):
        part.unregister()


def _parts() -> tuple[ModuleType, ...]:
    from . import cli_command, operators
    from .blender import draw_memo
    from .farm import prepare_command
    from .layers import auto_sync, timeline_watch
    from .lookups import gallery
    from .modifiers import mask_records
    from .preview import live_preview
    from .properties import compare_state, landmark_state, preferences, scene_properties, sheet_state, status
    from .render import handlers
    from .sequencer import retiming_cache
    from .sessions import worker_query
    from .sheets import making
    from .ui import (
        compare_overlay,
        compare_panel,
        farm_panel,
        keymap,
        landmark_gizmo,
        landmark_overlay,
        overlay,
        panels,
        sheet_panel,
        status_bar,
        timeline_bar,
    )

    return (
        preferences,
        scene_properties,
        status,
        sheet_state,
        compare_state,
        landmark_state,
        draw_memo,
        worker_query,
        gallery,
        making,
        mask_records,
        operators,
        panels,
        compare_panel,
        farm_panel,
        sheet_panel,
        status_bar,
        compare_overlay,
        landmark_gizmo,
        landmark_overlay,
        overlay,
        timeline_bar,
        keymap,
        handlers,
        retiming_cache,
        auto_sync,
        timeline_watch,
        live_preview,
        cli_command,
        prepare_command,
    )
