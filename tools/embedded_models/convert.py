# SPDX-License-Identifier: GPL-3.0-or-later
"""Convert a TensorFlow Lite model into an ONNX model with the same inputs, outputs and shapes."""

from __future__ import annotations

from collections.abc import Callable

import onnx
from understudy.core.errors import ModelError

from . import attention_ops, elementwise_ops, image_ops, layout_ops
from .graph import Graph
from .tflite_reader import Model, Operator, read_model

_CONVERTERS: dict[str, Callable[[Graph, Operator], None]] = {
    "ADD": elementwise_ops.binary,
    "MUL": elementwise_ops.binary,
    "RELU": elementwise_ops.unary,
    "LOGISTIC": elementwise_ops.unary,
    "HARD_SWISH": elementwise_ops.unary,
    "PRELU": elementwise_ops.prelu,
    "CONV_2D": image_ops.convolution,
    "DEPTHWISE_CONV_2D": image_ops.depthwise_convolution,
    "PAD": image_ops.pad,
    "MAX_POOL_2D": image_ops.pool,
    "AVERAGE_POOL_2D": image_ops.pool,
    "RESIZE_BILINEAR": image_ops.resize_bilinear,
    "Convolution2DTransposeBias": image_ops.transposed_convolution,
    "DEQUANTIZE": layout_ops.keep_constant,
    "DENSIFY": layout_ops.keep_constant,
    "RESHAPE": layout_ops.reshape,
    "DEPTH_TO_SPACE": layout_ops.depth_to_space,
    "STRIDED_SLICE": layout_ops.whole_slice,
    "Landmarks2TransformMatrix": attention_ops.landmarks_to_matrix,
    "TransformTensorBilinear": attention_ops.transform_tensor,
    "TransformLandmarks": attention_ops.transform_landmarks,
}


def to_onnx(model: Model, name: str) -> onnx.ModelProto:
    """Build the ONNX graph called `name`; raises ModelError for an operator that is not known."""
    graph = Graph(model)
    for operator in model.operators:
        if operator.kind not in _CONVERTERS:
            raise ModelError(
                f"{name}: operator {operator.kind} is not known: add it to tools/embedded_models"
            )
        _CONVERTERS[operator.kind](graph, operator)
    return graph.finish(name)


def convert(tflite: bytes, name: str) -> bytes:
    """Convert a .tflite file's content into an .onnx file's content, the same for the same input."""
    return bytes(to_onnx(read_model(tflite), name).SerializeToString(deterministic=True))


def signature(content: bytes) -> tuple[list[dict[str, object]], list[dict[str, object]]]:
    """Names, shapes and type of an ONNX file's inputs and outputs, as the manifest records them."""
    graph = onnx.load_model_from_string(content).graph
    return [_describe(value) for value in graph.input], [_describe(value) for value in graph.output]


def _describe(value: onnx.ValueInfoProto) -> dict[str, object]:
    shape = [dimension.dim_value for dimension in value.type.tensor_type.shape.dim]
    return {"name": value.name, "shape": shape, "dtype": "float32"}
