# SPDX-License-Identifier: GPL-3.0-or-later
"""Sheets in the window: from a slider's context menu to a cell that is used and undone, and people side by side."""

from pathlib import Path

import pytest
from gui.conftest import keep_for_docs

SCENARIO = Path(__file__).parent / "scenarios" / "sheets.py"


@pytest.fixture(scope="module")
def played(installed_room, given):
    """The scenario, played in a window."""
    own = installed_room("sheets")
    facts = own.window(SCENARIO, given, factory=False)
    keep_for_docs(own.work, "1[78]_*.png")
    return facts


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
