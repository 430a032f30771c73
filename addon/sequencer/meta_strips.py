# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a clip and its layer into one meta strip that takes the clip's place: what is done to that, both have.

The meta strip becomes the input of the effects that the clip fed, and gets the clip's opacity, blend mode and strip
modifiers: over the two together these are exact, over one after the other they are not.
"""

import re
from typing import Any, cast

import bpy

from .animation import StripCurves, sync_animation
from .connections import connect, connected_strips, disconnect, display_siblings, select, sounds_of
from .curves import animates, curves_of, make_action_local, split_strip_path, strip_key
from .own_operators import call_operator
from .speed_effects import is_rounding
from .strips import inputs_of, layer_stack_id, parent_strips, stack_id

_NEST_SUFFIX = " Face Swap"
# What Blender adds to a name that another strip has; it cuts the name for that.
_NUMBER = re.compile(r"\.[0-9]+\Z")
_MAX_NUMBER_BYTES = 4
_MAX_NAME_BYTES = 61
_INPUT_PROPERTIES = ("input_1", "input_2")
# What of a clip is to be done to both, and what the meta strip has like the clip, whose place it takes.
_META_PROPERTIES = ("blend_type", "blend_alpha", "mute")
_SHARED_PROPERTIES = ("lock", "color_tag")


def nest_in_meta(scene: bpy.types.Scene, strip: Any, layer: Any) -> Any:
    """Nest a clip and its layer, which lie beside each other; return the meta strip."""
    strips, channel = parent_strips(scene, strip), strip.channel
    fed = effect_inputs(strips, strip)
    connected = _disconnect(scene, strip, layer)
    meta = None
    try:
        meta = _make_meta(scene, strip, layer, fed)
    finally:
        connect(scene, [meta or strip, *connected])
    if [entry.type for entry in layer.modifiers] == [entry.type for entry in strip.modifiers]:
        layer.modifiers.clear()
    strip.modifiers.clear()
    meta.name = nest_name(strip)
    meta.understudy_nest = True
    move_appearance(scene, strip, meta)
    layer.blend_alpha, layer.mute = 1.0, False
    meta.channel = channel
    sync_animation(scene, strip, layer, StripCurves.of_scene(scene))
    return meta


def nest_name(clip: Any) -> str:
    """Return the name of the meta strip that nesting makes around a clip; Blender cuts names that are too long."""
    longest = _MAX_NAME_BYTES - len(_NEST_SUFFIX) - _MAX_NUMBER_BYTES
    return f"{clip.name.encode()[:longest].decode(errors='ignore')}{_NEST_SUFFIX}"


def has_nest_name(meta: Any) -> bool:
    """Tell whether a meta strip has the name that nesting gave it: then nobody else named it.

    Earlier versions let Blender cut it. Then it may be the clip's own name and a number.
    """
    name = _NUMBER.sub("", meta.name)
    wanted = (f"{strip.name}{_NEST_SUFFIX}" for strip in meta.strips)
    is_cut = len(meta.name.encode()) > _MAX_NAME_BYTES - _MAX_NUMBER_BYTES
    return name.endswith(_NEST_SUFFIX) or (is_cut and any(text.startswith(name) for text in wanted))


def nest_of(clip: Any) -> Any | None:
    """Return the meta strip that nesting made around a clip, as long as it has nothing but the clip and its layers."""
    meta = clip.parent_meta()
    if meta is None or not meta.understudy_nest:
        return None
    others = [strip for strip in meta.strips if strip != clip and not is_rounding(strip)]
    return meta if all(layer_stack_id(strip) == stack_id(clip) for strip in others) else None


def _make_meta(scene: bpy.types.Scene, strip: Any, layer: Any, connections: list[tuple[Any, str]]) -> Any:
    """Make the meta strip, which takes over what the clip fed, and gets copies of the clip's strip modifiers.

    Where that fails the clip feeds what it fed before.
    """
    strips = parent_strips(scene, strip)
    # `meta_make` takes along the effects that a strip feeds, so something else feeds them meanwhile.
    meanwhile, feeds = make_temporary_strip(strips, strip), strip
    try:
        reconnect(connections, meanwhile)
        with display_siblings(scene, strip):
            copy_strip_modifiers(scene, strip, meanwhile)
            select(scene, [strip, layer])
            call_operator(scene, "meta_make")
            meta: Any = strip.parent_meta()
            feeds = meta
            copy_strip_modifiers(scene, meanwhile, meta)
    finally:
        reconnect(connections, feeds)
        remove_temporary_strip(strips, meanwhile)
    return meta


def _disconnect(scene: bpy.types.Scene, strip: Any, layer: Any) -> list[Any]:
    """Disconnect a clip and its layer from the strips that are selected and moved along with them; return those.

    Before Blender 5.2 they can't always be told: then it is the sound that the movie was added with.
    """
    connected = connected_strips(scene, strip, layer)
    if connected is None:
        connected = sounds_of(scene, strip)
    disconnect(scene, strip)
    disconnect(scene, layer)
    return connected


def reconnect(connections: list[tuple[Any, str]], strip: Any) -> None:
    """Make a strip the input of effects."""
    for effect, name in connections:
        setattr(effect, name, strip)


def effect_inputs(strips: Any, strip: Any) -> list[tuple[Any, str]]:
    """List the effects of some strips that a strip feeds, each with the name of the input that it is."""
    return [
        (effect, name)
        for effect in strips
        if strip in inputs_of(effect)
        for name in _INPUT_PROPERTIES
        if getattr(effect, name, None) == strip
    ]


def make_temporary_strip(strips: Any, clip: Any) -> Any:
    """Make a strip of the clip's length above all others; see `remove_temporary_strip`."""
    channel = max(strip.channel for strip in strips) + 1
    start, end = clip.frame_final_start, clip.frame_final_end
    span = {"frame_end": end} if bpy.app.version < (5, 0, 0) else {"length": end - start}
    return strips.new_effect("Understudy nests", "COLOR", channel, start, **span)


