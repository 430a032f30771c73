# SPDX-License-Identifier: GPL-3.0-or-later
"""Scan a range of a clip for frames that are likely to look wrong."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from operator import attrgetter

import numpy as np

from ..analysis.cuts import is_cut
from ..errors import ClipError
from ..face.types import Pixels
from ..media.clip import Clip
from ..media.clip_info_cache import NotCachedError
from ..pipeline.pipeline import Pipeline
from ..pipeline.sight import FrameSighting, without_steady_choice
from ..recipe.request import SwapRequest
from .people import KnownPeople
from .problems import PersonSeries, Problem, ScanResult
from .repairs import open_problems
from .shot import ShotScan

OnFrame = Callable[[int], None]
"""Hears how many frames were looked at. What it raises ends the work."""


class Scan:
    """Takes the frames of a range in order. Its memory grows by some 400 bytes for each face."""

    def __init__(self) -> None:
        self._people = KnownPeople()
        self._shot = ShotScan(self._people)
        self._problems: list[Problem] = []
        self._series: list[PersonSeries] = []
        self._frame_count = 0
        self._size = 1, 1
        # Whether a shot begins at a frame is told by the one after it: the last one waits.
        self._waiting: FrameSighting | None = None
        self._thumbnails: dict[int, Pixels] = {}

    def add(self, sighting: FrameSighting) -> None:
        """Take the next frame."""
        self._thumbnails[sighting.number] = sighting.thumbnail
        self._measure_waiting()
        self._waiting = sighting

    def result(self, unknown_count: int = 0) -> ScanResult:
        """Return what was found; `unknown_count` frames could not be looked at. Ends the scan."""
        self._measure_waiting()
        self._waiting = None
        self._end_shot()
        ordered = sorted(
            self._problems, key=lambda one: (one.frame, -1 if one.person is None else one.person)
        )
        series = _join_series(self._series)
        return ScanResult(tuple(ordered), self._frame_count, unknown_count, series, self._size)

    def _measure_waiting(self) -> None:
        if self._waiting is None:
            return
        number = self._waiting.number
        if is_cut(number, self._thumbnails):
            self._end_shot()
        self._thumbnails = {near: look for near, look in self._thumbnails.items() if near >= number - 1}
        self._frame_count += 1
        self._size = self._waiting.size
        self._shot.add(self._waiting)

    def _end_shot(self) -> None:
        series, problems = self._shot.end()
        self._problems += problems
        self._series += series
        self._shot = ShotScan(self._people)


def scan_clip(
    pipeline: Pipeline,
    clip: Clip,
    numbers: Iterable[int],
    request: SwapRequest,
    on_frame: OnFrame = lambda _done: None,
) -> ScanResult:
    """Return the frames in which a request's new faces are likely to look wrong.

    What the pipeline's store does not know is analysed, as a render does, unless its flight computes nothing.

    Parameters
    ----------
    pipeline : Pipeline
        What knows the analysis of the clip.
    clip : Clip
        The clip.
    numbers : iterable of int
        Its frames, counted from 0, ascending.
    request : SwapRequest
        Says which faces are replaced, and what is repaired, which is not flagged.
    on_frame : callable, optional
        Is called with the number of frames done so far.

    Returns
    -------
    ScanResult
        What was found. Frames that can't be read, or are not known and may not be analysed, are counted.

    Raises
    ------
    FaceImageError
        An image of the person to replace can't be used.
    ModelError
        A model is missing or can't be run.
    RecipeError
        A recipe names a face that is not there.
    """
    scan, unknown, looked_at = Scan(), 0, without_steady_choice(request)
    for done, number in enumerate(numbers, 1):
        try:
            scan.add(pipeline.sight_frame(clip, number, looked_at))
        except (ClipError, NotCachedError):
            unknown += 1
        on_frame(done)
    result = scan.result(unknown)
    ranges = (*request.holds, *request.landmark_edits, *request.dismissals)
    return replace(result, problems=open_problems(result, request.exclusions, ranges, request.roto))


def _join_series(parts: list[PersonSeries]) -> tuple[PersonSeries, ...]:
    """Join what was measured of each person in several shots."""
    by_person: dict[int, list[PersonSeries]] = {}
    for part in sorted(parts, key=attrgetter("person")):
        by_person.setdefault(part.person, []).append(part)
    return tuple(
        PersonSeries(
            person,
            np.concatenate([part.frames for part in own]),
            np.concatenate([part.values for part in own]),
            np.concatenate([part.boxes for part in own]),
        )
        for person, own in by_person.items()
    )
