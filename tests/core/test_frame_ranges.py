# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of frames that keep the original face, eased, at the cost of a fuse; and ranges whose points are held."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.corrections import Corrections, read_corrections
from understudy.core.batch.job import correction_warnings
from understudy.core.errors import MessageError, RecipeError
from understudy.core.export.inputs import face_images
from understudy.core.layers.job import request_from, request_values
from understudy.core.media.open import open_sequence
from understudy.core.recipe import Fusion, Recipe, with_value
from understudy.core.recipe.frame_ranges import Dismissal, Exclusion, Hold, validate_exclusion, visibility_at
from understudy.core.recipe.landmark_edits import LandmarkEdit, LandmarkKey
from understudy.core.recipe.request import Identity, SwapRequest, requests_in_frame

from tests.core import face_clip
from tests.core.embedded_pipeline import open_with_pipeline
from tests.core.layer_images import update_layers
from tests.core.rendered_clip import FRAMES, folder, pictures, render
from tests.core.unusable_files import check_files_that_are_none, check_refusal

__all__ = ["folder"]

ranges = st.tuples(st.integers(0, 300), st.integers(0, 100), st.integers(0, 40)).map(
    lambda three: Exclusion(three[0], three[0] + three[1], three[2])
)


@given(ranges, st.integers(0, 500))
def test_a_face_is_gone_within_a_range_and_whole_beyond_its_fade(one, number):
    left = one.visibility(number)
    distance = max(one.first - number, number - one.last, 0)
    assert (left == 0) == (distance == 0)
    assert (left == 1) == (distance > one.fade)
    # It rises with the distance, and on both sides alike.
    assert left <= one.visibility(number + (1 if number > one.last else -1)) or distance == 0
    assert one.visibility(one.first - distance) == one.visibility(one.last + distance)


@given(st.lists(ranges, max_size=4), st.integers(0, 500))
def test_where_ranges_overlap_the_least_is_left(several, number):
    assert visibility_at(several, number) == min([1.0, *(one.visibility(number) for one in several)])


def test_a_request_without_exclusions_is_what_it_was():
    """Saved keys and digests have its text: it must not differ from that of versions before."""
    plain = SwapRequest(Identity(()), Recipe(fusion=Fusion(opacity=0.8)))
    assert plain.in_frame(7) is plain
    assert "exclusion" not in repr(replace(plain, exclusions=(Exclusion(1, 2),)))
    excluded = replace(plain, exclusions=(Exclusion(10, 12, 1),))
    assert [excluded.in_frame(number) for number in (8, 10, 12, 14)] == [plain, None, None, plain]
    eased = excluded.in_frame(9)
    assert eased == replace(plain, recipe=Recipe(fusion=Fusion(opacity=0.4)))
    assert requests_in_frame((excluded, plain), 11) == (plain,)
    held = replace(plain, holds=(Hold(3, 4), Hold(8, 9)))
    assert [held.in_frame(number).holds for number in (2, 3, 9)] == [(), (Hold(3, 4),), (Hold(8, 9),)]
    assert held.in_frame(5) == plain
    assert repr(held) == repr(plain)


