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

from ..cache.base.key import key_line_value
from ..cache.base.schema import FACE_COUNTS, ArraySpec, Schema
from ..cache.base.store import Arrays
from ..errors import ClipError
from ..face.types import Face, Floats, Pixels
from ..geometry.mesh_topology import Topology
from ..media.clip import Clip
from ..recipe import Recipe
from .analyser import Analyser
from .embed import BUILT_IN_SPACE
from .quality import MIN_SHARPNESS, outside_share, sharpness
from .recognisers.contract import unit_vector
from .select import indices_left_to_right
from .thumbnail import FACE_THUMBNAIL_PIXELS, face_thumbnail
from .track import match_faces

VERSION = 1
MIN_SAMPLE_FRAMES = 24
"""How many frames are looked at where there are as many."""

_MAX_PEOPLE, _MAX_FACE_REFS = 1 << 14, 1 << 22
_SAME_PLACE_BONUS = 0.25
_LARGE_FACE_PIXELS = 160.0
_CANDIDATE_COUNT = 3
FractionCallback = Callable[[float], None]
FaceRef = tuple[int, int]
"""A frame of the clip and which of its faces, counted from the left from 0."""


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a clip."""

    best_face: FaceRef
    """Where they are seen best."""
    face_refs: frozenset[FaceRef]
    """Everywhere they were seen."""
    share: float
    """In which share of the frames looked at they were seen, 0 to 1."""
    thumbnail: Pixels
    """(96, 96, 3) RGB uint8: the face where it is seen best."""


@dataclass(frozen=True, eq=False)
class FaceSample:
    """A face and what tells it from others."""

    face_ref: FaceRef
    face: Face
    embedding: Floats
    """(d,), of length 1."""


def sample_frames(first: int, last: int, fps: Fraction) -> range:
    """Return which frames from `first` to `last` are looked at."""
    step = max(min(int(fps / 2), (last + 1 - first) // MIN_SAMPLE_FRAMES), 1)
    return range(first, last + 1, step)


def find_people(
    analyser: Analyser,
    clip: Clip,
    frames: range,
    recipe: Recipe,
    topology: Topology,
    on_progress: FractionCallback,
) -> Arrays:
    """Find the people in `frames`; `on_progress` hears how much is done, 0 to 1.

    Frames that can't be read are passed over. Raises ModelError or RecipeError.

    Returns
    -------
    dict of str to ndarray
        What `people_from_arrays` reads.
    """
    rows: list[list[FaceSample]] = []
    least = BUILT_IN_SPACE.match_threshold
    for done, number in enumerate(frames):
        on_progress(done / len(frames))
        with suppress(ClipError):
            analysis = analyser.analysis(clip, number, recipe)
            least = analysis.space.match_threshold
            ordered = enumerate(indices_left_to_right(analysis.faces))
            rows.append(
                [
                    FaceSample((number, place), analysis.faces[index], analysis.embeddings[index])
                    for place, index in ordered
                    if analysis.faces[index].height >= recipe.select.min_height
                ]
            )
    people = group_by_person(rows, least)
    best = _choose_best_faces(analyser, clip, people, topology)
    count = max(len(rows), 1)
    return {
        "best": np.array([one.face_ref for one, _ in best], np.int64).reshape(-1, 2),
        "pictures": np.array([image for _, image in best], np.uint8).reshape(
            -1, FACE_THUMBNAIL_PIXELS, FACE_THUMBNAIL_PIXELS, 3
        ),
        "shares": np.array([len(person) / count for person in people], np.float32),
        "spots": np.array(
            [(*one.face_ref, index) for index, person in enumerate(people) for one in person], np.int64
        ).reshape(-1, 3),
    }


def people_schema(text: str) -> Schema:
    """Return what `find_people` gives under a key with this text, which names the frames that were looked at."""
    first, last = (int(key_line_value(text, name) or 0) for name in ("first", "last"))

    def content_fault(arrays: Arrays) -> str:
        best, spots = arrays["best"], arrays["spots"]
        for rows in (best, spots):
            if len(rows) and not (first <= rows[:, 0].min() and rows[:, 0].max() <= last):
                return "a person is seen in a frame that was not looked at"
            if len(rows) and rows[:, 1].max() not in FACE_COUNTS:
                return "a frame has too many faces"
        if len(spots) and spots[:, 2].max() >= len(best):
            return "a face belongs to nobody"
        return ""

    arrays = (
        ArraySpec("best", "int64", ("people", 2), 0, np.iinfo(np.int32).max),
        ArraySpec("pictures", "uint8", ("people", FACE_THUMBNAIL_PIXELS, FACE_THUMBNAIL_PIXELS, 3)),
        ArraySpec("shares", "float32", ("people",), 0.0, 1.0),
        ArraySpec("spots", "int64", ("spots", 3), 0, np.iinfo(np.int32).max),
    )
    return Schema(arrays, {"people": range(_MAX_PEOPLE), "spots": range(_MAX_FACE_REFS)}, content_fault)


def people_from_arrays(arrays: Arrays) -> tuple[Person, ...]:
    """Return what `find_people` found as values.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        Of n people: `best` (n, 2), the frame and the face (from the left) of each one's thumbnail; `spots` (k, 3), the
        frame, the face and the person of each sighting; `shares` (n,), in how many of the frames each is seen, 0 to 1;
        `pictures` (n, 96, 96, 3) uint8 RGB.

    Returns
    -------
    tuple of Person
        The one seen most first.
    """
    people = []
    for index, (frame, face) in enumerate(arrays["best"]):
        spots = frozenset((int(row[0]), int(row[1])) for row in arrays["spots"] if row[2] == index)
        image = np.asarray(arrays["pictures"][index], np.uint8)
        people.append(Person((int(frame), int(face)), spots, float(arrays["shares"][index]), image))
    return tuple(people)


def group_by_person(rows: Sequence[Sequence[FaceSample]], match_threshold: float) -> list[list[FaceSample]]:
    """Group the faces of frames by person, the person seen most first.

    `match_threshold` is the cosine that two vectors of one person reach. Two faces of one frame are never one person.
    Who was seen only once is left out where others were seen more often: a face in a crowd, or none at all.
    """
    groups: list[_Group] = []
    before: Sequence[FaceSample] = ()
    for row in rows:
        _assign_to_groups(row, before, groups, match_threshold)
        before = row
    _merge_groups(groups, match_threshold)
    ordered = sorted(groups, key=lambda group: (-len(group.members), group.members[0].face_ref))
    most = len(ordered[0].members) if ordered else 0
    return [group.members for group in ordered if len(group.members) > 1 or most < 4]


class _Group:
    """What is taken for one person so far."""

    def __init__(self, member: FaceSample) -> None:
        self.members = [member]
        self.total = member.embedding.astype(np.float32)

    @property
    def mean(self) -> Floats:
        return unit_vector(self.total)

    @property
    def frames(self) -> set[int]:
        return {member.face_ref[0] for member in self.members}

    def add(self, members: Sequence[FaceSample]) -> None:
        self.members = sorted([*self.members, *members], key=lambda member: member.face_ref)
        for member in members:
            self.total = self.total + member.embedding


def _assign_to_groups(
    row: Sequence[FaceSample],
    previous_row: Sequence[FaceSample],
    groups: list[_Group],
    match_threshold: float,
) -> None:
    """Give each face of a frame to the group it is most like; being where that person just was counts too."""
    matches = match_faces([one.face for one in row], [one.face for one in previous_row])
    stayed = [None if there is None else previous_row[there].face_ref for there in matches]
    likeness = sorted(
        (
            (
                float(one.embedding @ group.mean)
                + (
                    _SAME_PLACE_BONUS
                    if stayed[index] is not None and group.members[-1].face_ref == stayed[index]
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
        if alike >= match_threshold and index not in given and place not in taken:
            groups[place].add([row[index]])
            given.add(index)
            taken.add(place)
    groups.extend(_Group(one) for index, one in enumerate(row) if index not in given)


def _merge_groups(groups: list[_Group], match_threshold: float) -> None:
    """Join groups that are one person after all, the most alike first."""
    while True:
        pairs = [
            (float(one.mean @ other.mean), here, there)
            for here, one in enumerate(groups)
            for there, other in enumerate(groups[:here])
            if one.frames.isdisjoint(other.frames)
        ]
        alike, here, there = max(pairs, default=(0.0, 0, 0))
        if not pairs or alike < match_threshold:
            return
        groups[there].add(groups.pop(here).members)


def _choose_best_faces(
    analyser: Analyser, clip: Clip, people: Sequence[Sequence[FaceSample]], topology: Topology
) -> list[tuple[FaceSample, Pixels]]:
    """Return for each person where they are seen best, with the image: large, frontal, whole, sharp, and typical.

    Typical matters, since the vector found there is what the person is known by from then on.
    """
    means = [np.sum([one.embedding for one in person], 0) for person in people]
    means = [mean / max(float(np.linalg.norm(mean)), 1e-12) for mean in means]
    ranked = []
    for index, person in enumerate(people):
        others = [mean for number, mean in enumerate(means) if number != index]
        marks = [(_quality_score(one, means[index], others), one) for one in person]
        marks.sort(key=lambda pair: (-pair[0], pair[1].face_ref))
        ranked.append(marks[:_CANDIDATE_COUNT])
    looks: dict[FaceRef, tuple[float, Pixels]] = {}
    # In the clip's order, since stepping back through a movie is slow.
    for one in sorted((one for marks in ranked for _, one in marks), key=lambda one: one.face_ref):
        frame = analyser.frames.frame(clip, one.face_ref[0], one.face.stops)
        sharp = min(sharpness(frame, one.face, topology) / MIN_SHARPNESS, 1.5)
        looks[one.face_ref] = (
            sharp * (1 - outside_share(frame, one.face)) ** 2,
            face_thumbnail(frame, one.face),
        )
    chosen = [max(marks, key=lambda pair: pair[0] * looks[pair[1].face_ref][0])[1] for marks in ranked]
    return [(one, looks[one.face_ref][1]) for one in chosen]


def _quality_score(sample: FaceSample, person_mean: Floats, other_means: Sequence[Floats]) -> float:
    """Return how well a face is seen and how surely it is told from the others, more is better."""
    pose = sample.face.pose
    frontal = max(float(np.cos(np.radians(pose.yaw)) * np.cos(np.radians(pose.pitch))), 0.05)
    size = min(sample.face.height / _LARGE_FACE_PIXELS, 1.0)
    margin = float(sample.embedding @ person_mean) - max(
        (float(sample.embedding @ other) for other in other_means), default=0.0
    )
    return frontal**2 * size * (0.5 + max(margin, 0.0))
