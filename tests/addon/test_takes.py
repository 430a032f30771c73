# SPDX-License-Identifier: GPL-3.0-or-later
"""Takes of a modifier: what each asks for and shows, that flipping prepared ones costs nothing, and that they last."""

from pathlib import Path

import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender, pytest.mark.in_turn]

COUNT, CONTENT = 4, 12
FACTS = ["take_facts", {}]
FILES = ["layer_files", {}]


def begin(drive, footage, name):
    """Steps of a saved project, in a folder of its own, with a clip of two takes, of which the second is shown."""
    (drive.folder / name).mkdir()
    blend = str(drive.folder / name / "p.blend")
    return [
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["take", {"picture": footage.second_person, "name": "second"}],
    ]


def render_step(drive, name):
    return ["render", {"out": drive.out(name), "report": str(drive.folder / f"{name}.json")}]


def test_takes_are_prepared_once_and_flipped_for_nothing(every_blender, footage):
    drive = every_blender
    answers = drive(
        *begin(drive, footage, "flip"),
        FACTS,
        ["prepare_takes", {}],
        FILES,
        render_step(drive, "flip_second"),
        ["show_take", {"place": 0}],
        render_step(drive, "flip_first"),
        ["op", {"name": "understudy.take_step", "active": "clip"}],
        render_step(drive, "flip_again"),
        FILES,
        FACTS,
        ["save", {}],
        ["load", {"path": str(drive.folder / "flip" / "p.blend")}],
        FACTS,
    )
    begun, report, made, second, first, again, files, facts, loaded = (
        answers[place] for place in (4, 5, 6, 7, 9, 11, 12, 13, 16)
    )
    assert [entry[:2] for entry in begun["takes"]] == [
        ["Take 1", ["person.png"]],
        ["second", ["second.png"]],
    ]
    assert begun["own"] == ["second.png"]
    # Both takes are made, each in a folder of its own, of one analysis; after that nothing runs and nothing is written.
    assert report["stages"]["swap"]["run"] == report["written"] == len(made) == 2 * CONTENT
    assert report["stages"]["landmark"]["run"] <= CONTENT + 2  # the two images of people
    assert files == made
    for render in (second, first, again):
        assert render["stages"]["fuse"]["run"] == render["stages"]["swap"]["run"] == 0
        assert render["frames_decoded"] == render["models_loaded"] == 0
    shown = {name: drive.pictures(f"flip_{name}", COUNT) for name in ("second", "first", "again")}
    for frame in range(1, COUNT + 1):
        assert not np.array_equal(shown["first"][frame], shown["second"][frame])
        assert np.array_equal(shown["again"][frame], shown["second"][frame])
    assert loaded == facts


def test_images_become_takes_in_one_step(drive, footage):
    folder, names = footage.folder, [Path(path).name for path in (footage.person, footage.second_person)]
    (drive.folder / "many").mkdir()
    add = ["op", {"name": "understudy.takes_add_images", "active": "clip", "directory": str(folder),
                  "files": [{"name": name} for name in names]}]  # fmt: skip
    answers = drive(
        [
            "project",
            {"size": [320, 240], "frames": [1, COUNT], "save": str(drive.folder / "many" / "p.blend")},
        ],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        add,
        ["op", {"name": "understudy.refresh"}],
        FACTS,
        add,
        FACTS,
        ["op", {"name": "understudy.takes_add_images", "active": "clip", "directory": str(folder)}],
        [
            "op",
            {
                "name": "understudy.takes_add_images",
                "active": "clip",
                "directory": str(folder),
                "files": [{"name": name} for name in (names[0], Path(footage.movie).name)],
            },
        ],
        FACTS,
    )
    assert [take[:2] for take in answers[5]["takes"]] == [["person", [names[0]]], ["second", [names[1]]]]
    assert answers[5]["active"] == 0
    assert answers[7]["takes"] == answers[5]["takes"]  # who is a take already is not added again
    assert "No image is chosen" in answers[8]
    assert f"{Path(footage.movie).name} is not an image" in answers[9]
    assert answers[10]["takes"] == answers[5]["takes"]


def test_keyframes_show_takes_also_where_nothing_of_ours_runs(every_blender, footage):
    drive = every_blender
    answers = drive(
        *begin(drive, footage, "keyed"),
        ["prepare_takes", {}],
        render_step(drive, "keyed_second"),
        ["show_take", {"place": 0}],
        render_step(drive, "keyed_first"),
        ["key_takes", {"values": {"1": 0, "3": 1}}],
        FILES,
        render_step(drive, "keyed_both"),
        ["save", {}],
        ["load", {"path": str(drive.folder / "keyed" / "p.blend")}],
        ["prepare_takes", {}],
        ["viewed", {"out": drive.out("keyed_plain"), "frame": 2}],
        ["viewed", {"out": drive.out("keyed_plain"), "frame": 3}],
        FILES,
        FACTS,
    )
    assert answers[-5]["written"] == 0  # of either take, at any frame
    assert answers[-2] == answers[9]
    assert answers[10]["stages"]["fuse"]["run"] == answers[10]["frames_decoded"] == 0
    folders = [element.rpartition("/")[0] for element in answers[-1]["elements"]]
    assert answers[-1]["folder"] == "layers"
    assert [folders.index(folder) for folder in dict.fromkeys(folders)] == [0, 2]
    first, second, both = (drive.pictures(f"keyed_{name}", COUNT) for name in ("first", "second", "both"))
    plain = drive.pictures("keyed_plain", 2)
    for frame in range(1, COUNT + 1):
        assert np.array_equal(both[frame], (first if frame < 3 else second)[frame]), frame
    assert all(np.array_equal(plain[frame], both[frame]) for frame in plain)


