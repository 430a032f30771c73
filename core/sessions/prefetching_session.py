# SPDX-License-Identifier: GPL-3.0-or-later
"""A run over layer pictures that makes the next ones while the host still works on this one."""

from collections import OrderedDict
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from ..concurrency.prefetch import Ahead
from ..layers.job import LayerJob
from ..reporting.layer_outcomes import Outcomes
from ..reporting.stage_counts import Report
from .layer_session import LayerSession
from .settings import RunSettings

if TYPE_CHECKING:
    from ..pipeline.pipeline import Pipeline

_PICTURES_AHEAD = 2
"""How many layer pictures may be made before they are asked for."""
_REMEMBERED = 4096
"""How many pictures that were written but not asked for are remembered."""


class SessionAhead(LayerSession):
    """A `LayerSession` that does everything on a thread of its own: the pictures are the same, bit for bit.

    What came of a picture is counted when it is asked for, however early it was made.
    """

    def __init__(
        self, settings: RunSettings, spare: Path | None = None, *, beside_a_busy_host: bool = False
    ) -> None:
        """Begin a run; see `LayerSession`.

        `beside_a_busy_host`: the host renders meanwhile and has work for every core. OpenCV then keeps to one thread
        until the run is closed: what it does on more waits for the last of them to get a core.
        """
        super().__init__(settings, spare)
        self._beside_a_busy_host = beside_a_busy_host
        self._at_end = ExitStack()
        self._shown = Outcomes()
        # A picture made ahead may be dropped, and later be right as it is: the host has not seen it all the same.
        self._unseen: OrderedDict[Path, None] = OrderedDict()
        self._ahead = Ahead(self._alone, _PICTURES_AHEAD, "understudy layers")

    @property
    def outcomes(self) -> Outcomes:
        """See `LayerSession.outcomes`."""
        return self._shown

    def bring(self, job: LayerJob, coming: Iterable[LayerJob] = ()) -> bool:
        """See `LayerSession.bring`; then go on with the jobs that are `coming`, in this order, as time allows.

        True too if the file was written ahead and its job was dropped since.
        """
        written, outcomes = self._ahead.result(job, coming)
        self._shown.add(outcomes)
        unseen = job.picture in self._unseen
        self._unseen.pop(job.picture, None)
        return written or unseen

    def report(self) -> Report:
        """Return what was done so far; what was not asked for by now is dropped."""
        self._ahead.settle()
        return super().report()

    def as_dict(self) -> dict[str, object]:
        """See `LayerSession.as_dict`."""
        return {**super().as_dict(), "shown": self._shown.as_dict()}

    def close(self) -> None:
        """Let go of models, clips and store, once what is being made is done."""
        with self._at_end:
            self._ahead.close()
            super().close()

    def _alone(self, job: LayerJob) -> tuple[bool, Outcomes]:
        self._outcomes = Outcomes()
        written = super().bring(job)
        if written:
            self._unseen[job.picture] = None
            self._unseen.move_to_end(job.picture)
            while len(self._unseen) > _REMEMBERED:
                self._unseen.popitem(last=False)
        return written, self._outcomes

    def _running(self) -> "Pipeline":
        # A pipeline is for one thread at a time.
        if not self._ahead.is_here:
            self._ahead.settle()
        if self._beside_a_busy_host and self._pipeline is None:
            # Where nothing changed no stage runs, so OpenCV is not imported either.
            import cv2

            self._at_end.callback(cv2.setNumThreads, cv2.getNumThreads())
            cv2.setNumThreads(1)
        return super()._running()
