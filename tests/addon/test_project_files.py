# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to projects and files, and what taking a face swap away leaves, in every Blender."""

import shutil
from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]
COUNT, EXCLUDED = 6, 3
MASK = (
    ["mask_face", {"points": [[60, 60], [150, 70], [110, 180]], "size": [320, 240], "follow": "SURFACE"}],
)
RANGES = (
    ["go", {"frame": EXCLUDED}],
    ["op", {"name": "understudy.range_add", "active": "clip"}],
    ["tune", {"settings": {"ranges.0.fade": 0}}],
    ["op", {"name": "understudy.range_add", "active": "clip", "kind": "REDETECT"}],
    [
        "tune",
        {"settings": {"ranges.1.last": EXCLUDED, "ranges.1.first": EXCLUDED, "ranges.1.margin": 30}},
    ],
    ["go", {"frame": COUNT}],
    ["op", {"name": "understudy.range_add", "active": "clip"}],
    ["tune", {"settings": {"ranges.2.kind": "DISMISS"}}],
    ["correct", {"first": 3, "last": 4, "keys": [[3, {"chin": [0.0, 0.08]}]]}],
    ["go", {"frame": 1}],
)
REPAIRS = [["mended_ranges", {}], ["corrections", {}]]


@pytest.fixture(scope="module")
def project(every_blender, footage):
    """A saved project with a recast, masked and rendered clip; returns the driver, its file, and what was rendered.

    One of its frames is excluded and detected again, another is dismissed, two have a correction of landmarks.
    """
    drive = every_blender
    blend = str(drive.folder / "project.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["render", {"out": drive.out("plain")}],
        ["cast", {"name": "clip", "picture": footage.person}],
        *MASK,
        *RANGES,
        ["render", {"out": drive.out("base")}],
        ["save", {}],
    )
    base, plain = drive.pictures("base", COUNT), drive.pictures("plain", COUNT)
    assert [frame for frame in base if (base[frame] == plain[frame]).all()] == [EXCLUDED]
    return drive, blend, base


def images_equal(drive, name, base):
    return {
        frame: bool((picture == base[frame]).all()) for frame, picture in drive.pictures(name, COUNT).items()
    }


ALL = dict.fromkeys(range(1, COUNT + 1), True)


def test_loading_saving_elsewhere_reverting_and_recovering(project):
    drive, blend, base = project
    elsewhere, copy = drive.folder / "elsewhere", drive.folder / "saved_by_itself.blend"
    elsewhere.mkdir()
    drive(
        ["load", {"path": blend}],
        ["render", {"out": drive.out("loaded")}],
        ["save", {"path": str(elsewhere / "moved.blend")}],
        ["render", {"out": drive.out("elsewhere")}],
        ["adjust", {"name": "clip", "frame_start": 4}],
        ["revert", {}],
        ["render", {"out": drive.out("reverted")}],
        ["load", {"path": blend}],
        ["save_a_copy", {"path": str(copy)}],
        ["recover", {"path": str(copy)}],
        ["render", {"out": drive.out("recovered")}],
    )
    for name in ("loaded", "elsewhere", "reverted", "recovered"):
        assert images_equal(drive, name, base) == ALL, name


@pytest.mark.parametrize("link", [False, True], ids=["appended", "linked"])
def test_a_scene_taken_from_another_project(project, link):
    drive, blend, base = project
    name = "linked" if link else "appended"
    (drive.folder / name).mkdir()
    answers = drive(
        ["links", {"path": blend, "link": link}],
        *([] if link else [["save", {"path": str(drive.folder / name / "taken.blend")}]]),
        ["render", {"out": drive.out(name)}],
        *REPAIRS,
        ["load", {"path": blend}],
        *REPAIRS,
    )
    assert answers[0] is link
    assert images_equal(drive, name, base) == ALL
    ranges, corrections = answers[-2:]
    assert [entry[:2] for entry in ranges] == [[2, 2], [3, 3], [COUNT - 1, COUNT - 1]]
    assert len(corrections) == 1
    assert answers[-5:-3] == [ranges, corrections]


