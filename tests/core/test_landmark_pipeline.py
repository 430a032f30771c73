# SPDX-License-Identifier: GPL-3.0-or-later
"""Corrections of landmarks in the pipeline: which face moves, what it costs, and faces that a person places."""

from dataclasses import replace

import numpy as np
import pytest
from understudy.core.export.inputs import face_images
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.face.landmark_handles import HANDLES
from understudy.core.recipe import Recipe, with_value
from understudy.core.recipe.frame_ranges import Hold
from understudy.core.recipe.landmark_edits import REST, LandmarkEdit, LandmarkKey
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.scan.next_cut import last_frame_of_shot

from tests.core import face_clip
from tests.core.embedded_pipeline import open_with_pipeline
from tests.core.layer_images import update_layers
from tests.core.rendered_clip import FRAMES, folder

__all__ = ["folder"]


def chin(*offset):
    """Offsets in which the chin alone is moved."""
    return tuple(offset if name == "chin" else rest for name, rest in zip(HANDLES, REST, strict=True))


@pytest.mark.slow
def test_a_correction_costs_swap_and_fuse_of_its_frames_and_its_removal_nothing(folder, tmp_path):
    plain = SwapRequest(Identity(face_images([folder / "red.png"], [])))

    def update(request):
        return update_layers(folder, tmp_path, request)[:2]

    written, _ = update(plain)
    assert written == list(range(FRAMES))
    down = chin(0.0, 0.03)
    edit = LandmarkEdit(4, 6, (LandmarkKey(4, offsets=down), LandmarkKey(6, rotation=3.0, offsets=down)))
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
def test_a_hold_carries_what_was_corrected_beside_it(folder, tmp_path):
    """Frames 4 to 6 are held, and the chin is corrected in the frame before or in the one after, or all over."""
    plain = SwapRequest(Identity(face_images([folder / "red.png"], [])))
    held = replace(plain, holds=(Hold(4, 6),))
    down = chin(0.0, 0.1)
    before = replace(held, landmark_edits=(LandmarkEdit(3, 3, (LandmarkKey(3, offsets=down),)),))
    throughout = replace(held, landmark_edits=(LandmarkEdit(2, 8, (LandmarkKey(2, offsets=down),)),))
    with open_with_pipeline(folder / "clip.mp4") as (pipeline, clip):

        def landmarks(number, request):
            (entry,) = pipeline.plan(clip, number, [request]).faces
            return entry.face.landmarks

        start, end = landmarks(3, before), landmarks(7, held)
        assert np.abs(start - landmarks(3, held)).max() > 1
        for number in (4, 5, 6):
            share = (number - 3) / 4
            points = landmarks(number, before)
            assert np.abs(points - (start + share * (end - start))).max() < 1e-3
            # A correction of the held frame itself moves the points that are found beside it, once.
            plain_hold = landmarks(number, held)
            once = replace(
                held, landmark_edits=(LandmarkEdit(number, number, (LandmarkKey(number, offsets=down),)),)
            )
            assert np.array_equal(landmarks(number, throughout), landmarks(number, once))
            assert np.abs(landmarks(number, throughout) - plain_hold).max() > 1

    def update(request):
        return update_layers(folder, tmp_path, request)[:2]

    update(held)
    assert update(before) == ([3, 4, 5, 6], {"swap": 4, "fuse": 4})
    assert update(held) == ([3, 4, 5, 6], {"fuse": 4})
    # A correction elsewhere is none of a hold's business.
    apart = replace(held, landmark_edits=(LandmarkEdit(1, 1, (LandmarkKey(1, offsets=down),)),))
    assert update(apart) == ([1], {"swap": 1, "fuse": 1})


@pytest.mark.slow
def test_the_chin_goes_down_in_the_layer_and_the_eyes_stay(folder):
    request = SwapRequest(Identity(face_images([folder / "red.png"], [])))
    edit = LandmarkEdit(2, 2, (LandmarkKey(2, offsets=chin(0.0, 0.1)),))
    with open_with_pipeline(folder / "clip.mp4") as (pipeline, clip):
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
    face_clip.write_hidden_clip(tmp_path / "hidden.mp4", 9, (4, 5))
    face_clip.write_picture(tmp_path / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    recipe = with_value(Recipe(), "landmark.gaps", 0)
    request = SwapRequest(Identity(face_images([tmp_path / "red.png"], [])), recipe)
    with open_with_pipeline(tmp_path / "hidden.mp4") as (pipeline, clip):
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
    with open_with_pipeline(tmp_path / "both.png") as (pipeline, clip):

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
    with open_with_pipeline(tmp_path / "cut.mp4") as (pipeline, clip):
        ends = [
            last_frame_of_shot(pipeline, clip, *span, request)
            for span in ((0, 8), (4, 8), (5, 8), (2, 3), (8, 8))
        ]
    assert ends == [4, 4, 8, 3, 8]
