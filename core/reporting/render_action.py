# SPDX-License-Identifier: GPL-3.0-or-later
"""What a render does that can swap no face: the preference, as it is worded in a strip's line of state."""

from enum import Enum


class RenderAction(Enum):
    """What a render does that can swap no face in any of its strips."""

    RENDER = "render"
    """It renders the originals."""
    ASK = "ask"
    REFUSE = "refuse"

    @property
    def text(self) -> str:
        """What the line of state begins with, before it says why."""
        return _TEXTS[self]


_TEXTS = {
    RenderAction.RENDER: "Originals will be rendered",
    RenderAction.ASK: "Render will ask first",
    RenderAction.REFUSE: "Render will be refused",
}
