# SPDX-License-Identifier: GPL-3.0-or-later
"""The look of a layer: what it has like its clip, and what all layers have. Compared quickly, and copied."""

from collections.abc import Callable
from functools import cache
from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import bpy

from ...core.media.colour_spaces import layer_space
from ..sequencer.retiming import is_retimed

TIMING_PROPERTIES = ("frame_start", "frame_offset_start", "frame_offset_end")
_APPEARANCE_PROPERTIES = (
    "lock", "color_tag", "use_flip_x", "use_flip_y", "use_reverse_frames", "color_saturation",
    "color_multiply", "use_linear_modifiers",
)  # fmt: skip
# A retimed clip's layer has an element for what is shown at each frame of the timeline, held ones too.
_NO_STROBE = SimpleNamespace(strobe=1.0)
_OWN_VALUES = SimpleNamespace(
    blend_type="ALPHA_OVER", blend_alpha=1.0, alpha_mode="STRAIGHT", use_deinterlace=False
)
"""What a layer has whatever its clip has: otherwise the original would show through. See `nesting`."""
_OWN_PROPERTIES = tuple(vars(_OWN_VALUES))
_OWN = attrgetter(*_OWN_PROPERTIES)
_OWN_LOOK = _OWN(_OWN_VALUES)
TIMING = attrgetter(*TIMING_PROPERTIES)
_TRANSFORM_PROPERTIES = ("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "origin", "filter")
_TRANSFORM = attrgetter("offset_x", "offset_y", "scale_x", "scale_y", "rotation", "filter")
_CROP_PROPERTIES = ("min_x", "max_x", "min_y", "max_y")
_CROP = attrgetter(*_CROP_PROPERTIES)


def has_own_look(layer: Any) -> bool:
    """Tell whether a layer has what all layers have."""
    return bool(_OWN(layer) == _OWN_LOOK)


def copy_own_look(layer: Any) -> bool:
    """Give a layer what all layers have; True if anything was otherwise."""
    return copy_properties(_OWN_VALUES, layer, _OWN_PROPERTIES)


def differs(clip: Any, layer: Any, *, is_muted: bool, compares_colours: bool) -> bool:
    """Tell whether a clip's look is not its layer's. Most often it is, and to find that out takes no loop.

    `is_muted` says whether the clip is, by itself or by its channel, which need not be its layer's.
    The name of a colour space takes Blender longer to tell than all the rest: only with `compares_colours` it is read.
    """
    read = _appearance_reader(clip.type)
    colours, layer_colours = clip.colorspace_settings, layer.colorspace_settings
    return bool(
        layer.mute != is_muted
        or read(clip) != read(layer)
        or not has_own_look(layer)
        or layer.strobe != (1.0 if is_retimed(clip) else clip.strobe)
        or has_other_frame(clip, layer)
        or colours.is_data != layer_colours.is_data
        or (compares_colours and layer_space(colours.name) != layer_colours.name)
    )


def has_other_frame(clip: Any, layer: Any) -> bool:
    """Tell whether a clip is transformed or cropped otherwise than its layer."""
    first, second = clip.transform, layer.transform
    return bool(
        _TRANSFORM(first) != _TRANSFORM(second)
        or tuple(first.origin) != tuple(second.origin)
        or _CROP(clip.crop) != _CROP(layer.crop)
    )


@cache
def look_reader(kind: str) -> Callable[[Any], Any]:
    """Return what reads whether a strip of a type is muted, all of its look that is read at once, and its timing."""
    return attrgetter("mute", *_appearance_properties(kind), "strobe", *TIMING_PROPERTIES)


def _appearance_properties(kind: str) -> list[str]:
    """Return what strips of a type have of the appearance; 5.2 has no use_linear_modifiers."""
    known = getattr(bpy.types, f"{kind.capitalize()}Strip").bl_rna.properties
    return [name for name in _APPEARANCE_PROPERTIES if name in known]


@cache
def _appearance_reader(kind: str) -> Callable[[Any], Any]:
    """Return what reads the appearance of a strip of a type."""
    return attrgetter(*_appearance_properties(kind))


def copy_appearance(clip: Any, layer: Any, *, is_muted: bool) -> bool:
    """Give a layer the look of its clip, see `differs`; True if it had another."""
    changed = copy_properties(SimpleNamespace(mute=is_muted), layer, ("mute",))
    changed |= copy_properties(clip, layer, _APPEARANCE_PROPERTIES)
    changed |= copy_own_look(layer)
    changed |= copy_properties(_NO_STROBE if is_retimed(clip) else clip, layer, ("strobe",))
    changed |= copy_properties(clip.transform, layer.transform, _TRANSFORM_PROPERTIES)
    changed |= copy_properties(clip.crop, layer.crop, _CROP_PROPERTIES)
    colours = SimpleNamespace(name=layer_space(clip.colorspace_settings.name))
    return changed | copy_properties(colours, layer.colorspace_settings, ("name",))


def copy_properties(source: Any, target: Any, names: tuple[str, ...]) -> bool:
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