def test_exclusions_reach_a_worker_and_what_they_may_not_be_does_not():
    request = SwapRequest(Identity(()), exclusions=(Exclusion(3, 9, 2), Exclusion(0, 0)), holds=(Hold(5, 5),))
    values = json.loads(json.dumps(request_values(request)))
    assert request_from(values) == request
    for wrong in ([[3]], [[3, 2, 0]], [[-1, 2, 0]], [[1, 2, 10**6]], [[1, 2, 0.5]], "no", [[1, 2, 0]] * 5000):
        with pytest.raises((MessageError, RecipeError)):
            request_from({**values, "exclusions": wrong})
    for wrong in ([[3]], [[3, 2]], [[-1, 2]], [[1, 2, 3]], [[1, True]], {}):
        with pytest.raises((MessageError, RecipeError)):
            request_from({**values, "holds": wrong})


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "is not JSON"),
        ("[1]", "no JSON object"),
        ("{}", "no list of ranges"),
        ('{"ranges": 5}', "no list of ranges"),
        ('{"range": []}', "did you mean ranges?"),
        ('{"ranges": [{"kind": "exclude", "first": 5}]}', "range 1: last is missing"),
        ('{"ranges": [{"kind": "delete", "first": 5, "last": 6}]}', "kind can't be"),
        ('{"ranges": [{"kind": "exclude", "first": 9, "last": 6}]}', "range 1: frames 9 to 6 are no range"),
        ('{"ranges": [{"kind": "exclude", "first": -9, "last": 6}]}', "first is a whole number"),
        ('{"ranges": [{"kind": "exclude", "first": 1e3, "last": 6}]}', "first is a whole number"),
        ('{"ranges": [{"kind": "exclude", "first": true, "last": 6}]}', "first is a whole number"),
        ('{"ranges": [{"kind": "exclude", "first": 1, "last": 6, "fade": 5000}]}', "a fade of 5000"),
        ('{"ranges": [{"kind": "hold", "first": 1, "last": 6, "fade": 5}]}', "a hold has no fade"),
        ('{"ranges": [{"kind": "hold", "first": 7, "last": 6}]}', "frames 7 to 6 are no range"),
        ('{"ranges": [{"kind": "dismiss", "first": 7, "last": 6}]}', "frames 7 to 6 are no range"),
        (
            '{"ranges": [{"kind": "dismiss", "first": 1, "last": 6, "settings": {}}]}',
            "a dismiss has no settings",
        ),
        ('{"ranges": [{"kind": "exclude", "first": NaN, "last": 6}]}', "as JSON with NaN in it"),
        ('{"ranges": [{"kind": "exclude", "first": 1, "last": 1' + "0" * 5000 + "}]}", "range 1|be read"),
        ("[" * 200_000, "can't be read as JSON"),
        ('{"ranges": [' + "{},".join([""] * 9000) + "{}]}", "ranges: give"),
    ],
)
def test_a_damaged_or_hostile_file_is_one_line(tmp_path, text, fault):
    path = tmp_path / "corrections.json"
    path.write_text(text)
    check_refusal(read_corrections, path, fault)


@pytest.mark.parametrize(("last", "key", "named"), [(3, 500, True), (3, 7, False), (2000, 500, False)])
def test_a_key_after_the_clip_and_outside_of_its_range_is_said(tmp_path, last, key, named):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((8, 8, 3), np.uint8))
    edit = LandmarkEdit(0, last, (LandmarkKey(0), LandmarkKey(key)))
    request = SwapRequest(Identity(()), landmark_edits=(edit,))
    with open_sequence([tmp_path / "a.png"] * 8) as clip:
        said = correction_warnings(clip, [request])
    assert [
        "does not have frame 500, which is corrected: its frames are 0 to 7" in text for text in said
    ] == ([True] if named else [])


def test_a_file_that_is_none_is_one_line(tmp_path):
    check_files_that_are_none(read_corrections, tmp_path, "ranges", 1 << 21)


def test_a_file_with_ranges(tmp_path):
    path = tmp_path / "corrections.json"
    ranges = [
        {"kind": "exclude", "first": 3, "last": 5, "fade": 2},
        {"kind": "exclude", "first": 0, "last": 0},
        {"kind": "hold", "first": 8, "last": 9},
        {"kind": "dismiss", "first": 6, "last": 7},
    ]
    path.write_text(json.dumps({"ranges": ranges}))
    read = read_corrections(path)
    assert read == Corrections(
        (Exclusion(3, 5, 2), Exclusion(0, 0)), (Hold(8, 9),), dismissals=(Dismissal(6, 7),)
    )
    assert read.correct(SwapRequest(Identity(()))).dismissals == read.dismissals
    with pytest.raises(RecipeError):
        validate_exclusion(Exclusion(0, 3, -1))


