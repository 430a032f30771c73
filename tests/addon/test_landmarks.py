# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: landmarks are corrected in frames of the clip, at the cost of those, whatever is done to the strip."""

import numpy as np
import pytest
from report_stages import stage_runs
from shared_result import shared_result
from timeline_edits import EDITS

from tests.addon.test_timeline_edits import TAKE_EDITS, check, make_edits

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT, HIDDEN = 12, 5
DOWN, ASIDE = {"chin": [0.0, 0.08]}, {"shift": [0.1, 0.0], "rotation": 6.0}
CORRECT = ["correct", {"first": 3, "last": 6, "keys": [[3, DOWN], [6, ASIDE]]}]


@pytest.fixture(scope="module")
def project(drive, footage, tmp_path_factory):
    """A saved and prepared project in which the face is missed in one frame."""
    path = str(drive.folder / "missed.blend")
    files = footage.write_files_with_hidden_face(tmp_path_factory.mktemp("hidden"), HIDDEN)
    drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["pictures", {"name": "clip", "files": files}],
        [
            "cast",
            {
                "name": "clip",
                "picture": footage.person,
                "settings": {"landmark.gaps": 0, "fusion.keep_cover": 0.0},
            },
        ],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["op", {"name": "understudy.problem_scan"}],
        ["save", {}],
    )
    return path


def test_a_person_places_a_face_where_the_detector_has_none(drive, project):
    report = str(drive.folder / "placed.json")
    answers = drive(
        ["load", {"path": project}],
        ["handle_face_counts", {"active": "clip", "number": HIDDEN}],
        ["problems", {"active": "clip"}],
        ["render", {"out": drive.out("missed"), "report": report}],
        ["go", {"frame": HIDDEN + 1}],
        ["op", {"name": "understudy.landmarks_place", "active": "clip"}],
        ["shows_handles", {}],
        ["corrections", {}],
        ["op", {"name": "understudy.landmarks_place"}],
        ["problems", {"active": "clip"}],
        ["render", {"out": drive.out("placed"), "report": report}],
        ["drawn", {"active": "clip"}],
        ["load", {"path": project}],
        ["shows_handles", {}],
    )
    assert answers[1] == [0, 1, 1, [320, 240]]
    assert len(answers[2]) == 1
    assert answers[3]["faces"] == COUNT - 1
    assert answers[5:7] == [["FINISHED"], True]
    ((first, last, _, places, ((frame, *numbers),)),) = answers[7]
    assert (first, last, places, frame, len(numbers)) == (HIDDEN, HIDDEN, True, HIDDEN, 40)
    assert answers[9] == []
    assert answers[10]["faces"] - answers[3]["faces"] == COUNT  # the report counts all renders of the process
    assert answers[10]["stages"]["swap"]["run"] == 1
    panel = answers[11]["Face Swap Repair"]
    assert {
        "understudy.landmarks_edit",
        "understudy.landmark_edit_remove",
        "UNDERSTUDY_PG_landmark_edit.first",
    } <= set(panel)
    assert "UNDERSTUDY_PG_landmark_edit.fade" not in panel
    assert answers[13] is False
    before, after = (drive.pictures(name, COUNT) for name in ("missed", "placed"))
    changed = {frame for frame in before if not np.array_equal(before[frame], after[frame])}
    assert changed == {HIDDEN + 1}


def test_keys_ranges_and_removal_by_the_operators(drive, project):
    answers = drive(
        ["load", {"path": project}],
        ["correct", {"first": 2, "last": 2, "keys": [[2, {"shift": [0.2, 0.0]}]], "fade": 1}],
        ["go", {"frame": 8}],
        ["op", {"name": "understudy.landmark_key_insert", "active": "clip", "index": 0}],
        ["corrections", {}],
        ["go", {"frame": 5}],
        ["op", {"name": "understudy.landmark_key_remove", "index": 0}],
        ["go", {"frame": 8}],
        ["op", {"name": "understudy.landmark_key_remove", "index": 0}],
        ["op", {"name": "understudy.landmark_edit_set", "index": 0, "end": "LAST"}],
        ["op", {"name": "understudy.landmark_edit_set", "index": 0, "end": "CUT"}],
        ["corrections", {}],
        ["op", {"name": "understudy.landmark_edit_go", "index": 0}],
        ["here", {}],
        ["op", {"name": "understudy.landmarks_edit"}],
        ["shows_handles", {}],
        ["undo", {"push": "corrected", "times": 0}],
        ["op", {"name": "understudy.landmark_edit_remove", "active": "clip", "index": 0}],
        ["corrections", {}],
        ["undo", {"push": "removed", "times": 1}],
        ["corrections", {}],
        ["damage_correction", {}],
        ["corrections", {}],
        ["op", {"name": "understudy.landmark_edit_remove", "active": "clip", "index": 9}],
    )
    ((first, last, fade, _, keys),) = answers[4]
    assert (first, last, fade, [key[0] for key in keys]) == (2, 7, 1, [2, 7])
    assert keys[0][1:] == keys[1][1:]
    assert [answers[place] for place in (6, 8, 9)] == [["CANCELLED"], ["FINISHED"], ["FINISHED"]]
    # One frame without a picture is no cut.
    ((first, last, _, _, keys),) = answers[11]
    assert (first, last, [key[0] for key in keys]) == (2, COUNT - 1, [2])
    assert (answers[13], answers[15]) == (3, False)
    assert answers[18] == []
    assert answers[20] == answers[11] == answers[22]  # what can't be read asks for nothing
    assert "There is no correction number 10" in answers[23]


