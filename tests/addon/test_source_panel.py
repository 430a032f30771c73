# SPDX-License-Identifier: GPL-3.0-or-later
"""What the panel shows of the source person: images, what is poor about them, and the faces to choose from."""

import shutil

import cv2
import numpy as np
import pytest

pytestmark = [pytest.mark.blender, pytest.mark.in_turn]


def begin_steps(drive, name, *steps):
    """Steps that begin a project."""
    folder = drive.folder / name
    folder.mkdir()
    return [["project", {"size": [560, 280], "frames": [1, 6], "save": str(folder / "p.blend")}], *steps]


def test_images_are_shown_with_what_is_poor_about_them(drive, footage, tmp_path):
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
    assert who.count("Clear face") == 1
    assert any("blurred" in text for text in who)
    assert any("o face was found in" in text for text in who)


def test_the_face_that_shape_understood_is_shown_below_the_images(drive, footage):
    """It is made of all pictures, where the embedded swapper gives shape; nothing is computed while it is drawn."""
    shown = "Shape uses this face"
    answers = drive(
        *begin_steps(drive, "neutral_face", ["movie", {"name": "clip", "file": footage.movie}]),
        ["cast", {"name": "clip", "picture": footage.person}],
        ["drawn", {"active": "clip"}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["drawn", {"active": "clip"}],
        ["op", {"name": "understudy.picture_add", "filepath": footage.second_person}],
        ["drawn", {"active": "clip"}],
        ["op", {"name": "understudy.picture_check", "index": 1}],
        ["drawn", {"active": "clip"}],
        ["tune", {"settings": {"swap.shape": 0.0}}],
        ["drawn", {"active": "clip"}],
        ["tune", {"settings": {"swap.shape": 0.4, "swap.swapper": "inswapper"}}],
        ["drawn", {"active": "clip"}],
    )
    unknown, one, other, both, flat, neural = (
        answers[place]["Face Swap Who"] for place in (3, 5, 7, 9, 11, 13)
    )
    assert ["picture" in who for who in (unknown, one, other, both)] == [False, True, True, True]
    assert [any(shown in text for text in who) for who in (one, both)] == [True, True]
    assert not any(shown in text for who in (unknown, other, flat, neural) for text in who)
    assert [who.count("picture") for who in (one, other, both, flat, neural)] == [2, 1, 3, 2, 2]
    assert one.index(next(text for text in one if shown in text)) < one.index("understudy.picture_add")


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
    assert "Choose a face image" in empty[""]
    assert "Face Swap Settings" in empty  # everything else is folded in it
    assert answers[4:6] == [False, False]
    assert "understudy.picture_add" not in chosen[""]
    assert "Face Swap Settings" not in chosen
    assert answers[8:10] == [True, True]
    assert second[""][0] == "understudy.picture_add"
    assert "Face Swap 2 Settings" in second
    assert "Choose a face image for Face Swap 2" in second[""]


def test_the_number_of_a_face_goes_with_its_image(drive, footage):
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


def test_a_image_whose_file_was_replaced_is_looked_at_again(drive, footage, tmp_path):
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
    assert "Clear face" in before["who"]
    assert "Clear face" not in unknown["who"]
    assert "understudy.picture_check" in unknown["who"]
    assert after["json"]["text"] == "Render will be refused: no face was found in person.png"


CHOOSE = "understudy.picture_face_choose"


def write_group(path, *files):
    """Put the faces of several pictures of one size side by side in one."""
    cv2.imwrite(str(path), np.hstack([cv2.imread(file) for file in files]))
    return str(path)


def test_several_faces_of_a_image_are_there_to_click(every_blender, footage, tmp_path):
    """The click is kept as the number of the face, swaps that face, and is undone."""
    drive = every_blender
    both = write_group(tmp_path / "both.png", footage.person, footage.second_person)
    begin = begin_steps(drive, "several_faces", ["movie", {"name": "clip", "file": footage.movie}])
    short = ["setup", {"frame_start": 3, "frame_end": 3}]

    def choice(number):
        return ["op", {"name": CHOOSE, "active": "clip", "index": 0, "number": number}]

    def looked(prefix):
        return [
            ["face_numbers", {}],
            ["strip_state_surfaces", {"name": "clip"}],
            ["render", {"out": drive.out(prefix)}],
        ]

    answers = drive(
        *begin,
        short,
        ["cast", {"name": "clip", "picture": both}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["strip_state_surfaces", {"name": "clip"}],
        choice(1),
        ["undo", {"push": "first", "times": 0}],
        *looked("first"),
        choice(2),
        ["undo", {"push": "second", "times": 0}],
        *looked("second"),
        ["undo", {"times": 1}],
        *looked("undone"),
        choice(3),
        ["op", {"name": CHOOSE, "active": "clip", "index": 1, "number": 1}],
        ["face_numbers", {}],
    )[len(begin) :]
    unclear = answers[3]
    assert unclear["json"]["text"] == "Render will be refused: both.png shows 2 faces"
    assert unclear["who"].count("picture") == unclear["who"].count(CHOOSE) == 2
    assert "Choose the face to use" in unclear["who"]
    assert not any("number" in text for text in unclear["who"])
    assert [answers[6], answers[11], answers[15]] == [[1], [2], [1]]
    for state, place in ((answers[7], 0), (answers[12], 1), (answers[16], 0)):
        who = state["who"]
        assert who.count("picture") == who.count(CHOOSE) == 2
        assert who.count("pressed: Used") == 1
        faces = [index for index, text in enumerate(who) if text == CHOOSE]
        assert who[faces[place] + 1] == "pressed: Used"
        assert "Clear face" in who
    first, second, undone = (drive.pictures(name, 1)[3] for name in ("first", "second", "undone"))
    assert not np.array_equal(first, second)
    assert np.array_equal(undone, first)
    assert "both.png has no face number 3: it shows 2" in answers[18]
    assert "There is no image number 2" in answers[19]
    assert answers[20] == [1]


def test_one_face_needs_no_choice(drive, footage, tmp_path):
    both = write_group(tmp_path / "person.png", footage.person, footage.second_person)
    begin = begin_steps(drive, "one_face", ["movie", {"name": "clip", "file": footage.movie}])
    answers = drive(
        *begin,
        ["cast", {"name": "clip", "picture": both}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["op", {"name": CHOOSE, "active": "clip", "index": 0, "number": 2}],
        ["copy_file", {"file": footage.person, "to": both}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["op", {"name": CHOOSE, "active": "clip", "index": 0, "number": 1}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["remove_file", {"file": both}],
        ["strip_state_surfaces", {"name": "clip"}],
    )[len(begin) :]
    replaced, stale, one, gone = answers[4], answers[6], answers[8], answers[10]
    assert "picture" not in replaced["who"]  # another file: its faces are not known yet
    assert stale["json"]["text"] == "Render will be refused: person.png has no face number 2"
    assert stale["who"].count(CHOOSE) == 1  # the one face that is there
    assert one["who"].count("picture") == 1
    assert CHOOSE not in one["who"]
    assert "Clear face" in one["who"]
    assert "Clear face" not in gone["who"]
    assert "picture" not in gone["who"]


def test_strong_expressions_are_named_beside_the_image(drive, footage, shared):
    smile = str(shared / "footage/portraits/p02_obama_official.jpg")
    begin = begin_steps(drive, "expressions", ["movie", {"name": "clip", "file": footage.movie}])
    answers = drive(
        *begin,
        ["setup", {"frame_start": 3, "frame_end": 3}],
        ["cast", {"name": "clip", "picture": smile}],
        ["op", {"name": "understudy.picture_check", "index": 0}],
        ["strip_state_surfaces", {"name": "clip"}],
        ["work", {}],
    )[len(begin) :]
    who = " ".join(answers[3]["who"])
    assert "The face is smiling broadly: a calm face is better" in who
    assert "Clear face" not in who
    assert answers[-1]["warnings"] == [
        "p02_obama_official.jpg is a poor source: its face is smiling broadly: a calm face is better"
    ]


@pytest.mark.slow
def test_a_recogniser_reports_images_of_two_people(drive, shared):
    portraits = shared / "footage" / "portraits"
    clip = str(shared / "footage" / "02_single_calm_movingcam_720p.mp4")

    def steps(name, *images):
        return [
            *begin_steps(drive, name, ["movie", {"name": "clip", "file": clip}]),
            ["environment", {"UNDERSTUDY_MODELS": str(shared / "models")}],
            ["cast", {"name": "clip", "picture": str(portraits / images[0])}],
            ["op", {"name": "understudy.picture_add", "filepath": str(portraits / images[1])}],
            ["tune", {"settings": {"embed.recogniser": "mobileface"}}],
            ["op", {"name": "understudy.picture_check", "index": 0}],
            ["strip_state_surfaces", {"name": "clip"}],
        ]

    one, two = (
        drive(*steps(name, *images))[-1]
        for name, images in (
            ("one_person", ("p10_man_a1.jpg", "p10_man_a2.jpg")),
            ("two_people", ("p10_man_a3.jpg", "p13_woman_c.jpg")),
        )
    )
    said = "p13_woman_c.jpg seems to show another person than p10_man_a3.jpg: use images of one person"
    assert said.replace(" ", "") in "".join(two["who"]).replace(" ", "")
    assert "another person" not in " ".join(one["who"])
