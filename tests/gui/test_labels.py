# SPDX-License-Identifier: GPL-3.0-or-later
"""Every panel unfolded in small and usual windows, in pictures to look at.

That labels have room is what tests/addon/test_words.py shows, from the width on that is measured here.
"""

from pathlib import Path

import pytest

SCENARIO = Path(__file__).parent / "scenarios" / "panels.py"
SIZES = ((1280, 720), (1600, 900))
NARROWEST = 178
"""The narrowest Properties editor for which tests/addon/test_words.py looks at labels, in pixels."""
PARTS = ("who", "which_face", "swap", "mask", "colour", "analysis")


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def panels(installed_room, given, request):
    """The scenario, played in a window of a size."""
    own = installed_room(f"panels_{request.param[0]}")
    return own.window(SCENARIO, given, factory=False, size=request.param), own.work


def test_blender_prints_no_fault_of_ours(panels):
    facts, _ = panels
    assert "Traceback" not in facts["output"]


def test_the_editor_is_as_wide_as_labels_need(panels):
    facts, _ = panels
    assert facts["width"] >= NARROWEST


def test_every_panel_has_its_images(panels):
    _, work = panels
    names = {
        "panel_first_step",
        "panel_cache",
        "panel_consent",
        "preferences",
        *(f"panel_{part}" for part in PARTS),
    }
    names |= {f"panel_{part}_models" for part in PARTS if part != "who"}
    assert names <= {path.stem for path in work.glob("*.png")}
    assert all((work / f"{name}.png").stat().st_size > 20_000 for name in names)
