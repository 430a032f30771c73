# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frame a clip with retiming keys shows at each frame of the timeline.

Blender tells of a key only where it lies on the timeline, not which frame of the clip it holds there. That is read
from a copy of the scene that Blender writes into its temporary folder. How the frames between keys are found is the
arithmetic of Blender's `retiming.cc` and `strip_time.cc` (4.5 to 5.2), with its single precision, since halves
decide which way a frame is rounded.
"""

import math
import tempfile
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import bpy
import numpy as np

from ...core.errors import ClipError
from ..blender.dna_reader import BlendFile, Block
from .strips import frame_rate, require_frame_limit

# As Blender calls it, and as files do.
_KEY_FIELDS = ("retiming_keys", "retiming_handles")
_TRANSITION_FLAG = 1 << 0
# SEQ_AUTO_PLAYBACK_RATE: the movie is played at its own frame rate. Without it all its frames are shown in turn.
_OWN_RATE_FLAG = 1 << 17
_PREFIX = "understudy_retiming_"
# Before 5.0 Blender takes a change of speed for none where the segment before the last has the speed of the next.
_FROM_5_0 = bpy.app.version >= (5, 0, 0)


@dataclass(frozen=True)
class RetimingKey:
    """A retiming key: at which frame of the content it lies, and how far the clip has come there, 0 to 1."""

    index: float
    factor: float
    is_transition: bool = False
    """Whether the speed changes smoothly from this key to the next."""


@dataclass(frozen=True)
class Retiming:
    """A clip's retiming."""

    keys: tuple[RetimingKey, ...]
    length: int
    """Frames of the clip, without those that are skipped at its start and end."""
    rate: float
    """Frames of the clip that pass in a frame of the timeline before retiming."""

    def frame_at(self, index: float) -> np.float32:
        """Return which frame is shown, not rounded, at a frame of the timeline counted from the content's start."""
        at = np.float32(max(index, 0.0)) * np.float32(self.rate)
        factor = min(np.float32(1), self._factor(at))
        return np.clip(factor * np.float32(self._full_length), np.float32(0), np.float32(self.length - 1))

    @cached_property
    def _segment_starts(self) -> list[float]:
        """Where each segment begins."""
        return [key.index for key in self.keys[:-1]]

    @property
    def _full_length(self) -> int:
        """What the factor 1 means: from Blender 5.0 the end of the last frame, before it the last frame."""
        return self.length if _FROM_5_0 else self.length - 1

    def _factor(self, at: np.float32) -> np.float32:
        number = max(bisect_right(self._segment_starts, at) - 1, 0)
        key = self.keys[number]
        if not key.is_transition or not 0 < number < len(self.keys) - 2:
            step = self._factor_per_frame(number)
        elif abs(self._speed(number - (0 if _FROM_5_0 else 1)) - self._speed(number + 2)) < 0.01:
            step = self._factor_per_frame(number - 1)
        else:
            return self._factor_on_arc(number, float(at))
        return np.float32(key.factor) + step * (at - np.float32(key.index))

    def _factor_per_frame(self, number: int) -> np.float32:
        """How far the clip comes in a frame of a segment."""
        first, second = self.keys[number : number + 2]
        rise = float(np.float32(second.factor) - np.float32(first.factor))
        return np.float32(rise / (second.index - first.index))

    def _speed(self, number: int) -> float:
        """The speed before a key, in whole frames, as Blender compares it; before the first key 1."""
        if self.keys[number].index == 0:
            return 1.0
        before, key = self.keys[number - 1 : number + 1]
        shown = [math.floor(entry.factor * self._full_length + 0.5) for entry in (before, key)]
        return (shown[1] - shown[0]) / max(int(key.index) - int(before.index), 1)

    def _factor_on_arc(self, number: int, at: float) -> np.float32:
        """The smooth change of speed is an arc of the circle that touches the segments before and after it."""
        before, start, end, after = self.keys[number - 1 : number + 3]
        # Normals of the two segments, through the arc's ends; the circle's centre is where they meet.
        first = (start.factor - before.factor, before.index - start.index)
        second = (after.factor - end.factor, end.index - after.index)
        across = first[0] * second[1] - first[1] * second[0]
        far = ((end.index - start.index) * second[1] - (end.factor - start.factor) * second[0]) / across
        centre = (start.index + far * first[0], start.factor + far * first[1])
        radius = math.hypot(start.index - centre[0], start.factor - centre[1])
        side = -1 if centre[1] > start.factor else 1
        return np.float32(centre[1] + side * math.sqrt(max(radius**2 - (at - centre[0]) ** 2, 0.0)))


def is_retimed(strip: Any) -> bool:
    """Tell whether a strip has retiming keys."""
    return len(strip.retiming_keys) > 1


