# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets of a modifier in every Blender: what they cost, what they show, and what using a cell changes."""

from pathlib import Path

import cv2
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]

COUNT = 12


@pytest.fixture(scope="module")
def prepared_steps(drive, footage):
    """Steps that open a project of which every frame is prepared, made once."""
    blend = str(drive.folder / "sheet.blend")
    drive(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["work", {}],
        ["save", {}],
    )
    return [["load", {"path": blend}]]


def test_a_wedge_of_fusion_values_runs_only_fuse(drive, prepared_steps):
    wedges = [["fusion.colour_match", ["0.4", "0.6", "0.8"]], ["fusion.blend", ["0.5", "0.75", "1"]]]
    made = drive(*prepared_steps, ["sheet_by_worker", {"active": "clip", "frame": 5, "wedges": wedges}])[-1]
    assert made["faults"] == []
    assert (made["runs"], made["decoded"], made["loaded"]) == ({"fuse": 9}, 0, 0)
    assert made["number"] == 4
    assert [cells["done"] for cells in made["cells"]] == list(range(1, 11))
    assert len(made["cells"][-1]["places"]) == 9


def test_people_are_swapped_in_the_chosen_frames_alone(drive, prepared_steps, footage):
    made = drive(
        *prepared_steps,
        ["sheet_by_worker", {"active": "clip", "frame": 5, "files": [footage.second_person], "columns": 3}],
    )[-1]
    assert made["faults"] == []
    # The present person is prepared: only the other one is swapped, in these frames.
    assert made["runs"]["swap"] == 3
    assert made["runs"]["fuse"] == 6
    assert (
        not {"detect", "landmark", "embed"} & set(made["runs"]) or made["runs"]["detect"] <= 1
    )  # of the source image
    assert made["decoded"] <= 3
    assert made["kinds"] == ["cells", "progress", "ready", "report"]


def test_a_cell_is_used_and_undone(every_blender, footage):
    blend = str(every_blender.folder / "cells.blend")
    answers = every_blender(
        ["project", {"size": [320, 240], "frames": [1, COUNT], "save": blend}],
        ["movie", {"name": "clip", "file": footage.movie}],
        ["cast", {"name": "clip", "picture": footage.person}],
        ["setup", {"frame_current": 3}],
        ["modifier_values", {}],
        ["sheet", {"name": "understudy.compare_values", "active": "clip", "path": "fusion.blend",
                   "values": "0.25, 0.5,1", "second": "fusion.colour_match", "second_values": "0.1, 0.7"}],
        ["undo", {"push": "sheet", "times": 0}],
        ["use_cell", {"index": 1}],
        ["undo", {"push": "use", "times": 1}],
        ["modifier_values", {}],
        ["undo", {"times": 0, "redo": 1}],
        ["modifier_values", {}],
        ["keyframe", {"path": "fusion.blend", "values": {"1": 0.2, "12": 1.0}}],
        ["use_cell", {"index": 3}],
        ["at_frames", {"path": "fusion.blend", "frames": [3]}],
        ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                   "files": [{"name": Path(footage.second_person).name}], "columns": 2}],
        ["use_cell", {"index": 1}],
        ["use_cell", {"index": 0}],
        ["menu_entries", {"owner": "fusion", "name": "blend"}],
        ["menu_entries", {"owner": "identity", "name": "name"}],
        ["menu_entries", {"owner": "", "name": "enabled"}],
        ["sheet", {"name": "understudy.compare_values", "active": "clip", "path": "fusion.blend", "values": "7, 8"}],
    )  # fmt: skip
    before = answers[4]
    values, undone, redone = answers[5], answers[9], answers[11]
    assert values["result"] == ["FINISHED"]
    assert (values["status"], values["running"], values["page"]) == ("7 of 7 cells", False, True)
    assert values["labels"][:2] == ["Blend 0.25, Light and Color 0.1", "Blend 0.5, Light and Color 0.1"]
    picture = cv2.imread(values["image"][0])
    assert values["image"][1] == [picture.shape[1], picture.shape[0]]
    assert Path(values["image"][0]).parent == every_blender.folder / "understudy_sheets"
    assert sorted(place[0] for place in values["places"]) == list(range(6))
    assert answers[7] == [["FINISHED"], 0.5, 0.1, *before[2:]]
    assert undone == before
    assert redone == answers[7][1:]
    assert answers[13][0] == ["FINISHED"]
    people = answers[15]
    assert people["labels"] == ["person", "second"]
    assert len(people["places"]) == 4
    assert answers[16][3:] == ["second", ["second.png"]]
    assert answers[17][3:] == ["", ["person.png"]]
    assert answers[18] == {"entries": [["understudy.compare_values", "fusion.blend", 0]], "is_in_menu": True}
    assert answers[19]["entries"] == answers[20]["entries"] == []
    assert "from 0 to 1" in answers[21]["result"]


