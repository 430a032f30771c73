# SPDX-License-Identifier: GPL-3.0-or-later
"""How a graph resamples, blurs and draws images: (…, h, w) float32, whole levels as floats."""

from dataclasses import dataclass

import numpy as np

from ...face.types import Floats
from ...models.onnx_writer import GraphWriter, Value
from .resampling import (
    BLUR_WEIGHT_SUM,
    TAP_WEIGHT_SUM,
    WARP_SUBPIXELS,
    WARP_WEIGHT_SUM,
    float_kernel,
    level_kernel,
)


@dataclass(frozen=True, eq=False)
class ResampleMatrices:
    """A reduction or a blur: `rows` (h', h) and `columns` (w, w')."""

    rows: Value
    columns: Value

    def apply(self, image: Value) -> Value:
        """Reduce or blur an image."""
        return self.rows @ image @ self.columns


@dataclass(frozen=True, eq=False)
class TapPair:
    """An enlargement: along each axis the places (k, n) and weights (k, n) of `resampling.Taps`."""

    down: Value
    down_weights: Value
    across: Value
    across_weights: Value

    def apply(self, image: Value) -> Value:
        """Enlarge an image of floats (…, h, w)."""
        # (…, h, k, w') and (…, k, h', w'): every tap, then their sum.
        wide = (_take(image, self.across, -1) * self.across_weights).sum(-2).squeeze(-2)
        tall = _take(wide, self.down, -2) * self.down_weights.unsqueeze(-1)
        return tall.sum(-3).squeeze(-3)

    def apply_cubic_levels(self, image: Value) -> Value:
        """Enlarge an image of whole levels by whole weights: OpenCV's cubic enlargement."""
        return (self.apply(image) / float(TAP_WEIGHT_SUM**2)).round().clip(0, 255)

    def apply_cubic_floats(self, image: Value) -> Value:
        """The same of an image of floats, in levels."""
        return self.apply(image).clip(0, 255)

    def apply_linear_levels(self, image: Value) -> Value:
        """The same, rounded where OpenCV's linear enlargement of whole levels drops bits on the way."""
        wide = (_take(image, self.across, -1) * self.across_weights).sum(-2).squeeze(-2)
        tall = _take((wide / 16.0).floor(), self.down, -2) * self.down_weights.unsqueeze(-1)
        quarters = (tall / 65536.0).floor().sum(-3).squeeze(-3)
        return ((quarters + 2.0) / 4.0).floor()


@dataclass(frozen=True, eq=False)
class Warp:
    """An affine warp: the inputs are those of `resampling.WarpPositions` and `warp_weights`."""

    x_across: Value
    x_down: Value
    y_across: Value
    y_down: Value
    weights: Value
    last_column: Value
    last_row: Value

    def apply(self, pixels: Value, *, deep: bool = False) -> Value:
        """Warp an image (s, s', 3) as `cv2.warpAffine` does: (3, h, w) whole levels, or floats where it is `deep`.

        Borders are repeated.

        ONNX's GridSample would place its taps more finely than OpenCV's 32nds of a pixel, and be levels off.
        """
        graph = pixels.graph
        x, x_part = _split_position(self.x_across, self.x_down)
        y, y_part = _split_position(self.y_across, self.y_down)
        # (4, h, w, 4): for each row of taps the weights of its four.
        weights = _take(self.weights, (y_part * float(WARP_SUBPIXELS) + x_part).cast("int32"), 1)
        around = graph.constant(np.asarray([-1, 0, 1, 2], np.float32))
        columns = _clamp(x.unsqueeze(2) + around, self.last_column)
        flat = graph.node("Reshape", pixels, graph.constant(np.asarray([-1, 3], np.int64))).cast("float32")
        total = graph.constant(np.zeros(1, np.float32))
        for row in range(4):
            rows = _clamp(y + float(row - 1), self.last_row)
            places = (rows * (self.last_column + 1)).unsqueeze(2) + columns
            taps = _take(flat, places.cast("int32"), 0)
            of_row = _take(weights, graph.constant(np.asarray(row, np.int64)), 0)
            total = total + (taps * of_row.unsqueeze(3)).sum(2).squeeze(2)
        if deep:
            return (total / float(WARP_WEIGHT_SUM)).transpose(2, 0, 1)
        warped = ((total + WARP_WEIGHT_SUM / 2) / float(WARP_WEIGHT_SUM)).floor().clip(0, 255)
        return warped.transpose(2, 0, 1)


