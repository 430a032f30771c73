# SPDX-License-Identifier: GPL-3.0-or-later
"""Who is in a stretch of a clip: its faces grouped by person, and for each person the frame that shows them best.

Only some frames are looked at, two a second or more. What comes out is for an editor to choose from; who is replaced
in which frame is decided anew in every frame, by `people`.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from ..cache.base.schema import FACES, ArraySpec, Schema, line_of
from ..cache.base.store import Arrays
from ..errors import ClipError
from ..face.types import Face, Floats, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe
from .analyser import Analyser
from .embed import OWN_SPACE
from .quality import LEAST_SHARP, cut_off, sharpness
from .select import left_to_right
from .thumbnail import SIZE, face_picture
from .track import same_faces

VERSION = 1
LEAST_FRAMES = 24
"""How many frames are looked at where there are as many."""

_MOST_PEOPLE, _MOST_SPOTS = 1 << 14, 1 << 22
_SAME_PLACE = 0.25
_LARGE = 160.0
_CANDIDATES = 3
Tell = Callable[[float], None]
Spot = tuple[int, int]
"""A frame of the clip and which of its faces, counted from the left from 0."""


@dataclass(frozen=True, eq=False)
class FoundPerson:
    """One person of a clip."""

    best: Spot
    """Where they are seen best."""
    spots: frozenset[Spot]
    """Everywhere they were seen."""
    share: float
    """In which share of the frames looked at they were seen, 0 to 1."""
    picture: Pixels
    """(96, 96, 3) RGB uint8: the face where it is seen best."""


@dataclass(frozen=True, eq=False)
class Described:
    """A face and what tells it from others."""

    spot: Spot
    face: Face
    vector: Floats
    """(d,), of length 1."""


def sampled(first: int, last: int, fps: Fraction) -> range:
    """Return which frames from `first` to `last` are looked at."""
    step = max(min(int(fps / 2), (last + 1 - first) // LEAST_FRAMES), 1)
    return range(first, last + 1, step)


def found(
    analyser: Analyser, clip: Clip, frames: range, recipe: Recipe, topology: Topology, tell: Tell
) -> Arrays:
    """Find the people in `frames`; `tell` hears how much is done, 0 to 1. `people_from` reads what is returned.

    Frames that can't be read are passed over. Raises ModelError or RecipeError.
    """
    rows: list[list[Described]] = []
    least = OWN_SPACE.least_likeness
    for done, number in enumerate(frames):
        tell(done / len(frames))
        with suppress(ClipError):
            analysis = analyser.analysis(clip, number, recipe)
            least = analysis.space.least_likeness
            ordered = enumerate(left_to_right(analysis.faces))
            rows.append(
                [
                    Described((number, place), analysis.faces[index], analysis.embeddings[index])
                    for place, index in ordered
                    if analysis.faces[index].height >= recipe.select.min_height
                ]
            )
    people = grouped(rows, least)
    best = _best(analyser, clip, people, topology)
    count = max(len(rows), 1)
    return {
        "best": np.array([one.spot for one, _ in best], np.int64).reshape(-1, 2),
        "pictures": np.array([picture for _, picture in best], np.uint8).reshape(-1, SIZE, SIZE, 3),
        "shares": np.array([len(person) / count for person in people], np.float32),
        "spots": np.array(
            [(*one.spot, index) for index, person in enumerate(people) for one in person], np.int64
        ).reshape(-1, 3),
    }


def people_schema(text: str) -> Schema:
    """Return what `found` gives under a key with this text, which names the frames that were looked at."""
    first, last = (int(line_of(text, name) or 0) for name in ("first", "last"))

    def also(arrays: Arrays) -> str:
        best, spots = arrays["best"], arrays["spots"]
        for rows in (best, spots):
            if len(rows) and not (first <= rows[:, 0].min() and rows[:, 0].max() <= last):
                return "a person is seen in a frame that was not looked at"
            if len(rows) and rows[:, 1].max() not in FACES:
                return "a frame has too many faces"
        if len(spots) and spots[:, 2].max() >= len(best):
            return "a face belongs to nobody"
        return ""

    arrays = (
        ArraySpec("best", "int64", ("people", 2), 0, np.iinfo(np.int32).max),
        ArraySpec("pictures", "uint8", ("people", SIZE, SIZE, 3)),
        ArraySpec("shares", "float32", ("people",), 0.0, 1.0),
        ArraySpec("spots", "int64", ("spots", 3), 0, np.iinfo(np.int32).max),
    )
    return Schema(arrays, {"people": range(_MOST_PEOPLE), "spots": range(_MOST_SPOTS)}, also)


def people_from(arrays: Arrays) -> tuple[FoundPerson, ...]:
    """Return the people that `found` found, the one seen most first."""
    people = []
    for index, (frame, face) in enumerate(arrays["best"]):
        spots = frozenset((int(row[0]), int(row[1])) for row in arrays["spots"] if row[2] == index)
        picture = np.asarray(arrays["pictures"][index], np.uint8)
        people.append(FoundPerson((int(frame), int(face)), spots, float(arrays["shares"][index]), picture))
    return tuple(people)


def grouped(rows: Sequence[Sequence[Described]], least: float) -> list[list[Described]]:
    """Group the faces of frames by person, the person seen most first.

    `least` is the cosine that two vectors of one person reach. Two faces of one frame are never one person. Who was
    seen only once is left out where others were seen more often: a face in a crowd, or none at all.
    """
    groups: list[_Group] = []
    before: Sequence[Described] = ()
    for row in rows:
        _assign(row, before, groups, least)
        before = row
    _merge(groups, least)
    ordered = sorted(groups, key=lambda group: (-len(group.members), group.members[0].spot))
    most = len(ordered[0].members) if ordered else 0
    return [group.members for group in ordered if len(group.members) > 1 or most < 4]


class _Group:
    """What is taken for one person so far."""

    def __init__(self, member: Described) -> None:
        self.members = [member]
        self.total = member.vector.astype(np.float32)

    @property
    def mean(self) -> Floats:
        return np.asarray(self.total / max(float(np.linalg.norm(self.total)), 1e-12), np.float32)

    @property
    def frames(self) -> set[int]:
        return {member.spot[0] for member in self.members}

    def add(self, members: Sequence[Described]) -> None:
        self.members = sorted([*self.members, *members], key=lambda member: member.spot)
        for member in members:
            self.total = self.total + member.vector


def _assign(
    row: Sequence[Described], before: Sequence[Described], groups: list[_Group], least: float
) -> None:
    """Give each face of a frame to the group it is most like; being where that person just was counts too."""
    matches = same_faces([one.face for one in row], [one.face for one in before])
    stayed = [None if there is None else before[there].spot for there in matches]
    likeness = sorted(
        (
            (
                float(one.vector @ group.mean)
                + (
                    _SAME_PLACE
                    if stayed[index] is not None and group.members[-1].spot == stayed[index]
                    else 0
                ),
                index,
                place,
            )
            for index, one in enumerate(row)
            for place, group in enumerate(groups)
        ),
        reverse=True,
    )
    given: set[int] = set()
    taken: set[int] = set()
    for alike, index, place in likeness:
        if alike >= least and index not in given and place not in taken:
            groups[place].add([row[index]])
            given.add(index)
            taken.add(place)
    groups.extend(_Group(one) for index, one in enumerate(row) if index not in given)


def _merge(groups: list[_Group], least: float) -> None:
    """Join groups that are one person after all, the most alike first."""
    while True:
        pairs = [
            (float(one.mean @ other.mean), here, there)
            for here, one in enumerate(groups)
            for there, other in enumerate(groups[:here])
            if one.frames.isdisjoint(other.frames)
        ]
        alike, here, there = max(pairs, default=(0.0, 0, 0))
        if not pairs or alike < least:
            return
        groups[there].add(groups.pop(here).members)


def _best(
    analyser: Analyser, clip: Clip, people: Sequence[Sequence[Described]], topology: Topology
) -> list[tuple[Described, Pixels]]:
    """Return for each person where they are seen best, with the picture: large, frontal, whole, sharp, and typical.

    Typical matters, since the vector found there is what the person is known by from then on.
    """
    means = [np.sum([one.vector for one in person], 0) for person in people]
    means = [mean / max(float(np.linalg.norm(mean)), 1e-12) for mean in means]
    ranked = []
    for index, person in enumerate(people):
        others = [mean for number, mean in enumerate(means) if number != index]
        marks = [(_mark(one, means[index], others), one) for one in person]
        marks.sort(key=lambda pair: (-pair[0], pair[1].spot))
        ranked.append(marks[:_CANDIDATES])
    looks: dict[Spot, tuple[float, Pixels]] = {}
    # In the clip's order, since stepping back through a movie is slow.
    for one in sorted((one for marks in ranked for _, one in marks), key=lambda one: one.spot):
        frame = analyser.frame(clip, one.spot[0])
        sharp = min(sharpness(frame, one.face, topology) / LEAST_SHARP, 1.5)
        looks[one.spot] = sharp * (1 - cut_off(frame, one.face)) ** 2, face_picture(frame, one.face)
    chosen = [max(marks, key=lambda pair: pair[0] * looks[pair[1].spot][0])[1] for marks in ranked]
    return [(one, looks[one.spot][1]) for one in chosen]


def _mark(one: Described, own: Floats, others: Sequence[Floats]) -> float:
    """Return how well a face is seen and how surely it is told from the others, more is better."""
    pose = one.face.pose
    frontal = max(float(np.cos(np.radians(pose.yaw)) * np.cos(np.radians(pose.pitch))), 0.05)
    size = min(one.face.height / _LARGE, 1.0)
    margin = float(one.vector @ own) - max((float(one.vector @ other) for other in others), default=0.0)
    return frontal**2 * size * (0.5 + max(margin, 0.0))
