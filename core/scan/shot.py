# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the faces of one shot frame by frame, and flag what is unusual in it once it is over."""

from collections.abc import Iterator
from itertools import combinations, pairwise

import numpy as np
import numpy.typing as npt

from ..analysis.recognisers.contract import unit_vector
from ..pipeline.sight import FrameSighting
from .measures import FACE_MEASURES, GAINED, MISSING, REFUSED
from .people import KnownPeople
from .problems import PersonSeries, Problem, Reason
from .track import Track, join_tracks

MAX_GAP_FRAMES = 150
"""Who is not found for longer is taken to have left and come back."""
_ECHO_SHARE = 0.6
"""A frame that is no further off than this share of its neighbor is off only because the neighbor is."""


class ShotScan:
    """The faces of one shot."""

    def __init__(self, people: KnownPeople) -> None:
        """`people` are those who were met in the shots before."""
        self._people = people
        self._tracks: dict[int, Track] = {}
        self._frames: list[int] = []
        self._refused: dict[int, float] = {}
        self._match_threshold = 1.0
        people.begin_shot()

    def add(self, sighting: FrameSighting) -> None:
        """Measure the next frame of the shot."""
        self._frames.append(sighting.number)
        self._match_threshold = sighting.match_threshold
        if not sighting.faces and sighting.refused_score >= REFUSED.always:
            self._refused[sighting.number] = sighting.refused_score
        for index, (person, likeness) in enumerate(self._people.recognise(sighting)):
            if person.number not in self._tracks:
                self._tracks[person.number] = Track(sighting.embeddings[index])
            self._tracks[person.number].add(sighting, index, likeness)

    def end(self) -> tuple[tuple[PersonSeries, ...], tuple[Problem, ...]]:
        """Return what was measured of each person, and what is wrong."""
        self._join_people()
        series = tuple(track.series(number) for number, track in sorted(self._tracks.items()))
        reasons: dict[tuple[int, int], list[Reason]] = {}
        for one in series:
            for frame, reason in (*_unusual_values(one), *self._unsteady_presence(one)):
                reasons.setdefault((frame, one.person), []).append(reason)
        flagged = {frame for frame, _ in reasons}
        problems = [Problem(*place, tuple(listed)) for place, listed in reasons.items()]
        problems += [
            Problem(frame, None, (Reason(REFUSED.name, score, REFUSED.always),))
            for frame, score in self._refused.items()
            if frame not in flagged
        ]
        return series, tuple(problems)

    def _join_people(self) -> None:
        """Take those for one person who are much alike and never seen together: who comes out from behind others."""
        least = (1 + self._match_threshold) / 2
        means = {number: unit_vector(track.total) for number, track in self._tracks.items()}
        pairs = sorted(
            (
                (float(means[first] @ means[second]), first, second)
                for first, second in combinations(sorted(means), 2)
            ),
            reverse=True,
        )
        for likeness, first, second in pairs:
            if likeness < least:
                break
            both = self._tracks.get(first), self._tracks.get(second)
            if both[0] is None or both[1] is None or not set(both[0].frames).isdisjoint(both[1].frames):
                continue
            self._tracks[first] = join_tracks(both[0], both[1])
            del self._tracks[second]
            self._people.join(first, second)

    def _unsteady_presence(self, series: PersonSeries) -> Iterator[tuple[int, Reason]]:
        """Yield the frames in which a person is not found between others, or is found for a moment only."""
        frames = series.frames.tolist()
        for before, after in pairwise(frames):
            gap = self._between(before, after)
            if len(gap) <= MAX_GAP_FRAMES:
                yield from ((frame, Reason(MISSING.name, len(gap), MISSING.always)) for frame in gap)
        if len(frames) <= GAINED.always and len(self._frames) > 4 * GAINED.always:
            yield from ((frame, Reason(GAINED.name, len(frames), GAINED.always)) for frame in frames)

    def _between(self, before: int, after: int) -> list[int]:
        """Return the frames of the shot that were looked at between two."""
        if after - before <= 1:
            return []
        first, last = np.searchsorted(self._frames, [before, after])
        return self._frames[int(first) + 1 : int(last)]


def _unusual_values(series: PersonSeries) -> Iterator[tuple[int, Reason]]:
    for column, measure in enumerate(FACE_MEASURES):
        values = series.values[:, column]
        limit = measure.limit(values)
        beyond = measure.is_beyond(values, limit)
        if measure.is_change and beyond.any():
            beyond &= values >= _ECHO_SHARE * _neighbor_maximum(series.frames, values)
        for place in np.flatnonzero(beyond):
            yield int(series.frames[place]), Reason(measure.name, float(values[place]), limit)


def _neighbor_maximum(
    frames: npt.NDArray[np.int32], values: npt.NDArray[np.float32]
) -> npt.NDArray[np.float32]:
    """Return of each value the larger one of the frame before and the one after; 0 where there is none."""
    follows = np.diff(frames) == 1
    known = np.nan_to_num(values)
    before, after = np.zeros_like(known), np.zeros_like(known)
    before[1:], after[:-1] = np.where(follows, known[:-1], 0), np.where(follows, known[1:], 0)
    return np.maximum(before, after)
