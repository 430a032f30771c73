# SPDX-License-Identifier: GPL-3.0-or-later
"""Convolutions, pooling and resizing of pictures. Each function turns one operator into ONNX nodes."""

from __future__ import annotations

import struct

import numpy as np
from numpy.typing import NDArray
from understudy.core.errors import ModelError

from .elementwise_ops import activate
from .graph import Graph
from .tflite_reader import Operator

SAME, VALID = 0, 1
_CONVOLUTIONS = ("CONV_2D", "DEPTHWISE_CONV_2D")


def same_padding(size: int, kernel: int, stride: int, dilation: int = 1) -> tuple[int, int]:
    """Zeros before and after one axis so that ceil(size / stride) results come out (TensorFlow's SAME).

    An odd total puts the larger half after: this is why stride 2 pads only at the right and the bottom.
    """
    results = -(-size // stride)
    total = max((results - 1) * stride + (kernel - 1) * dilation + 1 - size, 0)
    return total // 2, total - total // 2


def convolution(graph: Graph, operator: Operator) -> None:
    """CONV_2D: kernel [out, h, w, in], becomes [out, in, h, w]."""
    kernel = graph.array(operator.inputs[1]).transpose(0, 3, 1, 2)
    groups = graph.shape(operator.inputs[0])[3] // kernel.shape[1]
    _convolve(graph, operator, kernel, groups)


def depthwise_convolution(graph: Graph, operator: Operator) -> None:
    """DEPTHWISE_CONV_2D: kernel [1, h, w, out], becomes [out, 1, h, w] with one group a channel."""
    kernel = graph.array(operator.inputs[1]).transpose(3, 0, 1, 2)
    _convolve(graph, operator, kernel, graph.shape(operator.inputs[0])[3])


def _convolve(graph: Graph, operator: Operator, kernel: NDArray[np.generic], groups: int) -> None:
    source, options = operator.inputs[0], operator.options
    strides = (options["stride_h"], options["stride_w"])
    dilations = (options["dilation_h"], options["dilation_w"])
    pads = _window_pads(graph, operator, kernel.shape[2:], strides, dilations)
    inputs = [graph.nchw(source), graph.constant(kernel)]
    if len(operator.inputs) > 2 and operator.inputs[2] >= 0:
        inputs.append(graph.constant(graph.array(operator.inputs[2])))
    value = graph.node(
        "Conv",
        inputs,
        kernel_shape=kernel.shape[2:],
        strides=strides,
        dilations=dilations,
        pads=pads,
        group=groups,
    )
    graph.define(operator.outputs[0], activate(graph, value, options["activation"]), nchw=True)


def _window_pads(
    graph: Graph,
    operator: Operator,
    kernel: tuple[int, ...],
    strides: tuple[int, int],
    dilations: tuple[int, int] = (1, 1),
) -> list[int]:
    """ONNX pads (top, left, bottom, right) of a sliding window."""
    _, height, width, _ = graph.shape(operator.inputs[0])
    if operator.options["padding"] == SAME:
        top, bottom = same_padding(height, kernel[0], strides[0], dilations[0])
        left, right = same_padding(width, kernel[1], strides[1], dilations[1])
        return [top, left, bottom, right]
    return graph.deferred_pads.get(operator.inputs[0], [0, 0, 0, 0])


def pad(graph: Graph, operator: Operator) -> None:
    """PAD with zeros; left to the convolutions that follow where they can do it themselves."""
    source, result = operator.inputs[0], operator.outputs[0]
    amounts = graph.array(operator.inputs[1])
    (_, (top, bottom), (left, right), _) = amounts
    spatial_only = not amounts[0].any() and not amounts[3].any()
    followers = graph.consumers(result)
    absorbed = spatial_only and all(
        f.kind in _CONVOLUTIONS and f.options["padding"] == VALID and f.inputs[0] == result for f in followers
    )
    if absorbed and followers and result not in graph.model.outputs:
        graph.define(result, graph.nchw(source), nchw=True)
        graph.deferred_pads[result] = [int(v) for v in (top, left, bottom, right)]
        return
    before, after = amounts[[0, 3, 1, 2]].T
    value = graph.node("Pad", [graph.nchw(source), graph.integers(*before, *after)])
    graph.define(result, value, nchw=True)


def pool(graph: Graph, operator: Operator) -> None:
    """MAX_POOL_2D and AVERAGE_POOL_2D; the average never counts padding."""
    options = operator.options
    window = (options["filter_h"], options["filter_w"])
    source = graph.nchw(operator.inputs[0])
    average = operator.kind == "AVERAGE_POOL_2D"
    if average and window == graph.shape(operator.inputs[0])[1:3]:
        value = graph.node("GlobalAveragePool", [source])
    else:
        strides = (options["stride_h"], options["stride_w"])
        pads = _window_pads(graph, operator, window, strides)
        kind = "AveragePool" if average else "MaxPool"
        value = graph.node(kind, [source], kernel_shape=window, strides=strides, pads=pads)
    graph.define(operator.outputs[0], activate(graph, value, options["activation"]), nchw=True)


def resize_bilinear(graph: Graph, operator: Operator) -> None:
    """RESIZE_BILINEAR to the fixed size of the result."""
    if operator.options["align_corners"]:
        mode = "align_corners"
    else:
        mode = "half_pixel" if operator.options["half_pixel_centers"] else "asymmetric"
    _, in_h, in_w, _ = graph.shape(operator.inputs[0])
    _, out_h, out_w, _ = graph.shape(operator.outputs[0])
    scales = graph.floats(1.0, 1.0, out_h / in_h, out_w / in_w)
    value = graph.node(
        "Resize",
        [graph.nchw(operator.inputs[0]), "", scales],
        mode="linear",
        coordinate_transformation_mode=mode,
    )
    graph.define(operator.outputs[0], value, nchw=True)


def transposed_convolution(graph: Graph, operator: Operator) -> None:
    """MediaPipe's Convolution2DTransposeBias: kernel [out, h, w, in], becomes [in, out, h, w].

    Its raw options are three 32-bit integers: padding (1 SAME, 2 VALID), stride across, stride down. Only
    windows that meet without overlap are known here, so that either padding means the same.
    """
    _, stride_w, stride_h = struct.unpack("<3i", operator.custom)
    kernel = graph.array(operator.inputs[1]).transpose(3, 0, 1, 2)
    if kernel.shape[2:] != (stride_h, stride_w):
        raise ModelError(
            "transposed convolution with overlapping windows is not known: add it to image_ops.py"
        )
    inputs = [graph.nchw(operator.inputs[0]), graph.constant(kernel)]
    if len(operator.inputs) > 2:
        inputs.append(graph.constant(graph.array(operator.inputs[2])))
    value = graph.node("ConvTranspose", inputs, kernel_shape=kernel.shape[2:], strides=(stride_h, stride_w))
    graph.define(operator.outputs[0], value, nchw=True)
