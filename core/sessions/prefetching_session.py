# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over layer images that makes the next ones while the host still works on this one."""

from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..concurrency.lru import LruCache
from ..concurrency.prefetch import Prefetcher
from ..filesystem import has_content
from ..layers.job import LayerJob
from ..reporting.layer_outcomes import Outcomes
from ..reporting.stage_counts import Report
from .layer_session import LayerSession
from .settings import RunSettings

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline

_PREFETCH_LAYERS = 2
"""How many layer images may be made before they are asked for."""
_MAX_UNREPORTED_WRITES = 4096
"""How many images that were written but not asked for are remembered."""
_GONE = "its layer image was made, and is gone"


class PrefetchingSession(LayerSession):
    """A `LayerSession` that does everything on a thread of its own: the images are the same, bit for bit.

    What came of an image is counted when it is asked for, however early it was made.
    """

    def __init__(
        self, settings: RunSettings, fallback: Path | None = None, *, busy_host: bool = False
    ) -> None:
        """Begin a run; see `LayerSession`.

        `busy_host`: the host renders meanwhile and has work for every core. OpenCV then keeps to one thread
        until the run is closed: what it does on more waits for the last of them to get a core.
        """
        super().__init__(settings, fallback)
        self._busy_host = busy_host
        self._exit_stack = ExitStack()
        self._reported_outcomes = Outcomes()
        # An image made ahead may be dropped, and later be right as it is: the host has not seen it all the same.
        self._unreported_writes: LruCache[Path, None] = LruCache(_MAX_UNREPORTED_WRITES)
        self._prefetcher = Prefetcher(self._run_job, _PREFETCH_LAYERS, "understudy layers")

    @property
    def outcomes(self) -> Outcomes:
        """See `LayerSession.outcomes`."""
        return self._reported_outcomes

    def update_layer(self, job: LayerJob, upcoming: Iterable[LayerJob] = ()) -> bool:
        """See `LayerSession.update_layer`; then go on with the jobs that are `upcoming`, in this order, as time allows.

        True too if the file was written ahead and its job was dropped since. What was made ahead and is gone by now,
        with its share or by somebody's hand, is made again.
        """
        upcoming = tuple(upcoming)
        written, outcomes = self._prefetcher.result(job, upcoming)
        if not outcomes.failures and not self.has_image(job):
            written, outcomes = self._prefetcher.result(job, upcoming)
        self._reported_outcomes.add(outcomes)
        unseen = self._unreported_writes.discard(job.layer_path)
        return written or unseen

    def has_image(self, job: LayerJob) -> bool:
        """Tell whether a job's image can be read, from wherever it was written to."""
        path = job.layer_path
        if self.redirections:
            path = self.redirections.get(path.parent, path.parent) / path.name
        return has_content(path)

    def record_gone(self, jobs: Iterable[LayerJob]) -> list[str]:
        """Count images that were right, and were gone as the host read them, as failures; return a line for each."""
        texts = [job.warning_text(_GONE) for job in jobs if not self.has_image(job)]
        for text in texts:
            self.warn(text)
            self._reported_outcomes.record_failure(_GONE, text)
        return texts

    def report(self) -> Report:
        """Return what was done so far; what was not asked for by now is dropped."""
        self._prefetcher.drain()
        return super().report()

    def renew(self) -> bool:
        """See `LayerSession.renew`."""
        self._prefetcher.drain()
        self._reported_outcomes = Outcomes()
        return super().renew()

    def as_dict(self) -> dict[str, object]:
        """See `LayerSession.as_dict`."""
        return {**super().as_dict(), "shown": self._reported_outcomes.as_dict()}

    def close(self) -> None:
        """Let go of models, clips and store, once what is being made is done."""
        with self._exit_stack:
            self._prefetcher.close()
            super().close()

    def _run_job(self, job: LayerJob) -> tuple[bool, Outcomes]:
        self._outcomes = Outcomes()
        written = super().update_layer(job)
        if written:
            self._unreported_writes.put(job.layer_path, None)
        return written, self._outcomes

    def _get_pipeline(self) -> "Pipeline":
        # A pipeline is for one thread at a time.
        if not self._prefetcher.on_worker_thread:
            self._prefetcher.drain()
        if self._busy_host and self._pipeline is None:
            # Where nothing changed no stage runs, so OpenCV is not imported either.
            import cv2

            self._exit_stack.callback(cv2.setNumThreads, cv2.getNumThreads())
            cv2.setNumThreads(1)
        return super()._get_pipeline()
