# SPDX-License-Identifier: GPL-3.0-or-later
"""On which channel a layer lies: the lowest that is free above its clip, below whatever else is seen above that.

Where a title is in the way it moves one channel up, and so does what that would hit, as an editor would make room.
The strips that moved carry a note, so that they come back once no layer is in their place any more.
"""

import re
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import Any

import bpy

from ...core.errors import UnderstudyError
from .channel_index import ChannelIndex
from .strips import all_strips, channels_of, layer_stack_id, parent_strips, text_of

CHANNEL_COUNT = 128
_LIFTED = attrgetter("understudy_lifted")
# The note of a strip that moved: for which stack's layer, to which channel and, if not from right below, whence.
_LIFT_RECORD = re.compile(r"(.+?) ([1-9][0-9]{0,2})(?: ([1-9][0-9]{0,2}))?", re.ASCII | re.DOTALL)


class ChannelError(UnderstudyError):
    """There is no channel for a layer."""


@dataclass(frozen=True)
class LiftRecord:
    """What a strip that moved up for a layer says of that."""

    stack_id: str
    """For which stack's layer it moved last."""
    channel: int
    """Where it moved to. It was moved by somebody else since where it is on another."""
    own_channel: int
    """Where it was before any layer came."""

    @property
    def text(self) -> str:
        """The note as the strip keeps it."""
        own = "" if self.own_channel == self.channel - 1 else f" {self.own_channel}"
        return f"{self.stack_id} {self.channel}{own}"


def is_misplaced(siblings: ChannelIndex, clip: Any, layer: Any) -> bool:
    """Tell whether a layer is not above its clip, on top of another strip, or higher than it has to be.

    `siblings` are the strips beside the clip.
    """
    if siblings.is_right_above(clip, layer):
        return False
    own, above = clip.channel, layer.channel
    if above <= own:
        return True
    others = list(siblings.overlapping(clip, layer, channels=range(own + 1, above + 1)))
    taken = {strip.channel for strip in others}
    return above in taken or len(taken) < above - own - 1 or any(map(has_image, others))


def strip_between(siblings: ChannelIndex, clip: Any, layer: Any) -> Any | None:
    """Return a strip that is seen and lies between a clip and its layer, or None."""
    if layer.channel == clip.channel + 1 or layer.parent_meta() != clip.parent_meta():
        return None
    candidates = (
        strip
        for strip in siblings.overlapping(clip, layer, channels=range(clip.channel + 1, layer.channel))
        if has_image(strip)
    )
    return next(candidates, None)


def has_image(strip: bpy.types.Strip) -> bool:
    """Tell whether a strip has an image."""
    return strip.type != "SOUND"


def free_channel(siblings: ChannelIndex, clip: Any, layer: Any | None) -> int:
    """Return the first channel above a clip that is free over the clip's whole range. Raises ChannelError for none."""
    taken = {strip.channel for strip in siblings.overlapping(clip, layer)}
    free = (channel for channel in range(clip.channel + 1, CHANNEL_COUNT + 1) if channel not in taken)
    channel = next(free, None)
    if channel is None:
        raise ChannelError("no channel is free above the strip for its layer: move the strip down")
    return channel


def remote_channel(siblings: ChannelIndex, clip: Any, layer: Any) -> int | None:
    """Return the highest channel above a clip that is free over the clip's whole range, or None."""
    taken = {strip.channel for strip in siblings.overlapping(clip, layer)}
    return next((channel for channel in range(CHANNEL_COUNT, clip.channel, -1) if channel not in taken), None)


def make_room_for_layer(scene: bpy.types.Scene, siblings: ChannelIndex, clip: Any, layer: Any) -> int:
    """Free the channel right above a clip for its layer by moving up what is seen there; return that channel.

    Where a strip is locked, or would come to a channel that is muted or locked unlike its own, nothing is moved, and
    it is the first free channel. Raises ChannelError where there is none.
    """
    others = list(siblings.overlapping(clip, layer))
    there: list[Any] = []
    for channel in range(clip.channel + 1, CHANNEL_COUNT + 1):
        there = [strip for strip in others if strip.channel == channel]
        if not there:
            return channel
        if any(has_image(strip) for strip in there):
            break  # a sound hides nothing
    else:
        return free_channel(siblings, clip, layer)
    lifted: list[Any] = []
    for strip in there:
        _collect_strips_to_lift(siblings, strip, layer, lifted)
    spare = _spare_channel(siblings, layer, lifted)
    if spare is None or not all(_can_move_up(strip, channels_of(scene, clip)) for strip in lifted):
        return free_channel(siblings, clip, layer)
    # The layer itself must not be in the way meanwhile: Blender moves what is put on top of another strip.
    layer.channel = spare
    for strip in sorted(lifted, key=lambda entry: -entry.channel):
        _lift(strip, layer_stack_id(layer))
    for strip in (layer, *lifted):
        siblings.update(strip)
    return channel