def _split_position(across: Value, down: Value) -> tuple[Value, Value]:
    """Return the source pixel (h, w) before each pixel, and how many 32nds of one lie between."""
    steps = ((across.cast("float32") + down.cast("float32").unsqueeze(1)) / float(WARP_SUBPIXELS)).floor()
    whole = (steps / float(WARP_SUBPIXELS)).floor()
    return whole, steps - whole * float(WARP_SUBPIXELS)


def _clamp(positions: Value, last: Value) -> Value:
    """Return places, those before the first pixel or beyond the last moved onto it."""
    return positions.graph.node("Min", positions.maximum(0), last)


def to_planes(image: Value) -> Value:
    """Turn (h, w, 3) uint8 or float32 into (3, h, w) float32."""
    return image.transpose(2, 0, 1).cast("float32")


def blur_levels(image: Value, matrices: ResampleMatrices) -> Value:
    """Blur an image of whole levels by whole weights: halves are rounded up."""
    return (matrices.apply(image) / float(BLUR_WEIGHT_SUM**2) + 0.5).floor()


def blur_image(image: Value, sigma: float) -> Value:
    """The same for a large image (c, h, w) and a spread that never changes."""
    blurred = _convolve(image, level_kernel(sigma).astype(np.float32))
    return (blurred / float(BLUR_WEIGHT_SUM**2) + 0.5).floor()


def blur_floats(image: Value, sigma: float) -> Value:
    """Blur an image of floats (c, h, w) as OpenCV's Gaussian blur does."""
    return _convolve(image, float_kernel(sigma))


def _convolve(image: Value, kernel: Floats) -> Value:
    """Blur an image (c, h, w) by the weights (k,) along both axes, mirrored at its ends."""
    graph, reach = image.graph, len(kernel) // 2
    pads = graph.constant(np.asarray([0, 0, reach, reach, 0, 0, reach, reach], np.int64))
    framed = graph.node("Pad", image.unsqueeze(1), pads, mode="reflect")
    wide = graph.node("Conv", framed, graph.constant(kernel[None, None, None, :]))
    tall = graph.node("Conv", wide, graph.constant(kernel[None, None, :, None]))
    return tall.squeeze(1)


def dilate(image: Value, reach: int) -> Value:
    """Return the largest value within `reach` pixels of each of an image (h, w): OpenCV's dilation by a square."""
    side = 2 * reach + 1
    wide = image.graph.node(
        "MaxPool", image.unsqueeze(0, 1), kernel_shape=(side, side), pads=(reach,) * 4, strides=(1, 1)
    )
    return wide.squeeze(0, 1)


def where(condition: Value, value: Value, otherwise: Value) -> Value:
    """Return `value` where `condition`, else `otherwise`."""
    return condition.graph.node("Where", condition, value, otherwise)


def is_above(value: Value, bound: float) -> Value:
    """Tell where a value is larger than a number."""
    return value.graph.node("Greater", value, value.graph.constant(np.asarray(bound, np.float32)))


def concatenate(graph: GraphWriter, axis: int, *values: Value) -> Value:
    """Put values behind each other along an axis."""
    return graph.node("Concat", *values, axis=axis)


def _take(image: Value, indices: Value, axis: int) -> Value:
    return image.graph.node("Gather", image, indices, axis=axis)
