# SPDX-License-Identifier: GPL-3.0-or-later
"""Give modifiers masks, and masks outlines."""

from collections.abc import Mapping, Sequence
from typing import Any

import bpy

from ..sequencer.placement import Placement
from .mask_records import FRAMES_PROPERTY, update_record

_MASK_NAME = "Face Mask"


def add_mask(modifier: Any, frame: int, number: int) -> Any:
    """Give a modifier an entry for a mask, and return it; the mask is yet to be drawn, or chosen.

    Parameters
    ----------
    modifier : UNDERSTUDY_PG_modifier
        The modifier.
    frame, number : int
        A frame of the timeline and the clip's frame that is shown there: the mask's keyframes begin as the timeline's.
    """
    entry = modifier.masks.add()
    entry.start, entry.frame = frame - number, frame
    return entry


def add_outline(entry: Any, points: Sequence[tuple[float, float]], number: int, *, smooth: bool) -> None:
    """Draw a closed outline into a mask, as a layer of its own.

    Parameters
    ----------
    entry : UNDERSTUDY_PG_mask
        The entry of the mask; one without a mask gets a new one.
    points : sequence of (float, float)
        At least three, in the numbers of masks.
    number : int
        The clip's frame that they were drawn over.
    smooth : bool
        Whether the outline is round at its points.
    """
    if entry.mask is None:
        entry.mask = bpy.data.masks.new(_MASK_NAME)
    mask = entry.mask
    layer = mask.layers.new(name="Outline")
    spline = layer.splines.new()
    # Clockwise, so that a feather lies outside.
    corners = list(points) if _signed_area(points) <= 0 else list(reversed(points))
    spline.points.add(len(corners) - 1)
    kind = "AUTO" if smooth else "VECTOR"
    for place, point in enumerate(spline.points):
        before, after = corners[place - 1], corners[(place + 1) % len(corners)]
        point.co = corners[place]
        point.handle_left, point.handle_right = (_third(corners[place], other) for other in (before, after))
        point.handle_left_type = point.handle_right_type = kind
    spline.use_cyclic = True
    stored = mask.get(FRAMES_PROPERTY)
    frames: Mapping[str, Any] = stored.to_dict() if hasattr(stored, "to_dict") else {}
    mask[FRAMES_PROPERTY] = {**frames, layer.name: entry.start + number}
    mask.update_tag()
    update_record(entry)


def mask_placement(strip_to_region: Placement, size: tuple[int, int]) -> Placement:
    """Return where the numbers of masks are, given where a strip's pixels are, counted from the lower left corner."""
    longer = max(size)
    to_pixels = Placement(longer, 0, (size[0] - longer) / 2, 0, longer, (size[1] - longer) / 2)
    return to_pixels.then(strip_to_region)


def _signed_area(points: Sequence[tuple[float, float]]) -> float:
    return sum(
        points[place - 1][0] * point[1] - point[0] * points[place - 1][1]
        for place, point in enumerate(points)
    )


def _third(start: tuple[float, float], end: tuple[float, float]) -> tuple[float, float]:
    return start[0] + (end[0] - start[0]) / 3, start[1] + (end[1] - start[1]) / 3
