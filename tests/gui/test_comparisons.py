# SPDX-License-Identifier: GPL-3.0-or-later
"""Comparing in the window: the preview with the original, values from a slider's context menu, people side by side."""

from pathlib import Path

import pytest
from gui.conftest import keep_for_docs
from gui.screen import DARK_LEVELS, check_overlay, crop_to_region, difference, read

SCENARIO = Path(__file__).parent / "scenarios" / "comparisons.py"


_EDGE = 8


@pytest.fixture(scope="module")
def room_of_scenario(installed_room):
    return installed_room("comparisons")


@pytest.fixture(scope="module")
def played(room_of_scenario, given):
    """The scenario, played in a window."""
    hands = {"sheet_window.py": SCENARIO.with_name("sheet_window.py")}
    facts = room_of_scenario.window(SCENARIO, {**given, **hands}, factory=False)
    keep_for_docs(room_of_scenario.work, "[12][09]_*.png")
    return facts


@pytest.fixture(scope="module")
def preview(room_of_scenario, played):
    """What is seen of the preview in a picture of the screen, but for its edges and texts, (h, w, 3) BGR."""

    def cut(name):
        screen = read(room_of_scenario.work / f"{name}.png")
        return crop_to_region(screen, played["region"], above=100, below=140, beside=_EDGE)

    return cut


def test_a_key_shows_the_original_and_goes_back(played, preview):
    assert played["modes"] == ["ORIGINAL", "OFF"]
    result, plain = preview("compare_result"), preview("compare_plain")
    assert (difference(result, plain) > 8).sum() > 2000
    check_overlay(preview("compare_original"), plain)
    assert difference(preview("compare_back"), result).max() == 0


def test_left_of_the_line_is_the_original_and_right_of_it_the_result(played, preview):
    split, edge = preview("compare_split"), played["region"][2] // 2 - _EDGE
    check_overlay(split[:, : edge - 2], preview("compare_plain")[:, : edge - 2])
    assert difference(split[:, edge + 2 :], preview("compare_result")[:, edge + 2 :]).max() == 0
    assert played["split"] == pytest.approx(0.54, abs=0.01)


def test_the_difference_is_black_where_nothing_was_changed(preview):
    shown, result, plain = (
        preview(name) for name in ("20_compare_difference", "compare_result", "compare_plain")
    )
    same = difference(result, plain) == 0
    assert shown[same].mean() < 1
    assert shown[difference(result, plain) > DARK_LEVELS].max(1).mean() > 200


def test_what_is_compared_is_never_rendered_and_off_in_a_loaded_file(played, room_of_scenario):
    for kind in ("rendered", "viewed"):
        over, off = (read(room_of_scenario.work / f"{kind}_{mode}.png") for mode in ("ORIGINAL", "OFF"))
        assert difference(over, off).max() == 0
    assert played["loaded"] == "OFF"


def test_a_slider_is_compared_with_values_around_its_own(played):
    assert played["before"][0] == pytest.approx(0.9)
    assert played["begun"] == [True, 2]  # the window went on, and the Image Editor has one of its own
    labels = [f"Light and Color {value}" for value in ("0.5", "0.7", "0.9")]
    assert played["sheet"] == {
        "status": "4 of 4 cells",
        "trouble": "",
        "labels": labels,
        "places": 3,
        "windows": 2,
    }


def test_a_double_click_on_a_cell_sets_its_value_and_undo_sets_the_old_one(played):
    assert played["used"] == [0.5, 1.0]
    assert played["undone"] == played["before"]
    name, size = played["kept"]
    assert name == "Casting Sheet"
    assert min(size) > 300


def test_the_cells_of_a_casting_sheet_fill_in(played):
    assert played["casting"] == [True]
    assert "of 9 cells" in played["filling"]
    cast = played["cast"]
    assert (cast["status"], cast["labels"], cast["places"]) == ("9 of 9 cells", ["face", "harlequin"], 6)
    assert cast["windows"] == 2
    assert played["stopped"] == [False, "Stopped; the cells that are finished are kept"]


def test_blender_prints_no_fault_of_ours(played):
    assert "Traceback" not in played["output"]
