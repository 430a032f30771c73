# SPDX-License-Identifier: GPL-3.0-or-later
"""Render the rows of a batch one after the other, and report what became of each."""

import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..errors import UnderstudyError
from ..export.frames import NO_MEMORY
from ..pipeline.pipeline import Pipeline
from ..provenance.settings import MarkSettings
from .finished_movies import FinishedMovies
from .job import open_job
from .movie_render import movie_warnings, render_movie
from .observer import RenderObserver
from .render_counts import RenderCounts
from .report import write_report
from .row_check import CheckedRow
from .rows import Row

RowState = Literal["pending", "current", "done", "incomplete", "failed"]
"""Not begun or not ended; there already; made now; made, but with frames that failed; not made."""
_FAULTY_STATES = ("incomplete", "failed")


@dataclass(frozen=True)
class RowResult:
    """What became of a row.

    Attributes
    ----------
    row : Row
        The row.
    state : {"pending", "current", "done", "incomplete", "failed"}
        What became of its movie.
    seconds : float
        How long that took.
    fault : str
        Why there is no movie; empty where there is one.
    counts : RenderCounts
        What became of its frames.
    stages : dict of str to dict
        What ran for it and what was in the cache, as in the report of a single render.
    warnings : tuple of str
        What the user should know, one line each.
    """

    row: Row
    state: RowState = "pending"
    seconds: float = 0.0
    fault: str = ""
    counts: RenderCounts = field(default_factory=RenderCounts)
    stages: dict[str, dict[str, int | float]] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()

    @property
    def is_faulty(self) -> bool:
        """Whether the movie is not what was asked for."""
        return self.state in _FAULTY_STATES

    def as_dict(self) -> dict[str, object]:
        """Return it as plain values for JSON."""
        return {
            "clip": str(self.row.job.clip),
            "take": self.row.take,
            "output": str(self.row.job.output),
            "state": self.state,
            "seconds": round(self.seconds, 3),
            "stages": self.stages,
            **self.counts.as_dict(),
            "fault": self.fault,
            "warnings": list(self.warnings),
        }


class BatchRun:
    """Renders checked rows."""

    def __init__(
        self,
        pipeline: Pipeline,
        finished: FinishedMovies,
        rows: Sequence[CheckedRow],
        report: Path | None = None,
        marks: MarkSettings | None = None,
    ) -> None:
        """`report` is written after each row, so that it tells what is done however the program ends.

        `marks` says how movies are marked.
        """
        self._pipeline = pipeline
        self._marks = marks
        self._finished = finished
        self._report = report
        self._start_time = time.perf_counter()
        self._pending = [checked for checked in rows if not checked.is_finished]
        self._results = {
            checked.row.number: RowResult(checked.row, "current" if checked.is_finished else "pending")
            for checked in sorted(rows, key=lambda checked: checked.row.number)
        }

    @property
    def pending(self) -> Sequence[CheckedRow]:
        """The rows that are to be rendered, in the order in which that is done."""
        return self._pending

    @property
    def results(self) -> list[RowResult]:
        """What became of the rows so far, in their own order."""
        return list(self._results.values())

    def run(self, observer_of: Callable[[CheckedRow], RenderObserver]) -> None:
        """Render what is to be rendered; a row that fails does not keep the others from it.

        Parameters
        ----------
        observer_of : callable
            Returns who hears of the render of a row.

        Raises
        ------
        OutputError
            The report can't be written.
        """
        self._write_report()
        for checked in self._pending:
            self._results[checked.row.number] = self._render(checked, observer_of(checked))
            self._write_report()

    def as_dict(self) -> dict[str, object]:
        """Return the report as plain values for JSON."""
        report = self._pipeline.report()
        return {
            "rows": [result.as_dict() for result in self.results],
            "seconds": round(time.perf_counter() - self._start_time, 3),
            "frames_decoded": report.frames_decoded,
            "models_loaded": report.models_loaded,
        }

    def _render(self, checked: CheckedRow, observer: RenderObserver) -> RowResult:
        pipeline, row = self._pipeline, checked.row
        before, began = pipeline.report(), time.perf_counter()
        pipeline.counter.reset_warnings(checked.warnings)
        counts, fault = RenderCounts(), ""
        texts: tuple[str, ...] = ()
        try:
            with ExitStack() as stack:
                opened = open_job(stack, row.job)
                marker = self._finished.marker(opened)
                counts = render_movie(pipeline, opened, observer, marker, self._marks)
                texts = movie_warnings(opened, counts)
        except UnderstudyError as error:
            fault = " ".join(str(error).split())
        except MemoryError:
            fault = NO_MEMORY
        for text in texts:
            pipeline.counter.warn(text)
        report = pipeline.report()
        return RowResult(
            row,
            _state(counts, fault),
            time.perf_counter() - began,
            fault,
            counts,
            report.since(before).stages,
            report.warnings,
        )

    def _write_report(self) -> None:
        if self._report is not None:
            write_report(self._report, self.as_dict())


def _state(counts: RenderCounts, fault: str) -> RowState:
    if fault:
        return "failed"
    return "incomplete" if counts.failed_frames else "done"
