# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a clip stay as they are, before any of them is written."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import ClipError, FaceImageError
from ..export.frames import NO_MEMORY
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..pipeline.pipeline import Pipeline
from ..recipe.request import SwapRequest
from .progress import ProgressDisplay
from .signals import StopSignal


@dataclass
class FrameChanges:
    """What is to become of a clip's frames."""

    changed: set[int] = field(default_factory=set)
    """The frames with a face to replace."""
    faults: dict[int, str] = field(default_factory=dict)
    """Why the faces of a frame can't be known: it stays as it is."""


def find_changes(
    pipeline: Pipeline,
    clip: Clip,
    request: SwapRequest,
    numbers: Sequence[int],
    stop: StopSignal,
    *,
    shows_progress: bool,
) -> FrameChanges:
    """Find out which frames have a face to replace. What the cache knows is not decoded."""
    changes = FrameChanges()
    pipeline.check_content(clip)
    with ProgressDisplay(len(numbers), sys.stderr, shows_progress) as progress:
        for count, number in enumerate(numbers, 1):
            stop.check()
            try:
                if _has_faces(pipeline, clip, number, request):
                    changes.changed.add(number)
            except (ClipError, FaceImageError) as error:
                changes.faults[number] = str(error)
            except MemoryError:
                changes.faults[number] = NO_MEMORY
            progress.update(count)
    return changes


def _has_faces(pipeline: Pipeline, clip: Clip, number: int, request: SwapRequest) -> bool:
    try:
        return bool(pipeline.plan(clip, number, [request]).faces)
    except ClipChangedError:  # once more, without what the cache said of another file
        return bool(pipeline.plan(clip, number, [request]).faces)
