# SPDX-License-Identifier: GPL-3.0-or-later
"""Which frames a sheet shows: the extremes of each person in each shot, whatever order they are told in."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.analysis.person_clustering import FaceSample
from understudy.core.face.types import Face, Pose
from understudy.core.pipeline.face_traits import FaceTraits, FrameTraits
from understudy.core.sheet.chosen_frame import ChosenFrame
from understudy.core.sheet.frame_choice import Sighting, choose_frames, sightings_of

sightings = st.lists(
    st.builds(
        Sighting,
        number=st.integers(0, 60),
        shot=st.integers(0, 2),
        person=st.integers(0, 2),
        yaw=st.floats(-90, 90),
        mouth=st.floats(0, 0.5),
        light=st.floats(0, 1),
    ),
    max_size=40,
)
ranges = st.tuples(st.integers(0, 60), st.integers(1, 60)).map(lambda pair: range(pair[0], sum(pair)))


@given(sightings, ranges, st.integers(1, 12), st.randoms())
def test_the_choice_is_unique_within_the_range_and_the_same_in_any_order(
    observations, numbers, count, random
):
    chosen = choose_frames(observations, numbers, count)
    frames = [frame.number for frame in chosen]
    assert len(frames) == min(count, len(numbers))
    assert frames == sorted(set(frames))
    assert set(frames) <= set(numbers)
    shuffled = [*observations, *observations[:3]]
    random.shuffle(shuffled)
    assert choose_frames(shuffled, numbers, count) == chosen


@given(
    st.dictionaries(st.integers(0, 8), st.tuples(st.integers(0, 1), st.integers(0, 2)), min_size=1), st.data()
)
def test_each_person_of_each_shot_is_shown_before_anybody_is_shown_twice(people, data):
    observations = [
        turn(number, data.draw(st.floats(-90, 90)), shot=who[0], person=who[1])
        for number, who in people.items()
    ]
    # So short a range that frames need not stay apart.
    numbers = range(9) if len(set(people.values())) > 3 else range(min(people), min(people) + 2)
    shown = {people[number] for number in people if number in numbers}
    chosen = choose_frames(observations, numbers, max(len(shown), 1))
    assert {people[frame.number] for frame in chosen if frame.number in people} == shown


def turn(number, yaw, mouth=0.02, light=0.5, shot=0, person=0):
    return Sighting(number, shot, person, yaw, mouth, light)


def test_extremes_come_in_their_order_and_what_hardly_differs_is_none():
    observations = [
        turn(0, 3), turn(10, -40), turn(20, 35), turn(30, 10, mouth=0.3), turn(40, 12, light=0.2),
        turn(50, 15, light=0.9), turn(60, 20), turn(70, 3.5, mouth=0.03, light=0.51),
    ]  # fmt: skip
    reasons = {frame.number: frame.reason for frame in choose_frames(observations, range(80), 6)}
    assert reasons == {
        0: "straight on", 10: "turned left", 20: "turned right", 30: "mouth open", 40: "dark", 50: "bright",
    }  # fmt: skip
    three = choose_frames(observations, range(80), 3)
    assert [frame.number for frame in three] == [0, 10, 20] or [frame.number for frame in three] == [
        0,
        10,
        60,
    ]


def test_moments_stay_apart_and_gaps_are_filled():
    still = [turn(number, 1.0) for number in range(90)]
    frames = [frame.number for frame in choose_frames(still, range(90), 4)]
    assert min(np.diff(frames)) > 90 // 12
    assert choose_frames([], range(5, 8), 1) == (ChosenFrame(6, "in between"),)


def visible_frame(number, gray, people):
    """A frame of one gray with people of these numbers beside each other."""
    faces = []
    for place, person in enumerate(people):
        box = np.array([100 * place, 0, 100 * place + 80, 100], np.float32)
        landmarks = np.zeros((478, 3), np.float32)
        landmarks[152, 1] = 100
        vector = np.eye(4, dtype=np.float32)[person]
        sample = FaceSample((number, place), Face(box, 1.0, landmarks, Pose(5.0 * place, 0, 0)), vector)
        faces.append(FaceTraits(sample, 0.1, 0.5))
    thumbnail = np.full((18, 32, 3), gray, np.uint8)
    thumbnail[:, : 16 if gray > 100 else 4] = 255 - gray
    return FrameTraits(number, thumbnail, tuple(faces), 0.6)


def test_shots_and_people_are_told_apart():
    frames = [
        *(visible_frame(number, 40, (0, 1) if number < 3 else (0,)) for number in range(6)),
        *(visible_frame(number, 200, (2,)) for number in range(6, 10)),
    ]
    observations = sightings_of(frames)
    who = {(one.number, one.shot, one.person) for one in observations}
    assert who == {
        *((number, 0, 0) for number in range(6)), *((number, 0, 1) for number in range(3)),
        *((number, 1, 0) for number in range(6, 10)),
    }  # fmt: skip
