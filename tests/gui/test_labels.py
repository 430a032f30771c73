# SPDX-License-Identifier: GPL-3.0-or-later
"""Every panel unfolded in small and usual windows: pictures to look at, and labels that are not cut off."""

from pathlib import Path

import pytest

SCENARIO = Path(__file__).parent / "scenarios" / "panels.py"
SIZES = ((1280, 720), (1600, 900))


@pytest.fixture(scope="module", params=SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def panels(installed_room, given, request):
    """The scenario, played in a window of a size."""
    own = installed_room(f"panels_{request.param[0]}")
    return own.window(SCENARIO, given, factory=False, size=request.param), own.work


def test_blender_prints_no_fault_of_ours(panels):
    facts, _ = panels
    assert "Traceback" not in facts["output"]
