# SPDX-License-Identifier: GPL-3.0-or-later
"""A worker process that is started again when it ends unexpectedly: the jobs go on with the one in hand.

A clip in whose frames it ends twice is left as it is, and said, so that one bad file does not hold up the others.
"""

from collections import Counter
from collections.abc import Iterator

from ...core.errors import ModelError
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.sessions.settings import RunSettings
from .worker_process import Message, WorkerProcess

_TRIES = 2


class SteadyWorker:
    """Does jobs in a worker process, or in the next one."""

    def __init__(self, settings: RunSettings) -> None:
        """Start the first. Raises ModelError where this Blender's Python can't be started."""
        self._settings = settings
        self._ends: Counter[ClipSource | None] = Counter()
        self._finished = False
        self._process = WorkerProcess(settings)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether everything is done or was given up."""
        return self._process.ended

    @property
    def waiting(self) -> tuple[LayerJob, ...]:
        """The jobs that are not done yet; the first is in hand."""
        return self._process.waiting

    def submit(self, job: LayerJob) -> None:
        """Hand a job over, unless its clip is left."""
        if not self._is_left(job.source):
            self._process.submit(job)

    def finish(self) -> None:
        """Say that there are no more jobs."""
        self._finished = True
        self._process.finish()

    def answers(self) -> Iterator[Message]:
        """Yield what came since the last call, without waiting; see `WorkerProcess`.

        There is no `gone`: a `warning` tells that the worker was started again, a `fault` what was given up.
        """
        for kind, value in self._process.answers():
            yield self._met(value) if kind == "gone" else (kind, value)

    def cancel(self) -> None:
        """End the worker at once. What it finished is kept."""
        self._process.cancel()

    def _is_left(self, source: ClipSource) -> bool:
        return self._ends[source] >= _TRIES

    def _met(self, why: str) -> Message:
        """Go on after an end that was not asked for; return what there is to say of it."""
        waiting = self._process.waiting
        if not waiting and self._finished:
            return "warning", f"{why}; all pictures were made before"
        hand = waiting[0] if waiting else None
        source = None if hand is None else hand.source
        self._ends[source] += 1
        given_up = self._ends[source] >= _TRIES
        jobs = [job for job in waiting if not self._is_left(job.source)]
        if given_up and (hand is None or (self._finished and not jobs)):
            return "fault", _last_word(why, hand)
        try:
            self._process = WorkerProcess(self._settings)
        except ModelError as error:
            return "fault", f"{why}; it can't be started again: {error}"
        for job in jobs:
            self._process.submit(job)
        if self._finished:
            self._process.finish()
        if given_up:
            return "fault", _last_word(why, hand)
        at = "" if hand is None else f" in {hand.strip}, frame {hand.frame}"
        return "warning", f"{why}{at}; it was started again"


def _last_word(why: str, hand: LayerJob | None) -> str:
    if hand is None:
        return f"{why} twice before its first picture; what is finished is kept"
    return (
        f"{hand.strip}: {why} twice, now in frame {hand.frame}; this clip is left, what is finished is kept"
    )
