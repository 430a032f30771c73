# SPDX-License-Identifier: GPL-3.0-or-later
"""Placeholders that are seen: a Blender without Understudy then shows no original face where one was not prepared.

They are put there when a project is saved, so that a farm without the extension gets them. While it is edited the
preview makes layers transparent as before.
"""

from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import OutputError
from ...core.layers.placeholder import PLACEHOLDER, visible_placeholder
from ..modifiers.stack import stack_of
from ..modifiers.takes import layers_ids
from ..properties.placeholder_choice import VISIBLE
from ..properties.scene_properties import settings_of
from ..sequencer.placement import frame_size
from ..sequencer.strips import stack_id, strips_with_modifiers
from .folders import LayerPlaces


def apply_placeholder_choice(scene: bpy.types.Scene, project_folder: Path) -> list[str]:
    """Make a scene's placeholders visible, or transparent again, where the project is about to be saved.

    Returns what could not be done, a line each.
    """
    if cast("Any", scene).library is not None:
        return []
    settings = settings_of(scene)
    is_visible = settings.placeholder == VISIBLE
    if not (is_visible or settings.has_visible_placeholders):
        return []
    places, problems = LayerPlaces.of_scene(scene, project_folder), []
    for clip in strips_with_modifiers(scene):
        wanted = visible_placeholder(*frame_size(scene, clip)) if is_visible else PLACEHOLDER
        if not wanted:
            problems.append(f"{clip.name}: its images are too large for stripes: prepare all of its frames")
            continue
        try:
            for name in layers_ids(stack_id(clip), stack_of(scene, stack_id(clip))):
                places.layer_folder(name).replace_placeholders(wanted)
        except OutputError as error:
            problems.append(f"{clip.name}: {error}")
    settings.has_visible_placeholders = is_visible
    return problems
