# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer strip: an image strip above its clip that shows the new faces, kept in step with the clip.

It has an element for every frame of the clip's content, named by the source frame which is seen there, and the
clip's own timing and transform. So Blender itself finds the right image, trimmed, slipped or in reverse.
"""

import threading
from collections.abc import Hashable, Iterable
from operator import attrgetter
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import OutputError
from ..modifiers.takes import layers_id
from ..properties.status import redraw
from ..sequencer.animation import MUTE_PATH, STROBE_PATH, sync_animation
from ..sequencer.channels import (
    free_channel,
    is_misplaced,
    make_room_for_layer,
    remote_channel,
    restore_lifted_strips,
)
from ..sequencer.retiming import content_length, is_retimed
from ..sequencer.strips import all_strips, frames_of, layer_stack_id, layer_strips, parent_strips, stack_id
from .elements import elements_state, first_source_frame, sync_elements
from .folders import (
    LayerPlaces,
    layer_image_name,
    layer_read_folder,
    split_element_name,
    temporary_layer_folder,
)
from .keyed_takes import read_layers_id, takes_state
from .layer_edits import layer_edits
from .layer_look import (
    TIMING,
    TIMING_PROPERTIES,
    copy_appearance,
    copy_own_look,
    copy_properties,
    differs,
    has_other_frame,
    has_own_look,
    look_reader,
)
from .nearest_layer import nearest_layer
from .scene_strips import SceneStrips
from .sync_memory import sync_memory

_SHOWN = attrgetter("frame_start", "frame_final_start", "frame_final_end", "use_reverse_frames", "strobe")
_TYPES_TO_KEEP_CACHED = ("MOVIE", "SOUND")


def layer_of(scene: bpy.types.Scene, strip: Any) -> Any | None:
    """Return the layer strip of a clip, or None. For many clips `SceneStrips.layer_of` looks only once."""
    layers = [layer for layer in layer_strips(scene) if layer_stack_id(layer) == stack_id(strip)]
    return nearest_layer(strip, layers)


def make_layer(strips: SceneStrips, clip: Any) -> None:
    """Put a layer strip above a clip that has a stack and no layer; `strips`, the scene's, have it then.

    Raises OutputError if its folder can't be written.
    """
    first = layer_image_name(first_source_frame(clip))
    places = LayerPlaces.of_scene(strips.scene)
    stack = strips.modifiers_by_stack.get(stack_id(clip), [])
    folder = places.layer_folder(layers_id(stack_id(clip), stack))
    _require_utf8(folder.path)
    folder.add_placeholders([first])
    beside = parent_strips(strips.scene, clip)
    siblings = strips.siblings(clip)
    channel = free_channel(siblings, clip, None)
    # Else made far from everything and then moved into place, so that Blender does not push strips about.
    is_whole = not (clip.frame_offset_start or clip.frame_offset_end)
    start = round(clip.frame_start) if is_whole else siblings.end + clip.frame_duration
    layer = beside.new_image(
        f"{clip.name} Understudy", str(folder.path / first), channel, start, fit_method="ORIGINAL"
    )
    layer.understudy_layer_of = stack_id(clip)
    layer.understudy_id = ""
    layer.select = False
    copy_own_look(layer)
    # It keeps this length when it gets its elements. What is set after that has Blender evaluate all strips once more.
    layer.frame_final_end = start + content_length(clip)
    layer.directory = places.layer_directory(layers_id(stack_id(clip), stack))
    strips.add_layer(layer, clip)
    sync_layer(strips, clip, layer, places)


def _require_utf8(path: Path) -> None:
    """Raise OutputError for a path whose bytes are no text: Blender takes none for a new strip's file."""
    try:
        str(path).encode("utf-8")
    except UnicodeEncodeError as error:
        raise OutputError(f"can't make a layer in {path}: its name is no UTF-8; rename the folder") from error


def sync_layer(
    strips: SceneStrips, clip: Any, layer: Any, places: LayerPlaces | None = None, *, is_dragged: bool = False
) -> bool:
    """Bring a layer in step with its clip; True if anything had to change.

    The layer of a clip that `is_dragged` goes to a channel where it is in nobody's way: Blender pushes aside what is
    dropped on another strip, as a clip on its own layer one channel up.

    A colour space is compared where somebody may just have changed it, see `SceneStrips.is_in_hand`. With `places`
    that of any clip is, and the folder, every element and what is animated, unless all is as it was when they were last
    looked at: that may open the clip and use an operator. Raises UnderstudyError where that can't be done, or where no
    channel is free.
    """
    changed = in_order = False
    is_muted = bool(clip.mute or strips.is_channel_muted(clip))
    layer_edits().compare_mute(strips.scene, strips.stack_id(clip), clip, layer, is_muted=is_muted)
    compares_colours = places is not None or strips.is_in_hand(clip, layer)
    if differs(clip, layer, is_muted=is_muted, compares_colours=compares_colours):
        changed |= copy_appearance(clip, layer, is_muted=is_muted)
    stack = strips.modifiers_by_stack.get(strips.stack_id(clip), [])
    if places is not None:
        changed |= sync_directory(places, read_layers_id(strips.stack_id(clip), stack), layer)
        if sync_animation(strips.scene, clip, layer, strips.curves, _own_paths(strips, clip)):
            strips.forget_curves()
        in_order = _is_in_order(strips, clip, layer, places)
        changed |= not in_order and sync_elements(strips, clip, layer)
    if TIMING(clip) != TIMING(layer):
        for _ in range(2):  # a trim may be refused until the start is right, and the other way round
            changed |= copy_properties(clip, layer, TIMING_PROPERTIES)
    if changed:
        strips.update(layer)  # other elements change its length as well
    siblings = strips.siblings(clip)
    if is_dragged:
        changed |= _move_to(strips, layer, remote_channel(siblings, clip, layer))
    elif is_misplaced(siblings, clip, layer):
        changed |= _move_to(strips, layer, _own_channel(strips, clip, layer, makes_room=places is not None))
    if places is not None and not (in_order and (not changed or _is_in_order(strips, clip, layer, places))):
        place_images(places, layer)
        sync_memory().remember(places.root, strips.stack_id(clip), _layer_state(strips, clip, layer))
    return changed


