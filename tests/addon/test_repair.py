# SPDX-License-Identifier: GPL-3.0-or-later
"""In Blender: problems are found and gone through, and ranges keep the original face, whatever is done to the strip."""

import numpy as np
import pytest
from report_stages import stage_runs

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT, FAULTY = 12, 5
MISSING = [FAULTY + 1, FAULTY, FAULTY, "missing"]


@pytest.fixture(scope="module")
def faulty(footage, tmp_path_factory):
    """The made clip as files; in one of its frames the face is hidden, so that it is missed."""
    return footage.write_files_with_hidden_face(tmp_path_factory.mktemp("faulty"), FAULTY)


@pytest.fixture(scope="module")
def scanned(drive, faulty, footage):
    """A saved project, prepared and scanned, and what the steps until then returned."""
    path = str(drive.folder / "scanned.blend")
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["pictures", {"name": "clip", "files": faulty}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": {"landmark.gaps": 0}}],
        ["op", {"name": "understudy.problem_scan", "active": "clip"}],
        ["op", {"name": "understudy.problem_next"}],
        ["op", {"name": "understudy.prepare"}],
        ["op", {"name": "understudy.problem_scan"}],
        ["problems", {"active": "clip"}],
        ["lists_files_once", {"active": "clip"}],
        ["save", {}],
    )
    return path, answers


def test_what_is_prepared_is_scanned_and_what_is_not_says_so(scanned):
    _, answers = scanned
    assert "press Prepare Clip first" in answers[3]
    assert answers[6:9] == [["FINISHED"], [MISSING], True]


def test_keys_go_from_problem_to_problem_and_markers_show_them(drive, scanned):
    answers = drive(
        ["load", {"path": scanned[0]}],
        ["go", {"frame": 1}],
        ["op", {"name": "understudy.problem_next", "active": "clip"}],
        ["here", {}],
        ["op", {"name": "understudy.problem_next"}],
        ["go", {"frame": 12}],
        ["op", {"name": "understudy.problem_previous"}],
        ["here", {}],
        ["op", {"name": "understudy.problem_markers"}],
        ["op", {"name": "understudy.problem_markers"}],
        ["markers", {}],
        ["drawn", {"active": "clip"}],
    )
    assert answers[2:5] == [["FINISHED"], FAULTY + 1, ["CANCELLED"]]
    assert answers[7] == FAULTY + 1
    assert answers[10] == [[FAULTY + 1, "Problem: Not found for 1 frame"]]
    panel = answers[11]["Face Swap Repair"]
    assert {"understudy.problem_scan", "understudy.problem_next", "understudy.range_add"} <= set(panel)
    assert f"pressed: {FAULTY + 1} (clip {FAULTY}): Not found for 1 frame" in panel


def test_an_excluded_problem_is_none_and_is_undone(drive, scanned):
    """Nor is it red in the plots."""
    red = ["red_frames", {"active": "clip"}]
    answers = drive(
        ["load", {"path": scanned[0]}],
        ["undo", {"push": "before", "times": 0}],
        ["go", {"frame": FAULTY + 1}],
        red,
        ["op", {"name": "understudy.range_add", "active": "clip"}],
        ["mended_ranges", {}],
        ["problems", {"active": "clip"}],
        red,
        ["go", {"frame": FAULTY + 3}],
        ["op", {"name": "understudy.range_set", "index": 0, "end": "LAST"}],
        ["mended_ranges", {}],
        ["undo", {"push": "excluded", "times": 1}],
        ["mended_ranges", {}],
        ["undo", {"times": 0, "redo": 1}],
        ["op", {"name": "understudy.range_remove", "active": "clip", "index": 0}],
        ["mended_ranges", {}],
        ["problems", {"active": "clip"}],
        red,
    )
    assert answers[5:7] == [[[FAULTY, FAULTY, 4]], []]
    assert [answers[3], answers[7], answers[17]] == [[FAULTY], [], [FAULTY]]
    assert answers[10] == [[FAULTY, FAULTY + 2, 4]]
    assert answers[12] == []
    assert answers[15:17] == [[], [MISSING]]


