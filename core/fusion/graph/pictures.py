# SPDX-License-Identifier: GPL-3.0-or-later
"""How a graph resamples, blurs and draws pictures: (…, h, w) float32, whole levels as floats."""

from dataclasses import dataclass

import numpy as np

from ...models.onnx_writer import GraphWriter, Value
from .resampling import BLUR_LEVELS, LEVELS, level_kernel


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