def _spare_channel(siblings: ChannelIndex, layer: Any, lifted: list[Any]) -> int | None:
    """Return the highest channel on which a layer is in nobody's way when strips move up, or None."""
    taken = {strip.channel for strip in siblings.overlapping(layer)} | {strip.channel + 1 for strip in lifted}
    return next((channel for channel in range(CHANNEL_COUNT, 0, -1) if channel not in taken), None)


def _lift(strip: Any, strip_id: str) -> None:
    """Move a strip one channel up and note where it was before the first time."""
    record = lift_record(strip)
    own_channel = strip.channel if record is None or record.channel != strip.channel else record.own_channel
    strip.channel += 1
    strip.understudy_lifted = LiftRecord(strip_id, strip.channel, own_channel).text


def restorable_strips(scene: bpy.types.Scene) -> list[str]:
    """Return the names of the strips that `restore_lifted_strips` has to move."""
    siblings: dict[Any, ChannelIndex] = {}
    return [
        strip.name
        for record, strip in _lifted_strips(scene)
        if _lowest_channel(scene, siblings, record, strip) != strip.channel
    ]


def restore_lifted_strips(scene: bpy.types.Scene) -> bool:
    """Move down what had made room for layers, as far as nothing is in the way any more; True if anything moved.

    What somebody moved to another channel since stays there.
    """
    siblings: dict[Any, ChannelIndex] = {}
    moved = False
    for record, strip in _lifted_strips(scene):
        was_moved_since = record.channel != strip.channel
        channel = _lowest_channel(scene, siblings, record, strip)
        if channel != strip.channel:
            strip.channel, moved = channel, True
            siblings[strip.parent_meta()].update(strip)
        is_over = was_moved_since or channel <= record.own_channel
        text = "" if is_over else replace(record, channel=channel).text
        if text != strip.understudy_lifted:
            strip.understudy_lifted = text
    return moved


def _lifted_strips(scene: bpy.types.Scene) -> list[tuple[LiftRecord, Any]]:
    """Return the strips that moved up for a layer, the lowest first."""
    strips = all_strips(scene)
    try:
        noted = [strip for strip, text in zip(strips, map(_LIFTED, strips), strict=True) if text]
    except UnicodeDecodeError:
        noted = strips
    lifted = [(record, strip) for strip in noted if (record := lift_record(strip)) is not None]
    return sorted(lifted, key=lambda entry: entry[0].channel)


def _lowest_channel(
    scene: bpy.types.Scene, siblings: dict[Any, ChannelIndex], record: LiftRecord, strip: Any
) -> int:
    """Return the lowest channel to which a lifted strip can go back and stay above all that it is above now.

    `siblings` keeps the strips of each meta strip, and those of the timeline (None).
    """
    channel: int = strip.channel
    if channel != record.channel or strip.lock:
        return channel
    meta, channels = strip.parent_meta(), channels_of(scene, strip)
    if meta not in siblings:
        siblings[meta] = ChannelIndex(parent_strips(scene, strip))
    while channel > record.own_channel:
        below = range(channel - 1, channel)
        if any(siblings[meta].overlapping(strip, channels=below)) or not _are_alike(
            channels, channel, channel - 1
        ):
            break
        channel -= 1
    return channel


def lift_record(strip: Any) -> LiftRecord | None:
    """Return what a strip says of having moved up; None where its note says nothing that can be."""
    text = text_of(strip, "understudy_lifted")
    note = _LIFT_RECORD.fullmatch(text) if text else None
    if note is None:
        return None
    channel = int(note[2])
    own_channel = channel - 1 if note[3] is None else int(note[3])
    return (
        LiftRecord(note[1], channel, own_channel)
        if own_channel < channel <= CHANNEL_COUNT and own_channel
        else None
    )


def _can_move_up(strip: Any, channels: Any) -> bool:
    """Tell whether a strip may be moved one channel up without being hidden, shown or unlocked by that."""
    if strip.lock or strip.channel + 3 >= min(len(channels), CHANNEL_COUNT):
        return False
    return _are_alike(channels, strip.channel, strip.channel + 1)


def _are_alike(channels: Any, first: int, second: int) -> bool:
    """Tell whether a strip may go from one channel to another without being hidden, shown, unlocked or locked."""
    here, there = channels[first], channels[second]
    return not here.lock and (here.mute, here.lock) == (there.mute, there.lock)


def _collect_strips_to_lift(
    siblings: ChannelIndex, strip: Any, layer: Any, strips_to_lift: list[Any]
) -> None:
    """Add to `strips_to_lift` a strip and whatever it would hit one channel higher."""
    if strip in strips_to_lift:
        return
    strips_to_lift.append(strip)
    for other in siblings.overlapping(strip, layer):
        if other.channel == strip.channel + 1:
            _collect_strips_to_lift(siblings, other, layer, strips_to_lift)
