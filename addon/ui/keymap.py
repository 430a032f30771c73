# SPDX-License-Identifier: GPL-3.0-or-later
"""The keys of the Video Sequencer, in its timeline and in its preview. Editors can change them in the preferences."""

from typing import Any, cast

import bpy

_KEYMAP = "Video Sequence Editor" if bpy.app.version >= (5, 0, 0) else "SequencerCommon"
"""What timeline and preview have in common, by its name in this Blender."""
# Page Up and Page Down alone go from strip to strip.
_KEYS = (("understudy.problem_previous", "PAGE_UP"), ("understudy.problem_next", "PAGE_DOWN"))
_ITEMS: list[tuple[Any, Any]] = []


def register() -> None:
    """Add the keys, where there is a window."""
    configuration = cast("Any", bpy.context.window_manager).keyconfigs.addon
    if bpy.app.background or configuration is None:
        return
    keymap = configuration.keymaps.new(name=_KEYMAP, space_type="SEQUENCE_EDITOR")
    for operator, key in _KEYS:
        _ITEMS.append((keymap, keymap.keymap_items.new(operator, key, "PRESS", shift=True, repeat=True)))


def unregister() -> None:
    """Remove them."""
    while _ITEMS:
        keymap, item = _ITEMS.pop()
        keymap.keymap_items.remove(item)
