# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan flags: faults that were planted into made tracks, and nothing of what is merely so."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.scan.measures import FACE_MEASURES, MEASURES
from understudy.core.scan.page import encode_page
from understudy.core.scan.plot import draw_plots
from understudy.core.scan.problems import Problem, Reason
from understudy.core.scan.runs import problem_runs
from understudy.core.scan.scan import Scan

from tests.core.scan_tracks import FAULTS, MadeTrack, plant, sighting

FRAMES = 240


def scan(sightings):
    looked_at = Scan()
    for one in sightings:
        looked_at.add(one)
    return looked_at.result()


def planted_clip(seed):
    """Return the sightings of a clip of two people, and its faults as (frame, fault, person)."""
    random = np.random.default_rng(seed)
    tracks = [MadeTrack(random, 300), MadeTrack(random, 900)]
    faults = {}
    for place, fault in enumerate(FAULTS):
        first, person = 14 + 32 * place + int(random.integers(0, 12)), int(random.integers(0, 2))
        for number in range(first, first + int(random.integers(1, 4))):
            faults[number] = fault, person
    sightings = []
    for number in range(FRAMES):
        faces = [track.face(number) for track in tracks]
        if number in faults:
            fault, person = faults[number]
            faces[person] = plant(*faces[person], fault, random)
        sightings.append(sighting(number, [one for one in faces if one is not None]))
    return sightings, faults


def test_planted_faults_are_found_and_little_else():
    """Of 20 clips: recall, and precision where the frames beside a fault count as it.

    What is missed is the middle of three frames that jumped together: nothing jumps there, and the run covers it.
    """
    hit_count = planted = right = flagged = strict = 0
    by_fault = dict.fromkeys(FAULTS, 0)
    for seed in range(20):
        sightings, faults = planted_clip(seed)
        frames = set(scan(sightings).flagged_frames)
        planted += len(faults)
        hits = frames & set(faults)
        hit_count += len(hits)
        for number in set(faults) - hits:
            by_fault[faults[number][0]] += 1
        spans = [range(run.first, run.last + 1) for run in problem_runs(scan(sightings).problems)]
        assert all(any(number in span for span in spans) for number in faults)
        flagged += len(frames)
        right += sum(any(near in faults for near in (frame - 1, frame, frame + 1)) for frame in frames)
        strict += len(hits)
    assert hit_count / planted >= 0.9, by_fault
    assert right / flagged >= 0.99
    assert strict / flagged >= 0.7


def test_a_person_who_moves_is_no_problem():
    random = np.random.default_rng(3)
    track = MadeTrack(random, 500)
    assert scan(sighting(number, [track.face(number)]) for number in range(FRAMES)).problems == ()


def test_a_cut_is_no_jump_and_nobody_is_missed_across_it():
    random = np.random.default_rng(4)
    one, other = MadeTrack(random, 300), MadeTrack(random, 900)
    shots = [one] * 40 + [other] * 40 + [one] * 40
    result = scan(sighting(n, [shots[n].face(n)], cut=40 <= n < 80) for n in range(120))
    assert [len(series.frames) for series in result.series] == [80, 40]
    assert result.problems == ()


def test_who_comes_out_from_behind_another_is_known_again():
    """Each frame between is missed, whoever is in front of them meanwhile."""
    random = np.random.default_rng(5)
    front, behind = MadeTrack(random, 300), MadeTrack(random, 900)
    sightings = [
        sighting(n, [front.face(n)] + ([] if 50 <= n < 80 else [behind.face(n)])) for n in range(130)
    ]
    result = scan(sightings)
    assert result.flagged_frames == tuple(range(50, 80))
    assert {reason.measure for problem in result.problems for reason in problem.reasons} == {"missing"}
    assert {problem.person for problem in result.problems} == {1}


