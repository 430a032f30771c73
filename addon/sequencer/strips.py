# SPDX-License-Identifier: GPL-3.0-or-later
"""Strips and clips: which strips have a stack, what they play, and which frame of it is seen when."""

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from itertools import compress
from operator import attrgetter
from pathlib import Path
from typing import Any, cast

import bpy

from ...core.errors import ClipError
from ...core.layers.folder import is_stack_id
from ...core.media.colour_spaces import CODED_SPACES
from ...core.media.image_reading import image_reading
from ...core.media.source import ClipSource, light_reading

SUPPORTED_TYPES = ("MOVIE", "IMAGE")
MAX_FRAMES = 1 << 22
"""How many frames a strip may have: 19 hours at 60 a second. Each costs a layer's name, of 100 bytes in memory."""
INVALID_TEXT = "\ufffd"
"""What a text property is read as that holds no text."""
_MAX_FRAMES_PER_SECOND = 100_000.0


def text_of(owner: Any, name: str) -> str:
    """Return a text property. What a file holds there need not be text: then it is a mark that says so."""
    try:
        return str(getattr(owner, name))
    except UnicodeDecodeError:
        return INVALID_TEXT


def stack_id(strip: bpy.types.Strip) -> str:
    """Return the id of a strip's stack, or an empty text, also for what is none by its form."""
    identifier = text_of(strip, "understudy_id")
    return identifier if identifier and is_stack_id(identifier) else ""


def layer_stack_id(strip: bpy.types.Strip) -> str:
    """Return the stack id of the clip whose layer this strip is, or an empty text, also for none by its form."""
    identifier = text_of(strip, "understudy_layer_of")
    return identifier if identifier and is_stack_id(identifier) else ""


def stack_ids_of(strips: Sequence[Any], name: str) -> dict[Any, str]:
    """Return the stacks' ids that a text property of strips has, by the strips; those that have none are left out.

    It is what `stack_id` and `layer_stack_id` return, read at once: at each edit all strips of a scene are read.
    """
    try:
        texts = list(map(attrgetter(name), strips))
    except UnicodeDecodeError:
        texts = [text_of(strip, name) for strip in strips]
    return {strip: text for strip, text in zip(strips, texts, strict=True) if text and is_stack_id(text)}


def all_strips(scene: bpy.types.Scene) -> list[Any]:
    """List every strip of a scene, those inside meta strips too."""
    editor = scene.sequence_editor
    return list(editor.strips_all) if editor is not None else []


def strips_at(scene: bpy.types.Scene, frame: int) -> list[Any]:
    """List the strips of a scene that lie at a timeline frame, those inside meta strips too.

    It is asked for at every frame: so Blender lists all strips' places at once, and no others are looked at.
    """
    editor = cast("Any", scene.sequence_editor)
    count = 0 if editor is None else len(editor.strips_all)
    starts, ends = (array("i", bytes(4 * count)) for _ in range(2))
    if count:
        editor.strips_all.foreach_get("frame_final_start", starts)
        editor.strips_all.foreach_get("frame_final_end", ends)
    lie_there = [start <= frame < end for start, end in zip(starts, ends, strict=True)]
    return list(compress(editor.strips_all, lie_there)) if any(lie_there) else []


def supports_modifiers(strip: bpy.types.Strip) -> bool:
    """Tell whether a strip can have a stack."""
    return strip.type in SUPPORTED_TYPES and not layer_stack_id(strip)


def strips_with_modifiers(scene: bpy.types.Scene, strips: Iterable[Any] | None = None) -> list[Any]:
    """List the clip strips that have a stack, by name: those of a scene, or of some of its strips."""
    listed = all_strips(scene) if strips is None else list(strips)
    layers = stack_ids_of(listed, "understudy_layer_of")
    supported = [strip for strip in listed if strip not in layers and strip.type in SUPPORTED_TYPES]
    return sorted(stack_ids_of(supported, "understudy_id"), key=attrgetter("name"))


