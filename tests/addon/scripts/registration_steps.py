# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that take Understudy out of Blender and put it back."""

import bpy
import understudy


def without_understudy(path):
    """Load a project in a Blender that does not have Understudy."""
    understudy.unregister()
    bpy.ops.wm.open_mainfile(filepath=path)


def register_again(times):
    """Unregister and register; returns what of Understudy is there after each."""
    states = []
    for _ in range(times):
        understudy.unregister()
        states.append(_registration_counts())
        understudy.register()
        states.append(_registration_counts())
    return states


def _registration_counts():
    handlers = sum(
        getattr(entry, "__module__", "").startswith("understudy")
        for name in dir(bpy.app.handlers)
        if isinstance(getattr(bpy.app.handlers, name), list)
        for entry in getattr(bpy.app.handlers, name)
    )
    classes = sum(
        getattr(entry, "__module__", "").startswith("understudy")
        for base in (bpy.types.PropertyGroup, bpy.types.Operator, bpy.types.Panel, bpy.types.UIList)
        for entry in base.__subclasses__()
        if getattr(entry, "is_registered", False)
    )
    return {
        "handlers": handlers,
        "classes": classes,
        "scene": hasattr(bpy.types.Scene, "understudy"),
        "strip": hasattr(bpy.types.Strip, "understudy_id"),
    }
