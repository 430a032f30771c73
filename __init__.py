# SPDX-License-Identifier: GPL-3.0-or-later
"""Understudy: swap faces in video strips.

Blender calls `register` and `unregister`. `understudy.core` imports without Blender, so nothing that
needs `bpy` is imported before they are called.
"""


def register() -> None:
    """Add Understudy's properties, panels, operators and handlers to this Blender."""
    from . import addon

    addon.register()


def unregister() -> None:
    """Take everything `register` added out of this Blender again."""
    from . import addon

    addon.unregister()
