# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the people that a scan has met each face of a frame is.

Frames come in order. A face is who was at its place just before; whoever has been away for longer, or was seen in
another shot, is known again by likeness.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..analysis.track import match_faces
from ..face.types import Face, Floats
from ..pipeline.sight import FrameSighting

_PLACE_FRAMES = 4
"""For how many frames a place says who is there: heads move on."""


@dataclass(eq=False)
class KnownPerson:
    """Someone whom the scan has met.

    Attributes
    ----------
    number : int
        Counted from 0, in the order in which people appear.
    face : Face or None
        Where they were seen last in this shot.
    last_frame : int
        When.
    total : ndarray, shape (d,), float32
        The sum of their vectors.
    """

    number: int
    face: Face | None
    last_frame: int
    total: Floats

    def likeness(self, embedding: Floats) -> float:
        """Return the cosine of a vector and the mean of this person's, -1 to 1."""
        length = float(np.linalg.norm(self.total))
        return float(self.total @ embedding) / max(length, 1e-12)


class KnownPeople:
    """Everybody whom a scan has met so far."""

    def __init__(self) -> None:
        self.people: list[KnownPerson] = []

    def begin_shot(self) -> None:
        """Forget where everybody is."""
        for person in self.people:
            person.face = None

    def join(self, number: int, other: int) -> None:
        """Know from now on that a person is another one who was met before."""
        self.people[number].total = self.people[number].total + self.people[other].total
        # Nobody is like a vector of zeros.
        self.people[other].total = np.zeros_like(self.people[other].total)
        self.people[other].face = None

    def recognise(self, sighting: FrameSighting) -> list[tuple[KnownPerson, float]]:
        """Return who each face of a frame is, and how like that person it is; NaN for a person who is new.

        Parameters
        ----------
        sighting : FrameSighting
            The frame; frames come in ascending order.

        Returns
        -------
        list of tuple of KnownPerson and float
            One for each face, in their order.
        """
        people = self._by_place(sighting)
        self._by_likeness(sighting, people)
        known: list[tuple[KnownPerson, float]] = []
        for index, (face, embedding) in enumerate(zip(sighting.faces, sighting.embeddings, strict=True)):
            person, likeness = people.get(index), float("nan")
            if person is None:
                person = KnownPerson(len(self.people), face, sighting.number, np.zeros_like(embedding))
                self.people.append(person)
            else:
                likeness = person.likeness(embedding)
            person.face, person.last_frame = face, sighting.number
            person.total = np.asarray(person.total + embedding, np.float32)
            known.append((person, likeness))
        return known

    def _by_place(self, sighting: FrameSighting) -> dict[int, KnownPerson]:
        near = [
            person
            for person in self.people
            if person.face is not None and sighting.number - person.last_frame <= _PLACE_FRAMES
        ]
        matches = match_faces(sighting.faces, [person.face for person in near if person.face is not None])
        return {index: near[place] for index, place in enumerate(matches) if place is not None}

    def _by_likeness(self, sighting: FrameSighting, people: dict[int, KnownPerson]) -> None:
        """Add the people who are known by their likeness, the most alike first."""
        left = [index for index in range(len(sighting.faces)) if index not in people]
        taken = {person.number for person in people.values()}
        for likeness, index, number in _likeness_order(sighting, left, self.people):
            if likeness < sighting.match_threshold:
                break
            if index not in people and number not in taken:
                people[index] = self.people[number]
                taken.add(number)


def _likeness_order(
    sighting: FrameSighting, indices: Sequence[int], people: Sequence[KnownPerson]
) -> list[tuple[float, int, int]]:
    if not indices or not people:
        return []
    means = np.stack([person.total / max(float(np.linalg.norm(person.total)), 1e-12) for person in people])
    cosines = sighting.embeddings[list(indices)] @ means.T
    pairs = [
        (float(cosines[row, column]), index, person.number)
        for row, index in enumerate(indices)
        for column, person in enumerate(people)
    ]
    return sorted(pairs, reverse=True)
