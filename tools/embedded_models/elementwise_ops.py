# SPDX-License-Identifier: GPL-3.0-or-later
"""Arithmetic and activations, element by element. Each function turns one operator into ONNX nodes."""

from __future__ import annotations

import numpy as np
from understudy.core.errors import ModelError

from .graph import Graph
from .tflite_reader import Operator

_BINARY = {"ADD": "Add", "MUL": "Mul"}
_UNARY = {"RELU": "Relu", "LOGISTIC": "Sigmoid", "HARD_SWISH": "HardSwish"}


def activate(graph: Graph, value: str, activation: int) -> str:
    """Apply a fused activation: TensorFlow Lite's 0 none, 1 ReLU, 3 ReLU6."""
    if activation == 0:
        return value
    if activation == 1:
        return graph.node("Relu", [value])
    if activation == 3:
        return graph.node("Clip", [value, graph.number(0), graph.number(6)])
    raise ModelError(f"fused activation {activation} is not known: add it to elementwise_ops.py")


def binary(graph: Graph, operator: Operator) -> None:
    """ADD and MUL, with broadcasting; pictures stay NCHW."""
    result = operator.outputs[0]
    nchw = len(graph.shape(result)) == 4
    inputs = [graph.nchw(i) if nchw else graph.plain(i) for i in operator.inputs]
    value = graph.node(_BINARY[operator.kind], inputs)
    graph.define(result, activate(graph, value, operator.options["activation"]), nchw=nchw)


def unary(graph: Graph, operator: Operator) -> None:
    """RELU, LOGISTIC and HARD_SWISH of a picture."""
    value = graph.node(_UNARY[operator.kind], [graph.nchw(operator.inputs[0])])
    graph.define(operator.outputs[0], value, nchw=True)


def prelu(graph: Graph, operator: Operator) -> None:
    """PRELU with one slope a channel, as a·x + (1 - a)·relu(x).

    ONNX's own PRelu runs several times slower on ONNX Runtime's CPU provider.
    """
    source, slope = operator.inputs
    channels = graph.shape(source)[3]
    alpha = np.broadcast_to(graph.array(slope).astype(np.float32), (1, 1, channels)).reshape(channels, 1, 1)
    value = graph.nchw(source)
    kept = graph.node("Mul", [value, graph.constant(alpha)])
    raised = graph.node("Mul", [graph.node("Relu", [value]), graph.constant(1 - alpha)])
    graph.define(operator.outputs[0], graph.node("Add", [kept, raised]), nchw=True)
