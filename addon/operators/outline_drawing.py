# SPDX-License-Identifier: GPL-3.0-or-later
"""An outline as it is drawn in the preview: its points, and how it is seen until it is closed."""

from collections.abc import Callable
from typing import Any, cast

import bpy

from ..sequencer.placement import Placement

MIN_POINTS = 3
"""How many points an outline has at least."""
_LINE_COLOUR, _EDGE_COLOUR, _POINT_COLOUR = (1.0, 0.75, 0.2, 1.0), (0.0, 0.0, 0.0, 0.8), (1.0, 1.0, 1.0, 1.0)
_LINE_PIXELS, _EDGE_PIXELS = 2.0, 4.0
_POINT_PIXELS = 7.0
_CURVE_STEPS = 12


class OutlineDrawing:
    """Points in the numbers of masks, drawn over one region of a preview."""

    def __init__(self, area: Any, region: Any, placement: Callable[[], Placement]) -> None:
        """`placement` tells where the numbers of masks are in the region, which may be moved and zoomed meanwhile."""
        self.points: list[tuple[float, float]] = []
        self.smooth = False
        self._area, self._region, self._placement = area, region, placement
        self._pointer: tuple[float, float] | None = None
        self._handle: Any = None

    def open(self) -> None:
        """Have it drawn."""
        space = cast("Any", bpy.types.SpaceSequenceEditor)
        self._handle = space.draw_handler_add(self._draw, (), "PREVIEW", "POST_PIXEL")
        self._area.tag_redraw()

    def close(self) -> None:
        """Have it drawn no more."""
        if self._handle is not None:
            cast("Any", bpy.types.SpaceSequenceEditor).draw_handler_remove(self._handle, "PREVIEW")
            self._handle = None
            self._area.tag_redraw()

    def is_over(self, x: int, y: int) -> bool:
        """Tell whether a place of the window is in the region."""
        region = self._region
        return bool(0 <= x - region.x < region.width and 0 <= y - region.y < region.height)

    def is_near_first(self, x: int, y: int, reach: float) -> bool:
        """Tell whether a place of the window is on the first point, once there are enough to close the outline."""
        if len(self.points) < MIN_POINTS:
            return False
        first = self._placement().apply(*self.points[0])
        return max(abs(first[0] - (x - self._region.x)), abs(first[1] - (y - self._region.y))) <= reach

    def point_at(self, x: int, y: int) -> None:
        """Show where the next point would be."""
        self._pointer = self._to_mask(x, y)
        self._area.tag_redraw()

    def add(self, x: int, y: int) -> None:
        """Add a point at a place of the window."""
        self.points.append(self._to_mask(x, y))
        self._area.tag_redraw()

    def remove_last(self) -> None:
        """Remove the last point."""
        if self.points:
            self.points.pop()
        self._area.tag_redraw()

    def switch_smooth(self) -> None:
        """Make the outline round at its points, or straight between them."""
        self.smooth = not self.smooth
        self._area.tag_redraw()

    def _to_mask(self, x: int, y: int) -> tuple[float, float]:
        return self._placement().inverse().apply(x - self._region.x, y - self._region.y)

    def _draw(self) -> None:
        if bpy.context.region != self._region or not self.points:
            return
        import gpu

        placement = self._placement()
        places = [placement.apply(*point) for point in self.points]
        gpu.state.blend_set("ALPHA")
        gpu.state.point_size_set(_POINT_PIXELS)
        pointer = [] if self._pointer is None else [placement.apply(*self._pointer)]
        closed = [*places, *pointer, places[0]]
        line = _round_corners(closed) if self.smooth else closed
        # Seen on any picture: light on dark.
        _draw_line(line, _EDGE_COLOUR, _EDGE_PIXELS)
        _draw_line(line, _LINE_COLOUR, _LINE_PIXELS)
        _draw_points(places)
        gpu.state.point_size_set(1.0)
        gpu.state.blend_set("NONE")


def _round_corners(closed: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return a smooth line through the points of a closed one: Catmull and Rom's spline."""
    points, line = closed[:-1], []
    for place, point in enumerate(points):
        before, after, later = (points[(place + step) % len(points)] for step in (-1, 1, 2))
        for step in range(_CURVE_STEPS + 1):
            t = step / _CURVE_STEPS
            line.append(
                tuple(
                    0.5
                    * (
                        2 * b
                        + (c - a) * t
                        + (2 * a - 5 * b + 4 * c - d) * t**2
                        + (3 * b - a - 3 * c + d) * t**3
                    )
                    for a, b, c, d in zip(before, point, after, later, strict=True)
                )
            )
    return cast("list[tuple[float, float]]", line)


def _draw_line(
    places: list[tuple[float, float]], colour: tuple[float, float, float, float], width_pixels: float
) -> None:
    import gpu
    from gpu_extras.batch import batch_for_shader

    if len(places) < 2:
        return
    shader = gpu.shader.from_builtin("POLYLINE_UNIFORM_COLOR")
    _, _, width, height = cast("Any", gpu.state).viewport_get()
    shader.bind()
    shader.uniform_float("viewportSize", (width, height))
    shader.uniform_float("lineWidth", width_pixels)
    shader.uniform_float("color", colour)
    batch_for_shader(shader, "LINE_STRIP", {"pos": [(x, y, 0.0) for x, y in places]}).draw(shader)


def _draw_points(places: list[tuple[float, float]]) -> None:
    import gpu
    from gpu_extras.batch import batch_for_shader

    shader = gpu.shader.from_builtin("UNIFORM_COLOR")
    shader.bind()
    shader.uniform_float("color", _POINT_COLOUR)
    batch_for_shader(shader, "POINTS", {"pos": [(x, y, 0.0) for x, y in places]}).draw(shader)
