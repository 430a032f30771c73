# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer strip: an image strip above its clip that shows the new faces, kept in step with the clip.

It has an element for every frame of the clip's content, named by the source frame which is seen there, and the
clip's own timing and transform. So Blender itself finds the right image, trimmed, slipped or in reverse.
"""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

from ...core.errors import OutputError
from ..properties.status import redraw
from ..sequencer.animation import sync_animation
from ..sequencer.channels import free_channel, is_misplaced, make_room_for_layer, restore_lifted_strips
from ..sequencer.retiming import is_retimed
from ..sequencer.strips import all_strips, frames_of, layer_stack_id, layer_strips, parent_strips, stack_id
from .elements import first_source_frame, sync_elements
from .folders import layer_directory, layer_folder, layer_image_name

_TIMING_PROPERTIES = ("frame_start", "frame_offset_start", "frame_offset_end")
_APPEARANCE_PROPERTIES = (
    "mute", "lock", "color_tag", "use_flip_x", "use_flip_y", "use_reverse_frames", "color_saturation",
    "color_multiply", "use_linear_modifiers",
)  # fmt: skip
# A retimed clip's layer has an element for what is shown at each frame of the timeline, held ones too.
_NO_STROBE = SimpleNamespace(strobe=1.0)
_TRANSFORM_PROPERTIES = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_TYPES_TO_KEEP_CACHED = ("MOVIE", "SOUND")
_CROP_PROPERTIES = ("min_x", "max_x", "min_y", "max_y")


def layer_of(scene: bpy.types.Scene, strip: Any) -> Any | None:
    """Return the layer strip of a clip, or None."""
    layers = [layer for layer in layer_strips(scene) if layer_stack_id(layer) == stack_id(strip)]
    return nearest_layer(strip, layers)


def nearest_layer(strip: Any, layers: list[Any]) -> Any | None:
    """Return the layer that is least out of step with a clip, or None of none."""
    return min(layers, key=lambda layer: _timing_distance(strip, layer), default=None)


def _timing_distance(strip: Any, layer: Any) -> float:
    """How far a layer is out of step with a clip, in frames."""
    return sum(abs(getattr(strip, name) - getattr(layer, name)) for name in _TIMING_PROPERTIES) + abs(
        strip.frame_final_end - layer.frame_final_end
    )


def make_layer(scene: bpy.types.Scene, clip: Any) -> Any:
    """Put a layer strip above a clip that has a stack. Raises OutputError if its folder can't be written."""
    first = layer_image_name(first_source_frame(clip))
    folder = layer_folder(scene, stack_id(clip))
    _require_utf8(folder.path)
    folder.add_placeholders([first])
    strips = parent_strips(scene, clip)
    # Made far from everything and then moved into place, so that Blender does not push strips about.
    far = max(strip.frame_final_end for strip in strips) + clip.frame_duration
    channel = free_channel(scene, clip, None)
    layer = strips.new_image(
        f"{clip.name} Understudy", str(folder.path / first), channel, far, fit_method="ORIGINAL"
    )
    layer.understudy_layer_of = stack_id(clip)
    layer.understudy_id = ""
    layer.blend_type, layer.alpha_mode = "ALPHA_OVER", "STRAIGHT"
    sync_layer(scene, clip, layer, thorough=True)
    return layer


