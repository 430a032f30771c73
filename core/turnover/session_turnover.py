# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a turnover with the models, the cache and the clips of a session, as an editor asks for it."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from ..provenance.settings import mark_settings
from ..sessions.layer_session import LayerSession
from .job import TurnoverJob, describe_turnover
from .request import TurnoverRequest
from .run import write_turnover

OnProgress = Callable[[int, int], None]
"""Hears how many of how many frames are written."""


@dataclass(frozen=True)
class TurnoverOutcome:
    """What became of a turnover.

    Attributes
    ----------
    written, changed, failed : int
        How many frames there are, show a new face, show none since they failed.
    reason : str
        Why the first frame failed.
    """

    written: int
    changed: int
    failed: int
    reason: str

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return dict(vars(self))


class _SessionObserver:
    """See `RenderObserver`; a session is stopped with its process."""

    def __init__(self, session: LayerSession, on_progress: OnProgress) -> None:
        self.on_warning = session.warn
        self.on_frame = on_progress

    def check_stop(self) -> None:
        pass

    def on_look(self, count: int, total: int) -> None:
        pass


def make_turnover(
    session: LayerSession, request: TurnoverRequest, on_progress: OnProgress, *, online: bool
) -> TurnoverOutcome:
    """Write a turnover. What should be said of it becomes warnings of the session.

    Parameters
    ----------
    session : LayerSession
        What computes and opens the clip.
    request : TurnoverRequest
        What is asked for.
    on_progress : callable
        Called with how many frames are written, and how many there are.
    online : bool
        Whether a timestamp authority may be asked over a network.

    Returns
    -------
    TurnoverOutcome
        What became of the frames.

    Raises
    ------
    UnderstudyError
        The turnover can't be made; files that are written stay, without a manifest.
    """
    marks = mark_settings(os.environ, online=online, preferred=request.marks_files)
    pipeline, clip = session.open_pipeline(request.source)
    opened = describe_turnover(_job(request, clip.image_count), clip)
    session.check(opened.job.requests)
    counts = write_turnover(pipeline, opened, _SessionObserver(session, on_progress), marks)
    for warning in counts.warnings(opened.fps, opened.job.min_height):
        session.warn(warning)
    reason = next(iter(counts.failed_frames), "")
    return TurnoverOutcome(counts.written_count, counts.changed_count, counts.failure_count, reason)


def _job(request: TurnoverRequest, frame_count: int) -> TurnoverJob:
    """Return the job of a request, for a clip that has so many frames."""
    paths, last = request.source.paths, frame_count - 1
    return TurnoverJob(
        paths[0] if len(paths) == 1 else paths[0].parent,
        request.swaps,
        request.folder,
        min(request.first, last),
        min(request.last, last),
        request.fps or None,
    )
