# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for analysis networks that can't be shipped: tiny ONNX files with their names, shapes and types.

They are not the models and see nothing. Most always give what was planted in them, whatever the picture; the
others give one line of arithmetic on their input, said beside each, that a test can do by hand.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

OPSET, IR = 17, 8
Shape = Sequence[int | str]


def write_constant_model(
    path: Path, name: str, shape: Shape, outputs: Mapping[str, np.ndarray], per_picture: bool = True
) -> Path:
    """A network that takes `name` and always gives `outputs`, arrays of one picture with a leading 1.

    With a batch that may vary, each picture gets the same answer; `per_picture` False is for outputs without a
    batch, as some exports have them.
    """
    nodes = [
        helper.make_node("ReduceMax", [name], ["peak"], axes=list(range(1, len(shape))), keepdims=0),
        helper.make_node("Mul", ["peak", "zero"], ["nothing"]),
    ]
    weights = {"zero": np.zeros((), np.float32)}
    infos = []
    for output, values in outputs.items():
        held = f"{output}_planted"
        weights[held] = values.astype(np.float32)
        spread = [-1] + [1] * (values.ndim - 1) if per_picture else [1] * values.ndim
        weights[f"{output}_shape"] = np.array(spread, np.int64)
        nodes.append(helper.make_node("Reshape", ["nothing", f"{output}_shape"], [f"{output}_zero"]))
        nodes.append(helper.make_node("Add", [held, f"{output}_zero"], [output]))
        infos.append(
            _info(output, ([shape[0]] if per_picture else [values.shape[0]]) + list(values.shape[1:]))
        )
    return write(path, nodes, [_info(name, shape)], infos, weights)


