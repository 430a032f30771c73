# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of a render in which no face can be swapped: the user's choice, or the farm's."""

from collections.abc import Mapping

ORIGINALS_VARIABLE = "UNDERSTUDY_ORIGINALS"
ASK, RENDER, REFUSE = "ASK", "RENDER", "REFUSE"
ORIGINALS_ITEMS = (
    (
        ASK,
        "Ask",
        "With a window, ask as the render starts; without one, refuse it: Blender ends with exit code 3",
    ),
    (RENDER, "Render", "Render the originals, and count them"),
    (REFUSE, "Refuse", "Write nothing; without a window, Blender ends with exit code 3"),
)


def expected_choice(choice: str, *, in_background: bool, locks_interface: bool) -> str:
    """Return what becomes of such a render if it is started now: without a window nobody can be asked."""
    if choice != ASK:
        return choice
    if in_background:
        return REFUSE
    return RENDER if locks_interface else ASK


def originals_choice(preference: str, environment: Mapping[str, str]) -> str:
    """Return the choice that holds: what the environment says comes before the preference."""
    said = environment.get(ORIGINALS_VARIABLE, "").strip().upper()
    return said if said in (ASK, RENDER, REFUSE) else preference
