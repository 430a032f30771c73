# SPDX-License-Identifier: GPL-3.0-or-later
"""Find out before the first frame which rows of a batch can't be rendered, and why."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import FaceNumberError, OutputError, UnderstudyError
from ..export.image_names import is_image_pattern, unnumbered_name
from ..export.inputs import follow_link, output_kind, require_movie_name, require_output
from ..pipeline.pipeline import Pipeline
from ..provenance.sidecar import sidecar_name
from ..recipe.request import SwapRequest
from .finished_movies import FinishedMovies
from .job import OpenJob, describe_job, open_job
from .movie_render import rehearse_movie
from .rows import Row


@dataclass(frozen=True)
class CheckedRow:
    """A row that can be rendered.

    Attributes
    ----------
    row : Row
        The row.
    frame_count : int
        Frames of its movie.
    is_finished : bool
        Whether the movie is there already, as it is to be.
    warnings : tuple of str
        What its images of people are to be warned of.
    """

    row: Row
    frame_count: int
    is_finished: bool
    warnings: tuple[str, ...]


class RowChecker:
    """Checks the rows of one batch."""

    def __init__(self, rows: Sequence[Row], check_stop: Callable[[], None]) -> None:
        """`check_stop` raises what ends the program, if it was asked to end."""
        self._rows = rows
        self._check_stop = check_stop
        self._faults: dict[int, str] = {}
        self._people: dict[SwapRequest, tuple[str, ...] | UnderstudyError] = {}

    @property
    def faults(self) -> list[str]:
        """Why rows can't be rendered: the first reason of each, with the row's name and the fix."""
        return [
            f"{row.label}: {self._faults[row.number]}" for row in self._rows if row.number in self._faults
        ]

    def check_outputs(self, report: Path | None) -> None:
        """Look at the places of the movies and of the report, without opening a clip.

        Parameters
        ----------
        report : pathlib.Path or None
            The report's file, where one is asked for.

        Raises
        ------
        OutputError
            The report can't be written there.
        """
        sources = list(dict.fromkeys(path for row in self._rows for path in row.job.sources))
        taken: dict[str, Row] = {}
        for row in self._rows:
            self._check_stop()
            with self._noting_faults(row):
                output = row.job.output
                require_movie_name(output)
                kind = output_kind(output)
                output = follow_link(output, kind)
                require_output(output, kind, sources)
                before = taken.setdefault(_place(output), row)
                if before is not row:
                    raise OutputError(
                        f"{output} is the output of {before.label}, too: give each its own, as with "
                        "{clip_stem} and {face_stem}"
                    )
        if report is not None:
            require_output(report, "report", [*sources, *(row.job.output for row in self._rows)])
            outputs = [row.job.output for row in self._rows]
            names = [*outputs, *(path.with_name(sidecar_name(path.name)) for path in outputs)]
            if _place(report) in map(_place, names):
                raise OutputError(f"can't write the report {report}: a movie has that place; choose another")

    def check_rows(
        self,
        pipeline: Pipeline,
        finished: FinishedMovies,
        on_row: Callable[[int], None] = lambda _count: None,
    ) -> list[CheckedRow]:
        """Open each clip once, begin each kind of movie that is made of it, and look for the faces in images.

        Parameters
        ----------
        pipeline : Pipeline
            What is to render the rows.
        finished : FinishedMovies
            Knows what is there already.
        on_row : callable
            Hears how many rows were checked.

        Returns
        -------
        list of CheckedRow
            The rows without a fault, in the order to render them in: clip by clip.
        """
        checked: list[CheckedRow] = []
        count = 0
        for rows in _rows_by_clip(self._rows):
            with ExitStack() as stack:
                opened: OpenJob | None = None
                begun: set[tuple[object, ...]] = set()
                for row in rows:
                    self._check_stop()
                    on_row(count := count + 1)
                    with self._noting_faults(row):
                        opened = _open_row(stack, row, opened)
                        _begin_once(opened, begun)
                        warnings = self._check_people(pipeline, row)
                        if row.number not in self._faults:
                            is_finished = finished.is_finished(opened)
                            checked.append(CheckedRow(row, len(opened.numbers), is_finished, warnings))
        return checked

    def _check_people(self, pipeline: Pipeline, row: Row) -> tuple[str, ...]:
        """Return what the images of a row's people are to be warned of. Raises what the pipeline does."""
        for request in row.job.requests:
            if request not in self._people:
                pipeline.counter.reset_warnings()
                try:
                    pipeline.check([request])
                    self._people[request] = tuple(pipeline.counter.warnings)
                except UnderstudyError as error:
                    self._people[request] = error
        known = [self._people[request] for request in row.job.requests]
        for entry in known:
            if isinstance(entry, UnderstudyError):
                raise entry
        return tuple(dict.fromkeys(text for entry in known if isinstance(entry, tuple) for text in entry))

    @contextmanager
    def _noting_faults(self, row: Row) -> Iterator[None]:
        try:
            yield
        except FaceNumberError as error:
            self._faults.setdefault(row.number, f"{error}; give the number with face-number in a file")
        except UnderstudyError as error:
            self._faults.setdefault(row.number, str(error))


def _rows_by_clip(rows: Iterable[Row]) -> list[list[Row]]:
    groups: dict[tuple[Path, str], list[Row]] = {}
    for row in rows:
        groups.setdefault((row.job.clip, row.job.colorspace), []).append(row)
    return list(groups.values())


def _open_row(stack: ExitStack, row: Row, before: OpenJob | None) -> OpenJob:
    """Open a row's clip, or take it from the row before, which has the same. Raises ClipError, OutputError."""
    if before is None:
        return open_job(stack, row.job)
    return describe_job(row.job, before.clip, before.warnings)


def _begin_once(opened: OpenJob, begun: set[tuple[object, ...]]) -> None:
    """Begin a movie and drop it, unless that was done for one of the same kind. Raises ClipError, OutputError."""
    job, output = opened.job, opened.output
    place = output if is_image_pattern(output) else (output.parent, output.suffix)
    kind = (place, opened.numbers, opened.fps, job.choice, job.sound, job.copy_untouched)
    if kind not in begun:
        rehearse_movie(opened)
        begun.add(kind)


def _place(path: Path) -> str:
    """Return the same text for all names of a file; images of one pattern have one place."""
    name = unnumbered_name(path) if is_image_pattern(path) else path.name
    return os.path.normcase(path.parent.resolve() / name)
