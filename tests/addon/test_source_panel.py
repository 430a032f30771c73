# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of the source person: images, what is poor about them, and the number of a face."""

import shutil

import cv2
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def begin_steps(drive, name, *steps):
    """Steps that begin a project."""
    folder = drive.folder / name
    folder.mkdir()
    return [["project", {"size": [560, 280], "frames": [1, 6], "save": str(folder / "p.blend")}], *steps]


def test_pictures_are_shown_with_what_is_poor_about_them(drive, footage, tmp_path):
    soft = tmp_path / "soft.png"
    cv2.imwrite(str(soft), cv2.GaussianBlur(cv2.imread(footage.person), (0, 0), 4))
    answers = drive(
        *begin_steps(drive, "pictures", ["movie", {"name": "clip", "file": footage.movie}]),
        ["cast", {"name": "clip", "picture": footage.person}],
        ["op", {"name": "understudy.picture_add", "filepath": str(soft)}],
        ["op", {"name": "understudy.picture_add", "filepath": footage.nobody}],
        ["drawn", {"active": "clip"}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["op", {"name": "understudy.picture_check", "index": 1}],
        ["op", {"name": "understudy.picture_check", "index": 2}],
        ["op", {"name": "understudy.picture_check", "index": 3}],
        ["drawn", {"active": "clip"}],
    )
    assert "picture" not in answers[5]["Face Swap Who"]
    assert "There is no image number 4" in answers[9]
    who = answers[-1]["Face Swap Who"]
    assert who.count("picture") == 2
    assert who.count("Clearly visible") == 1
    assert any("blurred" in text for text in who)
    assert any("o face was found in" in text for text in who)


def test_the_first_step_comes_first_and_alone(drive, footage):
    answers = drive(
        *begin_steps(drive, "first", ["movie", {"name": "clip", "file": footage.movie}]),
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        ["drawn", {"active": "clip"}],
        ["allowed", {"name": "understudy.prepare_clip", "active": "clip"}],
        ["allowed", {"name": "understudy.prepare_all", "active": "clip"}],
        ["op", {"name": "understudy.picture_add", "filepath": footage.person}],
        ["drawn", {"active": "clip"}],
        ["allowed", {"name": "understudy.prepare_clip", "active": "clip"}],
        ["allowed", {"name": "understudy.prepare_all", "active": "clip"}],
        ["op", {"name": "understudy.modifier_add", "active": "clip"}],
        ["drawn", {"active": "clip"}],
    )
    empty, chosen, second = answers[3], answers[7], answers[-1]
    assert empty[""][0] == "understudy.picture_add"
    assert "Choose a face picture" in empty[""]
    assert "Face Swap Settings" in empty  # everything else is folded in it
    assert answers[4:6] == [False, False]
    assert "understudy.picture_add" not in chosen[""]
    assert "Face Swap Settings" not in chosen
    assert answers[8:10] == [True, True]
    assert second[""][0] == "understudy.picture_add"
    assert "Face Swap 2 Settings" in second
    assert "Choose a face picture" in second[""]


def test_the_number_of_a_face_goes_with_its_picture(drive, footage):
    number = "identity.pictures.0.face_number"
    answers = drive(
        *begin_steps(drive, "numbers", ["movie", {"name": "clip", "file": footage.movie}]),
        ["cast", {"name": "clip", "picture": footage.person}],
        ["tune", {"settings": {number: 2}}],
        ["recast", {"picture": footage.person}],
        ["face_numbers", {}],
        ["recast", {"picture": footage.second_person}],
        ["face_numbers", {}],
    )
    assert answers[5] == [2]
    assert answers[7] == [0]


def test_a_picture_whose_file_was_replaced_is_looked_at_again(drive, footage, tmp_path):
    person = str(tmp_path / "person.png")
    shutil.copy(footage.person, person)
    begin = begin_steps(drive, "replaced_picture", ["movie", {"name": "clip", "file": footage.movie}])
    answers = drive(
        *begin,
        ["cast", {"name": "clip", "picture": person}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["copy_file", {"file": footage.nobody, "to": person}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["strip_state_surfaces", {"name": "clip"}],
    )
    before, unknown, after = answers[4], answers[6], answers[8]
    assert "Clearly visible" in before["who"]
    assert "Clearly visible" not in unknown["who"]
    assert "understudy.picture_check" in unknown["who"]
    assert after["json"]["text"] == "Originals will be rendered: no face was found in person.png"
