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

_MAX_CRASHES = 2


class RestartingWorker:
    """Does jobs in a worker process, or in the next one."""

    def __init__(self, settings: RunSettings) -> None:
        """Start the first. Raises ModelError where this Blender's Python can't be started."""
        self._settings = settings
        self._crash_counts: Counter[ClipSource | None] = Counter()
        self._no_more_jobs = False
        self._process = WorkerProcess(settings)

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether everything is done or was given up."""
        return self._process.has_ended

    @property
    def pending_jobs(self) -> tuple[LayerJob, ...]:
        """The jobs that are not done yet; the first is in hand."""
        return self._process.pending_jobs

    def submit(self, job: LayerJob) -> None:
        """Hand a job over, unless its clip is left."""
        if not self._is_abandoned(job.source):
            self._process.submit(job)

    def finish(self) -> None:
        """Say that there are no more jobs."""
        self._no_more_jobs = True
        self._process.finish()

    def messages(self) -> Iterator[Message]:
        """Yield what came since the last call, without waiting; see `WorkerProcess`.

        There is no `gone`: a `warning` tells that the worker was started again, a `fault` what was given up.
        """
        for kind, value in self._process.messages():
            yield self._restart(value) if kind == "gone" else (kind, value)

    def cancel(self) -> None:
        """End the worker at once. What it finished is kept."""
        self._process.cancel()

    def _is_abandoned(self, source: ClipSource) -> bool:
        return self._crash_counts[source] >= _MAX_CRASHES

    def _restart(self, why: str) -> Message:
        """Go on after an end that was not asked for; return what there is to say of it."""
        waiting = self._process.pending_jobs
        if not waiting and self._no_more_jobs:
            return "warning", f"{why}; all layers were finished"
        hand = waiting[0] if waiting else None
        source = None if hand is None else hand.source
        self._crash_counts[source] += 1
        given_up = self._crash_counts[source] >= _MAX_CRASHES
        jobs = [job for job in waiting if not self._is_abandoned(job.source)]
        if given_up and (hand is None or (self._no_more_jobs and not jobs)):
            return "fault", _failure_message(why, hand)
        try:
            self._process = WorkerProcess(self._settings)
        except ModelError as error:
            return "fault", f"{why}; it can't be started again: {error}"
        for job in jobs:
            self._process.submit(job)
        if self._no_more_jobs:
            self._process.finish()
        if given_up:
            return "fault", _failure_message(why, hand)
        at = "" if hand is None else f" in {hand.strip}, frame {hand.frame}"
        return "warning", f"{why}{at}; it was started again"


def _failure_message(why: str, job: LayerJob | None) -> str:
    if job is None:
        return f"{why} twice before its first layer; finished layers are kept"
    return (
        f"{job.strip}: {why} twice, now in frame {job.frame}; this strip is skipped, finished layers are kept"
    )
