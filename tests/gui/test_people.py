# SPDX-License-Identifier: GPL-3.0-or-later
"""Choosing who is replaced by their pictures, Mask, Color and Blend, undo and a translation, in real Blender 5.2."""

from pathlib import Path

import pytest
from gui.conftest import keep_for_docs
from gui.screen import crop_to_frame, difference, read
from understudy.core.media.open import open_clip

SCENARIO = Path(__file__).parent / "scenarios" / "people.py"
FRAME = 12


@pytest.fixture(scope="module")
def people(room, given, newcomer):
    """The scenario, played once with the extension that the newcomer's path installed."""
    assert newcomer["addons"]
    facts = room.window(SCENARIO, given, factory=False)
    keep_for_docs(room.work, "[01][0-9]_*.png")
    return facts


@pytest.fixture(scope="module")
def plain(material):
    """The frame that is looked at, (360, 640, 3) BGR."""
    with open_clip(material / "couple.mp4") as clip:
        return clip.read(FRAME - 1)[..., ::-1].copy()


def count_changes(room, plain, name):
    """How many pixels of the left and of the right half differ from the clip's by more than 8."""
    picture = crop_to_frame(read(room.work / f"{name}.png"), plain)
    far = difference(picture, plain)[2:-2] > 8
    return int(far[:, :320].sum()), int(far[:, 320:].sum())


def test_a_click_finds_people(people):
    assert people["folds"] == [False, True]
    assert people["searched_before"] == [-1, -1]
    assert people["searched"] == [0, 29]
    assert people["trouble"] == ""


def test_a_click_on_a_image_chooses_who_is_replaced(people):
    """The person on the right for the first modifier, the one on the left for the second; each knows the other."""
    first, second = people["first"], people["second"]
    assert (first["which"], first["reference_face"]) == ("reference", 1)
    assert (second["which"], second["reference_face"]) == ("reference", 0)
    assert first["others"] == f"{second['reference_frame']}:0"
    assert second["others"] == f"{first['reference_frame']}:1"


def test_both_people_are_recast(people, room, plain):
    assert people["prepared"] == ["", ""]
    assert max(count_changes(room, plain, "people_plain")) == 0
    left, right = count_changes(room, plain, "14_both_recast")
    assert left > 2000
    assert right > 2000


def test_mask_and_colour_show_at_once_and_are_undone(people, room):
    mouth, blur = people["mask"]
    assert mouth is False
    assert blur < 30
    assert people["colour"][0] < 0.9
    mask, colour, undone = (
        read(room.work / f"{name}.png") for name in ("15_mask", "16_colour", "people_undone")
    )
    before = read(room.work / "14_both_recast.png")
    preview = slice(60, 600), slice(330, 1160)
    assert (difference(before[preview], mask[preview]) > 8).sum() > 300
    assert (difference(mask[preview], colour[preview]) > 8).sum() > 300
    assert people["undone"] == [pytest.approx(0.9)]
    assert (difference(mask[preview], undone[preview]) > 1).sum() == 0


def test_a_choice_is_undone_and_done_again(people):
    assert people["undone_choice"] == ["reference", "largest", [0, 29]]
    assert people["redone"] == [people["first"], people["second"], people["colour"]]


def test_people_are_known_after_loading(people):
    assert people["loaded"] == [True, people["first"], people["second"]]


def test_a_click_on_a_face_of_a_image_chooses_the_source(people):
    """The crop on the right is clicked, and undone."""
    assert people["source_face"] == [0, 2, 0]


def test_labels_are_shown_in_another_language(people, room):
    assert people["words"] == {"Which Face": "Welches Gesicht", "Replace": "Ersetzen"}
    assert people["label"] == "Kleinstes Gesicht"
    english, german = (read(room.work / f"{name}.png") for name in ("people_loaded", "people_german"))
    assert (difference(english, german)[60:700, 1180:] > 40).sum() > 1000


def test_blender_prints_no_fault_of_ours(people):
    lines = people["output"].splitlines()
    assert people["status"] == 0
    assert not [line for line in lines if "Traceback" in line or ("understudy" in line and "Warning" in line)]
