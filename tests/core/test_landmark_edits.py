# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks: keyed, by value in requests and files, at the cost of swap and fuse of their frames."""

import json
from contextlib import closing
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from understudy.core.batch.corrections import read_corrections
from understudy.core.cache.settings import CacheSettings
from understudy.core.cache.stores.memory import MemoryStore
from understudy.core.errors import BatchError, MessageError, RecipeError
from understudy.core.export.inputs import face_images
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.face.landmark_handles import HANDLES
from understudy.core.layers.job import LayerJob, request_from, request_values
from understudy.core.media.open import open_clip
from understudy.core.media.source import ClipSource
from understudy.core.models.embedded import embedded_models
from understudy.core.pipeline.pipeline import Pipeline
from understudy.core.recipe import Recipe, with_value
from understudy.core.recipe.landmark_edits import REST, LandmarkEdit, LandmarkKey, validate_landmark_edit
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.next_cut import last_frame_of_shot
from understudy.core.scan.problems import Problem, open_problems
from understudy.core.sessions.layer_session import LayerSession
from understudy.core.sessions.settings import RunSettings

from tests.core import face_clip
from tests.core.rendered_clip import FRAMES, folder, pictures

__all__ = ["folder"]

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


def test_a_corrected_frame_is_no_problem():
    problems = [Problem(number, 0, ()) for number in (2, 3, 5)]
    edit = LandmarkEdit(3, 4, (LandmarkKey(3),), 0, 1)
    assert [one.frame for one in open_problems(problems, (), (), (edit,))] == [2, 5]


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
    with pytest.raises(BatchError, match=fault) as raised:
        read_corrections(path)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 400


@pytest.mark.slow
def test_a_correction_costs_swap_and_fuse_of_its_frames_and_its_removal_nothing(folder, tmp_path):
    plain = SwapRequest(Identity(face_images([folder / "red.png"], [])))
    source, layers = ClipSource(True, (folder / "clip.mp4",)), tmp_path / "cache" / "layers" / ("a" * 16)

    def update(request):
        session = LayerSession(RunSettings(CacheSettings(tmp_path / "cache")))
        jobs = [
            LayerJob("clip", number, source, number, layers / f"{number:06d}.tif", (request,))
            for number in range(FRAMES)
        ]
        written = [job.number for job in jobs if session.update_layer(job)]
        stages = {
            name: counts["run"] for name, counts in session.as_dict()["stages"].items() if counts["run"]
        }
        assert session.warnings == ()
        session.close()
        return written, stages

    written, _ = update(plain)
    assert written == list(range(FRAMES))
    chin = moved(CHIN, (0.0, 0.03))
    edit = LandmarkEdit(4, 6, (LandmarkKey(4, offsets=chin), LandmarkKey(6, rotation=3.0, offsets=chin)))
    corrected = replace(plain, landmark_edits=(edit,))
    assert update(corrected) == ([4, 5, 6], {"swap": 3, "fuse": 3})
    assert update(corrected) == ([], {})
    # Another key for the last frame: the first one stays.
    later = replace(plain, landmark_edits=(replace(edit, keys=(edit.keys[0], LandmarkKey(6))),))
    assert update(later) == ([5, 6], {"swap": 1, "fuse": 2})  # frame 6 is as it was before any correction
    assert update(plain) == ([4, 5], {"fuse": 2})
    assert update(corrected) == ([4, 5, 6], {"fuse": 3})
    assert update(plain) == ([4, 5, 6], {"fuse": 3})
    # A face in a fourth place that nobody takes: nothing is done.
    absent = replace(plain, landmark_edits=(replace(edit, face=3),))
    assert update(absent)[1] == {}


@pytest.mark.slow
def test_the_chin_goes_down_in_the_layer_and_the_eyes_stay(folder):
    request = SwapRequest(Identity(face_images([folder / "red.png"], [])))
    edit = LandmarkEdit(2, 2, (LandmarkKey(2, offsets=moved(CHIN, (0.0, 0.1))),))
    with (
        closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
        open_clip(folder / "clip.mp4") as clip,
    ):
        plain, moved_plan = (
            pipeline.plan(clip, 2, [replace(request, landmark_edits=asked)]).faces[0].face
            for asked in ((), (edit,))
        )
        change = moved_plan.landmarks[:, :2] - plain.landmarks[:, :2]
        assert change[152, 1] == pytest.approx(0.1 * plain.height, rel=0.05)
        assert np.abs(change[[468, 473, 10, 4]]).max() < 1e-3
        assert moved_plan.height > plain.height


