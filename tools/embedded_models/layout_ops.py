# SPDX-License-Identifier: GPL-3.0-or-later
"""Operators that only move values: constants, reshapes, slices. Each turns one operator into ONNX nodes."""

from __future__ import annotations

import numpy as np
from understudy.core.errors import ModelError

from .graph import Graph
from .tflite_reader import Operator


def keep_constant(graph: Graph, operator: Operator) -> None:
    """DEQUANTIZE (float16 to float32) and DENSIFY: the reader has done both but for the widening."""
    graph.set_array(operator.outputs[0], graph.array(operator.inputs[0]))


def reshape(graph: Graph, operator: Operator) -> None:
    """RESHAPE, in TensorFlow Lite's own element order."""
    result = operator.outputs[0]
    shape = graph.integers(*graph.shape(result))
    value = graph.node("Reshape", [graph.plain(operator.inputs[0]), shape], graph.output_name(result))
    graph.define(result, value, nchw=False)


def depth_to_space(graph: Graph, operator: Operator) -> None:
    """DEPTH_TO_SPACE: block row, block column, channel, which is ONNX's depth-column-row order."""
    source = graph.nchw(operator.inputs[0])
    value = graph.node("DepthToSpace", [source], blocksize=operator.options["block_size"], mode="DCR")
    graph.define(operator.outputs[0], value, nchw=True)


def whole_slice(graph: Graph, operator: Operator) -> None:
    """STRIDED_SLICE that takes everything; no embedded model needs another."""
    source, begin, end, strides = operator.inputs
    whole = (
        not any(operator.options.values())
        and not graph.array(begin).any()
        and np.array_equal(graph.array(end), graph.shape(source))
        and np.array_equal(graph.array(strides), np.ones(len(graph.shape(source))))
    )
    if not whole:
        raise ModelError("STRIDED_SLICE of a part is not known: add it to layout_ops.py")
    graph.alias(operator.outputs[0], source)
