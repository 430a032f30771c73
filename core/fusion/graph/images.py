# SPDX-License-Identifier: GPL-3.0-or-later
"""How a graph resamples, blurs and draws pictures: (…, h, w) float32, whole levels as floats."""

from dataclasses import dataclass

import numpy as np

from ...models.onnx_writer import GraphWriter, Value
from .resampling import BLUR_LEVELS, LEVELS, WARP_LEVELS, WARP_STEPS, level_kernel


@dataclass(frozen=True, eq=False)
class Matrices:
    """A reduction or a blur: `rows` (h', h) and `columns` (w, w')."""

    rows: Value
    columns: Value

    def of(self, picture: Value) -> Value:
        """Reduce or blur a picture."""
        return self.rows @ picture @ self.columns


@dataclass(frozen=True, eq=False)
class TapPair:
    """An enlargement: along each axis the places (k, n) and weights (k, n) of `resampling.Taps`."""

    down: Value
    down_weights: Value
    across: Value
    across_weights: Value

    def of(self, picture: Value) -> Value:
        """Enlarge a picture of floats (…, h, w)."""
        # (…, h, k, w') and (…, k, h', w'): every tap, then their sum.
        wide = (_gathered(picture, self.across, -1) * self.across_weights).sum(-2).dropped(-2)
        tall = _gathered(wide, self.down, -2) * self.down_weights.with_axes(-1)
        return tall.sum(-3).dropped(-3)

    def of_levels(self, picture: Value) -> Value:
        """Enlarge a picture of whole levels by whole weights: OpenCV's cubic enlargement."""
        return (self.of(picture) / float(LEVELS**2)).rounded().clipped(0, 255)

    def of_levels_halved(self, picture: Value) -> Value:
        """The same, rounded where OpenCV's linear enlargement of whole levels drops bits on the way."""
        wide = (_gathered(picture, self.across, -1) * self.across_weights).sum(-2).dropped(-2)
        tall = _gathered((wide / 16.0).floored(), self.down, -2) * self.down_weights.with_axes(-1)
        quarters = (tall / 65536.0).floored().sum(-3).dropped(-3)
        return ((quarters + 2.0) / 4.0).floored()


@dataclass(frozen=True, eq=False)
class Warp:
    """An affine warp: the inputs are those of `resampling.WarpPlaces` and `warp_weights`."""

    x_across: Value
    x_down: Value
    y_across: Value
    y_down: Value
    weights: Value
    last_column: Value
    last_row: Value

    def of(self, pixels: Value) -> Value:
        """Warp a picture (s, s', 3) uint8 as `cv2.warpAffine` does: (3, h, w) whole levels. Borders are repeated.

        ONNX's GridSample would place its taps more finely than OpenCV's 32nds of a pixel, and be levels off.
        """
        graph = pixels.graph
        x, x_part = _whole_and_part(self.x_across, self.x_down)
        y, y_part = _whole_and_part(self.y_across, self.y_down)
        # (4, h, w, 4): for each row of taps the weights of its four.
        weights = _gathered(self.weights, (y_part * float(WARP_STEPS) + x_part).cast("int32"), 1)
        around = graph.constant(np.asarray([-1, 0, 1, 2], np.float32))
        columns = _within(x.with_axes(2) + around, self.last_column)
        flat = graph.node("Reshape", pixels, graph.constant(np.asarray([-1, 3], np.int64))).cast("float32")
        total = graph.constant(np.zeros(1, np.float32))
        for row in range(4):
            rows = _within(y + float(row - 1), self.last_row)
            places = (rows * (self.last_column + 1)).with_axes(2) + columns
            taps = _gathered(flat, places.cast("int32"), 0)
            of_row = _gathered(weights, graph.constant(np.asarray(row, np.int64)), 0)
            total = total + (taps * of_row.with_axes(3)).sum(2).dropped(2)
        warped = ((total + WARP_LEVELS / 2) / float(WARP_LEVELS)).floored().clipped(0, 255)
        return warped.moved(2, 0, 1)


def _whole_and_part(across: Value, down: Value) -> tuple[Value, Value]:
    """Return the source pixel (h, w) before each pixel, and how many 32nds of one lie between."""
    steps = ((across.cast("float32") + down.cast("float32").with_axes(1)) / float(WARP_STEPS)).floored()
    whole = (steps / float(WARP_STEPS)).floored()
    return whole, steps - whole * float(WARP_STEPS)


def _within(places: Value, last: Value) -> Value:
    """Return places, those before the first pixel or beyond the last moved onto it."""
    return places.graph.node("Min", places.at_least(0), last)


def planes(picture: Value) -> Value:
    """Turn (h, w, 3) uint8 into (3, h, w) float32."""
    return picture.moved(2, 0, 1).cast("float32")


def blurred_levels(picture: Value, matrices: Matrices) -> Value:
    """Blur a picture of whole levels by whole weights: halves are rounded up."""
    return (matrices.of(picture) / float(BLUR_LEVELS**2) + 0.5).floored()


def blurred_everywhere(picture: Value, spread: float) -> Value:
    """The same for a large picture (c, h, w) and a spread that never changes."""
    kernel = level_kernel(spread).astype(np.float32)
    graph, reach = picture.graph, len(kernel) // 2
    pads = graph.constant(np.asarray([0, 0, reach, reach, 0, 0, reach, reach], np.int64))
    framed = graph.node("Pad", picture.with_axes(1), pads, mode="reflect")
    wide = graph.node("Conv", framed, graph.constant(kernel[None, None, None, :]))
    tall = graph.node("Conv", wide, graph.constant(kernel[None, None, :, None]))
    return (tall.dropped(1) / float(BLUR_LEVELS**2) + 0.5).floored()


def spread_out(picture: Value, reach: int) -> Value:
    """Return the largest value within `reach` pixels of each of a picture (h, w): OpenCV's dilation by a square."""
    side = 2 * reach + 1
    wide = picture.graph.node(
        "MaxPool", picture.with_axes(0, 1), kernel_shape=(side, side), pads=(reach,) * 4, strides=(1, 1)
    )
    return wide.dropped(0, 1)


def where(chosen: Value, value: Value, otherwise: Value) -> Value:
    """Return `value` where `chosen`, else `otherwise`."""
    return chosen.graph.node("Where", chosen, value, otherwise)


def above(value: Value, bound: float) -> Value:
    """Tell where a value is larger than a number."""
    return value.graph.node("Greater", value, value.graph.constant(np.asarray(bound, np.float32)))


def joined(graph: GraphWriter, axis: int, *values: Value) -> Value:
    """Put values behind each other along an axis."""
    return graph.node("Concat", *values, axis=axis)


def _gathered(picture: Value, places: Value, axis: int) -> Value:
    return picture.graph.node("Gather", picture, places, axis=axis)