def layer_strips(scene: bpy.types.Scene) -> list[Any]:
    """List the layer strips of a scene."""
    return list(stack_ids_of(all_strips(scene), "understudy_layer_of"))


def parent_strips(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Any:
    """Return the collection of strips that a strip lies in: a meta strip's or the editor's."""
    meta = strip.parent_meta()
    return scene.sequence_editor.strips if meta is None else cast("Any", meta).strips


def channels_of(scene: bpy.types.Scene, strip: bpy.types.Strip) -> Any:
    """Return the channels that a strip's channel number counts."""
    meta = strip.parent_meta()
    return scene.sequence_editor.channels if meta is None else cast("Any", meta).channels


def covers_frame(strip: bpy.types.Strip, frame: int) -> bool:
    """Tell whether a strip lies at a timeline frame."""
    return bool(strip.frame_final_start <= frame < strip.frame_final_end)


def frames_of(strip: bpy.types.Strip) -> range:
    """Return the timeline frames that a strip lies at. Raises ClipError for more than a strip can have."""
    frames = range(strip.frame_final_start, strip.frame_final_end)
    require_frame_limit(strip, frames.stop - frames.start)
    return frames


def require_frame_limit(strip: bpy.types.Strip, count: int) -> None:
    """Raise ClipError where a strip claims to have more frames than can be."""
    if count > MAX_FRAMES:
        raise ClipError(f"{strip.name} has {count} frames: cut it into strips of {MAX_FRAMES} at most")


def overlap(first: bpy.types.Strip, second: bpy.types.Strip) -> bool:
    """Tell whether two strips lie at a common timeline frame."""
    return bool(
        first.frame_final_start < second.frame_final_end and first.frame_final_end > second.frame_final_start
    )


def is_shown(scene: bpy.types.Scene, strip: bpy.types.Strip, frame: int) -> bool:
    """Tell whether a strip plays at a timeline frame, as do the meta strips around it."""
    around: Any = strip
    while around is not None:
        if mute_reason(scene, around) or not covers_frame(around, frame):
            return False
        around = around.parent_meta()
    return True


def mute_reason(scene: bpy.types.Scene, strip: bpy.types.Strip) -> str:
    """Say what mutes a strip, `strip` or `channel`; empty where nothing does, or where it is drawn all the same.

    Blender draws the inputs of an effect though they are muted, unless their channel is (tried in 4.5 and 5.2).
    """
    muted = _own_mute_reason(scene, strip)
    return "" if muted == "strip" and _feeds_drawn_effect(scene, strip, {strip}) else muted


def _own_mute_reason(scene: bpy.types.Scene, strip: bpy.types.Strip) -> str:
    channels = channels_of(scene, strip)
    if strip.channel < len(channels) and channels[strip.channel].mute:
        return "channel"
    return "strip" if strip.mute else ""


def _feeds_drawn_effect(scene: bpy.types.Scene, strip: Any, visited: set[Any]) -> bool:
    for effect in parent_strips(scene, strip):
        inputs = (getattr(effect, "input_1", None), getattr(effect, "input_2", None))
        if strip not in inputs or effect in visited:
            continue
        visited.add(effect)
        if not _own_mute_reason(scene, effect) or _feeds_drawn_effect(scene, effect, visited):
            return True
    return False


def source_of(strip: Any) -> ClipSource:
    """Return the files that a strip plays."""
    space = strip.colorspace_settings.name
    if strip.type == "MOVIE":
        reading = light_reading(space) if space in CODED_SPACES else ""
        return ClipSource(True, (Path(bpy.path.abspath(strip.filepath)),), reading)
    folder = Path(bpy.path.abspath(strip.directory))
    files = tuple(folder / element.filename for element in strip.elements)
    return ClipSource(False, files, image_reading(files[0], space) if files else "")


def media_fingerprint(strip: Any) -> tuple[Any, ...]:
    """Return what tells a strip's files from others, whatever their number: to list them takes long."""
    space = strip.colorspace_settings.name
    if strip.type == "MOVIE":
        return strip.filepath, space
    count = len(strip.elements)
    ends = (strip.elements[0].filename, strip.elements[count - 1].filename) if count else ()
    return (strip.directory, count, *ends, space)


def frame_rate(scene: bpy.types.Scene) -> float:
    """Return the timeline's frames a second."""
    base = scene.render.fps_base
    # A file may hold what Blender itself would not let anybody set.
    return max(scene.render.fps, 1) / (base if 0 < base < math.inf else 1.0)


def movie_rate(strip: Any) -> float:
    """Return the frames a second of the movie that a strip was made of, which the strip remembers; 0 if unknown.

    Blender plays it at these even where another file has taken the movie's place (4.5.15), and opens the
    movie to tell them: at 1080p that takes as long as rendering a frame does.
    """
    rate: float = strip.understudy_rate
    if not _is_valid_rate(rate):
        strip.understudy_rate = strip.fps
        rate = strip.understudy_rate
    return rate if _is_valid_rate(rate) else 0.0


def _is_valid_rate(rate: float) -> bool:
    """Tell whether a number can be a movie's frames a second; a file may hold any."""
    return 0 < rate < _MAX_FRAMES_PER_SECOND


def playback_rate(
    strip: Any, rate: float, frame_count: int, duration_at_other_rate: Callable[[Any], int]
) -> float:
    """Return how many frames of a movie pass in a frame of the timeline: `rate`, or 1 where it is played by frames.

    Blender may play a movie at its own frame rate, which no property tells: it shows in the strip's length.
    `rate` is the movie's frame rate by the timeline's, `frame_count` the movie's own length. Called where need be,
    `duration_at_other_rate` returns for the strip what `durations_at_other_rate` does.
    """
    played = frame_count - strip.animation_offset_start - strip.animation_offset_end
    if strip.frame_duration != played:
        return rate
    if abs(played * (rate - 1)) < 0.5:
        return 1.0
    return rate if duration_at_other_rate(strip) != strip.frame_duration else 1.0


def durations_at_other_rate(scene: bpy.types.Scene) -> dict[str, int]:
    """Return the length that each strip's content has at twice the frame rate, by the strips' names.

    The change is made in a copy: Blender moves the scene's sound strips, and not quite back.
    """
    trial = scene.copy()
    trial.render.fps_base = scene.render.fps_base / 2
    durations = {strip.name: int(strip.frame_duration) for strip in all_strips(trial)}
    bpy.data.scenes.remove(trial)
    return durations


def source_frames(strip: Any, rate: float) -> list[int]:
    """List the source frame that each frame of a strip's content shows, its trims not applied.

    Blender rounds the half up, and stays at the last frame (measured forward and in reverse in 4.5 and 5.0).
    Raises ClipError for more frames than a strip can have.
    """
    first, length = strip.animation_offset_start, strip.frame_duration
    require_frame_limit(strip, length)
    # Slower than the timeline, a movie has fewer frames than the strip; how many, the strip's length tells.
    last = length - 1 if rate == 1.0 else math.ceil(length * rate - 1e-6) - 1
    return [first + min(math.floor(index * rate + 0.5), last) for index in range(length)]


def inputs_of(effect: Any) -> list[Any]:
    """List the strips that an effect strip is made from."""
    inputs = (getattr(effect, f"input_{number}", None) for number in (1, 2))
    return [strip for strip in inputs if strip is not None]


def is_movie_of_sound(movie: Any, sound: Any) -> bool:
    """Tell whether a strip is the movie that a sound strip was added with."""
    return bool(
        movie.type == "MOVIE"
        and sound.sound is not None
        and movie.frame_final_start == sound.frame_final_start
        and bpy.path.abspath(movie.filepath) == bpy.path.abspath(sound.sound.filepath)
    )
