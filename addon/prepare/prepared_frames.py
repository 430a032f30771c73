# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of the strips in sight have their new face, as the timeline draws it.

What was found of a strip is kept until something is edited, and looked at again only for strips in sight, a few in
one redraw: a timeline of a thousand strips is drawn as quickly as one of ten.
"""

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any, TypeVar

import bpy

from ...core.concurrency.lru import LruCache
from ...core.sessions.layer_counts import LayerContent
from ..layers.nearest_layer import nearest_layer
from ..lookups.gallery import lookup_cache
from ..lookups.strip_lookup import StripLookup, StripSurvey
from ..modifiers.stack import MAX_MODIFIERS, requests_of_choice
from ..modifiers.takes import active_choice
from ..modifiers.visibility import hidden_reason
from ..properties.scene_properties import settings_of
from ..properties.status import window_state
from ..sequencer.strips import layer_stack_id, stack_id
from .range_marks import Mark, clip_spans, marks_of
from .strip_survey import REFRESH_SECONDS, images_by_frame, images_key, strip_lookup, survey, unique_images

_MAX_STRIPS = 4096
_BUDGET_SECONDS = 0.004
"""How long a redraw may look at strips again; there are always more redraws."""


@dataclass(frozen=True)
class PreparedRun:
    """Frames of the timeline, one after another, that show the same."""

    first: int
    end: int
    """The frame after the last."""
    content: LayerContent


_Span = TypeVar("_Span", PreparedRun, Mark)


@dataclass(frozen=True)
class StripBar:
    """What is drawn on a strip of the timeline."""

    channel: int
    first: int
    end: int
    runs: tuple[PreparedRun, ...]
    marks: tuple[Mark, ...] = ()


@dataclass
class _Entry:
    """What is kept of a strip."""

    lookup: StripLookup
    key: tuple[object, ...]
    """See `images_key`."""
    numbers: tuple[int, ...]
    generation: int
    checked_at: float
    survey: StripSurvey | None = None
    runs: tuple[PreparedRun, ...] = ()
    marks: tuple[Mark, ...] = ()
    mark_count: int = -1
    """How often something had been looked up when it was marked: problems may be known since."""


class PreparedFrames:
    """What is known of the strips of all scenes. Called on the main thread."""

    def __init__(self) -> None:
        self._entries: LruCache[tuple[str, str], _Entry] = LruCache(_MAX_STRIPS)
        self._generation = 0
        self.is_complete = True
        """Whether the last look was at all that was in sight; otherwise another redraw is due."""

    def expire(self) -> None:
        """Something was edited: look at everything again, as it comes into sight."""
        self._generation += 1

    def forget(self) -> None:
        """Forget everything, as after another file was loaded."""
        self._entries.clear()

    def bars(self, scene: bpy.types.Scene, first: float, end: float, least_frames: float) -> list[StripBar]:
        """Return the bars of the strips that the timeline shows between two frames; of none shorter than asked for."""
        strips = _displayed_strips(scene)
        in_sight = [
            strip
            for strip in strips
            if strip.frame_final_start < end
            and strip.frame_final_end > first
            and strip.frame_final_end - strip.frame_final_start >= least_frames
        ]
        until, level = time.perf_counter() + _BUDGET_SECONDS, _Level(scene)
        self.is_complete = True
        bars = []
        for strip in in_sight:
            for clip, siblings in _recast_clips(strip, strips):
                bars.append(_bar(strip, self._entry(level, clip, siblings, until)))
        return bars

    def _entry(self, level: "_Level", clip: Any, siblings: Sequence[Any], until: float) -> _Entry | None:
        key, now = (level.scene.name, clip.name), time.monotonic()
        entry = self._entries.get(key)
        if entry is None or entry.generation != self._generation or now - entry.checked_at > REFRESH_SECONDS:
            if time.perf_counter() > until:
                self.is_complete = False
                return entry
            entry = self._look(level, clip, siblings, entry)
            if entry is None:
                self._entries.discard(key)
                return None
            self._entries.put(key, entry)
        # While something is prepared its bar grows; otherwise whoever makes layers has them looked at again.
        known = survey(entry.lookup, REFRESH_SECONDS if window_state().running else math.inf)
        if known is not entry.survey:
            entry.survey = known
            entry.runs = _runs_of(entry, clip.frame_final_start)
        if entry.mark_count != lookup_cache().result_count:
            entry.mark_count = lookup_cache().result_count
            spans = clip_spans(level.scene, clip, level.stacks.get(stack_id(clip), []))
            entry.marks = marks_of(entry.numbers, clip.frame_final_start, spans) if spans else ()
        return entry

    def _look(
        self, level: "_Level", clip: Any, siblings: Sequence[Any], last: _Entry | None
    ) -> _Entry | None:
        """Look at a strip again; None where nothing of it is to be rendered."""
        strip_id = stack_id(clip)
        layer = nearest_layer(clip, level.layers(siblings).get(strip_id, []))
        stack = level.stacks.get(strip_id, [])
        requests = requests_of_choice(stack, active_choice(stack)) if len(stack) <= MAX_MODIFIERS else ()
        if layer is None or not requests or _is_layer_alone_hidden(level.scene, clip, layer):
            return None
        key = images_key(level.scene, clip, layer)
        numbers = (
            last.numbers
            if last is not None and last.key == key
            else images_by_frame(level.scene, clip, layer)
        )
        lookup = strip_lookup(level.scene, clip, layer, key, requests, unique_images(numbers))
        return _Entry(lookup, key, numbers, self._generation, time.monotonic())


class _Level:
    """What one redraw reads of a scene, once and only if a strip is looked at."""

    def __init__(self, scene: bpy.types.Scene) -> None:
        self.scene = scene
        self._stacks: dict[str, list[Any]] | None = None
        self._layers: dict[int, dict[str, list[Any]]] = {}

    @property
    def stacks(self) -> dict[str, list[Any]]:
        """The modifiers by their stacks."""
        if self._stacks is None:
            self._stacks = {}
            for modifier in settings_of(self.scene).modifiers:
                self._stacks.setdefault(modifier.strip_id, []).append(modifier)
        return self._stacks

    def layers(self, siblings: Sequence[Any]) -> dict[str, list[Any]]:
        """The layer strips among siblings, by the stacks whose clips they belong to."""
        known = self._layers.get(id(siblings))
        if known is None:
            known = self._layers[id(siblings)] = {}
            for strip in siblings:
                strip_id = layer_stack_id(strip)
                if strip_id:
                    known.setdefault(strip_id, []).append(strip)
        return known


def _is_layer_alone_hidden(scene: bpy.types.Scene, clip: Any, layer: Any) -> bool:
    """Tell whether the original of a clip is rendered since its layer is muted, or the layer's channel."""
    return bool(hidden_reason(scene, layer, "layer")) and not hidden_reason(scene, clip, "strip")