def content_length(strip: Any) -> int:
    """Return how many frames of the timeline a strip's whole content takes, its trims not applied."""
    if not is_retimed(strip):
        return int(strip.frame_duration)
    return round(strip.frame_final_end + strip.frame_offset_end - strip.frame_start)


def retimed_source_frames(strip: Any, retiming: Retiming) -> list[int]:
    """List the source frame that a retimed clip shows at each frame of its content, its trims not applied.

    Strobe is in it; reverse is not. Raises ClipError where the clip's keys can't be followed.
    """
    require_frame_limit(strip, content_length(strip))
    try:
        shown = [
            _apply_strobe(retiming.frame_at(index), strip.strobe) for index in range(content_length(strip))
        ]
        return [strip.animation_offset_start + math.floor(frame + np.float32(0.5)) for frame in shown]
    except (ArithmeticError, ValueError) as error:  # keys on top of each other, or nowhere
        raise ClipError(f"the retiming keys of {strip.name} can't be followed: remove them") from error


def _apply_strobe(frame: np.float32, strobe: float) -> np.float32:
    return np.float32(frame - math.fmod(frame, strobe)) if strobe > 1 else frame


def read_retimings(scene: bpy.types.Scene, strips: Sequence[Any]) -> dict[str, Retiming | ClipError]:
    """Read the keys of clips at once, by the clips' names; where that is impossible it is an error that says why."""
    try:
        with tempfile.TemporaryDirectory(prefix=_PREFIX, dir=bpy.app.tempdir) as folder:  # gate: for Blender
            path = Path(folder) / "clips.blend"
            _write_scene_copy(scene, strips, path)
            file = BlendFile(path.read_bytes())
            blocks = file.blocks_with_field(_KEY_FIELDS)
            # In a file a strip's name begins with two letters that say what it is.
            by_name = {file.value(block, ("name",))[2:]: block for block in reversed(blocks)}
    except (OSError, RuntimeError, ValueError) as error:
        return {strip.name: _unreadable(strip.name, error) for strip in strips}
    rate = frame_rate(scene)
    return {strip.name: _read_retiming(file, by_name.get(strip.name), strip.name, rate) for strip in strips}


def _read_retiming(
    file: BlendFile, strip: Block | None, name: str, timeline_rate: float
) -> Retiming | ClipError:
    try:
        return _parse_retiming(file, strip, timeline_rate)
    except ValueError as error:
        return _unreadable(name, error)


def _unreadable(name: str, error: Exception) -> ClipError:
    return ClipError(f"the retiming keys of {name} can't be read: {error}; remove them")


def _parse_retiming(file: BlendFile, strip: Block | None, timeline_rate: float) -> Retiming:
    """Return the retiming of a clip in a file. Raises ValueError where it can't be read."""
    keys = None if strip is None else file.block_at(file.value(strip, _KEY_FIELDS))
    if strip is None or keys is None:
        raise ValueError("there are none")
    count = file.value(strip, ("retiming_keys_num", "retiming_handle_num"))
    if not 0 < count <= keys.count:
        raise ValueError("there are fewer than is said")
    own_rate = file.value(strip, ("media_playback_rate",))
    plays_at_own_rate = own_rate and file.value(strip, ("flag",)) & _OWN_RATE_FLAG
    rate = own_rate / timeline_rate if plays_at_own_rate else 1.0
    return Retiming(
        tuple(_parse_key(file, keys, item) for item in range(count)), file.value(strip, ("len",)), rate
    )


def _parse_key(file: BlendFile, keys: Block, item: int) -> RetimingKey:
    index, factor, flag = (
        file.value(keys, (name,), item) for name in ("strip_frame_index", "retiming_factor", "flag")
    )
    return RetimingKey(float(index), factor, bool(flag & _TRANSITION_FLAG))


def _write_scene_copy(scene: bpy.types.Scene, clips: Sequence[Any], path: Path) -> None:
    """Write a copy of a scene that has these clips and little else."""
    names = {_outermost_strip(clip).name for clip in clips}
    trial: Any = scene.copy()
    try:
        trial.world = trial.camera = None
        for entry in [*trial.collection.children]:
            trial.collection.children.unlink(entry)  # gate: a collection, no file
        for entry in [*trial.collection.objects]:
            trial.collection.objects.unlink(entry)  # gate: an object, no file
        strips = trial.sequence_editor.strips
        for other in [entry.name for entry in strips if entry.name not in names]:
            if other in strips and cast("Any", strips[other]).type in ("SCENE", "SOUND", "MOVIECLIP", "MASK"):
                strips.remove(strips[other])
        bpy.data.libraries.write(str(path), {trial}, compress=False)
    finally:
        bpy.data.scenes.remove(trial)


def _outermost_strip(strip: Any) -> Any:
    """Return the meta strip around a strip that lies in no other, or the strip itself."""
    while strip.parent_meta() is not None:
        strip = strip.parent_meta()
    return strip
