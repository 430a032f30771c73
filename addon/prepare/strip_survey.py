# SPDX-License-Identifier: GPL-3.0-or-later
"""Which images a strip's layer shows, and how these stand: looked up beside drawing, from their labels."""

import math
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import bpy

from ...core.layers.folder import LAYER_NAME, is_stack_id
from ...core.recipe.request import SwapRequest
from ..layers.folders import cache_folder, layer_read_folder, split_element_name
from ..lookups.clip_source import clip_source
from ..lookups.gallery import lookup_cache
from ..lookups.strip_lookup import StripLookup, StripSurvey
from ..properties.preferences import preferences
from ..properties.status import window_state
from ..sequencer.curves import curves_of
from ..sequencer.shown_frames import shown_frames
from ..sequencer.speed_effects import speed_state
from ..sequencer.strips import media_fingerprint, stack_id
from ..sessions.cache_folder import layers_root

REFRESH_SECONDS = 2.0
_FRAMES_A_SECOND = 2000
"""How many labels are read in a second at least: long strips are counted less often."""


def survey_of(
    scene: bpy.types.Scene, strip: Any, layer: Any, requests: tuple[SwapRequest, ...]
) -> StripSurvey | None:
    """Return what is known of a strip's layers; for other requests than it was taken for it is taken anew."""
    key = images_key(scene, strip, layer)
    images = lookup_cache().get_or_compute(
        ("images", key), lambda: unique_images(images_by_frame(scene, strip, layer))
    )
    lookup = strip_lookup(scene, strip, layer, key, requests, images)
    return survey(lookup, max(REFRESH_SECONDS, len(images) / _FRAMES_A_SECOND))


def survey(lookup: StripLookup, max_age_seconds: float) -> StripSurvey | None:
    """Return what is known of a strip's layers.

    It is taken anew meanwhile where it is too old, of other requests, or of before the preview renewed an image.
    """
    lookup = replace(lookup, made_count=window_state().made_count)
    known: StripSurvey | None = lookup_cache().get(lookup, max_age_seconds)
    wanted = lookup.requests, lookup.made_count
    if known is not None and (known.requests, known.made_count) != wanted:
        lookup_cache().get(lookup, 0.0)
    return known


def strip_lookup(
    scene: bpy.types.Scene,
    strip: Any,
    layer: Any | None,
    key: tuple[object, ...],
    requests: tuple[SwapRequest, ...],
    images: tuple[int, ...],
) -> StripLookup:
    """Return the question how a strip stands; `key` is its `images_key`, `images` are its `unique_images`."""
    animated, strip_id = _is_animated(scene), stack_id(strip)
    folders: dict[int, str] = {}
    if layer is not None and _has_keyed_takes(layer):
        names = (split_element_name(element.filename) for element in layer.elements)
        folders = {_number(file): folder for folder, file in names if is_stack_id(folder)}
    read = "" if layer is None else layer_read_folder(layer).name
    return StripLookup(
        cache_folder(scene),
        layers_root(scene),
        preferences(),
        read if is_stack_id(read) else strip_id,
        key,
        requests,
        clip_source(strip),
        images,
        animated,
        folders=tuple(folders.get(number, strip_id) for number in images) if folders else (),
    )


def images_key(scene: bpy.types.Scene, strip: Any, layer: Any) -> tuple[object, ...]:
    """Return what decides which images a layer shows: where it lies, its trims and its elements."""
    names = tuple(element.filename for element in layer.elements) if _has_keyed_takes(layer) else ()
    return (
        scene.name,
        stack_id(strip),
        names,
        (strip.frame_final_start, strip.frame_final_end),
        (layer.frame_start, layer.frame_offset_start, layer.frame_offset_end),
        (layer.strobe, layer.use_reverse_frames, *media_fingerprint(layer)),
        tuple(key.timeline_frame for key in strip.retiming_keys),
        speed_state(scene, strip),
    )


def images_by_frame(scene: bpy.types.Scene, strip: Any, layer: Any) -> tuple[int, ...]:
    """Return the source frame of the image that a layer shows at each frame of a strip; -1 where it shows none.

    Where a Speed effect blends two, the first counts: the next frame shows the other.
    """
    timeline = range(strip.frame_final_start, strip.frame_final_end)
    shown: Iterable[float | None] = timeline
    if speed_state(scene, strip):
        listed = (shown_frames(scene, strip, frame, is_shifted=True) for frame in timeline)
        shown = (next(iter(frames), None) for frames in listed)
    elements = (None if at is None else layer.strip_elem_from_frame(math.floor(at)) for at in shown)
    names = ("" if element is None else element.filename for element in elements)
    return tuple(_number(split_element_name(name)[1]) for name in names)


def _has_keyed_takes(layer: Any) -> bool:
    """Tell whether the elements of a layer name the folders of takes."""
    return len(layer.elements) > 0 and bool(split_element_name(layer.elements[0].filename)[0])


def _number(file: str) -> int:
    return int(file.removesuffix(".tif")) if LAYER_NAME.fullmatch(file) else -1


def unique_images(numbers: tuple[int, ...]) -> tuple[int, ...]:
    """Return the source frames of the images that are shown at all, each once."""
    return tuple(number for number in dict.fromkeys(numbers) if number >= 0)


def _is_animated(scene: bpy.types.Scene) -> bool:
    """Tell whether what modifiers ask for differs from frame to frame."""
    return any(curve.data_path.startswith("understudy.modifiers[") for curve in curves_of(scene))
