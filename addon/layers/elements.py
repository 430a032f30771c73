# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements of a layer strip: which image file is seen at each frame of its content."""

import math
from collections.abc import Hashable
from operator import attrgetter
from typing import Any

import bpy

from ...core.errors import ClipError
from ...core.layers.folder import LAYER_NAME
from ..sequencer.own_operators import call_operator
from ..sequencer.retiming import is_retimed, retimed_source_frames
from ..sequencer.strips import movie_rate, playback_rate, source_frames
from .folders import layer_image_name, split_element_name
from .keyed_takes import element_names
from .scene_strips import SceneStrips

_CONTENT = attrgetter("type", "animation_offset_start", "animation_offset_end", "frame_duration")


def sync_elements(strips: SceneStrips, clip: Any, layer: Any) -> bool:
    """Give a layer an element for every frame of its clip's content; True if any was missing or another.

    Raises ClipError where the clip's retiming can't be read, or where it claims to have what no clip has.
    """
    numbers = _element_numbers(strips, clip)
    _require_valid_numbers(clip, numbers)
    stack = strips.modifiers_by_stack.get(strips.stack_id(clip), [])
    names = element_names(strips.stack_id(clip), stack, clip, numbers)
    if [element.filename for element in layer.elements] == names:
        return False
    _write_elements(strips.scene, layer, names)
    return True


def elements_state(strips: SceneStrips, clip: Any, layer: Any) -> Hashable:
    """Return what the elements of a layer depend on, and five of them; None where no property tells."""
    if is_retimed(clip):
        return None  # which frame a key holds is read from a file, see `retiming`
    elements = layer.elements
    count = len(elements)
    places = (0, count // 4, count // 2, 3 * count // 4, count - 1) if count else ()
    rate = _rate_ratio(strips, clip)
    return (
        (*_CONTENT(clip), rate),
        None if rate == 1.0 else strips.movie_length(clip),
        (count, *[elements[place].filename for place in places]),
    )


def first_source_frame(strip: Any) -> int:
    """Return the source frame that the first frame of a clip's content shows. Raises ClipError for what is none."""
    number = int(strip.animation_offset_start)
    _require_valid_numbers(strip, [number])
    return number


def _require_valid_numbers(strip: Any, numbers: list[int]) -> None:
    """Raise ClipError where a frame's number is none that a layer file can be named by."""
    if numbers and not (min(numbers) >= 0 and LAYER_NAME.fullmatch(layer_image_name(max(numbers)))):
        raise ClipError(f"{strip.name} shows frames that do not exist: remove its offsets")


def _element_numbers(strips: SceneStrips, clip: Any) -> list[int]:
    if is_retimed(clip):
        return retimed_source_frames(clip, strips.retiming(clip))
    return source_frames(clip, _frames_per_timeline_frame(strips, clip))


def _frames_per_timeline_frame(strips: SceneStrips, clip: Any) -> float:
    """Return how many frames of a clip pass in a frame of the timeline."""
    rate = _rate_ratio(strips, clip)
    frames = None if rate == 1.0 else strips.movie_length(clip)
    return 1.0 if frames is None else playback_rate(clip, rate, frames, strips.duration_at_other_rate)


def _rate_ratio(strips: SceneStrips, clip: Any) -> float:
    """Return a movie's frame rate by the timeline's; 1 where it is the same, unknown, or the clip is no movie."""
    if clip.type != "MOVIE":
        return 1.0
    rate = movie_rate(clip) / strips.frame_rate
    return 1.0 if not rate or math.isclose(rate, 1.0, rel_tol=1e-6) else rate


def _write_elements(scene: bpy.types.Scene, layer: Any, names: list[str]) -> None:
    """Give a layer its elements.

    Not by `elements.append`: that leaves a new element's size undefined, and Blender crashes on it where the
    image is missing (4.5.15, 5.0.1). The operator leaves it zero.
    """
    editor: Any = scene.sequence_editor
    active, directory = editor.active_strip, layer.directory
    editor.active_strip = layer
    # Blender 5.2 warns of a relative directory, which the layer itself keeps.
    files = [{"name": split_element_name(name)[1]} for name in names]
    is_relative = directory.startswith("//")
    call_operator(
        scene, "change_path", directory=bpy.path.abspath(directory), files=files, relative_path=is_relative
    )
    if layer.directory != directory:
        layer.directory = directory
    for element, name in zip(layer.elements, names, strict=True):
        if element.filename != name:  # the operator takes no folders, and 5.2 sorts what it is given
            element.filename = name
    editor.active_strip = active
