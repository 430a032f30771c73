# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer strip: an image strip above its clip that shows the new faces, kept in step with the clip.

It has an element for every frame of the clip's content, named by the source frame which is seen there, and the
clip's own timing and transform. So Blender itself finds the right picture, trimmed, slipped or in reverse.
"""

import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import bpy

from ...core.errors import OutputError
from ..properties.status import redraw
from ..sequencer.animation import follow
from ..sequencer.channels import free_channel, is_misplaced, make_room, put_back
from ..sequencer.retiming import is_retimed
from ..sequencer.strips import all_strips, frames_of, holder, layer_of_id, layer_strips, stack_id
from .elements import first_number, sync_elements
from .folders import layer_directory, layer_folder, picture_name

_TIMING = ("frame_start", "frame_offset_start", "frame_offset_end")
_LOOK = (
    "mute", "lock", "color_tag", "use_flip_x", "use_flip_y", "use_reverse_frames", "color_saturation",
    "color_multiply", "use_linear_modifiers",
)  # fmt: skip
# A retimed clip's layer has an element for what is shown at each frame of the timeline, held ones too.
_AS_LISTED = SimpleNamespace(strobe=1.0)
_TRANSFORM = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_UNTOUCHED = ("MOVIE", "SOUND")
_CROP = ("min_x", "max_x", "min_y", "max_y")


def layer_of(scene: bpy.types.Scene, clip: Any) -> Any | None:
    """Return the layer strip of a clip, or None."""
    found = [layer for layer in layer_strips(scene) if layer_of_id(layer) == stack_id(clip)]
    return nearest(clip, found)


def nearest(clip: Any, layers: list[Any]) -> Any | None:
    """Return the layer that is least out of step with a clip, or None of none."""
    return min(layers, key=lambda layer: _distance(clip, layer), default=None)


def _distance(clip: Any, layer: Any) -> float:
    """How far a layer is out of step with a clip, in frames."""
    return sum(abs(getattr(clip, name) - getattr(layer, name)) for name in _TIMING) + abs(
        clip.frame_final_end - layer.frame_final_end
    )


def make_layer(scene: bpy.types.Scene, clip: Any) -> Any:
    """Put a layer strip above a clip that has a stack. Raises OutputError if its folder can't be written."""
    first = picture_name(first_number(clip))
    folder = layer_folder(scene, stack_id(clip))
    _require_text(folder.path)
    folder.add_placeholders([first])
    strips = holder(scene, clip)
    # Made far from everything and then moved into place, so that Blender does not push strips about.
    far = max(strip.frame_final_end for strip in strips) + clip.frame_duration
    channel = free_channel(scene, clip, None)
    layer = strips.new_image(
        f"{clip.name} Understudy", str(folder.path / first), channel, far, fit_method="ORIGINAL"
    )
    layer.understudy_layer_of = stack_id(clip)
    layer.understudy_id = ""
    layer.blend_type, layer.alpha_mode = "ALPHA_OVER", "STRAIGHT"
    layer.blend_alpha = clip.blend_alpha
    sync_layer(scene, clip, layer, thorough=True)
    return layer


def _require_text(path: Path) -> None:
    """Raise OutputError for a path whose bytes are no text: Blender takes none for a new strip's file."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutputError(f"can't make a layer in {path}: its name is no UTF-8; rename the folder") from error


def sync_layer(scene: bpy.types.Scene, clip: Any, layer: Any, *, thorough: bool) -> bool:
    """Bring a layer in step with its clip; True if anything had to change.

    `thorough` also checks the folder, every element and what is animated: it opens the clip and uses an operator.
    """
    changed = thorough and _sync_directory(scene, clip, layer)
    if thorough:
        follow(scene, clip, layer)
        changed |= sync_elements(scene, clip, layer)
    changed |= _copied(clip, layer, _LOOK)
    changed |= _copied(_AS_LISTED if is_retimed(clip) else clip, layer, ("strobe",))
    changed |= _copied(clip.transform, layer.transform, _TRANSFORM)
    changed |= _copied(clip.crop, layer.crop, _CROP)
    changed |= _copied(clip.colorspace_settings, layer.colorspace_settings, ("name",))
    for _ in range(2):  # a trim may be refused until the start is right, and the other way round
        changed |= _copied(clip, layer, _TIMING)
    if is_misplaced(scene, clip, layer):
        channel = make_room(scene, clip, layer) if thorough else free_channel(scene, clip, layer)
        if layer.channel != channel:
            layer.channel, changed = channel, True
    if thorough:
        _fill_folder(scene, layer)
    return changed


def _copied(source: Any, target: Any, names: tuple[str, ...]) -> bool:
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


def _sync_directory(scene: bpy.types.Scene, clip: Any, layer: Any) -> bool:
    wanted = layer_directory(scene, stack_id(clip))
    if layer.directory == wanted:
        return False
    layer.directory = wanted
    return True


def _fill_folder(scene: bpy.types.Scene, layer: Any) -> None:
    """Make sure that every picture which Blender may read in the layer's range is there."""
    frames = frames_of(layer)
    # A still that is shown for hours has one element: to ask at each frame takes seconds and says no more.
    few = len(layer.elements) <= len(frames)
    shown = layer.elements if few else (layer.strip_elem_from_frame(frame) for frame in frames)
    names = {element.filename for element in shown if element is not None}
    layer_folder(scene, layer_of_id(layer)).add_placeholders(names)


def remove_layer(scene: bpy.types.Scene, strip_id: str) -> None:
    """Remove the layer strips of a stack and its pictures on disk. Raises OutputError for the pictures."""
    for layer in layer_strips(scene):
        if layer_of_id(layer) == strip_id:
            holder(scene, layer).remove(layer)
    put_back(scene, strip_id)
    layer_folder(scene, strip_id).remove()


def stop_prefetching() -> None:
    """Have Blender stop filling its cache ahead, where it does; it begins again when it draws the preview.

    Each `invalidate_cache` does this and waits for the frame that is just made there: ten milliseconds and more,
    better spent while a picture is fused than after it. Source: `relations_invalidate_cache` in
    sequencer/intern/strip_relations.cc of Blender 5.x.
    """
    for scene in bpy.data.scenes:
        editor: Any = scene.sequence_editor
        if editor is not None and editor.use_prefetch:
            for layer in layer_strips(scene)[:1]:
                layer.invalidate_cache("RAW")


def show_rewritten() -> None:
    """Make Blender read rewritten layer pictures again.

    What a layer is part of remembers it too, in other scenes as well, and can't be told from what is not: so it
    takes this on every strip that could. A movie's own frames are kept: to decode one again takes longer than all
    the rest. It frees cached pictures, under Blender's own locks, and changes no data.
    """
    for scene in bpy.data.scenes:
        for strip in all_strips(scene):
            if strip.type not in _UNTOUCHED:
                strip.invalidate_cache("RAW")
    if threading.current_thread() is threading.main_thread():
        redraw()