def test_a_clip_whose_file_is_moved_or_replaced(project, footage):
    drive, blend, base = project
    moved, other = drive.folder / "moved.mp4", str(drive.folder / "other.mp4")
    shutil.copy(footage.movie, moved)
    shutil.copy(footage.movie_at(25), other)
    drive(
        ["load", {"path": blend}],
        ["adjust", {"name": "clip", "filepath": str(moved)}],
        ["render", {"out": drive.out("relinked")}],
        ["adjust", {"name": "clip", "filepath": other}],
        ["render", {"out": drive.out("replaced")}],
    )
    assert images_equal(drive, "relinked", base) == ALL
    # The same frames, encoded anew: nearly the same pictures, and the new face in them.
    for frame, picture in drive.pictures("replaced", COUNT).items():
        assert np.abs(picture.astype(int) - base[frame]).mean() < 1


def test_each_step_can_be_undone(project):
    drive, blend, base = project
    answers = drive(
        ["load", {"path": blend}],
        ["undo", {"push": "loaded", "times": 0}],
        ["op", {"name": "understudy.modifier_remove", "active": "clip"}],
        ["undo", {"push": "removed", "times": 0}],
        ["timeline", {}],
        ["undo", {"times": 1}],
        ["timeline", {}],
        ["render", {"out": drive.out("undone")}],
        ["undo", {"push": "rendered", "times": 0}],
        ["op", {"name": "understudy.nest", "active": "clip"}],
        ["undo", {"push": "nested"}],
        ["timeline", {}],
        ["render", {"out": drive.out("unnested")}],
    )
    assert sorted(answers[4]) == ["clip"]
    assert sorted(answers[6]) == sorted(answers[11]) == ["clip", "clip Understudy"]
    assert images_equal(drive, "undone", base) == images_equal(drive, "unnested", base) == ALL


TITLES = (
    ["colour", {"name": "title", "channel": 2, "start": 2, "end": 5}],
    ["colour", {"name": "another", "channel": 3, "start": 4, "end": 9, "colour": [0.7, 0.1, 0.1]}],
    ["colour", {"name": "later", "channel": 2, "start": 30, "end": 34}],
    ["set_properties", {"title": {"transform__scale_x": 0.5}, "another": {"transform__scale_y": 0.3}}],
)


def test_titles_stay_above_and_go_back_when_the_face_swap_is_removed(project, footage):
    drive, _, base = project
    (drive.folder / "titles").mkdir()
    finished = [str(drive.folder / f"base_{frame:04d}.png") for frame in base]
    answers = drive(
        [
            "project",
            {"size": [320, 240], "frames": [1, COUNT], "save": str(drive.folder / "titles" / "t.blend")},
        ],
        ["movie", {"name": "clip", "file": footage.movie}],
        *TITLES,
        ["timeline", {}],
        ["cast", {"name": "clip", "picture": footage.person}],
        *MASK,
        *RANGES,
        ["timeline", {}],
        ["render", {"out": drive.out("titled")}],
        ["op", {"name": "understudy.modifier_remove", "active": "clip"}],
        ["timeline", {}],
        ["remove", {"name": "clip"}],
        ["pictures", {"name": "clip", "files": finished}],
        ["adjust", {"name": "clip", "transform__scale_x": 1, "transform__scale_y": 1}],
        ["render", {"out": drive.out("expected")}],
    )
    steps = len(MASK) + len(RANGES)
    before, with_layer, after = answers[6], answers[8 + steps], answers[11 + steps]
    assert after == before
    channels = {name: strip[1] for name, strip in with_layer.items()}
    assert channels == {"clip": 1, "clip Understudy": 2, "title": 3, "another": 4, "later": 2}
    assert images_equal(drive, "titled", drive.pictures("expected", COUNT)) == ALL


