# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps that say what is there: strips, layers, times, drivers, sounds."""

import threading
from pathlib import Path

from steps import _scene, _strip
from understudy.addon.layers import layer_strip
from understudy.addon.layers import selection as selection_of_layers
from understudy.addon.layers.strip_warnings import strip_warnings
from understudy.addon.properties.scene_properties import recipe_of
from understudy.addon.sequencer.curves import drivers_of, keyframes_of
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


def shown_images(name, frames):
    """The layer image that Blender reads at each frame."""
    layer = layer_strip.layer_of(_scene(), _strip(name))
    return [layer.strip_elem_from_frame(frame).filename for frame in frames]


def drivers(name):
    """The paths of a strip's driven properties."""
    start = f"{_strip(name).path_from_id()}."
    paths = [curve.data_path for curve in drivers_of(_scene())]
    return sorted(path.removeprefix(start) for path in paths if path.startswith(start))


def animated(name, path, frames):
    """What the keyframes of a strip's property say at frames; nothing without keyframes."""
    path = f"{_strip(name).path_from_id()}.{path}"
    curves = [curve for curve in keyframes_of(_scene()) if curve.data_path == path]
    return [round(curve.evaluate(frame), 4) for curve in curves for frame in frames]


def sound_of(name, file):
    """Add the sound strip of a movie, as adding a movie in the window does."""
    _scene().sequence_editor.strips.new_sound(name, file, 8, 1)


def timing(name):
    """Where a strip lies."""
    strip = _strip(name)
    return [strip.frame_start, strip.frame_offset_start, strip.frame_offset_end, strip.frame_final_end]


def selection(selects=None, active=None):
    """Select strips and make one active, if so asked; returns which is active and which are selected."""
    editor = _scene().sequence_editor
    if selects is not None:
        for strip in editor.strips_all:
            strip.select = strip.name in selects
        editor.active_strip = _strip(active)
    return [editor.active_strip.name, sorted(strip.name for strip in editor.strips_all if strip.select)]


def directory_of(name):
    """Where an image strip reads its files, as it is written in the project."""
    return _strip(name).directory


def results_taken_along():
    """Wait until the results of a project that was just saved for the first time are beside it."""
    for thread in threading.enumerate():
        if thread.name == "understudy first save":
            thread.join()


def warnings(name):
    """What the panel says that the layer of a clip can't follow."""
    return [warning.text for warning in strip_warnings(_strip(name), _scene())]


def hand_over_selection():
    """Do what a moment after a click is done in a window; returns whether a layer was selected."""
    return selection_of_layers.select_clips_of_layers(_scene())


def rename_file(path, new):
    """Have a file out of the way, as its owner may between two saves."""
    Path(path).rename(new)


def target_forms():
    """The forms that the modifiers keep."""
    return [modifier.target_forms for modifier in _scene().understudy.modifiers]
