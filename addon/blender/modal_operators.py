# SPDX-License-Identifier: GPL-3.0-or-later
"""Which operators go on in Blender's windows, such as a drag."""

from typing import Any, cast

import bpy


def is_operator_running(*prefixes: str) -> bool:
    """Tell whether an operator whose name begins with one of these goes on in a window."""
    windows = cast("Any", bpy.data.window_managers[0]).windows
    return any(entry.bl_idname.startswith(prefixes) for window in windows for entry in window.modal_operators)