def test_a_held_face_has_handles(drive, project):
    answers = drive(
        ["load", {"path": project}],
        ["go", {"frame": HIDDEN + 1}],
        ["op", {"name": "understudy.range_add", "active": "clip", "kind": "HOLD"}],
        ["handle_face_counts", {"active": "clip", "number": HIDDEN}],
    )
    assert answers[3][:3] == [1, 1, 1]


def test_a_pointer_leads_back_to_the_pixel_whatever_the_strip_does(drive, project):
    """Scaled, rotated, moved and mirrored: from the frame to the preview and back."""
    looks = {"transform__scale_x": 1.7, "transform__scale_y": 0.4, "transform__rotation": 0.6}
    placed = {"transform__offset_x": 31, "transform__offset_y": -12, "use_flip_x": True}
    answers = drive(
        ["load", {"path": project}],
        ["adjust", {"name": "clip", **looks, **placed}],
        ["preview_round_trip", {"name": "clip", "points": [[0, 0], [320, 240], [17.5, 203]]}],
    )
    for before, preview, after in answers[2]:
        assert after == pytest.approx(before, abs=1e-6)
        assert preview != pytest.approx(before, abs=1)


@pytest.mark.every_blender
def test_a_correction_costs_swap_and_fuse_of_its_frames_and_its_removal_nothing(every_blender, footage):
    drive = every_blender
    path, report = str(drive.folder / "landmarks.blend"), str(drive.folder / "report.json")
    render = ["render", {"out": drive.out("any"), "report": report}]
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, 8], "save": path}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": {"swap.shape": 0.0}}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["render", {"out": drive.out("plain"), "report": report}],
        CORRECT,
        ["render", {"out": drive.out("corrected"), "report": report}],
        render,
        ["op", {"name": "understudy.landmark_edit_remove", "active": "clip", "index": 0}],
        ["render", {"out": drive.out("removed"), "report": report}],
        CORRECT,
        render,
    )
    runs = [stage_runs(answers[place]) for place in (4, 6, 7, 9, 11)]
    # The report counts all renders of the process.
    assert runs == [
        {}, {"swap": 4, "fuse": 4}, {"swap": 4, "fuse": 4}, {"swap": 4, "fuse": 8}, {"swap": 4, "fuse": 12},
    ]  # fmt: skip
    plain, corrected, removed = (drive.pictures(name, 8) for name in ("plain", "corrected", "removed"))
    changed = {frame for frame in plain if not np.array_equal(plain[frame], corrected[frame])}
    assert changed == {4, 5, 6, 7}  # frames 3 to 6 of the clip
    assert all(np.array_equal(plain[frame], removed[frame]) for frame in plain)


@pytest.mark.every_blender
def test_corrections_survive_saving_undo_splits_copies_and_other_projects(every_blender, footage):
    drive = every_blender
    path = str(drive.folder / "kept.blend")
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        CORRECT,
        ["corrections", {}],
        ["save", {}],
        ["load", {"path": path}],
        ["corrections", {}],
        ["correction_frames", {"frames": [1, 4, 5, 7, 8]}],
        ["split", {"name": "clip", "frame": 6}],
        ["op", {"name": "understudy.refresh"}],
        ["corrections", {"index": 1}],
        ["correction_frames", {"frames": [1, 4, 5, 6, 7, 8]}],
        ["load", {"path": path}],
        ["adjust", {"name": "clip", "frame_start": 3}],
        ["op", {"name": "understudy.refresh"}],
        ["correction_frames", {"frames": [5, 6, 9, 10]}],
        ["links", {"path": path, "link": False}],
        ["corrections", {}],
        ["links", {"path": path, "link": True}],
        ["corrections", {}],
    )
    kept = answers[4]
    assert [key[0] for key in kept[0][4]] == [3, 6]
    assert [answers[place] for place in (7, 11, 18, 20)] == [kept] * 4
    assert answers[8] == [[4, 3], [5, 4], [7, 6]]
    assert answers[12] == [[4, 3], [5, 4], [6, 5], [7, 6]]
    assert answers[16] == [[6, 3], [9, 6]]


@pytest.fixture(scope="module")
def edited(request, every_blender, footage, tmp_path_factory):
    """Make edits of the timeline on a corrected movie and on a strip of finished frames."""
    edits = EDITS if request.config.getoption("markexpr") == "long" else TAKE_EDITS
    name = f"landmarks_{len(edits)}_{every_blender.blender.name}"
    return shared_result(
        tmp_path_factory, name, lambda _: make_edits(every_blender, footage, edits, mends=[CORRECT])
    )


@pytest.mark.every_blender
@pytest.mark.parametrize("name", TAKE_EDITS)
def test_corrections_move_along_with_the_clip(edited, name):
    check(edited[name], name)


@pytest.mark.long
@pytest.mark.every_blender
@pytest.mark.parametrize("name", [name for name in EDITS if name not in TAKE_EDITS])
def test_corrections_move_along_with_the_clip_in_any_edit(edited, name):
    check(edited[name], name)