def _require_utf8(path: Path) -> None:
    """Raise OutputError for a path whose bytes are no text: Blender takes none for a new strip's file."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutputError(f"can't make a layer in {path}: its name is no UTF-8; rename the folder") from error


def sync_layer(scene: bpy.types.Scene, strip: Any, layer: Any, *, thorough: bool) -> bool:
    """Bring a layer in step with its clip; True if anything had to change.

    `thorough` also checks the folder, every element and what is animated: it opens the clip and uses an operator.
    """
    changed = thorough and _sync_directory(scene, strip, layer)
    if thorough:
        sync_animation(scene, strip, layer)
        changed |= sync_elements(scene, strip, layer)
    changed |= _copy_properties(strip, layer, _APPEARANCE_PROPERTIES)
    changed |= _copy_properties(_NO_STROBE if is_retimed(strip) else strip, layer, ("strobe",))
    changed |= _copy_properties(strip.transform, layer.transform, _TRANSFORM_PROPERTIES)
    changed |= _copy_properties(strip.crop, layer.crop, _CROP_PROPERTIES)
    changed |= _copy_properties(strip.colorspace_settings, layer.colorspace_settings, ("name",))
    for _ in range(2):  # a trim may be refused until the start is right, and the other way round
        changed |= _copy_properties(strip, layer, _TIMING_PROPERTIES)
    if is_misplaced(scene, strip, layer):
        channel = make_room_for_layer(scene, strip, layer) if thorough else free_channel(scene, strip, layer)
        if layer.channel != channel:
            layer.channel, changed = channel, True
    if thorough:
        _add_placeholders(scene, layer)
    return changed


def _copy_properties(source: Any, target: Any, names: tuple[str, ...]) -> bool:
    """Copy the properties that differ, but for what can't be set; True if any was."""
    changed = False
    for name in names:
        if not hasattr(source, name):
            continue  # 5.2 has no use_linear_modifiers
        value, known = getattr(source, name), getattr(target, name)
        if name == "origin":
            value, known = tuple(value), tuple(known)
        if value != known:
            try:
                setattr(target, name, value)
            except TypeError:
                continue  # an enum without a value, as a colour space that this Blender's OCIO does not have
            changed = True
    return changed


def _sync_directory(scene: bpy.types.Scene, strip: Any, layer: Any) -> bool:
    wanted = layer_directory(scene, stack_id(strip))
    if layer.directory == wanted:
        return False
    layer.directory = wanted
    return True


def _add_placeholders(scene: bpy.types.Scene, layer: Any) -> None:
    """Make sure that every image which Blender may read in the layer's range is there."""
    frames = frames_of(layer)
    # A still that is shown for hours has one element: to ask at each frame takes seconds and says no more.
    few = len(layer.elements) <= len(frames)
    shown = layer.elements if few else (layer.strip_elem_from_frame(frame) for frame in frames)
    names = {element.filename for element in shown if element is not None}
    layer_folder(scene, layer_stack_id(layer)).add_placeholders(names)


def remove_layer(scene: bpy.types.Scene, strip_id: str) -> None:
    """Remove the layer strips of a stack and its images on disk. Raises OutputError for the images."""
    for layer in layer_strips(scene):
        if layer_stack_id(layer) == strip_id:
            parent_strips(scene, layer).remove(layer)
    restore_lifted_strips(scene, strip_id)
    layer_folder(scene, strip_id).remove()


def stop_prefetching() -> None:
    """Have Blender stop filling its cache ahead, where it does; it begins again when it draws the preview.

    Each `invalidate_cache` does this and waits for the frame that is just made there: ten milliseconds and more,
    better spent while an image is fused than after it. Source: `relations_invalidate_cache` in
    sequencer/intern/strip_relations.cc of Blender 5.x.
    """
    for scene in bpy.data.scenes:
        editor: Any = scene.sequence_editor
        if editor is not None and editor.use_prefetch:
            for layer in layer_strips(scene)[:1]:
                layer.invalidate_cache("RAW")


def invalidate_layer_caches() -> None:
    """Make Blender read rewritten layer images again.

    What a layer is part of remembers it too, in other scenes as well, and can't be told from what is not: so it
    takes this on every strip that could. A movie's own frames are kept: to decode one again takes longer than all
    the rest. It frees cached images, under Blender's own locks, and changes no data.
    """
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            if strip.type not in _TYPES_TO_KEEP_CACHED:
                strip.invalidate_cache("RAW")
    if threading.current_thread() is threading.main_thread():
        redraw()