def test_a_take_has_its_own_settings_or_those_of_the_others(drive, footage):
    answers = drive(
        *begin(drive, footage, "own"),
        ["take", {"picture": footage.person, "name": "third", "settings": {"fusion.blend": 0.5}}],
        FACTS,
        ["show_take", {"place": 0}],
        ["tune", {"settings": {"fusion.blend": 0.8}}],
        FACTS,
        ["keyframe", {"path": "fusion.blend", "values": {"1": 0.3}}],
        FACTS,
        ["op", {"name": "understudy.take_duplicate", "active": "clip"}],
        ["op", {"name": "understudy.take_move", "active": "clip", "direction": "UP"}],
        FACTS,
        ["show_take", {"place": 0}],
        ["op", {"name": "understudy.take_remove", "active": "clip"}],
        FACTS,
    )
    begun, tuned, animated, moved, removed = (answers[place] for place in (5, 8, 10, 13, 16))

    def blends(facts):
        return [round(entry[2], 4) for entry in facts["takes"]]

    assert blends(begun)[2] == 0.5
    assert blends(begun)[0] == blends(begun)[1] != 0.5
    assert blends(tuned) == [0.8, 0.8, 0.5]
    # What is keyframed belongs to the modifier.
    assert blends(animated) == [0.3, 0.3, 0.3]
    assert [entry[0] for entry in moved["takes"]] == ["Take 1", "second", "Take 2", "third"]
    assert (moved["active"], moved["loaded"]) == (2, 2)
    assert [entry[:2] for entry in removed["takes"]] == [
        ["second", ["second.png"]],
        ["Take 2", ["person.png"]],
        ["third", ["person.png"]],
    ]


def test_undo_a_copy_and_a_pasted_strip_keep_takes_and_their_images(drive, footage):
    answers = drive(
        *begin(drive, footage, "kept"),
        ["prepare_takes", {}],
        ["undo", {"push": "second", "times": 0}],
        ["show_take", {"place": 0}],
        ["undo", {"push": "first", "times": 0}],
        FACTS,
        ["undo", {"times": 1}],
        FACTS,
        render_step(drive, "kept_undone"),
        ["duplicate", {"names": ["clip"], "by": 20}],
        ["op", {"name": "understudy.refresh"}],
        ["show_take", {"place": 0, "index": 1}],
        ["setup", {"frame_start": 21, "frame_end": 20 + COUNT}],
        render_step(drive, "kept_copy"),
        ["paste_into_new_scene", {"names": ["clip"]}],
        ["setup", {"frame_start": 1, "frame_end": COUNT}],
        render_step(drive, "kept_pasted"),
        FACTS,
        ["save", {}],
        ["links", {"path": str(drive.folder / "kept" / "p.blend"), "link": False}],
        FACTS,
    )
    shown, undone = answers[8], answers[10]
    assert (shown["active"], undone["active"]) == (0, 1)
    assert (shown["own"], undone["own"]) == (["person.png"], ["second.png"])
    for place in (11, 16, 19):
        assert answers[place]["stages"]["fuse"]["run"] == answers[place]["frames_decoded"] == 0, place
    pasted_facts, appended = answers[20], answers[-1]
    assert pasted_facts["takes"] == appended["takes"] == undone["takes"]
    assert appended["active"] == 1
    copy, pasted = drive.pictures("kept_copy", COUNT), drive.pictures("kept_pasted", COUNT)
    assert all(not np.array_equal(copy[20 + frame], pasted[frame]) for frame in pasted)


def test_a_take_that_is_removed_or_purged_leaves_no_image_of_its_face(drive, footage):
    (drive.folder / "gone").mkdir()
    answers = drive(
        [
            "project",
            {"size": [320, 240], "frames": [1, COUNT], "save": str(drive.folder / "gone" / "p.blend")},
        ],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        FACTS,
        ["take", {"picture": footage.second_person}],
        ["take", {"picture": footage.second_person}],
        ["prepare_takes", {}],
        FACTS,
        FILES,
        ["op", {"name": "understudy.take_remove", "active": "clip"}],
        FILES,
        FACTS,
        ["op", {"name": "understudy.purge", "active": "clip", "what": "STRIP"}],
        ["layer_sizes", {}],
    )
    alone, three, before, after, two = (answers[place] for place in (3, 7, 8, 10, 11))
    # A modifier without takes is as in projects of before.
    assert [entry[1] for entry in alone["takes"]] == [["person.png"]]
    removed, shown = three["folder"], two["folder"]
    assert len({alone["folder"], removed, shown}) == 3
    assert {path for path in before if not path.startswith(removed)} == set(after)
    assert len(after) == 2 * CONTENT
    assert max(answers[-1]) < 1000
