# SPDX-License-Identifier: GPL-3.0-or-later
"""What a turnover of a strip is to hold: the clip's frames that the strip shows, with what its modifiers ask for."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import ClipError, RefusalError
from ...core.recipe.clip_swap import swaps_of_frames
from ...core.turnover.request import TurnoverRequest
from ..layers.rendered_clips import requests_condition_reason, requests_consent_warnings
from ..layers.sync import sync_layers
from ..prepare.timeline_walk import TimelineWalk
from ..properties.preferences import preferences
from ..sequencer.strips import frame_rate, frames_of, source_of, stack_id

_MAX_RATE_DENOMINATOR = 1001


def turnover_request(scene: bpy.types.Scene, strip: Any, folder: Path) -> tuple[TurnoverRequest, list[str]]:
    """Return what a turnover of a strip is to be, and what should be said of it.

    Its frames are the clip's own, from the first to the last that the strip shows; where several frames of the timeline
    show one, it is as the first of them asks.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene.
    strip : bpy.types.Strip
        A strip with modifiers.
    folder : pathlib.Path
        Where the files go.

    Returns
    -------
    request : TurnoverRequest
        What a session or a worker is asked for.
    warnings : list of str
        A line each.

    Raises
    ------
    ClipError
        The strip shows no frame with a modifier that is rendered.
    RefusalError
        A condition of the preferences or the environment refuses what the strip asks for.
    """
    warnings = sync_layers(scene)
    requests = {
        job.number: job.requests
        for job in reversed(TimelineWalk(scene, frames_of(strip), stack_id(strip)).jobs())
    }
    swaps = swaps_of_frames(requests)
    if not swaps:
        raise ClipError(f"{strip.name} shows no frame with a modifier that is rendered: nothing was written")
    asked = [(strip.name, entry) for entry in dict.fromkeys(part for swap in swaps for part in swap.requests)]
    reason = requests_condition_reason(scene, asked)
    if reason:
        raise RefusalError(f"not written: {reason}")
    warnings += dict.fromkeys(requests_consent_warnings(scene, asked))
    source = source_of(strip)
    rate = Fraction(frame_rate(scene)).limit_denominator(_MAX_RATE_DENOMINATOR)
    request = TurnoverRequest(
        source,
        swaps,
        folder,
        min(requests),
        max(requests),
        "" if source.movie else str(rate),
        marks_files=preferences().mark_outputs,
    )
    return request, warnings
