# SPDX-License-Identifier: GPL-3.0-or-later
"""Ranges of frames in which faces are looked for with other settings: these frames run again, and no other."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.corrections import Corrections, read_corrections
from understudy.core.errors import MessageError, RecipeError
from understudy.core.export.inputs import face_images
from understudy.core.layers.job import request_from, request_values
from understudy.core.recipe import Recipe, with_value
from understudy.core.recipe.frame_ranges import Exclusion
from understudy.core.recipe.redetection import REDETECTION_SETTINGS, Redetection, make_redetection
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.scan import scan_clip

from tests.core.embedded_pipeline import open_with_pipeline
from tests.core.rendered_clip import FRAMES, folder, render
from tests.core.unusable_files import check_refusal

__all__ = ["folder"]

PLAIN = SwapRequest(Identity(()))


@given(st.integers(0, 40), st.integers(0, 20), st.integers(0, 80), st.floats(0.05, 0.99))
def test_only_frames_of_the_range_are_analysed_otherwise(first, length, number, score):
    redetection = make_redetection(first, first + length, {"detect.score": score})
    request = replace(PLAIN, redetections=(redetection,)).in_frame(number)
    assert request.redetections == ()
    if number not in redetection:
        assert request == PLAIN  # its digest too: that of a request without ranges
        assert repr(request) == repr(PLAIN)
        return
    assert repr(request) != repr(PLAIN)
    for near in range(max(first - 2, 0), first + length + 3):
        within = with_value(Recipe(), "detect.score", score)
        assert request.recipe.in_frame(near) == (within if near in redetection else Recipe())
    # What is no analysis is that of the modifier, within the range and around it.
    assert request.recipe.fusion == PLAIN.recipe.fusion


def test_a_range_reaches_a_worker_and_what_it_may_not_be_does_not():
    redetection = make_redetection(3, 9, {"detect.score": 0.30000000000000004, "detect.angles": "all"})
    request = replace(PLAIN, redetections=(redetection,))
    values = json.loads(json.dumps(request_values(request)))
    assert request_from(values) == request
    for wrong in (
        [[3, 9]], [[9, 3, {"detect.score": 0.3}]], [[3, 9, {}]], [[3, 9, {"fusion.opacity": 0.3}]],
        [[3, 9, {"detect.score": 7}]], [[3, 9, {"detect.score": [1]}]], [[3, True, {"detect.score": 0.3}]], 5,
    ):  # fmt: skip
        with pytest.raises((MessageError, RecipeError)):
            request_from({**values, "redetections": wrong})


@pytest.mark.parametrize(
    ("more", "fault"),
    [
        ("", "settings are missing"),
        (', "settings": {}', "nothing is set for the range"),
        (', "settings": [1]', "settings are missing"),
        (', "settings": {"detect.score": null}', "settings are missing"),
        (', "settings": {"detect.score": 3}', "detect.score must be from 0.05 to 0.99"),
        (', "settings": {"detect.every": 3}', "detect.every can't be set for a range"),
        (', "settings": {"detect.angles": "none"}', "detect.angles can't be 'none'"),
        (', "settings": {"detect.score": 0.3}, "fade": 3', "a redetect has no fade"),
    ],
)
def test_a_damaged_file_is_one_line(tmp_path, more, fault):
    path = tmp_path / "corrections.json"
    path.write_text('{"ranges": [{"kind": "redetect", "first": 5, "last": 6' + more + "}]}")
    check_refusal(read_corrections, path, fault)


def test_a_file_with_a_range(tmp_path):
    path = tmp_path / "corrections.json"
    settings = {"landmark.score": 0.2, "detect.angles": "all"}
    path.write_text(
        json.dumps({"ranges": [{"kind": "redetect", "first": 5, "last": 6, "settings": settings}]})
    )
    in_order = tuple((name, settings[name]) for name in REDETECTION_SETTINGS if name in settings)
    assert read_corrections(path) == Corrections((), (), redetections=(Redetection(5, 6, in_order),))


@pytest.mark.slow
def test_only_the_frames_of_the_range_run_again_and_without_it_none_does(folder):
    """By the command line. The same points make the same face: it is not swapped again."""
    corrections = folder / "redetections.json"

    def redetect(settings):
        entry = {"kind": "redetect", "first": 4, "last": 6, "settings": settings}
        corrections.write_text(json.dumps({"ranges": [entry]}))
        return "--corrections", corrections

    render(folder, "swapped.mp4")
    analysed = {"detect": 3, "landmark": 3, "embed": 3, "fuse": FRAMES}
    assert render(folder, "turned.mp4", *redetect({"detect.angles": "all"})) == analysed
    # Another box gives slightly other points.
    assert render(folder, "margin.mp4", *redetect({"detect.margin": 30})) == {
        **analysed,
        "shape": 3,
        "swap": 3,
    }
    assert render(folder, "margin.mp4", *redetect({"detect.margin": 30})) == {"fuse": FRAMES}
    assert render(folder, "removed.mp4") == {"fuse": FRAMES}


@pytest.mark.slow
@pytest.mark.parametrize("which", ["largest", "track", "all"])
def test_a_face_that_is_missed_is_found_in_the_range(folder, which):
    """And a scan has no complaint about these frames, once they are analysed."""
    recipe = Recipe()
    for path, value in {"detect.score": 0.99, "landmark.gaps": 0, "select.which": which}.items():
        recipe = with_value(recipe, path, value)
    redetection = make_redetection(4, 6, {"detect.score": 0.5, "landmark.landmarker": "face-mesh"})
    request = SwapRequest(Identity(face_images([folder / "red.png"], [])), recipe)
    if which == "track":
        # Picked where the face is found; in the range it is another analysis that knows it.
        recipe = with_value(with_value(recipe, "detect.score", 0.5), "select.reference_frame", 5)
        request = replace(request, recipe=recipe)
        redetection = make_redetection(4, 6, {"detect.margin": 30})
    with open_with_pipeline(folder / "clip.mp4") as (pipeline, clip):
        mended = replace(request, redetections=(redetection,))
        counts = [
            [pipeline.plan(clip, number, [asked]).face_count for number in range(3, 8)]
            for asked in (request, mended)
        ]
        result = scan_clip(pipeline, clip, range(3, 8), mended)
        # What makes geometry and handles of faces has them too, also where the frame is excluded.
        excluded = replace(mended, exclusions=(Exclusion(5, 5),))
        traits = [len(pipeline.frame_traits(clip, number, excluded).faces) for number in range(3, 8)]
    assert counts == ([[1] * 5] * 2 if which == "track" else [[0] * 5, [0, 1, 1, 1, 0]])
    assert traits == counts[1]
    assert [series.frames.tolist() for series in result.series] == [
        list(range(3, 8)) if which == "track" else [4, 5, 6]
    ]


@pytest.mark.slow
def test_a_landmarker_of_another_kind_is_refused_in_one_line(folder):
    request = SwapRequest(
        Identity(face_images([folder / "red.png"], [])),
        redetections=(make_redetection(4, 6, {"landmark.landmarker": "pfld-98"}),),
    )
    with (
        open_with_pipeline(folder / "clip.mp4") as (pipeline, clip),
        pytest.raises(RecipeError, match="pfld-98 can't be used for a range"),
    ):
        pipeline.plan(clip, 5, [request])