@pytest.mark.slow
def test_a_face_is_replaced_where_a_person_places_it(tmp_path):
    """Two frames in which the face is hidden, placed by eyes and mouth; where a face is found it gives way to it."""
    path = face_clip.write_clip(tmp_path / "clip.mp4", 9, sound=False)
    face_clip.write_picture(tmp_path / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    frames = pictures(path)[1]
    with VideoWriter(tmp_path / "hidden.mp4", face_clip.WIDTH, face_clip.HEIGHT, face_clip.FPS) as writer:
        for number, pixels in enumerate(frames):
            image = np.array(pixels)
            if number in (4, 5):
                left, top, right, bottom = face_clip.face_box(number)
                image[top - 20 : bottom + 20, left - 20 : right + 20] = (150, 110, 90)
            writer.write(image)
    recipe = with_value(Recipe(), "landmark.gaps", 0)
    request = SwapRequest(Identity(face_images([tmp_path / "red.png"], [])), recipe)
    with (
        closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
        open_clip(tmp_path / "hidden.mp4") as clip,
    ):
        (before,) = pipeline.plan(clip, 3, [request]).faces
        points = before.face.landmarks
        place = tuple(
            float(value) for value in (*points[468, :2], *points[473, :2], *points[[13, 14], :2].mean(0))
        )
        placed = replace(request, landmark_edits=(LandmarkEdit(3, 4, (LandmarkKey(3, place=place),)),))
        plans = [pipeline.plan(clip, number, [placed]) for number in (3, 4, 5, 6)]
        assert [plan.face_count for plan in plans] == [1, 1, 0, 1]
        assert pipeline.plan(clip, 4, [request]).face_count == 0
        for plan in plans[:2]:
            mesh = plan.faces[0].face.landmarks
            assert np.abs(mesh[[468, 473], :2].ravel() - place[:4]).max() < 0.01
            assert np.linalg.norm(mesh[:, :2] - points[:, :2], axis=1).mean() < 0.1 * before.face.height
        patch = pipeline.execute(plans[1])
        assert patch is not None
        assert (np.asarray(patch.pixels)[..., -1] > 0).any()
        # With shape, and with nobody found in the frame, it is somebody of the clip all the same.
        shaped = replace(placed, recipe=with_value(recipe, "swap.shape", 1.0))
        assert pipeline.execute(pipeline.plan(clip, 4, [shaped])) is not None


@pytest.mark.slow
def test_of_several_faces_the_one_that_is_meant_moves_counted_from_the_left(tmp_path):
    face_clip.write_picture(tmp_path / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    both = np.hstack([face_clip.portrait(), face_clip.portrait()])
    face_clip.write_picture(tmp_path / "both.png", both)
    recipe = with_value(Recipe(), "select.which", "all")
    request = SwapRequest(Identity(face_images([tmp_path / "red.png"], [])), recipe)
    with (
        closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
        open_clip(tmp_path / "both.png") as clip,
    ):

        def landmarks(*asked):
            plan = pipeline.plan(clip, 0, [replace(request, landmark_edits=asked)])
            return sorted(
                (entry.face.landmarks for entry in plan.faces), key=lambda points: points[:, 0].mean()
            )

        before = landmarks()
        after = landmarks(LandmarkEdit(0, 0, (LandmarkKey(0, (0.0, 0.1)),), 1))
        assert len(before) == len(after) == 2
        assert np.array_equal(before[0], after[0])
        assert np.ptp(after[1][:, :2] - before[1][:, :2], axis=0).max() < 1e-3  # moved as a whole
        assert np.linalg.norm((after[1] - before[1])[0]) > 5


@pytest.mark.slow
def test_a_shot_ends_before_the_next_cut(tmp_path):
    with VideoWriter(tmp_path / "cut.mp4", face_clip.WIDTH, face_clip.HEIGHT, face_clip.FPS) as writer:
        for number in range(9):
            image = face_clip.frame(number)
            writer.write(image if number < 5 else np.ascontiguousarray(255 - image[::-1]))
    request = SwapRequest(Identity(()))
    with (
        closing(Pipeline(MemoryStore(1 << 28), embedded_models())) as pipeline,
        open_clip(tmp_path / "cut.mp4") as clip,
    ):
        ends = [
            last_frame_of_shot(pipeline, clip, *span, request)
            for span in ((0, 8), (4, 8), (5, 8), (2, 3), (8, 8))
        ]
    assert ends == [4, 4, 8, 3, 8]
