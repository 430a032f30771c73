# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of the visible frame, made by a worker process where an edit asks for more than fusing.

Until one is there its last image stays. The process stays for a while, with its models: the next edit is then quick.
"""

import time
from collections.abc import Sequence

from ...core.errors import ModelError
from ...core.layers.job import LayerJob
from ...core.layers.label import layer_key
from ...core.media.clip_info_cache import NOT_PREPARED
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from .layer_updater import PreviewRequest, PreviewResults, SessionArguments

_MAX_IDLE_SECONDS = 60.0


class FrameWorker:
    """Makes layers one edit after the other; of several that wait only the newest. Called on the main thread."""

    def __init__(self) -> None:
        """Begin without a process: the first job starts it."""
        self._process: WorkerProcess | None = None
        self._process_arguments: SessionArguments | None = None
        self._waiting: tuple[PreviewRequest, tuple[LayerJob, ...]] | None = None
        self._last_jobs: tuple[LayerJob, ...] = ()
        self._edited_jobs: frozenset[LayerJob] = frozenset()
        self._failed_jobs: frozenset[LayerJob] = frozenset()
        self._last_job_seconds = 0.0
        self._busy_since_seconds = 0.0

    @property
    def is_busy(self) -> bool:
        """Whether anything is being made."""
        has_jobs = self._process is not None and bool(self._process.pending_jobs)
        return self._waiting is not None or has_jobs

    @property
    def busy_seconds(self) -> float:
        """For how many seconds the visible frame has shown an image that is to be replaced; 0 if it does not."""
        return time.monotonic() - self._busy_since_seconds if self.is_busy else 0.0

    @property
    def is_open(self) -> bool:
        """Whether there is a process, so that `tick` has to be called."""
        return self._process is not None or self._waiting is not None

    @property
    def keeps_images(self) -> bool:
        """Whether an image of the visible frame is to stay as it is, since another will be made."""
        return not self._edited_jobs <= self._failed_jobs

    def note_jobs(self, jobs: Sequence[LayerJob]) -> None:
        """Note the jobs of the visible frame: where they ask for something else than the last ones, an edit did."""
        last_jobs = {(job.layer_path, job.frame): job for job in self._last_jobs}
        edited_jobs = [job for job in jobs if last_jobs.get((job.layer_path, job.frame), job) != job]
        self._edited_jobs = frozenset([*edited_jobs, *self._edited_jobs.intersection(jobs)])
        self._failed_jobs &= frozenset(jobs)
        self._last_jobs = tuple(jobs)

    def jobs_to_make(self, results: PreviewResults) -> list[LayerJob]:
        """Return the jobs whose images show a face that an edit changed, and that fusing can't bring up to date.

        Those for which no face can be made are noted: the next look shows their originals.
        """
        edited = [
            (job, reason)
            for job, how, reason in results
            if how == "unprepared" and job in self._edited_jobs - self._failed_jobs
        ]
        self._failed_jobs |= {job for job, reason in edited if not reason.endswith(NOT_PREPARED)}
        return [
            job
            for job, reason in edited
            if reason.endswith(NOT_PREPARED) and layer_key(job.layer_path) is not None
        ]

    def make(self, request: PreviewRequest, jobs: Sequence[LayerJob]) -> None:
        """Make the layers of jobs of a request, as soon as what is in hand is done."""
        if self._process is not None and set(jobs).issubset(self._process.pending_jobs):
            return
        if not self.is_busy:
            self._busy_since_seconds = time.monotonic()
        self._waiting = request, tuple(jobs)
        self._submit_waiting()

    def tick(self) -> bool:
        """Take what was made; True if any image was, or could not be."""
        if self._process is None:
            return False
        ended, failed = False, []
        pending = self._process.pending_jobs
        for kind, value in self._process.messages():
            if kind == "done":
                ended = True
                self._edited_jobs -= {value.job}  # if it is not right even so, it is not made again
                if value.shown == "failed":
                    failed.append(value.job)
            elif kind == "gone":
                ended, failed = True, [*failed, *pending]
        if failed:
            self._failed_jobs |= frozenset(failed)
        if self._process.has_ended:
            self._process = None
        self._submit_waiting()
        if not self.is_busy and time.monotonic() - self._last_job_seconds > _MAX_IDLE_SECONDS:
            self.close()
        return ended

    def close(self) -> None:
        """End the process; what waits is dropped."""
        self.pause()
        self._last_jobs = ()
        self._edited_jobs = self._failed_jobs = frozenset()

    def pause(self) -> None:
        """End the process, which has to wait; what an edit asked for is not forgotten, and made after that."""
        self._waiting = None
        if self._process is not None:
            self._process.cancel()
            self._process = None

    def _submit_waiting(self) -> None:
        if self._waiting is None or (self._process is not None and self._process.pending_jobs):
            return
        (request, jobs), self._waiting = self._waiting, None
        arguments = request.session_arguments
        if self._process is not None and arguments != self._process_arguments:
            self._process.cancel()
            self._process = None
        if self._process is None:
            try:
                self._process = WorkerProcess(run_settings(*arguments))
            except ModelError:
                self._failed_jobs |= frozenset(jobs)
                return
            self._process_arguments = arguments
        for job in jobs:
            self._process.submit(job)
        self._last_job_seconds = time.monotonic()
