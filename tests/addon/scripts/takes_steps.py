# SPDX-License-Identifier: GPL-3.0-or-later
"""Steps on the takes of a modifier."""

from pathlib import Path

import bpy
from understudy.addon.layers.folders import layer_read_folder
from understudy.addon.modifiers.takes import active_take_place, takes_of
from understudy.addon.prepare.preparation import prepare_now
from understudy.addon.sequencer.strips import layer_stack_id, layer_strips, stack_id


def _modifier(index=0):
    return bpy.context.scene.understudy.modifiers[index]


def _layer(strip):
    scene = bpy.context.scene
    clip = scene.sequence_editor.strips_all[strip]
    return next(layer for layer in layer_strips(scene) if layer_stack_id(layer) == stack_id(clip))


def take(picture, name=None, index=0, settings=None):
    """Add a take with an image, and settings of its own if there are any."""
    scene = bpy.context.scene
    scene.understudy.active_index = index
    bpy.ops.understudy.take_add()
    modifier = _modifier(index)
    image = modifier.identity.pictures.add()
    image.filepath = picture
    if name:
        modifier.takes[modifier.active_take].name = name
    if settings:
        bpy.ops.understudy.take_own_settings()
        for path, value in settings.items():
            group, leaf = path.split(".")
            setattr(getattr(modifier, group), leaf, value)


def show_take(place, index=0):
    """Show a take as a script does."""
    _modifier(index).active_take = place


def key_takes(values, index=0):
    """Keyframe which take is shown: {frame: place}."""
    modifier = _modifier(index)
    for frame, place in values.items():
        modifier.active_take = place
        modifier.keyframe_insert("active_take", frame=int(frame))


def take_facts(strip="clip", index=0):
    """What a modifier shows, what each of its takes asks for, and what its layer reads."""
    modifier, layer = _modifier(index), _layer(strip)
    return {
        "active": active_take_place(modifier),
        "loaded": modifier.loaded_take,
        "own": [Path(image.filepath).name for image in modifier.identity.pictures],
        "takes": [
            [name, [path.path.name for path in request.identity.images], request.recipe.fusion.blend]
            for name, request in takes_of(modifier)
        ],
        "folder": layer_read_folder(layer).name,
        "elements": [element.filename for element in layer.elements],
    }


def prepare_takes(strip="clip"):
    """Prepare all takes of a strip; returns the report."""
    scene = bpy.context.scene
    clip = scene.sequence_editor.strips_all[strip]
    return prepare_now(
        scene, clip.frame_final_start, clip.frame_final_end - 1, stack_id(clip), all_takes=True
    )


def layer_files():
    """When each layer image was written, by its place among the layers."""
    layers = Path(bpy.data.filepath).parent / "understudy_cache" / "layers"
    return {str(path.relative_to(layers)): path.stat().st_mtime_ns for path in sorted(layers.rglob("*.tif"))}


def layer_sizes():
    """How large the layer images are, in bytes: placeholders are small."""
    layers = Path(bpy.data.filepath).parent / "understudy_cache" / "layers"
    return [path.stat().st_size for path in layers.rglob("*.tif")]
