# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the timelines decides whether layers have to be made, removed or remade, and for which clips."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, cast

import bpy

from ..modifiers.sanitize import strips_with_invalid_ids
from ..sequencer.channels import is_misplaced, restorable_strips
from ..sequencer.retiming import is_retimed
from ..sequencer.strips import media_fingerprint
from .folders import cache_folder
from .keyed_takes import takes_state
from .nesting import nest_reasons
from .scene_strips import SceneStrips

_CONTENT = attrgetter("name", "frame_duration", "animation_offset_start", "animation_offset_end")
_RANGE = attrgetter("frame_start", "frame_final_start", "frame_final_end")


@dataclass(frozen=True)
class SceneFingerprint:
    """What of a scene decides what its layers have to be. Another is unequal where they may have to change."""

    settings: tuple[Any, ...]
    """What all layers depend on."""
    layers: tuple[Any, ...]
    """The layers' stacks, and the meta strips that they lie in."""
    clips: Mapping[str, tuple[Any, ...]]
    """What the layer of each clip depends on, by the clips' names."""
    reasons: Mapping[str, str]
    """Why clips have to be nested."""
    restorable: tuple[str, ...]
    """What made room for a layer that is there no more, by names."""
    ranges: Mapping[str, tuple[int, int]] = field(compare=False)
    """Which part of each clip is shown: it decides what images there must be, and seldom is one missing."""

    def changed_clips(self, before: "SceneFingerprint | None") -> frozenset[str] | None:
        """Return the names of the clips that changed since an earlier fingerprint; None for all."""
        if before is None or before.settings != self.settings:
            return None
        return frozenset(
            name
            for name, entry in self.clips.items()
            if before.clips.get(name) != entry
            or before.ranges[name] != self.ranges[name]
            or before.reasons.get(name) != self.reasons.get(name)
        )


def read_timelines() -> dict[str, SceneStrips]:
    """Return the strips of the scenes that have layers or should, by name."""
    return {
        scene.name: strips
        for scene in bpy.data.scenes
        if cast("Any", scene).library is None
        and ((strips := SceneStrips(scene)).clips or strips.layers_by_stack or strips_with_invalid_ids(scene))
    }


def timeline_fingerprint(timelines: Mapping[str, SceneStrips] | None = None) -> dict[str, SceneFingerprint]:
    """Return the fingerprints of the scenes that have layers or should, by name. Only reads Blender's data.

    `timelines` are what `read_timelines` returns, where they were read already.
    """
    timelines = read_timelines() if timelines is None else timelines
    return {name: _scene_fingerprint(strips) for name, strips in timelines.items()}


def _scene_fingerprint(strips: SceneStrips) -> SceneFingerprint:
    scene = strips.scene
    render = scene.render
    settings = render.fps, render.fps_base, bpy.data.filepath, str(cache_folder(scene))
    layers = sorted(
        [
            (strip_id, _parent_meta_name(strips, layer) if strips.has_metas else "")
            for strip_id, layers in strips.layers_by_stack.items()
            for layer in layers
        ]
    )
    clips: dict[str, tuple[Any, ...]] = {}
    ranges = {}
    listed = strips.clips
    reads = zip(
        listed, map(_RANGE, listed), map(_CONTENT, listed), map(media_fingerprint, listed), strict=True
    )
    has_metas, has_curves = strips.has_metas, strips.curves.is_any
    for clip, (start, first, last), content, media in reads:
        layer = strips.layer_of(clip)
        ranges[content[0]] = first - start, last - start
        clips[content[0]] = (
            content,
            media,
            strips.stack_id(clip),
            _parent_meta_name(strips, clip) if has_metas else "",
            _keys(clip) if is_retimed(clip) else (),
            (strips.curves.values(clip), strips.is_channel_muted(clip)) if has_curves else (),
            layer is not None and is_misplaced(strips.siblings(clip), clip, layer),
            takes_state(
                strips.stack_id(clip), strips.modifiers_by_stack.get(strips.stack_id(clip), []), clip
            ),
        )
    restorable = tuple(restorable_strips(scene))
    return SceneFingerprint(settings, tuple(layers), clips, nest_reasons(strips), restorable, ranges)


def _keys(clip: Any) -> tuple[float, ...]:
    """Return what tells a retiming from others, wherever the clip lies."""
    start = clip.frame_start
    return clip.strobe, *[key.timeline_frame - start for key in clip.retiming_keys]


def _parent_meta_name(strips: SceneStrips, strip: Any) -> str:
    """Return the name of the meta strip that a strip lies in, or an empty text."""
    meta = strips.parent_meta(strip)
    return "" if meta is None else str(meta.name)
