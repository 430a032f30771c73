# SPDX-License-Identifier: GPL-3.0-or-later
"""MediaPipe's three operators of the attention mesh, from standard ONNX operators.

The mathematics is that of MediaPipe's public definitions (mediapipe/util/tflite/operations, version 2 of
each): an affine matrix maps positions in a small crop to positions in the feature map, found from the
landmarks of one part of the face (lips, an eye); features are sampled through it; refined landmarks come
back through it.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from understudy.core.errors import ModelError

from .graph import Graph
from .tflite_reader import Operator

# Keeps the angle of two landmarks at one place defined, as atan2(0, 0) = 0; lost in rounding everywhere else.
_TINY = 1e-18
# A grid coordinate that lies outside the picture by more than a pixel, whatever its size.
_OUTSIDE = -3.0


def landmarks_to_matrix(graph: Graph, operator: Operator) -> None:
    """Landmarks2TransformMatrix: landmarks [1, n, 3] to the matrix [1, 4, 4] from crop to feature map.

    Rotate the landmarks of the part so that the line from its left to its right landmark gets the target
    angle, take their bounding box, enlarge it; the matrix maps the crop onto that box, turned back.
    """
    options = operator.custom_options()
    landmarks = graph.plain(operator.inputs[0])
    ends = graph.integers(options["left_rotation_idx"], options["right_rotation_idx"])
    offset = graph.node(
        "MatMul", [graph.constant(_END_DIFFERENCE), graph.node("Gather", [landmarks, ends], axis=1)]
    )
    direction = graph.node(
        "Add", [graph.node("MatMul", [offset, graph.constant(_XY)]), graph.floats(_TINY, 0)]
    )
    direction = graph.node("Div", [direction, graph.node("ReduceL2", [direction], axes=[2])])
    turn = graph.node(
        "MatMul", [direction, graph.constant(_rotation_basis(options["target_rotation_radians"]))]
    )
    turn = graph.node("Reshape", [turn, graph.integers(1, 2, 2)])

    part = graph.node("Gather", [landmarks, graph.integers(*options["subset_idxs"])], axis=1)
    turned = graph.node("MatMul", [graph.node("MatMul", [part, graph.constant(_XY)]), turn])
    high = graph.node("ReduceMax", [turned], axes=[1])
    low = graph.node("ReduceMin", [turned], axes=[1])
    size = graph.node("Sub", [high, low])

    scale = np.asarray([options["scale_x"], options["scale_y"]], np.float32)
    crop = np.asarray([options["output_width"], options["output_height"]], np.float32)
    columns = graph.node("Mul", [turn, graph.node("Mul", [size, graph.constant(scale / crop)])])
    # The crop's origin, still in the turned frame: the box's centre less half its enlarged size.
    middle = graph.node("Mul", [graph.node("Add", [high, low]), graph.number(0.5)])
    origin = graph.node("Sub", [middle, graph.node("Mul", [size, graph.constant(scale / 2)])])
    origin = graph.node("MatMul", [turn, graph.node("Reshape", [origin, graph.integers(1, 2, 1)])])
    rows = graph.node("Concat", [columns, graph.constant(np.zeros((1, 2, 1), np.float32)), origin], axis=2)
    value = graph.node("Concat", [rows, graph.constant(np.eye(4, dtype=np.float32)[None, 2:])], axis=1)
    graph.define(operator.outputs[0], value, nchw=False)


_END_DIFFERENCE = np.asarray([[-1.0, 1.0]], np.float32)
_XY = np.eye(3, 2, dtype=np.float32)


def _rotation_basis(target: float) -> NDArray[np.float32]:
    """Linear map from a direction (cos θ, sin θ) to the entries of [[cos r, sin r], [-sin r, cos r]].

    r = target - θ; row vectors times that matrix are turned by r, the matrix times column vectors turns by
    -r.
    """
    c, s = math.cos(target), math.sin(target)
    cos_r, sin_r = (c, s), (s, -c)
    return np.asarray([cos_r, sin_r, (-s, c), cos_r], np.float32).T


def transform_tensor(graph: Graph, operator: Operator) -> None:
    """TransformTensorBilinear: sample a feature map [1, H, W, C] through a matrix [1, 4, 4].

    Result pixel (x, y) takes the bilinear value at M·(x + ½, y + ½) - ½; nought where that leaves the pixel
    centres of the map, even by less than a pixel.
    """
    _, height, width, _ = graph.shape(operator.inputs[0])
    _, out_height, out_width, _ = graph.shape(operator.outputs[0])
    y, x = np.mgrid[:out_height, :out_width].reshape(2, -1) + 0.5
    pixels = np.stack([x, y, np.zeros_like(x), np.ones_like(x)], axis=-1).astype(np.float32)[None]
    places = graph.node("MatMul", [graph.constant(pixels), _transposed_rows(graph, operator.inputs[1])])
    places = graph.node("Sub", [places, graph.number(0.5)])

    last = np.asarray([width - 1, height - 1], np.float32)
    clamped = graph.node("Min", [graph.node("Max", [places, graph.number(0)]), graph.constant(last)])
    inside = graph.node("Equal", [places, clamped])
    grid = graph.node("Sub", [graph.node("Mul", [places, graph.constant(2 / last)]), graph.number(1)])
    grid = graph.node("Where", [inside, grid, graph.number(_OUTSIDE)])
    grid = graph.node("Reshape", [grid, graph.integers(1, out_height, out_width, 2)])
    value = graph.node("GridSample", [graph.nchw(operator.inputs[0]), grid], align_corners=1)
    graph.define(operator.outputs[0], value, nchw=True)


def transform_landmarks(graph: Graph, operator: Operator) -> None:
    """TransformLandmarks: landmarks [1, n, 2] through the first two rows of a matrix [1, 4, 4]."""
    source, matrix = operator.inputs
    if graph.shape(source)[-1] != 2:
        raise ModelError(
            "TransformLandmarks of other than two coordinates is not known: add it to attention_ops.py"
        )
    rows = _transposed_rows(graph, matrix)
    linear = graph.node("Slice", [rows, graph.integers(0), graph.integers(2), graph.integers(1)])
    shift = graph.node("Slice", [rows, graph.integers(3), graph.integers(4), graph.integers(1)])
    value = graph.node("Add", [graph.node("MatMul", [graph.plain(source), linear]), shift])
    graph.define(operator.outputs[0], value, nchw=False)


def _transposed_rows(graph: Graph, matrix: int) -> str:
    """Columns [1, 4, 2] of the matrix's first two rows, so that row vectors times them are transformed."""
    rows = graph.node("Slice", [graph.plain(matrix), graph.integers(0), graph.integers(2), graph.integers(1)])
    return graph.node("Transpose", [rows], perm=(0, 2, 1))