def test_takes_are_rows_and_one_is_shown_by_using_its_cell(drive, prepared_steps, footage):
    answers = drive(
        *prepared_steps,
        ["take", {"picture": footage.second_person, "name": "other"}],
        ["show_take", {"place": 0}],
        ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                   "files": [], "columns": 1}],
        ["use_cell", {"index": 1}],
        ["use_cell", {"index": 0}],
        ["op", {"name": "understudy.take_move", "active": "clip", "direction": "DOWN"}],
        ["use_cell", {"index": 1}],
        ["op", {"name": "understudy.take_remove", "active": "clip"}],
        ["use_cell", {"index": 1}],
    )  # fmt: skip
    made, second, first, _, moved, _, gone = answers[-7:]
    assert made["result"] == ["FINISHED"]
    assert made["labels"][1] == "other"
    assert len(made["places"]) == 2
    assert (second[0], second[4]) == (["FINISHED"], ["second.png"])
    assert first[4] == ["person.png"]
    assert moved[4] == ["second.png"]
    assert "the take other is gone" in gone[0]
    assert gone[4] == ["person.png"]


def test_a_person_of_a_sheet_becomes_another_take_where_there_are_takes(drive, prepared_steps, footage):
    cast = ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                      "files": [{"name": Path(footage.second_person).name}], "columns": 1}]  # fmt: skip
    answers = drive(
        *prepared_steps,
        ["take", {"picture": footage.person, "name": "first"}],
        cast,
        ["use_labels", {}],
        ["use_cell", {"index": 2}],
        ["use_cell", {"index": 2}],
        ["take_facts", {}],
    )
    assert answers[-4] == ["Show Take", "Show Take", "Add Take"]
    assert answers[-2] == answers[-3]
    facts = answers[-1]
    assert [take[:2] for take in facts["takes"]] == [
        ["Take 1", ["person.png"]], ["first", ["person.png"]], ["second", ["second.png"]],
    ]  # fmt: skip
    assert facts["active"] == 2
    all_added = drive(
        *prepared_steps,
        cast,
        ["use_labels", {}],
        ["op", {"name": "understudy.sheet_takes_add"}],
        ["op", {"name": "understudy.sheet_takes_add"}],
        ["take_facts", {}],
    )
    assert all_added[-4] == ["Use", "Use"]
    assert [take[1] for take in all_added[-1]["takes"]] == [["person.png"], ["second.png"]]
    assert all_added[-1]["active"] == 0


def test_going_back_to_a_person_brings_all_of_their_consent_back(drive, prepared_steps, footage):
    answers = drive(
        *prepared_steps,
        ["tune", {"settings": {"identity.consent": "agreed", "identity.consent_record.until": "2001-02-03"}}],
        ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                   "files": [{"name": Path(footage.second_person).name}], "columns": 1}],
        ["use_cell", {"index": 1}],
        ["consent_texts", {}],
        ["use_cell", {"index": 0}],
        ["consent_texts", {}],
    )  # fmt: skip
    assert answers[-3] == ["", ""]
    assert answers[-1] == ["agreed", "2001-02-03"]


def test_a_purge_of_a_person_deletes_their_sheets(drive, prepared_steps, footage):
    def cast(*names):
        return ["sheet", {"name": "understudy.casting_sheet", "active": "clip", "directory": str(footage.folder),
                          "files": [{"name": name} for name in names], "columns": 1}]  # fmt: skip

    purge = ["op", {"name": "understudy.purge", "active": "clip", "what": "PERSON"}]
    second = Path(footage.second_person).name
    answers = drive(
        *prepared_steps,
        cast(second),
        ["recast", {"picture": footage.second_person}],
        purge,
        ["sheet_files", {}],
        cast(),
        ["recast", {"picture": footage.person}],
        purge,
        ["sheet_files", {}],
        ["op", {"name": "understudy.purge", "active": "clip", "what": "STRIP"}],
        ["sheet_files", {}],
    )
    assert answers[3] == answers[7] == answers[9] == ["FINISHED"]
    files, stays, gone = answers[4], answers[8], answers[10]
    assert files == gone == [[], False]
    assert sorted(Path(name).suffix for name in stays[0]) == [".html", ".png"]
    assert stays[1]


def test_a_sheet_that_can_not_be_made_says_so(drive, prepared_steps, footage):
    answers = drive(
        *prepared_steps,
        ["sheet_by_worker", {"active": "clip", "frame": 2, "files": [footage.nobody]}],
        ["setup", {"frame_current": 500}],
        ["sheet", {"name": "understudy.compare_values", "active": "clip", "path": "fusion.blend", "values": "0, 1"}],
    )  # fmt: skip
    assert answers[1]["cells"][-1]["failed"] == 1
    assert "not seen at this frame" in answers[-1]["result"]