@pytest.mark.slow
def test_an_excluded_range_costs_a_fuse_of_its_borders_and_its_removal_nothing(folder):
    """In the movie the frames of the range are the clip's own, and those beyond its fade as without it."""
    corrections = folder / "corrections.json"
    corrections.write_text('{"ranges": [{"kind": "exclude", "first": 4, "last": 6, "fade": 1}]}')

    def render_images(name, *more):
        runs = render(folder, f"{name}_%02d.png", *more)
        return runs, [pictures(folder / f"{name}_{number:02d}.png")[1][0] for number in range(FRAMES)]

    _, swapped = render_images("swapped")
    runs, excluded = render_images("excluded", "--corrections", corrections)
    again, removed = render_images("removed")
    assert runs == again == {"fuse": FRAMES}  # a movie is written anew, so each frame is fused
    originals = pictures(folder / "clip.mp4")[1]
    for number in range(FRAMES):
        same = np.array_equal(excluded[number], swapped[number])
        assert same == (number not in range(3, 8))
        assert np.array_equal(removed[number], swapped[number])
        assert np.array_equal(excluded[number], originals[number]) == (number in (4, 5, 6))
    for number in (3, 7):  # eased half way
        change, whole = (
            np.abs(images[number].astype(int) - originals[number]).sum() for images in (excluded, swapped)
        )
        assert 0.4 < change / whole < 0.6


@pytest.mark.slow
def test_layers_outside_a_range_stay_current_and_its_removal_brings_them_back(folder, tmp_path):
    """By layer images, as Blender has them: only those of the range and its fade are made again."""
    plain = SwapRequest(Identity(face_images([folder / "red.png"], [])))

    def update(request):
        return update_layers(folder, tmp_path, request)[:3]

    written, _, _ = update(plain)
    assert written == list(range(FRAMES))
    excluded = replace(plain, exclusions=(Exclusion(4, 6, 1),))
    assert update(excluded) == ([3, 4, 5, 6, 7], {"fuse": 5}, {"excluded": 3})
    assert update(excluded) == ([], {}, {"excluded": 3})
    assert update(plain) == ([3, 4, 5, 6, 7], {"fuse": 5}, {})
    held = replace(plain, holds=(Hold(8, 9),))
    assert update(held) == ([8, 9], {"swap": 2, "fuse": 2}, {})
    assert update(held) == ([], {}, {})
    assert update(plain) == ([8, 9], {"fuse": 2}, {})


@pytest.mark.slow
def test_held_points_go_straight_from_the_frame_before_to_the_frame_after(folder):
    """Also in a frame in which no face is found; at the clip's end the face is carried as it is."""
    request = SwapRequest(Identity(face_images([folder / "red.png"], [])))

    def landmarks(clip, number, holds):
        asked = replace(request, holds=holds)
        return [entry.face.landmarks for entry in pipeline.plan(clip, number, [asked]).faces]

    with open_with_pipeline(folder / "clip.mp4") as (pipeline, clip):
        (before,), (after,) = (landmarks(clip, number, ()) for number in (3, 7))
        for number in (4, 5, 6):
            (points,) = landmarks(clip, number, (Hold(4, 6),))
            share = (number - 3) / 4
            assert np.abs(points - (before + share * (after - before))).max() < 1e-3
            (own,) = landmarks(clip, number, ())
            assert np.abs(points - own).max() > 0  # the face moves, but not quite evenly
        (last,) = landmarks(clip, FRAMES - 1, (Hold(8, FRAMES - 1),))
        (there,) = landmarks(clip, 7, ())
        assert np.array_equal(last, there)
        # A range that is all of the clip has nobody to carry.
        (own,) = landmarks(clip, 5, (Hold(0, FRAMES - 1),))
        (plain,) = landmarks(clip, 5, ())
        assert np.array_equal(own, plain)


@pytest.mark.slow
def test_a_face_that_is_missed_is_swapped_where_it_is_held(tmp_path):
    """Three frames in which the face is hidden: without a hold nobody is replaced there."""
    face_clip.write_hidden_clip(tmp_path / "hidden.mp4", 9, (4, 5))
    face_clip.write_picture(tmp_path / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    recipe = with_value(Recipe(), "landmark.gaps", 0)
    request = SwapRequest(Identity(face_images([tmp_path / "red.png"], [])), recipe)
    with open_with_pipeline(tmp_path / "hidden.mp4") as (pipeline, clip):
        counts = [
            [pipeline.plan(clip, number, [asked]).face_count for number in (3, 4, 5, 6)]
            for asked in (request, replace(request, holds=(Hold(4, 5),)))
        ]
    assert counts == [[1, 0, 0, 1], [1, 1, 1, 1]]
