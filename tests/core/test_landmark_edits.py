# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks: keyed, and by value in requests, in messages to workers and in files."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.corrections import read_corrections
from understudy.core.errors import MessageError, RecipeError
from understudy.core.face.landmark_handles import HANDLES
from understudy.core.layers.job import request_from, request_values
from understudy.core.recipe.landmark_edits import REST, LandmarkEdit, LandmarkKey, validate_landmark_edit
from understudy.core.recipe.request import Identity, SwapRequest

from tests.core.unusable_files import check_refusal

CHIN = list(HANDLES).index("chin")
PLACE = (100.0, 90.0, 140.0, 92.0, 119.0, 140.0)


def moved(handle, offset):
    """Offsets in which one handle is moved."""
    return tuple(offset if number == handle else rest for number, rest in enumerate(REST))


keys = st.builds(
    LandmarkKey,
    frame=st.integers(0, 40),
    shift=st.tuples(st.floats(-1, 1), st.floats(-1, 1)),
    rotation=st.floats(-90, 90),
    scale=st.floats(0.5, 2),
)
edits = st.builds(
    lambda first, length, several, fade: LandmarkEdit(
        first, first + length, tuple(sorted(several, key=lambda key: key.frame)), 0, fade
    ),
    st.integers(0, 30),
    st.integers(0, 20),
    st.lists(keys, min_size=1, max_size=4, unique_by=lambda key: key.frame),
    st.integers(0, 8),
)


@given(edits, st.integers(0, 70))
def test_a_frame_has_what_its_keys_say_and_nothing_beyond_the_fade(edit, number):
    distance = max(edit.first - number, number - edit.last, 0)
    here = edit.in_frame(number)
    if distance > edit.fade:
        assert here is None
        return
    if here is None:
        assert all(key.is_neutral for key in edit.keys)
        return
    assert (here.first, here.last, here.keys[0].frame) == (number, number, number)
    assert here.in_frame(number) == here  # what a frame is asked for stays that
    if not distance:
        for key in edit.keys:
            if key.frame == number:
                assert here.keys == (key,)
        rotations = [key.rotation for key in edit.keys]
        assert min(rotations) - 1e-9 <= here.keys[0].rotation <= max(rotations) + 1e-9
    # Toward its end the fade leaves less.
    else:
        full = edit.pose(number)
        assert abs(here.keys[0].scale - 1) <= abs(full.scale - 1) + 1e-9


def test_between_keys_a_face_goes_straight():
    edit = LandmarkEdit(0, 20, (LandmarkKey(4, (0.0, 0.2), 8.0), LandmarkKey(8, (0.4, 0.2), 0.0, 2.0)))
    assert [edit.pose(number).shift[0] for number in (0, 4, 5, 7, 8, 20)] == pytest.approx(
        [0, 0, 0.1, 0.3, 0.4, 0.4]
    )
    assert (edit.pose(6).rotation, edit.pose(6).scale) == (4, 1.5)


def test_a_request_without_corrections_is_what_it_was_and_other_frames_do_not_know_of_them():
    plain = SwapRequest(Identity(()))
    assert "landmark_edits" not in repr(plain)
    edit = LandmarkEdit(3, 9, (LandmarkKey(4, rotation=5.0), LandmarkKey(6, rotation=9.0)))
    corrected = replace(plain, landmark_edits=(edit,))
    assert corrected.in_frame(2) == plain
    assert corrected.in_frame(4).landmark_edits == (LandmarkEdit(4, 4, (LandmarkKey(4, rotation=5.0),)),)
    later = replace(edit, keys=(edit.keys[0], LandmarkKey(6, rotation=1.0)))
    assert replace(plain, landmark_edits=(later,)).in_frame(3) == corrected.in_frame(3)
    assert replace(plain, landmark_edits=(LandmarkEdit(0, 9, (LandmarkKey(0),)),)).in_frame(5) == plain


