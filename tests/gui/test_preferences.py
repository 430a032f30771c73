# SPDX-License-Identifier: GPL-3.0-or-later
"""The page of preferences in the window of real Blender 5.2, and what the installed extension brings along."""

from pathlib import Path

SCENARIO = Path(__file__).parent / "scenarios" / "preferences.py"


def test_the_page_opens_and_what_it_offers_is_in_the_zip(room, given):
    facts = room.window(SCENARIO, given)
    assert all("/extensions/" in path for path in facts["packages"].values())
    assert facts["address"] == "redis://me@render-server:6379/0"
    assert facts["online"] is False
    lines = facts["output"].splitlines()
    assert not [line for line in lines if "Traceback" in line or "hidden" in line]
    for name in ("12_preferences", "13_preferences_below"):
        assert (room.work / f"{name}.png").stat().st_size > 20_000
