# SPDX-License-Identifier: GPL-3.0-or-later
"""The clips that a render of a scene shows, and whether any of them can have its new faces."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, cast

import bpy

from ...core.errors import RecipeError
from ...core.recipe.request import SwapRequest
from ...core.sessions.conditions import condition_fault, consent_ended_text, ended_consents
from ...core.sessions.request_faults import RequestFault, request_fault
from ...core.sessions.settings import RunSettings
from ..modifiers.stack import requests_of_modifiers, stack_of
from ..modifiers.takes import take_curve, takes_of
from ..modifiers.visibility import hidden_reason, is_rendered
from ..properties.preferences import preferences
from ..sequencer.strips import all_strips, stack_id
from ..sessions.open import run_settings
from .consent_file import consent_file
from .folders import cache_folder
from .scene_strips import SceneStrips

_ALL_FRAMES = range(-1_048_574, 1_048_575)
"""Every frame that Blender has."""


@dataclass(frozen=True)
class RenderedClip:
    """A clip that a render may show, and what its modifiers ask for."""

    scene: bpy.types.Scene
    """The scene that it lies in."""
    clip: Any
    frame: int
    """The first frame of that scene at which the render may show it."""
    requests: Sequence[SwapRequest]


def originals_reason(
    scene: bpy.types.Scene,
    image_fault_of: Callable[[RenderedClip], RequestFault | None],
    frames: range | None = None,
) -> str:
    """Say why a render of a scene can swap no face as it is to be; empty where it can, or where nobody asks for one.

    Looks at the clips that are seen in the scene's range, or in `frames` of it, up to the first that can have its new
    faces. Of images of source persons it looks whether their files are there; `image_fault_of` returns what else is
    wrong with those of a clip.
    """
    if not scene.render.use_sequencer:
        return ""
    library = run_settings(cache_folder(scene), preferences()).library
    reasons: list[str] = []
    for rendered in rendered_clips(scene, frames):
        fault = request_fault(rendered.requests, library) or image_fault_of(rendered)
        if fault is None:
            return ""
        name = f"{fault.modifier} of {rendered.clip.name}" if fault.modifier else rendered.clip.name
        reasons.append(f"{name}: {fault.text}")
    return "; ".join(dict.fromkeys(reasons))


def condition_reason(scene: bpy.types.Scene) -> str:
    """Say which condition of the preferences or the environment a scene is against; empty where against none.

    Every clip counts that a render of the scene may show, whatever its range: a still need not lie in it.
    """
    settings = condition_settings(scene)
    if not scene.render.use_sequencer or not settings.has_conditions:
        return ""
    clips = list(rendered_clips(scene, _ALL_FRAMES))
    asked = [
        (rendered.clip.name, request)
        for rendered in clips
        for request in (*rendered.requests, *_keyed_requests(rendered))
    ]
    return _condition_reason(asked, settings)


def takes_condition_reason(scene: bpy.types.Scene, strip: Any) -> str:
    """Say which condition any take of a strip is against, shown or not; empty where against none."""
    settings = condition_settings(scene)
    if not settings.has_conditions:
        return ""
    takes = [takes_of(modifier) for modifier in stack_of(scene, stack_id(strip))]
    return _condition_reason([(strip.name, request) for entry in takes for _, request in entry], settings)


def requests_condition_reason(scene: bpy.types.Scene, asked: Sequence[tuple[str, SwapRequest]]) -> str:
    """Say which condition any of some requests is against, each with the name of its strip; empty where none is."""
    return _condition_reason(asked, condition_settings(scene))


def _condition_reason(asked: Sequence[tuple[str, SwapRequest]], settings: RunSettings) -> str:
    if not condition_fault([request for _, request in asked], settings):
        return ""
    for name, request in asked:
        fault = condition_fault((request,), settings)
        if fault:
            return f"{request.modifier} of {name}: {fault}"
    return ""


def consent_warnings(scene: bpy.types.Scene) -> list[str]:
    """Say which modifiers that a render of a scene may show have a consent that has ended; not what it says."""
    clips = rendered_clips(scene)
    return requests_consent_warnings(
        scene, [(rendered.clip.name, request) for rendered in clips for request in rendered.requests]
    )


def requests_consent_warnings(scene: bpy.types.Scene, asked: Sequence[tuple[str, SwapRequest]]) -> list[str]:
    """Say the same of some requests, each with the name of its strip."""
    requests = [request for _, request in asked]
    ended = {id(request) for request in ended_consents(requests, condition_settings(scene))}
    return [
        f"{request.modifier} of {name}: {consent_ended_text(request.identity)}"
        for name, request in asked
        if id(request) in ended
    ]


def condition_settings(scene: bpy.types.Scene) -> RunSettings:
    """Return what a run may use, with the consent file of the project where the environment names none."""
    settings = run_settings(cache_folder(scene), preferences())
    return replace(settings, consent_file=consent_file(scene))


def rendered_clips(scene: bpy.types.Scene, frames: range | None = None) -> Iterator[RenderedClip]:
    """Yield the clips that ask for a face and that a render of a scene's range, or of other frames of it, may show.

    A still need not lie in the range, but as it starts Blender does not say which frame it is (4.5 to 5.2): then its
    originals are counted, and it is not refused.
    """
    frames = range(scene.frame_start, scene.frame_end + 1) if frames is None else frames
    for here in _played_scenes(scene, frames):
        strips = SceneStrips(here)
        for clip in strips.clips:
            frame = _first_frame(clip, frames if here == scene else None)
            if frame is None or hidden_reason(here, clip, "strip"):
                continue
            try:
                requests = requests_of_modifiers(strips.modifiers_by_stack.get(strips.stack_id(clip), []))
            except RecipeError:
                continue
            if requests:
                yield RenderedClip(here, clip, frame, requests)


def _keyed_requests(rendered: RenderedClip) -> Iterator[SwapRequest]:
    """Yield what the takes of a clip ask for that keyframes may show."""
    for modifier in stack_of(rendered.scene, stack_id(rendered.clip)):
        if take_curve(modifier) is not None and is_rendered(modifier):
            yield from (request for _, request in takes_of(modifier))


def _played_scenes(scene: bpy.types.Scene, frames: range) -> list[bpy.types.Scene]:
    """List a scene and those that its scene strips play by their sequencer, and those within these."""
    scenes, waiting = [scene], [scene]
    while waiting:
        here = waiting.pop()
        for strip in all_strips(here):
            inner = cast("Any", strip)
            if inner.type != "SCENE" or inner.scene_input != "SEQUENCER" or inner.scene in (None, *scenes):
                continue
            shown = _first_frame(inner, frames if here == scene else None) is not None
            if shown and not hidden_reason(here, inner, "strip"):
                scenes.append(inner.scene)
                waiting.append(inner.scene)
    return scenes


def _first_frame(strip: Any, frames: range | None) -> int | None:
    """Return the first frame at which a strip and the meta strips around it lie; None where there is none.

    Of `frames`, if any are given.
    """
    first, last = strip.frame_final_start, strip.frame_final_end - 1
    if frames is not None:
        first, last = max(first, frames.start), min(last, frames.stop - 1)
    around = strip.parent_meta()
    while around is not None:
        first, last = max(first, around.frame_final_start), min(last, around.frame_final_end - 1)
        around = around.parent_meta()
    return int(first) if first <= last else None