def follows_clip(strips: SceneStrips, clip: Any, layer: Any) -> bool:
    """Tell at the first look whether `sync_layer` has nothing to do for an edit; for most layers it has not.

    False where it takes another look: for retimed clips, and for those in hand.
    """
    read = look_reader(strips.type_of(clip))
    look = read(clip)
    is_muted = look[0] or strips.is_channel_muted(clip)
    follows = (
        (is_muted, *look[1:]) == read(layer)
        and has_own_look(layer)
        and not strips.is_in_hand(clip, layer)
        and not is_retimed(clip)
        and not has_other_frame(clip, layer)
        and clip.colorspace_settings.is_data == layer.colorspace_settings.is_data
        and strips.siblings(clip).is_right_above(clip, layer)
    )
    if follows:
        layer_edits().note_mute(strips.scene_name, strips.stack_id(clip), is_muted=is_muted)
    return follows


def _own_paths(strips: SceneStrips, clip: Any) -> list[str]:
    """List what a layer does not follow of its clip's animation, since other things decide it."""
    own = ((MUTE_PATH, strips.is_channel_muted(clip)), (STROBE_PATH, is_retimed(clip)))
    return [path for path, is_own in own if is_own]


def _own_channel(strips: SceneStrips, clip: Any, layer: Any, *, makes_room: bool) -> int:
    """Return the channel where a layer belongs, freed if it `makes_room`. Raises ChannelError where none is free."""
    siblings = strips.siblings(clip)
    if makes_room:
        return make_room_for_layer(strips.scene, siblings, clip, layer)
    return free_channel(siblings, clip, layer)


def _move_to(strips: SceneStrips, layer: Any, channel: int | None) -> bool:
    """Move a layer to a channel, if there is one; True if it was on another."""
    if channel is None or layer.channel == channel:
        return False
    layer.channel = channel
    strips.update(layer)
    return True


def _is_in_order(strips: SceneStrips, clip: Any, layer: Any, places: LayerPlaces) -> bool:
    """Tell whether a layer is as it was when its elements and images were last looked at."""
    state = _layer_state(strips, clip, layer)
    return state is not None and sync_memory().is_in_order(places.root, strips.stack_id(clip), state)


def _layer_state(strips: SceneStrips, clip: Any, layer: Any) -> Hashable:
    """Return all that decides which elements a layer has and which of its images are seen; None if it can't be told."""
    elements = elements_state(strips, clip, layer)
    if elements is None:
        return None
    start, first, last, *look = _SHOWN(layer)
    stack = strips.modifiers_by_stack.get(strips.stack_id(clip), [])
    takes = takes_state(strips.stack_id(clip), stack, clip)
    return takes, elements, first - start, last - start, *look


def sync_directory(places: LayerPlaces, layers_id: str, layer: Any) -> bool:
    """Have a layer read its images where they belong; True if it read them elsewhere.

    Images that an unsaved project has come along, and those of a project whose layers are to be elsewhere now, unless
    there are some. Raises OutputError where there can't be a folder for them: then the
    layer goes on reading what it read.
    """
    wanted = places.layer_directory(layers_id)
    if layer.directory == wanted:
        return False
    if not layers_id:  # each element names its folder
        layer.directory = wanted
        return True
    target = places.layer_folder(layers_id)
    source = temporary_layer_folder(layer_read_folder(layer), layers_id, places.access)
    if source is None and not target.exists():
        source = places.prepared_layers(layers_id, layer)
    try:
        target.make()
    except OutputError:
        if source is not None and not target.exists():
            raise
    else:
        if source is not None and source.path != target.path:
            source.copy_to(target)
    layer.directory = wanted
    return True


def place_images(places: LayerPlaces, layer: Any) -> None:
    """Make sure that every image which Blender may read in the layer's range is there, in the folders that it reads."""
    frames = frames_of(layer)
    # A still that is shown for hours has one element: to ask at each frame takes seconds and says no more.
    few = len(layer.elements) <= len(frames)
    shown = layer.elements if few else (layer.strip_elem_from_frame(frame) for frame in frames)
    names: dict[str, set[str]] = {}
    for element in shown:
        if element is not None:
            subfolder, file = split_element_name(element.filename)
            names.setdefault(subfolder, set()).add(file)
    for subfolder, files in names.items():
        places.layer_folder(subfolder or layer_read_folder(layer).name).add_placeholders(files)


def remove_layer(scene: bpy.types.Scene, strip_id: str, layers_ids: Iterable[str]) -> None:
    """Remove the layer strips of a stack and its images in these folders. Raises OutputError for the images."""
    for layer in layer_strips(scene):
        if layer_stack_id(layer) == strip_id:
            parent_strips(scene, layer).remove(layer)
    restore_lifted_strips(scene)
    places = LayerPlaces.of_scene(scene)
    sync_memory().forget(places.root, strip_id)
    for name in layers_ids:
        places.layer_folder(name).remove()


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
