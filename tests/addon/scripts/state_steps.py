# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that say what is there: strips, layers, times, drivers, sounds."""

from steps import _scene, _strip
from understudy.addon.layers import layer_strip
from understudy.addon.properties.scene_properties import recipe_of
from understudy.addon.sequencer.animation import AnimatedPaths
from understudy.core.recipe import parameters


def _values(modifier):
    recipe = recipe_of(modifier)
    return {entry.path: getattr(getattr(recipe, entry.group), entry.name) for entry in parameters()}


def facts():
    """What lies on the timeline."""
    scene = _scene()
    return {
        "strips": {
            strip.name: {
                "type": strip.type,
                "channel": strip.channel,
                "start": strip.frame_final_start,
                "end": strip.frame_final_end,
                "id": strip.understudy_id,
                "layer_of": strip.understudy_layer_of,
                "mute": strip.mute,
                "directory": getattr(strip, "directory", ""),
            }
            for strip in scene.sequence_editor.strips_all
        },
        "modifiers": [[entry.name, entry.strip_id] for entry in scene.understudy.modifiers],
        "recipes": [_values(entry) for entry in scene.understudy.modifiers],
        "pictures": [
            [item.filepath for item in entry.identity.pictures] for entry in scene.understudy.modifiers
        ],
    }


def shown_pictures(name, frames):
    """The layer picture that Blender reads at each frame."""
    layer = layer_strip.layer_of(_scene(), _strip(name))
    return [layer.strip_elem_from_frame(frame).filename for frame in frames]


def drivers(name):
    """The paths of a strip's driven properties."""
    return sorted(AnimatedPaths.of_scene(_scene()).driven_properties(_strip(name)))


def sound_of(name, file):
    """Add the sound strip of a movie, as adding a movie in the window does."""
    _scene().sequence_editor.strips.new_sound(name, file, 8, 1)


def timing(name):
    """Where a strip lies."""
    strip = _strip(name)
    return [strip.frame_start, strip.frame_offset_start, strip.frame_offset_end, strip.frame_final_end]