def test_a_dismissed_problem_counts_no_more_and_changes_no_image(drive, scanned):
    """It is listed with its frames, wherever the strip takes them; the list goes there, and takes it back."""
    report, dismiss = str(drive.folder / "dismissed.json"), {"active": "clip", "kind": "DISMISS"}
    answers = drive(
        ["load", {"path": scanned[0]}],
        ["go", {"frame": 1}],
        ["op", {"name": "understudy.range_add", **dismiss}],
        ["go", {"frame": FAULTY + 1}],
        ["op", {"name": "understudy.range_add", **dismiss}],
        ["mended_ranges", {}],
        ["problems", {"active": "clip"}],
        ["render", {"out": drive.out("dismissed"), "report": report}],
        ["adjust", {"name": "clip", "frame_start": 4}],
        ["op", {"name": "understudy.refresh"}],
        ["go", {"frame": 1}],
        ["op", {"name": "understudy.problem_next"}],
        ["op", {"name": "understudy.range_go", "index": 0}],
        ["here", {}],
        ["drawn", {"active": "clip"}],
        ["flagged_frames", {}],
        ["op", {"name": "understudy.range_remove", "active": "clip", "index": 0}],
        ["flagged_frames", {}],
    )
    assert [answers[place] for place in (2, 4)] == [["CANCELLED"], ["FINISHED"]]
    assert [entry[:2] for entry in answers[5]] == [[FAULTY, FAULTY]]
    assert answers[6] == []
    assert stage_runs(answers[7]) == {}
    assert answers[11:14] == [["CANCELLED"], ["FINISHED"], FAULTY + 4]
    panel = answers[14]["Face Swap Repair"]
    assert {f"pressed: {FAULTY + 4} (clip {FAULTY})", "No problem found"} <= set(panel)
    assert [answers[place] for place in (15, 17)] == [[], [FAULTY]]


def test_an_entry_that_there_is_not_is_named(drive, scanned):
    """A script counts from 0; a text counts from 1, as the panel does."""
    nouns = {
        "range_remove": "range",
        "range_go": "range",
        "range_set": "range",
        "landmark_edit_remove": "correction",
        "landmark_edit_go": "correction",
        "landmark_edit_set": "correction",
        "landmark_key_insert": "correction",
        "landmark_key_remove": "correction",
        "mask_remove": "mask",
    }
    calls = [["op", {"name": f"understudy.{name}", "active": "clip", "index": 98}] for name in nouns]
    answers = drive(["load", {"path": scanned[0]}], *calls)
    for answer, noun in zip(answers[1:], nouns.values(), strict=True):
        assert f"There is no {noun} number 99" in answer


def test_a_held_problem_has_a_face(drive, scanned):
    """Without it the face is missed in one of the frames; the others keep their images."""
    report = str(drive.folder / "held.json")
    answers = drive(
        ["load", {"path": scanned[0]}],
        ["render", {"out": drive.out("missed"), "report": report}],
        ["go", {"frame": FAULTY + 1}],
        ["op", {"name": "understudy.range_add", "active": "clip", "kind": "HOLD"}],
        ["mended_ranges", {}],
        ["problems", {"active": "clip"}],
        ["render", {"out": drive.out("held"), "report": report}],
        ["drawn", {"active": "clip"}],
    )
    assert answers[1]["faces"] == COUNT - 1
    assert answers[4:6] == [[[FAULTY, FAULTY, 4]], []]
    assert answers[6]["faces"] - answers[1]["faces"] == COUNT  # the report counts all renders of the process
    assert answers[6]["stages"]["swap"]["run"] == 1
    panel = answers[7]["Face Swap Repair"]
    assert "UNDERSTUDY_PG_range.kind" in panel
    assert "UNDERSTUDY_PG_range.fade" not in panel
    missed, held = (drive.pictures(name, COUNT) for name in ("missed", "held"))
    # What covers the face there is still seen.
    assert {frame for frame in missed if not np.array_equal(missed[frame], held[frame])} <= {FAULTY + 1}


