# SPDX-License-Identifier: GPL-3.0-or-later
"""Render one movie: what a single render does, and a batch for each of its rows."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing, suppress
from functools import partial
from pathlib import Path

from ..export.clip_writer import clip_writer
from ..export.frames import render_frames
from ..export.image_writer import ImageSequenceWriter
from ..export.movie_writer import VideoWriter
from ..export.packet_copy import Splice, plan_splice
from ..export.provenance import COMMENT, provenance_of, sidecar
from ..media.source import ClipSource
from ..pipeline.pipeline import Pipeline
from ..provenance.marker import FileMarker
from ..provenance.settings import MarkSettings
from ..provenance.sidecar import content_entries, sidecar_name
from ..recipe.clip_swap import requests_at
from ..sessions.composite_facts import CompositeFactsFinder
from .job import OpenJob
from .observer import RenderObserver
from .render_counts import RenderCounts
from .shot_check import check_shots
from .untouched_frames import find_changes

Marker = Callable[[Sequence[Path], RenderCounts], Mapping[str, str]]
"""Returns what the complete files of a movie are to be known by, as entries of the file that says what was done."""


def open_writer(opened: OpenJob) -> tuple[VideoWriter | ImageSequenceWriter, Splice | None]:
    """Return what writes the frames of a job, and what it can copy of the clip.

    Parameters
    ----------
    opened : OpenJob
        The job, and its clip.

    Returns
    -------
    writer : VideoWriter or ImageSequenceWriter
        A context manager that writes when it is entered.
    splice : Splice or None
        Which packets of the clip can be kept, where the job asks for it.

    Raises
    ------
    ClipError
        The clip can't be read.
    OutputError
        It can't be written so.
    """
    job, clip = opened.job, opened.clip
    splice = None
    if job.copy_untouched:
        splice = plan_splice(clip, opened.output, opened.numbers, opened.fps, job.choice)
    writer = clip_writer(
        clip,
        opened.output,
        opened.numbers,
        opened.fps,
        choice=job.choice,
        sound=job.sound,
        comment=COMMENT,
        splice=splice,
    )
    return writer, splice


def rehearse_movie(opened: OpenJob) -> None:
    """Begin a job's movie and drop it: what can't be written so is met before anything is computed.

    Parameters
    ----------
    opened : OpenJob
        The job, and its clip.

    Raises
    ------
    ClipError
        The clip can't be read.
    OutputError
        The movie can't be written so.
    """
    writer, _ = open_writer(opened)
    with suppress(_RehearsalEnd), writer:
        raise _RehearsalEnd


class _RehearsalEnd(Exception):  # noqa: N818 - no error
    """A movie was begun, and is not to be made."""


def render_movie(
    pipeline: Pipeline,
    opened: OpenJob,
    observer: RenderObserver,
    marker: Marker | None = None,
    marks: MarkSettings | None = None,
) -> RenderCounts:
    """Write a movie and the file beside it that says what was done. What was computed is in the pipeline's counts.

    Parameters
    ----------
    pipeline : Pipeline
        What renders; it has checked the job's requests.
    opened : OpenJob
        The job, and its clip.
    observer : RenderObserver
        Hears how far it is; what its `check_stop` raises ends the render, and nothing is left of the movie.
    marker : Marker, optional
        Returns what the movie is to be known by.
    marks : MarkSettings, optional
        How the movie is marked.

    Returns
    -------
    RenderCounts
        What became of the frames.

    Raises
    ------
    UnderstudyError
        The movie can't be made; nothing is left of it.
    """
    swaps, numbers = opened.job.swaps, opened.numbers
    outcome = RenderCounts()
    check_shots(pipeline, opened.clip, numbers, swaps, observer)
    writer, splice = open_writer(opened)
    finder, clip = CompositeFactsFinder(pipeline.library), opened.clip.source
    file_marker = FileMarker(marks or MarkSettings(), partial(finder.find, opened.job.requests, [clip]))
    if isinstance(writer, ImageSequenceWriter):
        writer.mark_with(_image_mark(file_marker, finder, clip))
    with writer:
        outcome.early_warnings = [*opened.clip.faults, *writer.warnings]
        for warning in outcome.early_warnings:
            observer.on_warning(warning)
            pipeline.counter.warn(warning)
        rendered: Sequence[int] = numbers
        if splice is not None and isinstance(writer, VideoWriter):
            changes = find_changes(pipeline, opened.clip, swaps, numbers, observer)
            copied = splice.untouched_gops(changes.changed)
            writer.copy_gops(copied)
            rendered = splice.encoded_numbers(copied)
            for number in sorted(set(numbers).difference(rendered)):
                outcome.add_copied(number, changes.faults.get(number, ""))
        observer.on_frame(outcome.written_count, len(numbers))
        requests = partial(requests_at, swaps)
        with closing(render_frames(pipeline, opened.clip, requests, rendered)) as frames:
            for frame in frames:
                observer.check_stop()
                writer.write_frame(frame)
                outcome.add(frame)
                observer.on_frame(outcome.written_count, len(numbers))
        if rendered and rendered[-1] != numbers[-1]:
            outcome.still_count = 0  # what stands still is not the end
        provenance = provenance_of(opened.job.clip, swaps, outcome.changed_count)
        if isinstance(writer, VideoWriter) and outcome.changed_count:
            writer.mark_with(partial(file_marker.movie, clips=partial(finder.clip_files, [(clip, None)])))

        def statement(files: Sequence[Path]) -> bytes:
            entries: dict[str, object] = {} if marker is None else dict(marker(files, outcome))
            facts = file_marker.known_facts() if outcome.changed_count else None
            if facts is not None:
                entries |= content_entries(opened.output.name, files[0], facts)
            return sidecar(opened.output, provenance, entries)[1]

        writer.add_sidecar(sidecar_name(opened.output.name), statement)
    if isinstance(writer, VideoWriter):
        outcome.track_faults = writer.faults
    for warning in file_marker.warnings:
        pipeline.counter.warn(warning)
    return outcome


def _image_mark(
    marker: FileMarker, finder: CompositeFactsFinder, clip: ClipSource
) -> Callable[[bytes, str, int], bytes]:
    """Return what marks the image of a frame: it keeps the manifest that the clip's own image has."""

    def mark(data: bytes, name: str, number: int) -> bytes:
        return marker.image(data, name, partial(finder.clip_files, [(clip, number)]))

    return mark


def movie_warnings(opened: OpenJob, outcome: RenderCounts) -> tuple[str, ...]:
    """Return what is to be said of a movie that was made, but for what the pipeline has noticed."""
    return (
        *opened.warnings,
        *outcome.warnings(opened.fps, opened.job.min_height),
        *opened.clip.faults,
        *outcome.track_faults,
    )
