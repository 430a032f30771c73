# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a strip's pixels are in the preview, by its transform and those of the meta strips around it."""

import math
from dataclasses import dataclass
from typing import Any

import bpy

_SNAP_DEVIATION = 0.002
"""How far from a scale of 1 is taken for 1: less than a pixel over the width of a preview."""


@dataclass(frozen=True)
class Placement:
    """An affine map of points: (x, y) goes to (a x + b y + c, d x + e y + f)."""

    a: float
    b: float
    c: float
    d: float
    e: float
    f: float

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """Return where a point goes."""
        return self.a * x + self.b * y + self.c, self.d * x + self.e * y + self.f

    def then(self, other: "Placement") -> "Placement":
        """Return the map that does this one first and the other one after it."""
        c, f = other.apply(self.c, self.f)
        return Placement(
            other.a * self.a + other.b * self.d,
            other.a * self.b + other.b * self.e,
            c,
            other.d * self.a + other.e * self.d,
            other.d * self.b + other.e * self.e,
            f,
        )

    def inverse(self) -> "Placement":
        """Return the map back. Raises ZeroDivisionError where everything is put on one line."""
        size = self.a * self.e - self.b * self.d
        a, b, d, e = self.e / size, -self.b / size, -self.d / size, self.a / size
        return Placement(a, b, -(a * self.c + b * self.f), d, e, -(d * self.c + e * self.f))


def view_placement(region: Any) -> Placement:
    """Return where the preview's coordinates are in its region, in pixels and parts of them."""
    left, low = region.view2d.region_to_view(0, 0)
    # For Blender the last pixel is the view's other edge, which it then draws one pixel further on.
    right, high = region.view2d.region_to_view(region.width - 1, region.height - 1)
    across, up = region.width / (right - left), region.height / (high - low)
    return Placement(across, 0, -left * across, 0, up, -low * up)


def preview_placement(scene: bpy.types.Scene, strip: Any, size: tuple[int, int]) -> Placement:
    """Return where pixels of a strip's frames are in the coordinates of the sequencer's preview.

    Parameters
    ----------
    scene : bpy.types.Scene
        The scene of the strip.
    strip : bpy.types.Strip
        The strip. What crops it, and its effects, are not looked at.
    size : tuple of int
        Width and height of its frames in pixels.

    Returns
    -------
    Placement
        From pixels, counted from the frame's lower left corner, to the preview's coordinates, counted from its middle.
    """
    render = scene.render
    canvas = render.resolution_x, render.resolution_y
    placement = _strip_placement(strip, size, canvas)
    meta = strip.parent_meta()
    while meta is not None:
        placement = placement.then(_strip_placement(meta, canvas, canvas))
        meta = meta.parent_meta()
    scale = render.resolution_percentage / 100
    across = scale * render.pixel_aspect_x / render.pixel_aspect_y
    return placement.then(Placement(across, 0, -across * canvas[0] / 2, 0, scale, -scale * canvas[1] / 2))


def snap(placement: Placement) -> Placement:
    """Return a placement moved by less than a pixel, so that pixels which are as large as the screen's fall on these.

    Blender draws its own picture so where half a pixel is left over. Others stay as they are.
    """
    turns = abs(placement.b) + abs(placement.d) + abs(placement.a - 1) + abs(placement.e - 1)
    if turns > _SNAP_DEVIATION:
        return placement
    return Placement(1, 0, math.floor(placement.c + 0.5), 0, 1, math.floor(placement.f + 0.5))


def _strip_placement(strip: Any, size: tuple[int, int], canvas: tuple[int, int]) -> Placement:
    """Return where the pixels of an image of a size are on the canvas once the strip has placed it."""
    transform = strip.transform
    cos, sin = math.cos(transform.rotation), math.sin(transform.rotation)
    pivot = size[0] * transform.origin[0], size[1] * transform.origin[1]
    turned = Placement(
        cos * transform.scale_x,
        -sin * transform.scale_y,
        pivot[0] + transform.offset_x + (canvas[0] - size[0]) / 2,
        sin * transform.scale_x,
        cos * transform.scale_y,
        pivot[1] + transform.offset_y + (canvas[1] - size[1]) / 2,
    )
    from_pivot = Placement(1, 0, -pivot[0], 0, 1, -pivot[1])
    # Blender mirrors the whole canvas, once the image is on it.
    mirror = Placement(
        -1 if strip.use_flip_x else 1,
        0,
        canvas[0] if strip.use_flip_x else 0,
        0,
        -1 if strip.use_flip_y else 1,
        canvas[1] if strip.use_flip_y else 0,
    )
    return from_pivot.then(turned).then(mirror)


def frame_size(scene: bpy.types.Scene, strip: Any) -> tuple[int, int]:
    """Return the width and height of a strip's frames in pixels; the render's where Blender has not read any."""
    element = strip.elements[0] if len(strip.elements) else None
    if element is not None and element.orig_width and element.orig_height:
        return int(element.orig_width), int(element.orig_height)
    return int(scene.render.resolution_x), int(scene.render.resolution_y)
