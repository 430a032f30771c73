# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames of a clip tell most about a swap: the extremes of what each person does in each shot."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ..analysis.cuts import is_cut
from ..analysis.person_clustering import group_by_person
from ..pipeline.face_traits import FaceTraits, FrameTraits
from .chosen_frame import ChosenFrame

_MIN_YAW_DIFFERENCE = 8.0
_MIN_MOUTH_DIFFERENCE = 0.03
_MIN_LIGHT_DIFFERENCE = 0.03
"""What differs less from the person's straightest face is no extreme that an eye sees: degrees, eye distances and
brightness, judged by eye on footage of one to three people who turn, speak and pass through light."""
_GAP_DIVISOR = 3
"""Chosen frames stay apart by the range over this many times their number, so that no two show the same moment."""
_BETWEEN = "in between"
_STRAIGHT = "straight on"


@dataclass(frozen=True)
class Sighting:
    """One person in one frame.

    Attributes
    ----------
    number : int
        The frame, counted from 0.
    shot, person : int
        Which shot of the range it belongs to, and which of that shot's people it is, from 0.
    yaw : float
        How far the face is turned to the image's right, in degrees.
    mouth : float
        How far the lips are apart, in eye distances.
    light : float
        How bright the face is, 0 to 1.
    """

    number: int
    shot: int
    person: int
    yaw: float
    mouth: float
    light: float


def choose_frames(sightings: Iterable[Sighting], numbers: range, count: int) -> tuple[ChosenFrame, ...]:
    """Choose at most `count` frames of a range, in their order.

    For each person of each shot, those that are seen most first: the straightest face; then the ones that are turned
    farthest to the left and to the right, the widest mouth, the darkest and the brightest face, each kind for all of
    them before the next kind. Where these are fewer than `count`, the widest gaps in time are halved. The result
    depends on what is seen alone, not on the order of `sightings`.

    Parameters
    ----------
    sightings : iterable of Sighting
        Who is seen where; sightings outside of `numbers` are left out.
    numbers : range
        The frames to choose from, with a step of 1.
    count : int
        How many frames, at least 1.

    Returns
    -------
    tuple of ChosenFrame
        Fewer than `count` only where the range has fewer.
    """
    inside = sorted(set(_inside(sightings, numbers)), key=_order)
    groups = _groups(inside)
    has_shots = len({sighting.shot for sighting in inside}) > 1
    min_gap = len(numbers) // (_GAP_DIVISOR * count)
    chosen: dict[int, str] = {}
    for kind in range(len(_extremes(groups[0])) if groups else 0):
        for group in groups:
            if len(chosen) >= count:
                break
            reason, ranked = _extremes(group)[kind]
            for sighting in ranked:
                if all(abs(sighting.number - other) > min_gap for other in chosen):
                    where = f"shot {sighting.shot + 1}: " if has_shots else ""
                    chosen[sighting.number] = where + reason
                    break
    while len(chosen) < min(count, len(numbers)):
        chosen[_widest_gap_middle(chosen, numbers)] = _BETWEEN
    return tuple(sorted(ChosenFrame(number, reason) for number, reason in chosen.items()))


def sightings_of(frames: Sequence[FrameTraits]) -> list[Sighting]:
    """Return who is seen where, with shots and people told apart.

    Parameters
    ----------
    frames : sequence of FrameTraits
        Frames in their order; some may be missing.

    Returns
    -------
    list of Sighting
        Shots count from 0 in the clip's order, people in each shot from the one seen most.
    """
    # By their places: where only every second frame was looked at a cut is still a jump between two of them.
    thumbnails = {place: frame.thumbnail for place, frame in enumerate(frames)}
    shots: list[list[FrameTraits]] = []
    for place, frame in enumerate(frames):
        if not shots or is_cut(place, thumbnails):
            shots.append([])
        shots[-1].append(frame)
    return [
        Sighting(traits.sample.face_ref[0], shot, person, traits.yaw, traits.mouth_opening, traits.light)
        for shot, members in enumerate(shots)
        for person, traits_list in enumerate(_people(members))
        for traits in traits_list
    ]


def _people(frames: Sequence[FrameTraits]) -> list[list[FaceTraits]]:
    traits = {face.sample.face_ref: face for frame in frames for face in frame.faces}
    threshold = max((frame.match_threshold for frame in frames), default=1.0)
    people = group_by_person([[face.sample for face in frame.faces] for frame in frames], threshold)
    return [[traits[sample.face_ref] for sample in person] for person in people]


def _inside(sightings: Iterable[Sighting], numbers: range) -> Iterable[Sighting]:
    return (sighting for sighting in sightings if sighting.number in numbers)


def _order(sighting: Sighting) -> tuple[int, int, int, float, float, float]:
    return (
        sighting.number, sighting.shot, sighting.person, sighting.yaw, sighting.mouth, sighting.light
    )  # fmt: skip


def _groups(sightings: Sequence[Sighting]) -> list[list[Sighting]]:
    """Return the sightings of each person of each shot, those that are seen most first."""
    groups: dict[tuple[int, int], list[Sighting]] = {}
    for sighting in sightings:
        groups.setdefault((sighting.shot, sighting.person), []).append(sighting)
    return [groups[name] for name in sorted(groups, key=lambda name: (-len(groups[name]), name))]


def _extremes(group: Sequence[Sighting]) -> list[tuple[str, list[Sighting]]]:
    """Return the kinds of extremes of one person in one shot: what each is called, and who comes near it, best first.

    The same kinds in the same order for everybody; a kind that the person does not show has no sighting.
    """
    straight = min(group, key=lambda one: (abs(one.yaw), one.mouth, _order(one)))
    left = [one for one in group if straight.yaw - one.yaw >= _MIN_YAW_DIFFERENCE]
    right = [one for one in group if one.yaw - straight.yaw >= _MIN_YAW_DIFFERENCE]
    wide = [one for one in group if one.mouth - straight.mouth >= _MIN_MOUTH_DIFFERENCE]
    dark = [one for one in group if straight.light - one.light >= _MIN_LIGHT_DIFFERENCE]
    bright = [one for one in group if one.light - straight.light >= _MIN_LIGHT_DIFFERENCE]
    return [
        (_STRAIGHT, sorted(group, key=lambda one: (abs(one.yaw), one.mouth, _order(one)))),
        ("turned left", sorted(left, key=lambda one: (one.yaw, _order(one)))),
        ("turned right", sorted(right, key=lambda one: (-one.yaw, _order(one)))),
        ("mouth open", sorted(wide, key=lambda one: (-one.mouth, _order(one)))),
        ("dark", sorted(dark, key=lambda one: (one.light, _order(one)))),
        ("bright", sorted(bright, key=lambda one: (-one.light, _order(one)))),
    ]


def _widest_gap_middle(chosen: Iterable[int], numbers: range) -> int:
    """Return the frame that is farthest in time from all that are chosen, the first of them; not one of these."""
    ordered = sorted(chosen)
    if not ordered:
        return numbers[len(numbers) // 2]
    edges = [(ordered[0] - numbers[0], -numbers[0]), (numbers[-1] - ordered[-1], -numbers[-1])]
    middles = [((last - first) // 2, -((first + last) // 2)) for first, last in pairwise(ordered)]
    return -max(edges + [(distance, number) for distance, number in middles])[1]
