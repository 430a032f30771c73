# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a clip stay as they are, before any of them is written."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import ClipError, FaceImageError
from ..export.frames import NO_MEMORY
from ..media.clip import Clip
from ..media.file_status import ClipChangedError
from ..pipeline.pipeline import Pipeline
from ..recipe.clip_swap import ClipSwap, requests_at
from ..recipe.request import SwapRequest
from .observer import RenderObserver


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
    swaps: Sequence[ClipSwap],
    numbers: Sequence[int],
    observer: RenderObserver,
) -> FrameChanges:
    """Find out which frames have a face to replace. What the cache knows is not decoded."""
    changes = FrameChanges()
    observer.on_look(0, len(numbers))
    pipeline.check_content(clip)
    for count, number in enumerate(numbers, 1):
        observer.check_stop()
        try:
            if _has_faces(pipeline, clip, number, requests_at(swaps, number)):
                changes.changed.add(number)
        except (ClipError, FaceImageError) as error:
            changes.faults[number] = str(error)
        except MemoryError:
            changes.faults[number] = NO_MEMORY
        observer.on_look(count, len(numbers))
    return changes


def _has_faces(pipeline: Pipeline, clip: Clip, number: int, requests: Sequence[SwapRequest]) -> bool:
    try:
        return bool(pipeline.plan(clip, number, requests).faces)
    except ClipChangedError:  # once more, without what the cache said of another file
        return bool(pipeline.plan(clip, number, requests).faces)