def test_corrections_reach_a_worker_bit_by_bit_and_what_they_may_not_be_does_not():
    key = LandmarkKey(4, (0.1, 1 / 3), 0.1 + 0.2, 1.1, moved(CHIN, (0.7, -0.1)))
    placed = LandmarkEdit(2, 5, (LandmarkKey(2, place=PLACE),))
    request = SwapRequest(Identity(()), landmark_edits=(LandmarkEdit(3, 9, (key,), 1, 2), placed))
    values = json.loads(json.dumps(request_values(request)))
    assert repr(request_from(values).landmark_edits) == repr(request.landmark_edits)
    ((first, last, which, fade, ((*good,),)), _) = values["landmark_edits"]
    for wrong in (
        [[9, 3, which, fade, [good]]],
        [[first, last, which, fade, []]],
        [[first, last, 64, fade, [good]]],
        [[first, last, which, fade, [good, good]]],
        [[first, last, which, fade, [good[:-1]]]],
        [[first, last, which, fade, [[4, *good[1:4], 0, *good[5:]]]]],
        [[first, last, which, fade, [[4, *good[1:4], 1e9, *good[5:]]]]],
        [[first, last, which, fade, [[4, *good[1:4], "1", *good[5:]]]]],
        [[first, last, which, fade]],
        [values["landmark_edits"][0]] * 2000,
        "no",
    ):
        with pytest.raises((MessageError, RecipeError)):
            request_from({**values, "landmark_edits": wrong})
    with pytest.raises(RecipeError, match="either every key places"):
        validate_landmark_edit(replace(placed, keys=(*placed.keys, LandmarkKey(4))))
    with pytest.raises(RecipeError, match="a placed face has none"):
        validate_landmark_edit(replace(placed, fade=2))


def test_a_file_with_corrections(tmp_path):
    path = tmp_path / "corrections.json"
    key = {"frame": 3, "shift": [0.1, 0], "rotation": 4, "scale": 1.5, "handles": {"chin": [0, 0.02]}}
    place = {"left_eye": PLACE[:2], "right_eye": PLACE[2:4], "mouth": PLACE[4:]}
    landmarks = [
        {"first": 3, "last": 5, "face": 1, "fade": 2, "keys": [key]},
        {"first": 8, "last": 8, "keys": [{"frame": 8, "place": place}]},
    ]
    path.write_text(json.dumps({"landmarks": landmarks}))
    expected = LandmarkKey(3, (0.1, 0.0), 4.0, 1.5, moved(CHIN, (0.0, 0.02)))
    read = read_corrections(path)
    assert (read.exclusions, read.holds) == ((), ())
    assert read.landmark_edits == (
        LandmarkEdit(3, 5, (expected,), 1, 2),
        LandmarkEdit(8, 8, (LandmarkKey(8, place=PLACE),)),
    )
    assert read.correct(SwapRequest(Identity(()))).landmark_edits == read.landmark_edits


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("5", "landmarks is a list of objects"),
        ('[{"first": 1, "last": 2}]', "correction 1: keys is missing"),
        ('[{"first": 1, "last": 2, "keys": []}]', "0 keys are not possible"),
        ('[{"first": 3, "last": 2, "keys": [{"frame": 3}]}]', "frames 3 to 2 are no range"),
        ('[{"first": 1, "last": 2, "keys": [{}]}]', "correction 1, key 1: frame is missing"),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1}, {"frame": 1}]}]', "ascending frames"),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1, "scale": 0}]}]', "scale must be from 0.1"),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1, "scale": true}]}]', "scale must be a number"),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1, "shift": [1]}]}]', "shift is two numbers"),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1, "shift": [1, 1e999]}]}]', "shift must be a number"),
        (
            '[{"first": 1, "last": 2, "keys": [{"frame": 1, "handles": {"chim": [0, 0]}}]}]',
            "did you mean chin",
        ),
        ('[{"first": 1, "last": 2, "keys": [{"frame": 1, "handles": []}]}]', "handles is an object"),
        (
            '[{"first": 1, "last": 2, "keys": [{"frame": 1, "place": {"mouth": [0, 0]}}]}]',
            "place needs left_eye",
        ),
        ("[" + ",".join(["{}"] * 2000) + "]", "2000 corrections"),
    ],
)
def test_a_damaged_or_hostile_file_is_one_line(tmp_path, text, fault):
    path = tmp_path / "corrections.json"
    path.write_text(f'{{"landmarks": {text}}}')
    check_refusal(read_corrections, path, fault)
