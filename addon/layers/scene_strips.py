# SPDX-License-Identifier: GPL-3.0-or-later
"""A scene's strips at one moment, read once for all that asks of each of them: clips, layers, stacks, neighbours."""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from operator import attrgetter
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import ClipError
from ...core.layers.folder import is_stack_id
from ..properties.scene_properties import settings_of
from ..sequencer.animation import StripCurves
from ..sequencer.channel_index import ChannelIndex
from ..sequencer.muted_channels import MutedChannels
from ..sequencer.retiming import Retiming, is_retimed, read_retimings
from ..sequencer.shown_frames import speed_effect_over_scene
from ..sequencer.speed_effects import is_rounding, strips_shown_by_speed
from ..sequencer.strips import (
    SUPPORTED_TYPES,
    durations_at_other_rate,
    frame_rate,
    inputs_of,
    stack_ids_of,
)
from .nearest_layer import nearest_layer
from .sync_memory import sync_memory

# So many selected strips are looked at closely at each edit. Where more are selected, an editor selected all.
_MAX_IN_HAND = 64
_TYPE, _SELECT, _STRIP_ID = attrgetter("type"), attrgetter("select"), attrgetter("strip_id")
_IDS = attrgetter("understudy_id", "understudy_layer_of")
_DURATION = attrgetter("name", "filepath", "frame_duration", "animation_offset_start", "animation_offset_end")
_TYPES_WITHOUT_INPUTS = ("MOVIE", "IMAGE", "SOUND", "META", "SCENE", "MOVIECLIP", "MASK")


