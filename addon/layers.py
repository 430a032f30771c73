# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer strip: an image strip above its clip that shows the new faces, kept in step with the clip.

It has an element for every frame of the clip's content, named by the source frame which is seen there, and the
clip's own timing and transform. So Blender itself finds the right picture, trimmed, slipped or in reverse.
"""

import threading
from typing import Any

import bpy

from ..core.clip import open_clip
from ..core.errors import ClipError, OutputError, UnderstudyError
from .animation import follow
from .folders import (
    add_stand_ins,
    copy_pictures,
    layer_directory,
    layer_folder,
    make_layer_folder,
    picture_name,
    remove_pictures,
)
from .properties import settings_of
from .stack import copy_stack, new_id, stack_of
from .timeline import (
    all_strips,
    holder,
    layer_of_id,
    layer_strips,
    playback_rate,
    source_numbers,
    source_of,
    stack_id,
    stacked_clips,
)
from .window_state import redraw

_TIMING = ("frame_start", "frame_offset_start", "frame_offset_end")
_LOOK = (
    "mute", "use_flip_x", "use_flip_y", "use_reverse_frames", "strobe", "color_saturation", "color_multiply",
    "use_linear_modifiers",
)  # fmt: skip
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_CROP = ("min_x", "max_x", "min_y", "max_y")


def layer_of(scene: bpy.types.Scene, clip: Any) -> Any | None:
    """Return the layer strip of a clip, or None."""
    found = [layer for layer in layer_strips(scene) if layer_of_id(layer) == stack_id(clip)]
    return _nearest(clip, found)


def _nearest(clip: Any, layers: list[Any]) -> Any | None:
    return min(layers, key=lambda layer: _distance(clip, layer), default=None)


def _distance(clip: Any, layer: Any) -> float:
    """How far a layer is out of step with a clip, in frames."""
    return sum(abs(getattr(clip, name) - getattr(layer, name)) for name in _TIMING) + abs(
        clip.frame_final_end - layer.frame_final_end
    )


def make_layer(scene: bpy.types.Scene, clip: Any) -> Any:
    """Put a layer strip above a clip that has a stack. Raises OutputError if its folder can't be written."""
    first = picture_name(source_numbers(clip, 1.0)[0])
    folder = make_layer_folder(scene, stack_id(clip))
    add_stand_ins(folder, [first])
    strips = holder(scene, clip)
    # Made far from everything and then moved into place, so that Blender does not push strips about.
    far = max(strip.frame_final_end for strip in strips) + clip.frame_duration
    channel = _free_channel(strips, clip, None)
    layer = strips.new_image(
        f"{clip.name} Understudy", str(folder / first), channel, far, fit_method="ORIGINAL"
    )
    layer.understudy_layer_of = stack_id(clip)
    layer.understudy_id = ""
    layer.blend_type, layer.alpha_mode = "ALPHA_OVER", "STRAIGHT"
    layer.blend_alpha = clip.blend_alpha
    sync_layer(scene, clip, layer, thorough=True)
    return layer


def _free_channel(strips: Any, clip: Any, layer: Any | None) -> int:
    """Return the first channel above a clip that is free over the clip's whole range."""
    taken = {
        strip.channel
        for strip in strips
        if strip != layer
        and strip.frame_final_start < clip.frame_final_end
        and strip.frame_final_end > clip.frame_final_start
    }
    channel = int(clip.channel) + 1
    while channel in taken:
        channel += 1
    return channel


def sync_layer(scene: bpy.types.Scene, clip: Any, layer: Any, *, thorough: bool) -> bool:
    """Bring a layer in step with its clip; True if anything had to change.

    `thorough` also checks the folder, every element and what is animated: it opens the clip and uses an operator.
    """
    changed = thorough and _sync_directory(scene, clip, layer)
    if thorough:
        follow(scene, clip, layer)
        changed |= _sync_elements(scene, clip, layer)
    changed |= _copied(clip, layer, _LOOK)
    changed |= _copied(clip.transform, layer.transform, _TRANSFORM)
    changed |= _copied(clip.crop, layer.crop, _CROP)
    changed |= _copied(clip.colorspace_settings, layer.colorspace_settings, ("name",))
    strips = holder(scene, clip)
    channel = layer.channel
    clash = any(
        strip != layer
        and strip.channel == channel
        and strip.frame_final_start < clip.frame_final_end
        and strip.frame_final_end > clip.frame_final_start
        for strip in strips
    )
    if channel <= clip.channel or clash:
        channel = _free_channel(strips, clip, layer)
    for _ in range(2):  # a trim may be refused until the start is right, and the other way round
        changed |= _copied(clip, layer, _TIMING)
    if layer.channel != channel:
        layer.channel, changed = channel, True
    if thorough:
        _fill_folder(scene, layer)
    return changed


def _copied(source: Any, target: Any, names: tuple[str, ...]) -> bool:
    """Copy the properties that differ; True if any did."""
    changed = False
    for name in names:
        if not hasattr(source, name):
            continue  # 5.2 has no use_linear_modifiers
        value, known = getattr(source, name), getattr(target, name)
        if name == "origin":
            value, known = tuple(value), tuple(known)
        if value != known:
            setattr(target, name, value)
            changed = True
    return changed


def _sync_directory(scene: bpy.types.Scene, clip: Any, layer: Any) -> bool:
    wanted = layer_directory(scene, stack_id(clip))
    if layer.directory == wanted:
        return False
    layer.directory = wanted
    return True