def write_scrfd(path: Path, cells: Mapping[tuple[int, int], Sequence[float]]) -> Path:
    """SCRFD on 640 x 640: nine tensors without a batch. A cell (stride, row) has score, 4 distances, 10 offsets."""
    scores, boxes, points = {}, {}, {}
    for stride in (8, 16, 32):
        count = (640 // stride) ** 2 * 2
        table = np.zeros((count, 15), np.float32)
        for (of_stride, row), values in cells.items():
            if of_stride == stride:
                table[row] = values
        scores[f"score_{stride}"], boxes[f"bbox_{stride}"] = table[:, :1], table[:, 1:5]
        points[f"kps_{stride}"] = table[:, 5:]
    return write_constant_model(
        path, "input.1", [1, 3, 640, 640], {**scores, **boxes, **points}, per_picture=False
    )


def write_yolo8(path: Path, columns: Mapping[int, Sequence[float]]) -> Path:
    """YOLOv8-face: images (1, 3, 640, 640) to output0 (1, 20, 8400)."""
    table = np.zeros((1, 20, 8400), np.float32)
    for column, values in columns.items():
        table[0, :, column] = values
    return write_constant_model(path, "images", [1, 3, 640, 640], {"output0": table})


def write_s3fd(path: Path, faces: Mapping[int, tuple[int, int, Sequence[float]]]) -> Path:
    """S3FD on 640 x 640: class and regression maps in turn; the first class map has 4 channels, the face last.

    A face of a stride is at (row, column) with 4 regression values; its logit is 5 against backgrounds of 0.
    """
    maps = {}
    for index, stride in enumerate((4, 8, 16, 32, 64, 128)):
        side = 640 // stride
        classes = np.zeros((1, 4 if index == 0 else 2, side, side), np.float32)
        classes[0, -1] = -9
        offsets = np.zeros((1, 4, side, side), np.float32)
        if stride in faces:
            row, column, values = faces[stride]
            classes[0, -1, row, column] = 5
            offsets[0, :, row, column] = values
        maps[f"cls{index}"], maps[f"reg{index}"] = classes, offsets
    return write_constant_model(path, "input", [1, 3, 640, 640], maps)


def write_fan68(path: Path, points: np.ndarray, peak: float) -> Path:
    """2DFAN4: input (n, 3, 256, 256) to points (n, 68, 3) on a grid of 64 and maps (n, 68, 64, 64)."""
    maps = np.zeros((1, 68, 64, 64), np.float32)
    maps[:, :, 7, 9] = peak
    row = np.concatenate([points, np.ones((68, 1))], 1)[None]
    return write_constant_model(path, "input", ["n", 3, 256, 256], {"landmarks": row, "heatmaps": maps})


def write_peppa256(path: Path, points: np.ndarray, sure: float) -> Path:
    """Peppa 256: input (1, 3, 256, 256) to 68 x, y on a grid of 64 and how sure each is (1, 68, 3)."""
    row = np.concatenate([points, np.full((68, 1), sure)], 1)[None]
    return write_constant_model(path, "input", [1, 3, 256, 256], {"output": row})


def write_five_to_68(path: Path) -> Path:
    """68 from 5: the first five come back as points 0 to 4, all others are the nose."""
    pick = np.zeros((68, 5), np.float32)
    pick[np.arange(5), np.arange(5)] = 1
    pick[5:, 2] = 1
    nodes = [helper.make_node("MatMul", ["pick", "input"], ["output"])]
    return write(path, nodes, [_info("input", ["n", 5, 2])], [_info("output", ["n", 68, 2])], {"pick": pick})


def write_106(path: Path, points: np.ndarray) -> Path:
    """InsightFace 2d106det: data (n, 3, 192, 192) to fc1 (n, 212), in -1..1."""
    return write_constant_model(path, "data", ["n", 3, 192, 192], {"fc1": points.reshape(1, 212)})


def write_203(path: Path, points: np.ndarray) -> Path:
    """LivePortrait's landmarks: input (1, 3, 224, 224) to three outputs, the last 406 values in 0..1."""
    rest = {"output": np.zeros((1, 214)), "853": np.zeros((1, 262))}
    return write_constant_model(path, "input", [1, 3, 224, 224], {**rest, "856": points.reshape(1, 406)})


def write_recogniser(path: Path, family: str, seed: int = 0) -> Path:
    """A recogniser: 8 x 8 block means of what it is given, times a random matrix of the seed."""
    name, output, count = {
        "arcface": ("input.1", "683", 512),
        "auraface": ("input.1", "1333", 512),
        "ghostface": ("input_1", "embedding", 512),
        "sface": ("data", "fc1", 128),
        "mobileface": ("data", "fc5_bn", 256),
    }[family]
    matrix = recogniser_matrix(count, seed)
    shape: Shape = ["n", 112, 112, 3] if family == "ghostface" else ["n", 3, 112, 112]
    first = (
        [helper.make_node("Transpose", [name], ["planes"], perm=[0, 3, 1, 2])]
        if family == "ghostface"
        else []
    )
    nodes = [
        *first,
        helper.make_node(
            "AveragePool", ["planes" if first else name], ["blocks"], kernel_shape=[14, 14], strides=[14, 14]
        ),
        helper.make_node("Flatten", ["blocks"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], [output]),
    ]
    return write(path, nodes, [_info(name, shape)], [_info(output, ["n", count])], {"matrix": matrix})


def recogniser_matrix(count: int, seed: int) -> np.ndarray:
    """(192, count): what a stand-in recogniser multiplies by."""
    return np.random.default_rng(seed).normal(0, 0.01, (192, count)).astype(np.float32)


def write_6drepnet(path: Path, rotation: np.ndarray) -> Path:
    """6DRepNet: input (n, 3, 224, 224) to a rotation (n, 3, 3)."""
    return write_constant_model(path, "input", ["n", 3, 224, 224], {"output": rotation[None]})


def write_fsanet(path: Path, angles: np.ndarray) -> Path:
    """FSA-Net: input (1, 3, 64, 64) to yaw, pitch and roll (1, 3)."""
    return write_constant_model(path, "input", [1, 3, 64, 64], {"output": angles[None]})


def write_gender_age(path: Path) -> Path:
    """genderage: the means of green, red and blue over 255: green is female, red male, blue the age in centuries."""
    nodes = [
        helper.make_node("ReduceMean", ["data"], ["means"], axes=[2, 3], keepdims=0),
        helper.make_node("Gather", ["means", "order"], ["ordered"], axis=1),
        helper.make_node("Mul", ["ordered", "scale"], ["fc1"]),
    ]
    weights = {"order": np.array([1, 0, 2], np.int64), "scale": np.full(1, 1 / 255, np.float32)}
    return write(path, nodes, [_info("data", ["n", 3, 96, 96])], [_info("fc1", ["n", 3])], weights)


def write_xseg(path: Path) -> Path:
    """XSeg: the mean of blue, green and red, (n, 256, 256, 3) to (n, 256, 256, 1): bright is face."""
    nodes = [helper.make_node("ReduceMean", ["input"], ["output"], axes=[3], keepdims=1)]
    shape = ["n", 256, 256]
    return write(path, nodes, [_info("input", [*shape, 3])], [_info("output", [*shape, 1])], {})


def write_bisenet(path: Path) -> Path:
    """BiSeNet: red is skin (1), green is hair (17), blue is glasses (6), by which channel is the largest."""
    kernel = np.zeros((19, 3, 1, 1), np.float32)
    kernel[1, 0] = kernel[17, 1] = kernel[6, 2] = 1
    nodes = [helper.make_node("Conv", ["input", "kernel"], ["output"])]
    return write(
        path,
        nodes,
        [_info("input", ["n", 3, 512, 512])],
        [_info("output", ["n", 19, 512, 512])],
        {"kernel": kernel},
    )


def write_nudenet(path: Path) -> Path:
    """NudeNet: images (n, 3, h, w) to output0 (n, 22, boxes). It takes magenta for nudity.

    Each of its five boxes has for FEMALE_BREAST_EXPOSED twice what min(red, blue) - green has above 0.5, at its
    highest; every other number is 0.
    """
    row = np.zeros((1, 22, 5), np.float32)
    row[0, 4 + 3] = 2
    weights = {
        "red_at": np.array([0], np.int64),
        "green_at": np.array([1], np.int64),
        "blue_at": np.array([2], np.int64),
        "half": np.array(0.5, np.float32),
        "row": row,
        "flat": np.array([-1, 1, 1], np.int64),
    }
    nodes = [
        *(
            helper.make_node("Gather", ["images", f"{name}_at"], [name], axis=1)
            for name in ("red", "green", "blue")
        ),
        helper.make_node("Min", ["red", "blue"], ["purple"]),
        helper.make_node("Sub", ["purple", "green"], ["magenta"]),
        helper.make_node("ReduceMax", ["magenta"], ["peak"], axes=[1, 2, 3], keepdims=0),
        helper.make_node("Sub", ["peak", "half"], ["above"]),
        helper.make_node("Relu", ["above"], ["score"]),
        helper.make_node("Reshape", ["score", "flat"], ["scores"]),
        helper.make_node("Mul", ["scores", "row"], ["output0"]),
    ]
    return write(
        path, nodes, [_info("images", ["n", 3, "h", "w"])], [_info("output0", ["n", 22, 5])], weights
    )


def write(
    path: Path,
    nodes: Sequence[onnx.NodeProto],
    inputs: Sequence[onnx.ValueInfoProto],
    outputs: Sequence[onnx.ValueInfoProto],
    weights: Mapping[str, np.ndarray],
) -> Path:
    """Write a graph as an ONNX file."""
    held = [numpy_helper.from_array(values, name) for name, values in weights.items()]
    graph = helper.make_graph(list(nodes), "stand_in", list(inputs), list(outputs), held)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR), path)
    return path


def _info(name: str, shape: Shape) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape))
