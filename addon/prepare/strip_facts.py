# SPDX-License-Identifier: GPL-3.0-or-later
"""The state of a strip as panels, status bar and overlay show it, read from Blender's data and the made layers.

Files are looked at beside drawing; what is known so far is said at once.
"""

import math
import os
import time
from collections.abc import Sequence
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from ...core.recipe import BUILT_IN_RECOGNISER, Detect
from ...core.recipe.request import FaceImage, SwapRequest
from ...core.reporting.render_action import RenderAction
from ...core.reporting.strip_state import PrepareProgress, StripFacts, StripState, strip_state
from ...core.sessions.request_faults import RequestFault, has_source, image_fault, sourceless_modifier
from ..layers.folders import cache_folder
from ..layers.layer_strip import layer_of
from ..layers.rendered_clips import originals_reason
from ..layers.strip_warnings import StripWarning, strip_warnings
from ..lookups.gallery import lookup_cache
from ..lookups.lookups import (
    FileStampLookup,
    NeutralFaceLookup,
    OtherPersonLookup,
    SourceFacesView,
    SourceImageLookup,
    SourceImageView,
)
from ..modifiers.stack import requests_of
from ..modifiers.visibility import hidden_reason, visibility_mismatches
from ..properties.originals import expected_choice, originals_choice
from ..properties.preferences import preferences
from ..properties.scene_properties import settings_of
from ..properties.status import window_state
from ..sequencer.strips import stack_id
from ..sessions.cache_folder import cache_location
from .consent_facts import consent_warning
from .strip_survey import survey_of

_REFRESH_SECONDS = 2.0


def state_of(
    scene: bpy.types.Scene, strip: Any, warnings: Sequence[StripWarning] | None = None
) -> StripState:
    """Return the state of a strip that has a stack. `warnings` are those of the strip, where they are known."""
    return strip_state(_facts(scene, strip, warnings))


