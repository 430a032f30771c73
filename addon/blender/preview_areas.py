# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a window shows the Video Sequencer's preview."""

from typing import Any


def preview_areas(window: Any) -> list[Any]:
    """List the areas of a window that have a preview, alone or beside the timeline."""
    return [
        area
        for area in window.screen.areas
        if area.type == "SEQUENCE_EDITOR" and area.spaces.active.view_type != "SEQUENCER"
    ]
