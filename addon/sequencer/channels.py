# SPDX-License-Identifier: GPL-3.0-or-later
"""On which channel a layer lies: the lowest that is free above its clip, below whatever else is seen above that.

Where a title is in the way it moves one channel up, and so does what that would hit, as an editor would make room.
The strips that moved carry a note, so that removing the layer can put them back.
"""

import re
from typing import Any

import bpy

from ...core.errors import UnderstudyError
from .channel_index import ChannelIndex
from .strips import all_strips, channels_of, layer_stack_id, overlap, parent_strips, text_of

CHANNEL_COUNT = 128
# What a note of a strip that moved says: for which stack's layer, and to which channel.
_LIFT_RECORD = re.compile(r"(.+) ([1-9][0-9]{0,2})", re.ASCII | re.DOTALL)


class ChannelError(UnderstudyError):
    """There is no channel for a layer."""


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
        strip.channel += 1
        strip.understudy_lifted = f"{layer_stack_id(layer)} {strip.channel}"
    for strip in (layer, *lifted):
        siblings.update(strip)
    return channel


def _spare_channel(siblings: ChannelIndex, layer: Any, lifted: list[Any]) -> int | None:
    """Return the highest channel on which a layer is in nobody's way when strips move up, or None."""
    taken = {strip.channel for strip in siblings.overlapping(layer)} | {strip.channel + 1 for strip in lifted}
    return next((channel for channel in range(CHANNEL_COUNT, 0, -1) if channel not in taken), None)


def restore_lifted_strips(scene: bpy.types.Scene, strip_id: str) -> None:
    """Move down again what had made room for a layer, unless it was moved since or something lies below."""
    lifted = [strip for strip in all_strips(scene) if lift_record(strip)[0] == strip_id]
    for strip in sorted(lifted, key=lambda entry: entry.channel):
        where = lift_record(strip)[1]
        strip.understudy_lifted = ""
        blocked = any(
            other != strip and other.channel == where - 1 and overlap(other, strip)
            for other in parent_strips(scene, strip)
        )
        if strip.channel == where and not blocked:
            strip.channel = where - 1


def lift_record(strip: Any) -> tuple[str, int]:
    """Return for which stack's layer a strip moved up, and to which channel; nothing where its note says none."""
    note = _LIFT_RECORD.fullmatch(text_of(strip, "understudy_lifted"))
    return ("", 0) if note is None or not 1 < int(note[2]) <= CHANNEL_COUNT else (note[1], int(note[2]))


def _can_move_up(strip: Any, channels: Any) -> bool:
    """Tell whether a strip may be moved one channel up without being hidden, shown or unlocked by that."""
    if strip.lock or strip.channel + 3 >= min(len(channels), CHANNEL_COUNT):
        return False
    here, there = channels[strip.channel], channels[strip.channel + 1]
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