@pytest.mark.every_blender
def test_ranges_cost_a_fuse_and_move_with_the_clip(every_blender, footage):
    """Excluded are frames 3 to 5 of the clip, wherever they are shown: a trim, a move, a reverse, a cut, a copy."""
    drive = every_blender
    path = str(drive.folder / "ranges.blend")
    exclude = [
        "tune",
        {"settings": {"ranges.0.first": 3, "ranges.0.last": 5, "ranges.0.fade": 0}},
    ]
    report = str(drive.folder / "report.json")
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.prepare", "active": "clip"}],
        ["go", {"frame": 4}],
        ["op", {"name": "understudy.range_add", "active": "clip"}],
        exclude,
        ["render", {"out": drive.out("excluded"), "report": report}],
        ["render", {"out": drive.out("again"), "report": report}],
        ["work", {}],
        ["save", {}],
    )
    runs = [stage_runs(answer) for answer in answers[7:9]]
    assert runs == [{"fuse": 3}, {"fuse": 3}]  # the report counts all renders of the process
    assert answers[7]["shown"]["original"] == {"excluded": 3}
    assert answers[9]["state"]["text"] == "Ready, but 3 frames show the original (excluded)"
    edits = {
        "trimmed": [["adjust", {"name": "clip", "frame_offset_start": 2}]],
        "moved": [["adjust", {"name": "clip", "frame_start": 3}]],
        "reversed": [["adjust", {"name": "clip", "use_reverse_frames": True}]],
        "cut": [["split", {"name": "clip", "frame": 5}]],
    }
    for name, steps in edits.items():
        stacks = range(2 if name == "cut" else 1)
        original = [["tune", {"settings": {"show_render": False}, "index": index}] for index in stacks]
        shown = drive(
            ["load", {"path": path}],
            *steps,
            ["op", {"name": "understudy.refresh"}],
            ["shown_source_frames", {"name": "clip"}],
            ["render", {"out": drive.out(name)}],
            *original,
            ["render", {"out": drive.out(f"plain_{name}")}],
        )
        numbers = {frame: number for frame, number in shown[len(steps) + 2] if frame <= COUNT}
        assert {3, 5} & set(numbers.values())
        with_faces, plain = drive.pictures(name), drive.pictures(f"plain_{name}")
        for frame, number in numbers.items():
            same = np.abs(with_faces[frame].astype(int) - plain[frame]).max() <= 2
            assert same == (3 <= number <= 5), (name, frame, number)


def test_where_a_face_is_missed_it_is_looked_for_otherwise_and_nowhere_else(drive, faulty, footage):
    """A modifier that is too strict finds nobody; frames 3 to 5 of the clip are detected again. Saved and loaded."""
    path, report = (str(drive.folder / name) for name in ("redetected.blend", "redetected.json"))
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": path}],
        ["pictures", {"name": "clip", "files": faulty}],
        ["cast", {"name": "clip", "picture": footage.person, "settings": {"detect.score": 0.99}}],
        ["render", {"out": drive.out("strict"), "report": report}],
        ["go", {"frame": 3}],
        ["op", {"name": "understudy.range_add", "active": "clip", "kind": "REDETECT"}],
        ["tune", {"settings": {"ranges.0.first": 2, "ranges.0.last": 4}}],
        ["save", {}],
        ["load", {"path": path}],
        ["op", {"name": "understudy.problem_scan", "active": "clip"}],
        ["drawn", {"active": "clip"}],
        ["render", {"out": drive.out("redetected"), "report": report}],
        ["op", {"name": "understudy.problem_scan", "active": "clip"}],
        ["handle_face_counts", {"active": "clip", "number": 2}],
    )
    strict, redetected = answers[3], answers[11]
    assert (strict["faces"], redetected["faces"]) == (0, 3)
    stages = [
        {name: answer["stages"][name]["run"] for name in ("detect", "swap")}
        for answer in (strict, redetected)
    ]
    assert stages == [{"detect": COUNT, "swap": 0}, {"detect": COUNT + 3, "swap": 3}]
    panel = answers[10]["Face Swap Repair"]
    assert {"UNDERSTUDY_PG_range.score", "UNDERSTUDY_PG_range.landmarker"} <= set(panel)
    assert {"3 frames not prepared yet", "No problem found in the others"} <= set(panel)
    assert answers[9] == answers[12] == ["FINISHED"]
    assert answers[13] == [1, 0, 1, [320, 240]]  # landmark handles are on the faces that are found there
