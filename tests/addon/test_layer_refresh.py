# SPDX-License-Identifier: GPL-3.0-or-later
"""A rewritten layer image is shown, wherever it lies in the timeline."""

import pytest

pytestmark = [pytest.mark.blender, pytest.mark.every_blender]

KINDS = (
    "alone",
    "meta",
    "scene",
    "scene meta",
    "MULTICAM",
    "ADJUSTMENT",
    "GLOW",
    "CROSS",
    "SPEED",
    "scene CROSS",
    "scene MULTICAM",
)


def test_a_rewritten_image_is_shown_in_every_kind_of_timeline(every_blender, footage):
    """Red, green and then blue: Blender may keep the green from being seen, but not the blue."""
    steps = [
        ["rewritten", {"kind": kind, "movie": footage.movie, "folder": str(every_blender.folder)}]
        for kind in KINDS
    ]
    answers = dict(zip(KINDS, every_blender(*steps), strict=True))
    for kind, colours in answers.items():
        assert colours["before"][0] > colours["before"][2] + 20, (kind, colours)
        assert colours["with_refresh"][2] > colours["with_refresh"][0] + 20, (kind, colours)
    # Else nothing of this was tried: at least a scene strip is remembered in every Blender.
    assert any(abs(colours["without_refresh"][0] - colours["before"][0]) < 2 for colours in answers.values())