def remove_temporary_strip(strips: Any, strip: Any) -> None:
    """Remove a strip that feeds nothing any more.

    Blender 5.2 removes what a strip feeds along with it, and learns of other inputs only when a name changes.
    """
    strip.name = f"{strip.name} done"
    strips.remove(strip)


def copy_strip_modifiers(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Give a strip the strip modifiers of another. Blender copies them from the active strip to the selected ones."""
    if not len(source.modifiers):
        return
    select(scene, [target])
    cast("Any", scene.sequence_editor).active_strip = source
    call_operator(scene, "strip_modifier_copy", type="REPLACE")


def move_appearance(scene: bpy.types.Scene, source: Any, target: Any) -> None:
    """Move opacity, blend mode and what animates them or the strip modifiers from a strip to another."""
    for name in (*_META_PROPERTIES, *_SHARED_PROPERTIES):
        setattr(target, name, getattr(source, name))
    source.blend_type, source.blend_alpha, source.mute = "ALPHA_OVER", 1.0, False
    if any(meta_path(curve, source) for curve in curves_of(scene)):
        make_action_local(scene)
    for curve in curves_of(scene):
        path = meta_path(curve, source)
        if path:
            curve.data_path = f"{target.path_from_id()}.{path}"


def has_moved_curves(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether something animates what of a strip is moved by `move_appearance`."""
    return any(meta_path(curve, strip) and animates(curve, scene) for curve in curves_of(scene))


def meta_path(curve: Any, strip: Any) -> str:
    """Return the path of the property that a curve animates, if it is a strip's that moves; else an empty text."""
    name, path = split_strip_path(curve.data_path)
    moves = name == strip_key(strip) and (path in _META_PROPERTIES or path.startswith("modifiers["))
    return path if moves else ""