def _fill_folder(scene: bpy.types.Scene, layer: Any) -> None:
    """Make sure that every picture which Blender may read in the layer's range is there."""
    folder = layer_folder(scene, layer_of_id(layer))
    if not folder.is_dir():
        make_layer_folder(scene, layer_of_id(layer))
    shown = (
        layer.strip_elem_from_frame(frame) for frame in range(layer.frame_final_start, layer.frame_final_end)
    )
    add_stand_ins(folder, {element.filename for element in shown if element is not None})


def _sync_elements(scene: bpy.types.Scene, clip: Any, layer: Any) -> bool:
    rate = playback_rate(scene, clip, _frame_count(clip))
    names = [picture_name(number) for number in source_numbers(clip, rate)]
    if [element.filename for element in layer.elements] == names:
        return False
    _write_elements(scene, layer, names)
    return True


def _write_elements(scene: bpy.types.Scene, layer: Any, names: list[str]) -> None:
    """Give a layer its elements.

    Not by `elements.append`: that leaves a new element's size undefined, and Blender crashes on it where the
    picture is missing (4.5.15, 5.0.1). The operator leaves it zero.
    """
    editor: Any = scene.sequence_editor
    operators: Any = bpy.ops.sequencer
    active, directory = editor.active_strip, layer.directory
    editor.active_strip = layer
    # From Blender 5.0 the sequencer's scene need not be the window's.
    with bpy.context.temp_override(scene=scene, sequencer_scene=scene):
        # Blender 5.2 warns of a relative directory, which the layer itself keeps.
        operators.change_path(directory=bpy.path.abspath(directory), files=[{"name": name} for name in names])
    layer.directory = directory
    editor.active_strip = active


def _frame_count(clip: Any) -> int | None:
    if clip.type != "MOVIE":
        return None
    try:
        with open_clip(source_of(clip).paths[0]) as opened:
            return opened.info.frame_count
    except ClipError:
        return None  # said when the clip's frames are needed


def sync_timing(scene: bpy.types.Scene) -> bool:
    """Bring every layer of a scene in step with its clip; True if anything had to change. Cheap."""
    if not settings_of(scene).modifiers:
        return False
    changed = False
    for clip in stacked_clips(scene):
        layer = layer_of(scene, clip)
        if layer is not None:
            changed |= sync_layer(scene, clip, layer, thorough=False)
    return changed


def sync_layers(scene: bpy.types.Scene) -> list[str]:
    """Bring a scene's layers in order: copies get a stack of their own, every clip its layer, in step.

    Layers whose clip is gone are removed. Returns what could not be done, a line each.
    """
    if not settings_of(scene).modifiers and not layer_strips(scene):
        return []
    _separate_copies(scene)
    problems = []
    for clip in stacked_clips(scene):
        if not stack_of(scene, stack_id(clip)):
            clip.understudy_id = ""
            continue
        try:
            layer = _beside(scene, clip, layer_of(scene, clip))
            if layer is None:
                make_layer(scene, clip)
            else:
                sync_layer(scene, clip, layer, thorough=True)
        except UnderstudyError as error:
            problems.append(f"{clip.name}: {error}")
    _remove_orphans(scene)
    return problems


def _beside(scene: bpy.types.Scene, clip: Any, layer: Any | None) -> Any | None:
    """Return the layer once it lies in the same meta strip as its clip, or None where it must be made anew."""
    meta = clip.parent_meta()
    if layer is None or layer.parent_meta() == meta:
        return layer
    if meta is None:
        holder(scene, layer).remove(layer)  # Blender can't move a strip out of a meta strip
        return None
    layer.move_to_meta(meta)
    return layer


def _separate_copies(scene: bpy.types.Scene) -> None:
    """A strip that was copied, split or pasted still has the id of the one it came from: give it its own."""
    known: dict[str, list[Any]] = {}
    for clip in stacked_clips(scene):
        known.setdefault(stack_id(clip), []).append(clip)
    for strip_id, clips in known.items():
        layers = [layer for layer in layer_strips(scene) if layer_of_id(layer) == strip_id]
        for clip in clips[1:]:
            copy_id = new_id()
            copy_stack(scene, strip_id, copy_id)
            near = _nearest(clip, layers)
            # One layer stays with the original; a copied layer goes with the copied clip.
            own = near if near is not None and len(layers) > 1 else None
            clip.understudy_id = copy_id
            if own is not None:
                layers.remove(own)
                own.understudy_layer_of = copy_id
            try:
                make_layer_folder(scene, copy_id)
            except OutputError:
                continue
            copy_pictures(scene, strip_id, copy_id)


def _remove_orphans(scene: bpy.types.Scene) -> None:
    """Remove layers without a clip, and second layers of one clip."""
    kept = {stack_id(clip): layer_of(scene, clip) for clip in stacked_clips(scene)}
    for layer in layer_strips(scene):
        if kept.get(layer_of_id(layer)) != layer:
            holder(scene, layer).remove(layer)


def remove_layer(scene: bpy.types.Scene, strip_id: str) -> None:
    """Remove the layer strips of a stack and its pictures on disk. Raises OutputError for the pictures."""
    for layer in layer_strips(scene):
        if layer_of_id(layer) == strip_id:
            holder(scene, layer).remove(layer)
    remove_pictures(scene, strip_id)


def show_rewritten() -> None:
    """Make Blender read rewritten layer pictures again.

    In every Blender tried it takes this on every strip of every scene. It frees cached pictures, under
    Blender's own locks, and changes no data.
    """
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            strip.invalidate_cache("RAW")
    if threading.current_thread() is threading.main_thread():
        redraw()
