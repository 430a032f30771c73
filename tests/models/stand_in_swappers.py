# SPDX-License-Identifier: GPL-3.0-or-later
"""Stand-ins for the networks that can't be shipped: tiny ONNX files with their names, shapes and types.

They are not the models and draw no faces. What they compute is one line of arithmetic, given beside each, so
that a test can do the same by hand and see whether pictures and vectors reached the network as they should.
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

VECTOR = 512
KEEP, MIX = 0.75, 0.25
"""A stand-in swapper gives KEEP * target + MIX * tint."""


def tint_matrix() -> np.ndarray:
    """(512, 3): a swapper's tint is its source vector times this."""
    return np.random.default_rng(1).uniform(-1, 1, (VECTOR, 3)).astype(np.float32)


def emap() -> np.ndarray:
    """(512, 512): the last initializer of the stand-in inswapper."""
    return np.random.default_rng(2).normal(0, 0.1, (VECTOR, VECTOR)).astype(np.float32)


def converter_matrix(name: str) -> np.ndarray:
    """(512, 512): a converter gives its vector times this."""
    seed = {"ghost": 3, "simswap": 4, "hififace": 5}[name]
    return np.random.default_rng(seed).normal(0, 0.1, (VECTOR, VECTOR)).astype(np.float32)


def recogniser_matrix() -> np.ndarray:
    """(192, 512): the recogniser gives its 8 x 8 block means (3, 8, 8), flattened, times this."""
    return np.random.default_rng(6).normal(0, 0.01, (192, VECTOR)).astype(np.float32)


def write_recogniser(path: Path, seed: int | None = None) -> Path:
    """ArcFace w600k_r50: input.1 (n, 3, 112, 112) to 683 (n, 512). With `seed` another matrix."""
    matrix = recogniser_matrix()
    if seed is not None:
        matrix = np.random.default_rng(seed).normal(0, 0.01, matrix.shape).astype(np.float32)
    nodes = [
        helper.make_node("AveragePool", ["input.1"], ["blocks"], kernel_shape=[14, 14], strides=[14, 14]),
        helper.make_node("Flatten", ["blocks"], ["flat"]),
        helper.make_node("MatMul", ["flat", "matrix"], ["683"]),
    ]
    return _write(
        path,
        nodes,
        [_value("input.1", ["n", 3, 112, 112])],
        [_value("683", ["n", VECTOR])],
        {"matrix": matrix},
    )


def write_converter(path: Path, name: str) -> Path:
    """A converter: input (1, 512) to output (1, 512)."""
    nodes = [helper.make_node("MatMul", ["input", "matrix"], ["output"])]
    inputs, outputs = [_value("input", [1, VECTOR])], [_value("output", [1, VECTOR])]
    return _write(path, nodes, inputs, outputs, {"matrix": converter_matrix(name)})


def write_vector_swapper(
    path: Path,
    size: int,
    *,
    batch: int | str = 1,
    mean: tuple[float, ...] = (0.0, 0.0, 0.0),
    std: tuple[float, ...] = (1.0, 1.0, 1.0),
    projected: bool = False,
    half: bool = False,
    mask: bool = False,
    unchanged: bool = False,
) -> Path:
    """A swapper with a vector for its source: KEEP * (target * std + mean) + MIX * source @ tint_matrix().

    `projected` adds emap() as the last initializer (`half`: as float16, as in inswapper's fp16 file), `mask`
    hyperswap's second output. `unchanged` gives back the target whoever the source is.
    """
    nodes = [
        helper.make_node("MatMul", ["source", "tint_matrix"], ["flat_tint"]),
        helper.make_node("Reshape", ["flat_tint", "tint_shape"], ["tint"]),
        *_mixing_nodes(),
    ]
    weights = _mixing_weights(mean, std, unchanged=unchanged) | {
        "tint_matrix": tint_matrix(),
        "tint_shape": np.array([-1, 3, 1, 1], np.int64),
    }
    outputs = [_value("output", [batch, 3, size, size])]
    if mask:
        nodes.append(helper.make_node("ReduceMean", ["target"], ["mask"], axes=[1], keepdims=1))
        outputs.append(_value("mask", [batch, 1, size, size]))
    if projected:
        weights["emap"] = emap().astype(np.float16 if half else np.float32)
    inputs = [_value("target", [batch, 3, size, size]), _value("source", [batch, VECTOR])]
    return _write(path, nodes, inputs, outputs, weights)


def write_picture_swapper(path: Path, size: int, source_size: int, *, unchanged: bool = False) -> Path:
    """A swapper with a picture for its source: KEEP * target + MIX * the source's mean colour, or the target."""
    nodes = [
        helper.make_node("ReduceMean", ["source"], ["tint"], axes=[2, 3], keepdims=1),
        *_mixing_nodes(),
    ]
    inputs = [_value("source", [1, 3, source_size, source_size]), _value("target", [1, 3, size, size])]
    weights = _mixing_weights((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), unchanged=unchanged)
    return _write(path, nodes, inputs, [_value("output", [1, 3, size, size])], weights)


