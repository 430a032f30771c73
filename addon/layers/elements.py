# SPDX-License-Identifier: GPL-3.0-or-later
"""The elements of a layer strip: which image file is seen at each frame of its content."""

import math
from typing import Any

import bpy

from ...core.errors import ClipError
from ...core.layers.folder import LAYER_NAME
from ...core.media.open import open_clip
from ..sequencer.retiming import is_retimed, retimed_source_frames
from ..sequencer.strips import frame_rate, movie_rate, playback_rate, source_frames, source_of
from .folders import layer_image_name


def sync_elements(scene: bpy.types.Scene, strip: Any, layer: Any) -> bool:
    """Give a layer an element for every frame of its clip's content; True if any was missing or another.

    Raises ClipError where the clip's retiming can't be read, or where it claims to have what no clip has.
    """
    numbers = _element_numbers(scene, strip)
    _require_valid_numbers(strip, numbers)
    names = [layer_image_name(number) for number in numbers]
    if [element.filename for element in layer.elements] == names:
        return False
    _write_elements(scene, layer, names)
    return True


def first_source_frame(strip: Any) -> int:
    """Return the source frame that the first frame of a clip's content shows. Raises ClipError for what is none."""
    number = int(strip.animation_offset_start)
    _require_valid_numbers(strip, [number])
    return number


def _require_valid_numbers(strip: Any, numbers: list[int]) -> None:
    """Raise ClipError where a frame's number is none that a layer file can be named by."""
    if numbers and not (min(numbers) >= 0 and LAYER_NAME.fullmatch(layer_image_name(max(numbers)))):
        raise ClipError(f"{strip.name} shows frames that do not exist: remove its offsets")


def _element_numbers(scene: bpy.types.Scene, strip: Any) -> list[int]:
    if is_retimed(strip):
        return retimed_source_frames(scene, strip)
    return source_frames(strip, _frames_per_timeline_frame(scene, strip))


def _frames_per_timeline_frame(scene: bpy.types.Scene, strip: Any) -> float:
    """Return how many frames of a clip pass in a frame of the timeline."""
    if strip.type != "MOVIE":
        return 1.0
    rate = movie_rate(strip) / frame_rate(scene)
    if not rate or math.isclose(rate, 1.0, rel_tol=1e-6):
        return 1.0
    frames = _frame_count(strip)
    return 1.0 if frames is None else playback_rate(scene, strip, rate, frames)


def _write_elements(scene: bpy.types.Scene, layer: Any, names: list[str]) -> None:
    """Give a layer its elements.

    Not by `elements.append`: that leaves a new element's size undefined, and Blender crashes on it where the
    image is missing (4.5.15, 5.0.1). The operator leaves it zero.
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


def _frame_count(strip: Any) -> int | None:
    try:
        with open_clip(source_of(strip).paths[0]) as opened:
            return opened.info.frame_count
    except ClipError:
        return None  # said when the clip's frames are needed
