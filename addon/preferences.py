# SPDX-License-Identifier: GPL-3.0-or-later
"""The add-on's preferences: what belongs to the machine, not to a project."""

from dataclasses import dataclass
from typing import Any

import bpy
from bpy.props import IntProperty, StringProperty

# The extension's own module: "bl_ext.<repository>.understudy" inside Blender.
PACKAGE = (__package__ or "").rpartition(".")[0]


@dataclass(frozen=True)
class Preferences:
    """The preferences as plain values."""

    cache_folder: str = ""
    memory_megabytes: int = 512
    threads: int = 0


class UNDERSTUDY_preferences(bpy.types.AddonPreferences):
    """Understudy's page in Blender's preferences."""

    bl_idname = PACKAGE

    cache_folder: StringProperty(  # type: ignore[valid-type]
        name="Cache Folder",
        description="Use this folder for every project, instead of one beside each project",
        subtype="DIR_PATH",
    )
    memory_megabytes: IntProperty(  # type: ignore[valid-type]
        name="Memory",
        description="How many megabytes of results a run keeps in memory",
        default=Preferences.memory_megabytes,
        min=0,
        max=1 << 20,
        soft_max=8192,
    )
    threads: IntProperty(  # type: ignore[valid-type]
        name="Threads", description="Threads a model may use; 0 uses every core", default=0, min=0, max=256
    )

    def draw(self, _context: bpy.types.Context) -> None:
        """Draw the page."""
        layout = self.layout
        layout.use_property_split = True
        for name in ("cache_folder", "memory_megabytes", "threads"):
            layout.prop(self, name)


def preferences() -> Preferences:
    """Return the preferences; the defaults where Understudy was registered by a script."""
    addon: Any = bpy.context.preferences.addons.get(PACKAGE) if bpy.context.preferences else None
    page = None if addon is None else addon.preferences
    if page is None:
        return Preferences()
    return Preferences(page.cache_folder, page.memory_megabytes, page.threads)


def register() -> None:
    """Add the page."""
    bpy.utils.register_class(UNDERSTUDY_preferences)


def unregister() -> None:
    """Remove the page."""
    bpy.utils.unregister_class(UNDERSTUDY_preferences)