@dataclass(frozen=True, eq=False)
class SceneStrips:
    """What there is in a scene. Good until a strip or a modifier is added or removed: then another is made.

    Only a new layer, which changes nothing else, is taken in by `add_layer`.

    It holds Blender's own objects, so it is never kept longer than a function that makes it runs.
    """

    scene: Any

    @cached_property
    def _levels(self) -> dict[Any, list[Any]]:
        """The strips of the timeline (None) and of each meta strip."""
        editor = self.scene.sequence_editor
        levels: dict[Any, list[Any]] = {}
        waiting = [] if editor is None else [(None, editor.strips)]
        while waiting:
            meta, strips = waiting.pop()
            levels[meta] = list(strips)
            kinds = list(map(_TYPE, levels[meta]))
            self._types.update(zip(levels[meta], kinds, strict=True))
            metas = [strip for strip, kind in zip(levels[meta], kinds, strict=True) if kind == "META"]
            waiting += [(strip, strip.strips) for strip in metas]
        return levels

    @cached_property
    def _types(self) -> dict[Any, str]:
        """The types of the strips in `_levels`: Blender takes long to say what one is."""
        return {}

    @cached_property
    def _parents(self) -> dict[Any, Any]:
        parents: dict[Any, Any] = {}
        for meta, strips in self._levels.items():
            parents.update(dict.fromkeys(strips, meta))
        return parents

    @property
    def has_metas(self) -> bool:
        """Whether there are meta strips."""
        return len(self._levels) > 1

    @property
    def has_orphans(self) -> bool:
        """Whether there are layers without a clip, or second layers of one clip."""
        return len(set(self._only_layers.values())) < len(self._layer_ids)

    @property
    def has_invalid_ids(self) -> bool:
        """Whether the id of a stack has another form, or is no text: then it counts nowhere else here."""
        try:
            ids = {
                text for texts in map(_IDS, self._parents) for text in texts
            } | self.modifiers_by_stack.keys()
        except UnicodeDecodeError:
            return True
        return not all(map(is_stack_id, ids - {""}))

    @cached_property
    def _siblings(self) -> dict[Any, ChannelIndex]:
        return {}

    @cached_property
    def _layer_ids(self) -> dict[Any, str]:
        """The ids of the stacks whose clips the layer strips belong to."""
        return stack_ids_of(list(self._parents), "understudy_layer_of")

    @cached_property
    def _stack_ids(self) -> dict[Any, str]:
        """The ids of the clips' stacks."""
        layers = self._layer_ids
        candidates = [
            strip for strip in self._parents if strip not in layers and self._types[strip] in SUPPORTED_TYPES
        ]
        return stack_ids_of(candidates, "understudy_id")

    @cached_property
    def clips(self) -> list[Any]:
        """The clips that have a stack, by name."""
        return sorted(self._stack_ids, key=attrgetter("name"))

    @cached_property
    def clips_by_stack(self) -> dict[str, list[Any]]:
        """The clips by their stacks: more than one where a clip was copied or cut and not put in order yet."""
        return _grouped([(self._stack_ids[clip], clip) for clip in self.clips])

    @cached_property
    def layers_by_stack(self) -> dict[str, list[Any]]:
        """The layer strips by the stacks whose clips they belong to."""
        return _grouped([(strip_id, layer) for layer, strip_id in self._layer_ids.items()])

    @cached_property
    def modifiers_by_stack(self) -> dict[str, list[Any]]:
        """The modifiers by their stacks, each stack in order."""
        modifiers = list(settings_of(self.scene).modifiers)
        return _grouped(zip(map(_STRIP_ID, modifiers), modifiers, strict=True))

    @cached_property
    def curves(self) -> StripCurves:
        """What keyframes and drivers decide."""
        return StripCurves.of_scene(self.scene)

    def forget_curves(self) -> None:
        """Note that curves were added or removed."""
        self.__dict__.pop("curves", None)

    @cached_property
    def multicams(self) -> list[Any]:
        """The multicam selectors."""
        return [strip for strip in self._parents if self._types[strip] == "MULTICAM"]

    @cached_property
    def speed_effects(self) -> dict[Any, Any]:
        """The Speed effects by the strips that they show at other frames, see `strips_shown_by_speed`."""
        around = speed_effect_over_scene(self.scene)
        if around is not None:
            return dict.fromkeys(self._parents, around)
        return strips_shown_by_speed(self._levels, self._types)

    def duration_at_other_rate(self, clip: Any) -> int:
        """Return what `durations_at_other_rate` does of a movie clip.

        That copies the scene: so what it says of all movies is remembered, with all that is known to decide it.
        """
        known = sync_memory().duration(self._duration_key(clip))
        if known is not None:
            return known
        durations = durations_at_other_rate(self.scene)
        for strip, kind in self._types.items():
            if kind == "MOVIE":
                sync_memory().remember_duration(self._duration_key(strip), durations[strip.name])
        return durations[clip.name]

    def _duration_key(self, clip: Any) -> Hashable:
        return self.scene_name, self.frame_rate, _DURATION(clip)

    def movie_length(self, clip: Any) -> int | None:
        """Return how many frames the movie of a clip has, None where it can't be read."""
        filepath = clip.filepath
        if filepath not in self._movie_lengths:
            self._movie_lengths[filepath] = sync_memory().frame_count(Path(bpy.path.abspath(filepath)))
        return self._movie_lengths[filepath]

    @cached_property
    def _movie_lengths(self) -> dict[str, int | None]:
        return {}

    def retiming(self, clip: Any) -> Retiming:
        """Return the retiming of a clip that has keys. Raises ClipError where they can't be read."""
        retiming = self._retimings[clip.name]
        if isinstance(retiming, ClipError):
            raise retiming
        return retiming

    @cached_property
    def _retimings(self) -> dict[str, Retiming | ClipError]:
        return read_retimings(self.scene, [clip for clip in self.clips if is_retimed(clip)])

    @cached_property
    def _effects_by_input(self) -> dict[Any, Any]:
        effects = [strip for strip in self._parents if self._types[strip] not in _TYPES_WITHOUT_INPUTS]
        effects = [effect for effect in effects if not is_rounding(effect)]
        return {strip: effect for effect in reversed(effects) for strip in inputs_of(effect)}

    def layer_of(self, clip: Any) -> Any | None:
        """Return the layer strip of a clip, or None."""
        layer = self._only_layers.get(clip)
        return (
            nearest_layer(clip, self.layers_by_stack.get(self.stack_id(clip), [])) if layer is None else layer
        )

    @cached_property
    def _only_layers(self) -> dict[Any, Any]:
        """The layers by their clips, where there is one."""
        layers = {
            strip_id: own_layers[0]
            for strip_id, own_layers in self.layers_by_stack.items()
            if len(own_layers) == 1
        }
        return {clip: layers[strip_id] for clip, strip_id in self._stack_ids.items() if strip_id in layers}

    def stack_id(self, clip: Any) -> str:
        """Return the id of a clip's stack, an empty text where it has none."""
        return self._stack_ids.get(clip, "")

    def type_of(self, strip: Any) -> str:
        """Return what Blender says of a strip's type."""
        return self._types[strip]

    @cached_property
    def scene_name(self) -> str:
        """The scene's name."""
        return str(self.scene.name)

    def effect_of(self, clip: Any) -> Any | None:
        """Return the first effect that a clip feeds, or None."""
        return self._effects_by_input.get(clip)

    def is_in_hand(self, *strips: Any) -> bool:
        """Tell whether any of these strips is active or one of a few that are selected: an editor changes what is."""
        return not self._in_hand.isdisjoint(strips)

    @cached_property
    def _in_hand(self) -> frozenset[Any]:
        editor: Any = self.scene.sequence_editor
        strips = list(self._parents)
        selected = list(compress(strips, map(_SELECT, strips)))
        return frozenset((editor.active_strip, *(selected if len(selected) <= _MAX_IN_HAND else ())))

    @cached_property
    def frame_rate(self) -> float:
        """The timeline's frames a second."""
        return frame_rate(self.scene)

    def parent_meta(self, strip: Any) -> Any | None:
        """Return the meta strip that a strip lies in, or None."""
        return self._parents[strip]

    def is_channel_muted(self, strip: Any) -> bool:
        """Tell whether the channel of a strip is muted."""
        return self._muted_channels.is_muted(strip.channel, self._parents[strip])

    @cached_property
    def _muted_channels(self) -> MutedChannels:
        return MutedChannels(self.scene)

    def siblings(self, strip: Any) -> ChannelIndex:
        """Return the strips beside a strip, itself too."""
        meta = self._parents[strip]
        if meta not in self._siblings:
            self._siblings[meta] = ChannelIndex(self._levels[meta])
        return self._siblings[meta]

    def add_layer(self, layer: Any, clip: Any) -> None:
        """Take in the layer that was just made beside a clip that had none."""
        meta, strip_id = self._parents[clip], self._stack_ids[clip]
        # What is not read yet is read before: it is to have the layer once.
        siblings, layers_by_stack, only_layers = self.siblings(clip), self.layers_by_stack, self._only_layers
        self._levels[meta].append(layer)
        self._parents[layer] = meta
        self._types[layer] = _TYPE(layer)
        self._layer_ids[layer] = strip_id
        layers_by_stack[strip_id] = [layer]
        only_layers[clip] = layer
        siblings.add(layer)

    def update(self, strip: Any) -> None:
        """Note that a strip was moved."""
        index = self._siblings.get(self._parents[strip])
        if index is not None:
            index.update(strip)


def _grouped(entries: Iterable[tuple[str, Any]]) -> dict[str, list[Any]]:
    groups: defaultdict[str, list[Any]] = defaultdict(list)
    for name, entry in entries:
        groups[name].append(entry)
    return dict(groups)
