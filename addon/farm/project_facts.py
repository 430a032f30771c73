# SPDX-License-Identifier: GPL-3.0-or-later
"""What this Blender knows of the open project, for a farm's plan. Nothing of the project is changed or saved."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import bpy

from ...core.cache.packs.layout import LAYERS_FOLDER
from ...core.cache.shared.redis_client import split_password
from ...core.cache.stores.encryption import KEY_VARIABLE, SIGNING_VARIABLE
from ...core.errors import FarmError
from ...core.farm.plan import Chunk, ProjectFacts, StripFacts
from ...core.filesystem.access import is_within
from ...core.sessions import settings
from ...core.sessions.layer_counts import LayerContent
from ...core.sessions.request_faults import RequestFault, request_fault
from ...core.sessions.settings import RunSettings
from ...core.system.version import version
from ..layers.folders import cache_folder
from ..layers.jobs import StripCache, jobs_at
from ..layers.layer_strip import layer_of
from ..layers.rendered_clips import RenderedClip, condition_reason, consent_warnings, rendered_clips
from ..layers.scene_strips import SceneStrips
from ..layers.strip_warnings import warnings_by_clip
from ..lookups.strip_lookup import StripSurvey
from ..prepare.strip_survey import images_key, strip_lookup, unique_images
from ..properties.encryption_summary import wants_encryption
from ..properties.preferences import preferences
from ..render.refusal import rendered_image_fault
from ..sequencer.placement import frame_size
from ..sequencer.strips import stack_id
from ..sessions.cache_folder import cache_location, layers_root
from ..sessions.open import run_settings
from .output_pattern import output_pattern
from .project_assets import project_assets

_READY = (LayerContent.SWAPPED, LayerContent.ORIGINAL)
_NO_SEQUENCER = "the scene is rendered without its strips: turn on Sequencer in Output > Post Processing"
_NO_FACES = "no strip in these frames has a Face Swap modifier that is rendered"
_UNSAVED = "the project has unsaved changes, which tasks don't see: save it"


def project_facts(
    scene: bpy.types.Scene,
    frames: range | None = None,
    image_fault_of: Callable[[RenderedClip], RequestFault | None] | None = None,
) -> ProjectFacts:
    """Return what is known of the open project and one of its scenes.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene to render.
    frames : range or None
        The frames of its timeline to render; None for the scene's own.
    image_fault_of : callable or None
        Returns which image of a clip's source persons can't be used. None looks into them, which loads models where
        no layer shows that they will do.

    Returns
    -------
    ProjectFacts
        The facts.

    Raises
    ------
    FarmError
        The project was never saved, or there are no frames.
    """
    if not bpy.data.filepath:
        raise FarmError("the project was never saved: save it before a farm can render it")
    frames = range(scene.frame_start, scene.frame_end + 1) if frames is None else frames
    if not frames:
        raise FarmError("there is no frame to render: the last frame is before the first")
    clips = list(rendered_clips(scene, frames))
    render: Any = scene.render
    wanted = run_settings(cache_folder(scene), preferences())
    return ProjectFacts(
        project=Path(bpy.data.filepath),
        scene=scene.name,
        first_frame=frames[0],
        last_frame=frames[-1],
        frame_step=max(scene.frame_step, 1),
        output=output_pattern(scene),
        stored_output=render.filepath,
        render_size=_render_size(scene),
        writes_movie=bool(render.is_movie_format),
        file_extension=render.file_extension,
        cache_folder=cache_location(scene).folder,
        layers_folder=layers_root(scene) / LAYERS_FOLDER,
        assets=project_assets(scene, clips),
        strips=_strip_facts(scene, frames, clips, wanted, image_fault_of),
        blender_version=bpy.app.version_string,
        extension_version=version(),
        environment=_environment(scene, wanted),
        faults=tuple(_faults(scene)),
        warnings=(*_warnings(clips, wanted), *consent_warnings(scene)),
    )


def _faults(scene: bpy.types.Scene) -> Iterator[str]:
    if not scene.render.use_sequencer:
        yield _NO_SEQUENCER
    refusal = cache_location(scene).refusal
    if refusal:
        yield refusal
    condition = condition_reason(scene)
    if condition:
        yield condition


def _warnings(clips: Sequence[RenderedClip], wanted: RunSettings) -> Iterator[str]:
    if not clips:
        yield _NO_FACES
    if bpy.data.is_dirty and not bpy.app.background:
        yield _UNSAVED
    for here in dict.fromkeys(rendered.scene for rendered in clips):
        for clip, warnings in warnings_by_clip(SceneStrips(here)):
            yield from (f"{clip.name} {warning.text}" for warning in warnings)
    yield from wanted.ignored
    if wanted.cache.redis_url and split_password(wanted.cache.redis_url)[1]:
        yield f"the Redis server has a password, which no job file gets: set {settings.REDIS_VARIABLE} on every worker"
    if wants_encryption(os.environ, key_in_keyring=preferences().key_in_keyring):
        yield f"results are encrypted: set {KEY_VARIABLE} on every worker, no job file gets it"
    if os.environ.get(SIGNING_VARIABLE, "").strip():
        yield f"results are signed: set {SIGNING_VARIABLE} on every worker, no job file gets it"


def _environment(scene: bpy.types.Scene, wanted: RunSettings) -> dict[str, str]:
    """Return the places that differ from what a project alone says, as variables."""
    cache, variables = wanted.cache, {}
    own_folder, project_folder = cache_location(scene).folder, Path(bpy.data.filepath).parent
    if cache.folder != own_folder or not is_within(own_folder, project_folder):
        variables[settings.CACHE_VARIABLE] = str(cache.folder)
    if layers_root(scene) != own_folder or not is_within(own_folder, project_folder):
        variables[settings.LAYERS_VARIABLE] = str(layers_root(scene))
    if cache.shared_folder is not None:
        variables[settings.FOLDER_VARIABLE] = str(cache.shared_folder)
    if cache.redis_url and not split_password(cache.redis_url)[1]:
        variables[settings.REDIS_VARIABLE] = cache.redis_url
    if cache.shared_with_group:
        variables[settings.GROUP_VARIABLE] = "1"
    if cache.shared_read_only:
        variables[settings.READ_ONLY_VARIABLE] = "1"
    if wanted.require_commercial:
        variables[settings.COMMERCIAL_VARIABLE] = "1"
    if wanted.require_consent:
        variables[settings.CONSENT_VARIABLE] = "1"
    if not cache.keep:
        variables[settings.NO_CACHE_VARIABLE] = "1"
    if wanted.model_folder is not None:
        variables[settings.MODELS_VARIABLE] = str(wanted.model_folder)
    return variables


def _strip_facts(
    scene: bpy.types.Scene,
    frames: range,
    clips: Sequence[RenderedClip],
    wanted: RunSettings,
    image_fault_of: Callable[[RenderedClip], RequestFault | None] | None,
) -> tuple[StripFacts, ...]:
    numbers = _numbers_by_frame(scene, frames)
    with ExitStack() as stack:
        if image_fault_of is None:
            from ...core.sessions.layer_session import LayerSession

            # What is found in images is not kept: whoever asks for a plan changes nothing.
            session = LayerSession(replace(wanted, cache=replace(wanted.cache, keep=False)))
            stack.callback(session.close)
            image_fault_of = partial(rendered_image_fault, session)
        return tuple(
            _facts_of(rendered, numbers.get(stack_id(rendered.clip), {}), frames, wanted, image_fault_of)
            for rendered in clips
        )


def _facts_of(
    rendered: RenderedClip,
    numbers: dict[int, int],
    frames: range,
    wanted: RunSettings,
    image_fault_of: Callable[[RenderedClip], RequestFault | None],
) -> StripFacts:
    clip = rendered.clip
    survey = _survey(rendered, tuple(numbers.values()))
    ready = [frame for frame, number in numbers.items() if survey.contents.get(number) in _READY]
    outdated = sum(survey.contents.get(number) == LayerContent.OUTDATED for number in numbers.values())
    fault = request_fault(rendered.requests, wanted.library) or image_fault_of(rendered)
    shown = list(numbers) or [
        max(clip.frame_final_start, frames[0]),
        min(clip.frame_final_end - 1, frames[-1]),
    ]
    return StripFacts(
        name=clip.name,
        first_frame=min(shown),
        last_frame=max(shown),
        frame_size=frame_size(rendered.scene, clip),
        ready_frame_count=len(ready),
        ready_ranges=tuple(_ranges(ready)),
        outdated_frame_count=outdated,
        modifier_count=len(rendered.requests),
        faults=() if fault is None else (fault.full_text,),
    )


def _numbers_by_frame(scene: bpy.types.Scene, frames: range) -> dict[str, dict[int, int]]:
    """Return by stack and by frame of the timeline which source frame's layer image is shown there."""
    numbers: dict[str, dict[int, int]] = {}
    strip_cache = StripCache()
    for frame in frames:
        for job in jobs_at(scene, frame, strip_cache, reuse_requests=True):
            numbers.setdefault(job.owner_id, {})[frame] = job.number
    return numbers


def _survey(rendered: RenderedClip, numbers: tuple[int, ...]) -> StripSurvey:
    """Look at the labels of a clip's layer images, as the panel does."""
    scene, clip = rendered.scene, rendered.clip
    layer = layer_of(scene, clip)
    key = () if layer is None else images_key(scene, clip, layer)
    return strip_lookup(scene, clip, layer, key, tuple(rendered.requests), unique_images(numbers)).fetch()


def _render_size(scene: bpy.types.Scene) -> tuple[int, int]:
    render: Any = scene.render
    share = render.resolution_percentage / 100
    return max(int(render.resolution_x * share), 1), max(int(render.resolution_y * share), 1)


def _ranges(frames: Sequence[int]) -> Iterator[Chunk]:
    """Yield the ranges that frames in ascending order make up."""
    first = previous = None
    for frame in frames:
        if first is None or previous is None or frame != previous + 1:
            if first is not None and previous is not None:
                yield Chunk(first, previous)
            first = frame
        previous = frame
    if first is not None and previous is not None:
        yield Chunk(first, previous)
