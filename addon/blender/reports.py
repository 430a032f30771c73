# SPDX-License-Identifier: GPL-3.0-or-later
"""How operators tell what came of them: in a line that says only what it shows, whatever names are in it."""

from typing import Any, Literal, cast

import bpy

from ...core.reporting.quoting import quote

Level = Literal["INFO", "WARNING", "ERROR"]


def report(operator: Any, level: Level, text: str) -> None:
    """Show a line in Blender's status bar and its list of reports."""
    operator.report({level}, quote(text))


def show_report(text: str, level: str) -> None:
    """Say a line in Blender's own report where no operator is at work, as in a timer, which has no window either."""
    windows = bpy.data.window_managers[0].windows
    if len(windows):
        with bpy.context.temp_override(window=windows[0]):
            cast("Any", bpy.ops).understudy.render_report("INVOKE_DEFAULT", text=text, level=level)