def has_all_sources(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether the modifiers of a strip that are rendered have their images of the source person. Cheap."""
    try:
        requests = requests_of(scene, stack_id(strip))
    except RecipeError:
        return False
    return bool(requests) and has_source(requests)


def source_image_view(scene: bpy.types.Scene, image: FaceImage, detect: Detect) -> SourceImageView | None:
    """Return what an image of the source person shows; None where that is not known, or not yet.

    `detect` is how its modifier has faces looked for.
    """
    lookup = source_image_lookup(scene, image, detect)
    if lookup is None:
        return None
    # A file that is not there may come back, and go again, between two looks at its stamp.
    faces: SourceFacesView | None = lookup_cache().get(lookup, math.inf if lookup.stamp else _REFRESH_SECONDS)
    return None if faces is None else faces.view_of(image)


def source_image_lookup(scene: bpy.types.Scene, image: FaceImage, detect: Detect) -> SourceImageLookup | None:
    """Return the question which faces an image shows: another one when its file was replaced.

    None where it is not known yet which file that is. An answer that was kept for no file at all would be given again
    once the file is gone.
    """
    stamp = lookup_cache().get(FileStampLookup(image.path), _REFRESH_SECONDS)
    if stamp is None:
        return None
    return SourceImageLookup(cache_folder(scene), preferences(), image.path, stamp, detect.for_image())


def other_person_warnings(scene: bpy.types.Scene, request: SwapRequest) -> tuple[str, ...]:
    """Say which images of a modifier show another person than its first, as far as that is known."""
    lookup = other_person_lookup(scene, request)
    return () if lookup is None else lookup_cache().get(lookup) or ()


def other_person_lookup(scene: bpy.types.Scene, request: SwapRequest) -> OtherPersonLookup | None:
    """Return the question whether the images of a modifier show one person; None where nothing can tell."""
    images, embed = request.identity.images, request.recipe.embed
    if len(images) < 2 or embed.recogniser == BUILT_IN_RECOGNISER:
        return None
    stamps = _image_stamps(images)
    if stamps is None:
        return None
    detect = request.recipe.detect.for_image()
    return OtherPersonLookup(cache_folder(scene), preferences(), images, stamps, detect, embed)


def neutral_face_icon(scene: bpy.types.Scene, request: SwapRequest) -> int | None:
    """Return the icon of the face that shape understood from a request's images; None where it is not known yet."""
    lookup = neutral_face_lookup(scene, request)
    icon: int | None = None if lookup is None else lookup_cache().get(lookup)
    return icon


def neutral_face_lookup(scene: bpy.types.Scene, request: SwapRequest) -> NeutralFaceLookup | None:
    """Return the question which face shape understood from a request's images.

    None where it is given no shape or no image, where a file is missing, or where it is not known yet which files the
    images are.
    """
    images = request.identity.images
    if not images or not request.recipe.swap.gives_shape:
        return None
    stamps = _image_stamps(images)
    if stamps is None or not all(stamps):
        return None
    detect = request.recipe.detect.for_image()
    return NeutralFaceLookup(cache_folder(scene), preferences(), images, stamps, detect)


def _image_stamps(images: Sequence[FaceImage]) -> tuple[tuple[int, ...], ...] | None:
    """Return which files images are, an empty stamp for one that is missing; None where that is not known yet."""
    stamps = [lookup_cache().get(FileStampLookup(image.path), _REFRESH_SECONDS) for image in images]
    known = tuple(stamp for stamp in stamps if stamp is not None)
    return known if len(known) == len(images) else None


def _facts(scene: bpy.types.Scene, strip: Any, warnings: Sequence[StripWarning] | None) -> StripFacts:
    layer = layer_of(scene, strip)
    try:
        requests = requests_of(scene, stack_id(strip))
    except RecipeError:
        return StripFacts(fault="too many modifiers")
    if layer is None:
        return StripFacts(has_source=has_source(requests), fault="no layer strip")
    survey = survey_of(scene, strip, layer, requests)
    known = survey is not None and survey.requests == requests
    image_trouble = known_image_fault(scene, requests)
    file_fault = survey.fault if survey is not None and known else ""
    fault = file_fault or ("" if image_trouble is None else image_trouble.state_text)
    render_action = _render_action(scene, strip, fault) if fault else RenderAction.RENDER
    switch_fault = _switch_fault(scene, layer, requests)
    failure = _failure(strip)
    return StripFacts(
        has_source=has_source(requests),
        sourceless_modifier=sourceless_modifier(requests),
        # What is switched off keeps no render from beginning.
        fault=(switch_fault or fault) if render_action is RenderAction.RENDER else fault,
        render_action=render_action,
        hidden=hidden_reason(scene, strip, "strip"),
        counts=None if survey is None else survey.counts,
        progress=_progress(scene, strip),
        was_stopped=_was_stopped(scene, strip),
        failed=0 if failure is None else failure.count,
        failure="" if failure is None else failure.reason,
        has_warnings=_has_warnings(scene, strip, warnings)
        or any(other_person_warnings(scene, request) for request in requests)
        or any(consent_warning(scene, request.identity) for request in requests),
    )


def _has_warnings(scene: bpy.types.Scene, strip: Any, warnings: Sequence[StripWarning] | None) -> bool:
    return bool(
        window_state().trouble
        or (strip_warnings(strip, scene) if warnings is None else warnings)
        or visibility_mismatches(scene)
        or cache_location(scene).refused_folder is not None
    )


def _switch_fault(scene: bpy.types.Scene, layer: Any, requests: tuple[SwapRequest, ...]) -> str:
    """Say what is switched off, if that keeps the new faces from being rendered."""
    return hidden_reason(scene, layer, "layer") if requests else "Face Swap is switched off"


def _render_action(scene: bpy.types.Scene, strip: Any, fault: str) -> RenderAction:
    """Return what a render started now does about a strip in which nothing can be swapped as asked.

    Whether another strip can have its new faces is looked at every few seconds, and when more is known of images: a
    redraw must not look at every strip.
    """
    modifier_count, now = len(settings_of(scene).modifiers), int(time.monotonic() // _REFRESH_SECONDS)
    lookups = lookup_cache()
    key = "originals", scene.name, stack_id(strip), fault, modifier_count, now, lookups.result_count

    def reason() -> str:
        return originals_reason(scene, lambda rendered: known_image_fault(scene, rendered.requests))

    if not lookups.get_or_compute(key, reason):
        return RenderAction.RENDER
    choice = expected_choice(
        originals_choice(preferences().originals, os.environ),
        in_background=bpy.app.background,
        locks_interface=cast("Any", scene.render).use_lock_interface,
    )
    return RenderAction[choice]


def _progress(scene: bpy.types.Scene, strip: Any) -> PrepareProgress | None:
    state = window_state()
    mine = state.prepared_scene == scene.name and state.prepared_strip in ("", stack_id(strip))
    if not (state.running and mine):
        return None
    seconds = state.seconds_left if state.seconds_left >= 0 else None
    return PrepareProgress(state.prepared_count, state.prepared_total, seconds)


def _was_stopped(scene: bpy.types.Scene, strip: Any) -> bool:
    """Tell whether the last preparation of a strip was stopped."""
    state = window_state()
    mine = state.prepared_scene == scene.name and state.prepared_strip in ("", stack_id(strip))
    return bool(state.was_stopped and mine)


def _failure(strip: Any) -> Any | None:
    """Return what the last preparation could not make of a strip."""
    return next((entry for entry in window_state().failures if entry.strip_id == stack_id(strip)), None)


def known_image_fault(scene: bpy.types.Scene, requests: Sequence[SwapRequest]) -> RequestFault | None:
    """Return which image of the source person can't be used, as far as that is known."""

    def fault_of(image: FaceImage, detect: Detect) -> str:
        view = source_image_view(scene, image, detect)
        return (
            view.quality_issues[0] if view is not None and view.icon is None and view.quality_issues else ""
        )

    return image_fault(requests, fault_of)