def write_dfm(path: Path, size: int = 64, *, morph: bool = True, bare: bool = False) -> Path:
    """A DFM: the face is in_face * (1 - morph / 2), the masks are its blue and its red (in_face is BGR).

    `bare` masks say face everywhere.
    """
    nodes = [helper.make_node("Identity", ["in_face:0"], ["out_celeb_face:0"])]
    inputs = [_value("in_face:0", ["unk__1", size, size, 3])]
    weights = {"zero": np.array([0]), "one": np.array([1]), "two": np.array([2]), "three": np.array([3])}
    weights["axis"] = np.array([3])
    if morph:
        inputs.append(_value("morph_value:0", [1]))
        weights["fraction"] = np.full(1, 0.5, np.float32)
        weights["whole"] = np.ones(1, np.float32)
        nodes = [
            helper.make_node("Mul", ["morph_value:0", "fraction"], ["less"]),
            helper.make_node("Sub", ["whole", "less"], ["share"]),
            helper.make_node("Mul", ["in_face:0", "share"], ["out_celeb_face:0"]),
        ]
    for first, last, name in (("zero", "one", "out_face_mask:0"), ("two", "three", "out_celeb_face_mask:0")):
        shown = f"{name}_shown"
        nodes.append(helper.make_node("Slice", ["in_face:0", first, last, "axis"], [shown]))
        # What is shown is 0 to 1: larger than any, it is everywhere.
        nodes.append(helper.make_node("Max", [shown, "least"], [name]))
    weights["least"] = np.full((1, 1, 1, 1), 1 if bare else 0, np.float32)
    outputs = [
        _value("out_face_mask:0", ["unk__2", size, size, 1]),
        _value("out_celeb_face:0", ["unk__3", size, size, 3]),
        _value("out_celeb_face_mask:0", ["unk__4", size, size, 1]),
    ]
    return _write(path, nodes, inputs, outputs, weights)


ENHANCER_PIXELS = {
    "gfpgan": 512,
    "codeformer": 512,
    "gpen-256": 256,
    "gpen-512": 512,
    "gpen-1024": 1024,
    "gpen-2048": 2048,
    "restoreformer": 512,
}
"""The side of the picture that each family takes."""


def write_enhancer(path: Path, size: int, *, weight: bool = False, gain: float = 1.5) -> Path:
    """An enhancer: gain * input, or with `weight` (CodeFormer) weight * input."""
    inputs = [_value("input", [1, 3, size, size])]
    weights = {} if weight else {"gain": np.full(1, gain, np.float32)}
    nodes = [helper.make_node("Mul", ["input", "gain"], ["output"])]
    if weight:
        inputs.append(_value("weight", [1], TensorProto.DOUBLE))
        nodes.insert(0, helper.make_node("Cast", ["weight"], ["gain"], to=TensorProto.FLOAT))
    return _write(path, nodes, inputs, [_value("output", [1, 3, size, size])], weights)


def _mixing_nodes() -> list[onnx.NodeProto]:
    return [
        helper.make_node("Mul", ["target", "std"], ["spread"]),
        helper.make_node("Add", ["spread", "mean"], ["seen"]),
        helper.make_node("Mul", ["seen", "keep"], ["kept"]),
        helper.make_node("Mul", ["tint", "mix"], ["mixed"]),
        helper.make_node("Add", ["kept", "mixed"], ["output"]),
    ]


def _mixing_weights(
    mean: tuple[float, ...], std: tuple[float, ...], *, unchanged: bool
) -> dict[str, np.ndarray]:
    return {
        "std": np.array(std, np.float32).reshape(1, 3, 1, 1),
        "mean": np.array(mean, np.float32).reshape(1, 3, 1, 1),
        "keep": np.full(1, 1 if unchanged else KEEP, np.float32),
        "mix": np.full(1, 0 if unchanged else MIX, np.float32),
    }


def _value(name: str, shape: list[int | str], kind: int = TensorProto.FLOAT) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, kind, shape)


def _write(
    path: Path,
    nodes: list[onnx.NodeProto],
    inputs: list[onnx.ValueInfoProto],
    outputs: list[onnx.ValueInfoProto],
    weights: dict[str, np.ndarray],
) -> Path:
    initializers = [numpy_helper.from_array(value, name) for name, value in weights.items()]
    graph = helper.make_graph(nodes, "understudy stand-in, not the model", inputs, outputs, initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], producer_name="stand-in")
    model.ir_version = 8
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)
    return path


_HALF = (0.5, 0.5, 0.5)

SWAPPERS = (
    "inswapper",
    "hyperswap",
    "ghost",
    "simswap-256",
    "simswap-512",
    "hififace",
    "blendswap",
    "uniface",
)
"""The swapper families that `write_swapper` knows."""


def write_swapper(folder: Path, family: str, *, unchanged: bool = False) -> Path:
    """Write the stand-in of a family into a model folder, with its converter and the recogniser it needs."""
    path = folder / f"stand_in_{family}.onnx"
    same = {"unchanged": unchanged}
    if family == "inswapper":
        write_vector_swapper(path, 128, projected=True, **same)
    elif family == "hyperswap":
        write_vector_swapper(path, 256, mask=True, **same)
    elif family == "simswap-256":
        write_vector_swapper(path, 256, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), **same)
    elif family in ("ghost", "hififace", "simswap-512"):
        write_vector_swapper(path, 512 if family == "simswap-512" else 256, **same)
    else:
        write_picture_swapper(path, 256, 112 if family == "blendswap" else 256, **same)
    state(path, f"swap/{family}")
    converter = family.partition("-")[0]
    if converter in ("ghost", "simswap", "hififace"):
        state(
            write_converter(folder / f"stand_in_converter_{converter}.onnx", converter),
            f"convert/{converter}",
        )
    if family not in ("blendswap", "uniface"):
        state(write_recogniser(folder / "stand_in_arcface.onnx"), "embed/arcface")
    return path


def state(path: Path, family: str) -> Path:
    """Say beside a model file which family it is of, as `understudy models add` does."""
    path.with_name(path.name + ".toml").write_text(f'family = "{family}"\n', encoding="utf-8")
    return path
