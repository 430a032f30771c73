# SPDX-License-Identifier: GPL-3.0-or-later
"""What is shown in place of a layer that was not made, where Understudy is not there to make it."""

from typing import Any

from bpy.props import EnumProperty

TRANSPARENT, VISIBLE = "TRANSPARENT", "VISIBLE"


def make_placeholder_property() -> Any:
    """Return the property of a scene."""
    return EnumProperty(
        name="Placeholder",
        description="What a Blender without Understudy shows where a face was not prepared. "
        "Applied when the project is saved",
        items=(
            (TRANSPARENT, "Original", "The clip as it is, with the original face"),
            (VISIBLE, "Stripes", "Stripes of magenta and black over all of the frame, so that it is noticed"),
        ),
        default=TRANSPARENT,
    )
