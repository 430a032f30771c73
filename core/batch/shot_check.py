# SPDX-License-Identifier: GPL-3.0-or-later
"""The safeguard's look at all shots of a render, before its first frame."""

from collections.abc import Sequence
from functools import partial

from ..media.clip import Clip
from ..pipeline.pipeline import Pipeline
from ..recipe.clip_swap import ClipSwap, requests_at
from ..sessions.pipeline_factory import SafeguardedPipeline
from .observer import RenderObserver


def check_shots(
    pipeline: Pipeline, clip: Clip, numbers: range, swaps: Sequence[ClipSwap], observer: RenderObserver
) -> None:
    """Look at all shots of a render, where its pipeline has the safeguard; see `SafeguardedPipeline.check_shots`.

    Parameters
    ----------
    pipeline : Pipeline
        What renders.
    clip : Clip
        The clip.
    numbers : range
        The frames to be rendered, counted from 0.
    swaps : sequence of ClipSwap
        Who replaces whom.
    observer : RenderObserver
        Hears how far it is; what its `check_stop` raises ends it.

    Raises
    ------
    RefusalError
        The safeguard refuses a shot in which a face would be replaced.
    ModelError
        The safeguard's model can't be used.
    """

    def on_progress(count: int) -> None:
        observer.check_stop()
        observer.on_look(count, len(numbers))

    if isinstance(pipeline, SafeguardedPipeline):
        pipeline.check_shots(clip, numbers, partial(requests_at, swaps), on_progress)