def test_deleting_the_clip_deletes_its_layer(project):
    drive, blend, _ = project
    answers = drive(
        ["load", {"path": blend}],
        ["colour", {"name": "backdrop", "channel": 1, "start": 20, "end": 30}],
        ["delete", {"names": ["clip"]}],
        ["save", {"path": str(drive.folder / "deleted.blend")}],
        ["timeline", {}],
    )
    assert sorted(answers[-1]) == ["backdrop"]


def test_what_was_prepared_before_the_first_save_comes_along(every_blender, footage):
    drive = every_blender
    saved = drive.folder / "first"
    saved.mkdir()
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("unsaved")}],
        ["directory_of", {"name": "clip Understudy"}],
        ["save_a_copy", {"path": str(saved / "copy.blend")}],
        ["directory_of", {"name": "clip Understudy"}],
        ["render", {"out": drive.out("copied")}],
        ["save", {"path": str(saved / "first.blend")}],
        ["directory_of", {"name": "clip Understudy"}],
        ["results_taken_along", {}],
        ["load", {"path": str(saved / "first.blend")}],
        ["directory_of", {"name": "clip Understudy"}],
        ["render", {"out": drive.out("first"), "report": str(saved / "first.json")}],
        ["setup", {"understudy__modifiers__0__fusion__blend": 0.5}],
        ["render", {"out": drive.out("tweaked"), "report": str(saved / "tweaked.json")}],
    )
    base = drive.pictures("unsaved", COUNT)
    assert answers[4] == answers[6] != answers[9]
    assert answers[9] == answers[12]
    assert answers[9].startswith("//understudy_cache")
    assert images_equal(drive, "copied", base) == images_equal(drive, "first", base) == ALL
    first, tweaked = answers[13], answers[15]
    assert [first["frames_decoded"], first["models_loaded"]] == [0, 0]
    # Only fused: every other result came along too.
    assert [tweaked["frames_decoded"], tweaked["models_loaded"]] == [0, 0]
    assert not any(images_equal(drive, "tweaked", base).values())


def test_a_first_save_that_fails_leaves_the_layers_where_they_are(every_blender, footage):
    drive = every_blender
    blocked = drive.folder / "blocked"
    (blocked / "first.blend").mkdir(parents=True)
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["directory_of", {"name": "clip Understudy"}],
        ["save_refused", {"path": str(blocked / "first.blend")}],
        ["directory_of", {"name": "clip Understudy"}],
        ["results_taken_along", {}],
    )
    assert answers[-3] is True
    assert answers[-2] == answers[-4] != ""


def test_where_the_cache_folder_is_a_file_layers_stay_until_it_is_gone(every_blender, footage):
    drive = every_blender
    folder = drive.folder / "file"
    folder.mkdir()
    blocked = folder / "understudy_cache"
    blocked.write_text("somebody else's")
    save, directory = (
        ["save", {"path": str(folder / "p.blend")}],
        ["directory_of", {"name": "clip Understudy"}],
    )
    answers = drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT]}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["render", {"out": drive.out("temporary")}],
        directory,
        save,
        save,
        ["settled", {}],
        directory,
        ["render", {"out": drive.out("blocked"), "report": str(folder / "blocked.json")}],
        ["setup", {"understudy__modifiers__0__fusion__blend": 0.5}],
        ["render", {"out": drive.out("changed")}],
        ["setup", {"understudy__modifiers__0__fusion__blend": 1.0}],
        ["rename_file", {"path": str(blocked), "new": str(folder / "elsewhere")}],
        save,
        directory,
        ["render", {"out": drive.out("allowed"), "report": str(folder / "allowed.json")}],
    )
    base = drive.pictures("temporary", COUNT)
    # Blender makes paths relative when it saves.
    assert Path(answers[8]).parts[-4:] == Path(answers[4]).parts[-4:]
    assert "understudy_cache" in answers[7][1]
    assert answers[15].startswith("//understudy_cache")
    assert (folder / "elsewhere").read_text() == "somebody else's"
    assert images_equal(drive, "blocked", base) == images_equal(drive, "allowed", base) == ALL
    assert not any(images_equal(drive, "changed", base).values())
