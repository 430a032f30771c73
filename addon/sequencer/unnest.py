# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a clip out of the meta strip that nesting made around it: the clip then has the meta strip's place and look.

Only where the pixels stay as they are, and where nothing else has to move. What the editor did to the meta strip
beyond what nesting did (a transform, a name, a locked track) keeps it.
"""

from typing import Any, cast

import bpy

from .channel_index import ChannelIndex
from .channels import CHANNEL_COUNT
from .connections import connect, connected_strips, disconnect, display_siblings, keep_selection, select
from .curves import animates, curves_of, nla_paths, split_strip_path, strip_key
from .meta_strips import (
    copy_strip_modifiers,
    effect_inputs,
    has_moved_curves,
    has_nest_name,
    make_temporary_strip,
    meta_path,
    move_appearance,
    nest_of,
    reconnect,
    remove_temporary_strip,
)
from .own_operators import call_operator
from .speed_effects import is_rounding, remove_rounding_strips
from .strips import channels_of, parent_strips

# What changes the pixels of a meta strip, with the value at which it does not.
_PLAIN_VALUES = {
    "use_flip_x": False, "use_flip_y": False, "use_reverse_frames": False, "use_float": False,
    "use_deinterlace": False, "multiply_alpha": False, "color_multiply": 1.0, "color_saturation": 1.0,
    "lock": False,
    "transform.offset_x": 0.0, "transform.offset_y": 0.0, "transform.scale_x": 1.0, "transform.scale_y": 1.0,
    "transform.rotation": 0.0, "crop.min_x": 0, "crop.max_x": 0, "crop.min_y": 0, "crop.max_y": 0,
}  # fmt: skip


def removable_nest(scene: bpy.types.Scene, clip: Any) -> Any | None:
    """Return the meta strip that nesting made around a clip if the clip can take its place; else None."""
    meta, editor = nest_of(clip), cast("Any", scene.sequence_editor)
    if meta is None or not has_nest_name(meta) or meta in list(editor.meta_stack):
        return None
    is_plain = (
        all(_value(meta, path) in (value, None) for path, value in _PLAIN_VALUES.items())
        and len(getattr(meta, "retiming_keys", ())) < 2
        and meta.strobe <= 1
        and not _is_animated_otherwise(scene, meta)
        and not _channel(scene, meta).lock
    )
    is_clip_plain = (
        clip.blend_type == "ALPHA_OVER"
        and clip.blend_alpha == 1
        and not clip.mute
        and not len(clip.modifiers)
        and not has_moved_curves(scene, clip)
        and not any(_channel(scene, strip).mute for strip in meta.strips)
    )
    is_covered = (
        clip.frame_final_start <= meta.frame_final_start and meta.frame_final_end <= clip.frame_final_end
    )
    return meta if is_plain and is_clip_plain and is_covered else None


def unnest(scene: bpy.types.Scene, meta: Any, clip: Any) -> bool:
    """Put a clip, and its layer if it has one, in the place of the meta strip around them.

    `meta` is what `removable_nest` returned. False, with nothing done, where other strips would have to move.
    """
    strips = parent_strips(scene, meta)
    inner = [strip for strip in meta.strips if not is_rounding(strip)]
    connected = connected_strips(scene, meta, movie=clip)
    channels = _spare_channels(ChannelIndex(strips), clip, len(inner))
    if (
        connected is None
        or channels is None
        or len(inner) > 2
        or not _is_free_above(strips, meta, len(inner))
    ):
        return False
    editor: Any = scene.sequence_editor
    channel, was_active, was_selected = meta.channel, editor.active_strip in (meta, *inner), meta.select
    inner.sort(key=lambda strip: strip != clip)
    # What is kept while Blender removes the meta strip must not be that.
    meta.select = False
    if was_active:
        editor.active_strip = None
    with keep_selection(scene):
        _dissolve(scene, meta, clip, channels)
        for number, strip in enumerate(inner):
            strip.channel = channel + number
        connect(scene, [*inner, *connected])
    for strip in inner:
        strip.select = was_selected
    if was_active:
        editor.active_strip = clip
    return True


def _dissolve(scene: bpy.types.Scene, meta: Any, clip: Any, channels: list[int]) -> None:
    """Have Blender take the strips out of a meta strip, each to a channel; the clip gets what the meta strip had."""
    strips = parent_strips(scene, meta)
    remove_rounding_strips(meta)
    start, end, inner = meta.frame_final_start, meta.frame_final_end, list(meta.strips)
    fed, name = effect_inputs(strips, meta), meta.name
    # Blender removes what a strip feeds along with it, so something else feeds that meanwhile.
    meanwhile, feeds = make_temporary_strip(strips, meta), meta
    try:
        reconnect(fed, meanwhile)
        disconnect(scene, meta)
        with display_siblings(scene, meta):
            copy_strip_modifiers(scene, meta, meanwhile)
            move_appearance(scene, meta, clip)
            inner.sort(key=lambda strip: strip.channel)
            for strip, channel in reversed(list(zip(inner, channels, strict=True))):
                strip.channel = channel
                strip.frame_final_start, strip.frame_final_end = start, end
            # Blender 5.2 learns only when a name changes that the meta strip feeds nothing any more.
            meta.name = "Understudy unnests"
            select(scene, [meta])
            call_operator(scene, "meta_separate")
            feeds = clip
            copy_strip_modifiers(scene, meanwhile, clip)
    finally:
        if feeds is meta:
            meta.name = name
            move_appearance(scene, clip, meta)
        reconnect(fed, feeds)
        remove_temporary_strip(strips, meanwhile)


def _channel(scene: bpy.types.Scene, strip: Any) -> Any:
    """Return the channel that a strip lies on."""
    return channels_of(scene, strip)[strip.channel]


def _value(owner: Any, path: str) -> Any:
    """Return a property, None where this Blender has none of this name."""
    for name in path.split("."):
        owner = getattr(owner, name, None)
    return owner


def _is_animated_otherwise(scene: bpy.types.Scene, meta: Any) -> bool:
    """Tell whether keyframes, drivers or the NLA change more of a meta strip than can be moved to its clip."""
    key = strip_key(meta)
    paths = [split_strip_path(path) for path in nla_paths(scene)]
    paths += [
        split_strip_path(curve.data_path)
        for curve in curves_of(scene)
        if not meta_path(curve, meta) and animates(curve, scene)
    ]
    return any(name == key for name, _ in paths)


def _spare_channels(siblings: ChannelIndex, clip: Any, count: int) -> list[int] | None:
    """Return the highest channels that are free beside a meta strip over the whole range of its clip, or None."""
    taken = {strip.channel for strip in siblings.overlapping(clip)}
    # The temporary strip needs the one above all others.
    top = max((strip.channel for strip in siblings), default=0) + 1
    free = [channel for channel in range(CHANNEL_COUNT, 0, -1) if channel not in taken and channel != top]
    return sorted(free[:count]) if len(free) >= count and top <= CHANNEL_COUNT else None


def _is_free_above(strips: Any, meta: Any, count: int) -> bool:
    """Tell whether nothing lies on the channels above a meta strip that its strips need."""
    wanted = range(meta.channel + 1, meta.channel + count)
    return wanted.stop <= CHANNEL_COUNT + 1 and not any(
        ChannelIndex(strips).overlapping(meta, channels=wanted)
    )