def _displayed_strips(scene: bpy.types.Scene) -> list[Any]:
    """List the strips that the timeline shows: those of the scene, or of the meta strip that is entered."""
    editor: Any = scene.sequence_editor
    if editor is None:
        return []
    entered = editor.meta_stack
    return list(entered[-1].strips if len(entered) else editor.strips)


def _recast_clips(strip: Any, siblings: Sequence[Any]) -> Iterable[tuple[Any, Sequence[Any]]]:
    """Yield the clip with a stack that a strip of the timeline is, or is made around, and the strips beside it."""
    if strip.type == "META":
        inside = list(strip.strips)
        clips = [entry for entry in inside if stack_id(entry) and not layer_stack_id(entry)]
        if len(clips) == 1:
            yield clips[0], inside
    elif stack_id(strip) and not layer_stack_id(strip):
        yield strip, siblings


def _bar(strip: Any, entry: _Entry | None) -> StripBar:
    """Return the bar of a strip: a meta strip may show less than the clip in it."""
    first, end = strip.frame_final_start, strip.frame_final_end
    if entry is None:
        return StripBar(strip.channel, first, end, ())
    runs, marks = _crop(entry.runs, first, end), _crop(entry.marks, first, end)
    return StripBar(strip.channel, first, end, runs, marks)


def _crop(spans: Iterable[_Span], first: int, end: int) -> tuple[_Span, ...]:
    """Return spans of the timeline as far as they lie between two frames."""
    return tuple(
        replace(span, first=max(span.first, first), end=min(span.end, end))
        for span in spans
        if span.first < end and span.end > first
    )


def _runs_of(entry: _Entry, first: int) -> tuple[PreparedRun, ...]:
    """Return what the frames of a strip show, from its first on."""
    if entry.survey is None or entry.survey.fault:
        return ()
    contents = entry.survey.contents
    runs = []
    for value, group in groupby(contents.get(number, LayerContent.MISSING) for number in entry.numbers):
        end = first + len(list(group))
        runs.append(PreparedRun(first, end, LayerContent(value)))
        first = end
    return tuple(runs)