def test_faces_of_a_moment_and_detections_without_landmarks_are_flagged():
    random = np.random.default_rng(6)
    person, lamp = MadeTrack(random, 300), MadeTrack(random, 1000)
    sightings = [sighting(n, [person.face(n)] + ([lamp.face(n)] if n in (20, 21) else [])) for n in range(60)]
    assert [(one.frame, one.person, one.reasons[0].measure) for one in scan(sightings).problems] == [
        (20, 1, "gained"), (21, 1, "gained"),
    ]  # fmt: skip
    profile = scan([sighting(0, [], refused=0.7), sighting(1, [], refused=0.55)])
    assert profile.as_dict() == {
        "frames": [
            {"frame": 0, "person": None, "reasons": [{"measure": "refused", "value": 0.7, "limit": 0.6}]}
        ]
    }


@given(st.lists(st.floats(-1e3, 1e3, width=32), max_size=60), st.sampled_from(FACE_MEASURES))
def test_a_limit_lies_between_never_and_always_and_orders_values(values, measure):
    array = np.array([*values, np.nan], np.float32)
    limit = measure.limit(array)
    low, high = sorted((measure.never, measure.always))
    assert low <= limit <= high
    beyond = measure.is_beyond(array, limit)
    assert not beyond[-1]
    good, bad = array[:-1][~beyond[:-1]], array[:-1][beyond[:-1]]
    if len(good) and len(bad):
        assert bad.max() < good.min() if measure.is_low_bad else bad.min() > good.max()


def test_neighbors_make_a_run_with_the_worst_of_each_measure():
    def problem(frame, person, value, measure="yaw"):
        return Problem(frame, person, (Reason(measure, value, 50.0),))

    runs = problem_runs(
        [
            problem(9, 0, 61),
            problem(7, 0, 55),
            problem(8, 1, 52),
            problem(30, 0, 51),
            problem(10, 0, 3, "jump"),
        ]
    )
    assert [(run.first, run.last, run.person) for run in runs] == [(7, 10, 0), (8, 8, 1), (30, 30, 0)]
    assert runs[0].reasons == (Reason("yaw", 61, 50.0), Reason("jump", 3, 50.0))
    assert (
        runs[0].text
        == "Turned to the side: 61°, limit 50; Jump of the points: 3.0 % of the face's height, limit 50.0"
    )


def test_the_page_shows_every_run_and_runs_nothing():
    sightings, _ = planted_clip(1)
    result = scan(sightings)
    page = encode_page("<b>clip</b>\n.mp4", range(FRAMES), result).decode()
    assert "<b>clip" not in page
    assert "<script" not in page
    assert page.count("<tr><td>") == len(problem_runs(result.problems))
    assert page.count("<polyline") == sum(
        int(np.isfinite(series.values).any(0).sum()) for series in result.series
    )


def test_json_has_what_was_flagged_and_plain_numbers_only():
    result = scan(planted_clip(2)[0])
    frames = json.loads(json.dumps(result.as_dict(), allow_nan=False))["frames"]
    assert [entry["frame"] for entry in frames] == [problem.frame for problem in result.problems]
    for entry in frames:
        assert set(entry) == {"frame", "person", "reasons"}
        for reason in entry["reasons"]:
            assert set(reason) == {"measure", "value", "limit"}
            assert reason["measure"] in MEASURES
            assert reason["value"] == pytest.approx(reason["value"])


def test_the_plots_show_flagged_frames_and_limits():
    sightings, faults = planted_clip(1)
    result = scan(sightings)
    image = draw_plots(result, range(FRAMES))
    assert image.shape == (512, 512, 3)
    red = (image == (126, 46, 40)).all(2)
    # Frames beside a fault may be flagged; of all others no column is red.
    near = {frame + step for frame in faults for step in (-1, 0, 1)}
    columns = np.flatnonzero(red.any(0)) * FRAMES // 512
    assert set(columns.tolist()) <= near | {frame - 1 for frame in near}
    assert len(set(columns.tolist()) & set(faults)) / len(faults) > 0.7
    assert (image == (232, 163, 61)).all(2).any()
    steady = MadeTrack(np.random.default_rng(3), 500)
    clean = draw_plots(scan(sighting(n, [steady.face(n)]) for n in range(60)), range(60))
    assert not (clean == (126, 46, 40)).all(2).any()
    assert draw_plots(scan([sighting(0, [])]), range(1)) is None
