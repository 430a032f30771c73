# SPDX-License-Identifier: GPL-3.0-or-later
"""The embedded models against two oracles: the reference ONNX files and LiteRT."""

import zipfile

import cv2
import flatbuffers
import numpy as np
import pytest
from understudy.tools.embedded_models.convert import to_onnx
from understudy.tools.embedded_models.sources import MEDIAPIPE, SOURCES
from understudy.tools.embedded_models.tflite_reader import read_model

from tests.core.embedded_wheel import (
    BLAZE,
    MESH,
    ORACLES,
    REPOSITORY,
    SELFIE,
    WHEELS,
    built,
    needs_wheel,
    session,
)

__all__ = ["built"]


SHARED_FOLDER = REPOSITORY.parent / "shared"
TOLERANCE = 2e-4
# BlazeFace's scores reach -233 before the sigmoid and landmarks 177 pixels: two float32 runtimes round apart there.
ROUNDING = 2e-6

PORTRAITS = (
    "p01_astronaut_eileen_collins_512.png",
    "p10_man_a1.jpg",
    "p12_woman_b1.jpg",
    "p31_open_mouth_720.jpg",
)


def contract(of):
    return [(value.name, value.shape, value.type) for value in (*of.get_inputs(), *of.get_outputs())]


def pictures(file):
    """Square crops of portraits and noise at the model's size, NHWC RGB in the range the model wants."""
    size = 256 if file == SELFIE else 192
    random = np.random.default_rng(11)
    images = [random.random((1, size, size, 3), dtype=np.float32) for _ in range(2)]
    for name in PORTRAITS:
        path = SHARED_FOLDER / "footage" / "portraits" / name
        if path.is_file():
            image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
            side = min(image.shape[:2])
            top, left = (image.shape[0] - side) // 4, (image.shape[1] - side) // 2
            crop = cv2.resize(
                image[top : top + side, left : left + side], (size, size), interpolation=cv2.INTER_AREA
            )
            images.append(crop[None].astype(np.float32) / 255)
    return [2 * picture - 1 for picture in images] if file == BLAZE else images


def tflite_of(file):
    (source,) = [s for s in SOURCES if s.file == file]
    with zipfile.ZipFile(WHEELS / MEDIAPIPE.file) as archive:
        return archive.read(source.member)


def litert(content):
    interpreter = pytest.importorskip("ai_edge_litert.interpreter", reason="ai-edge-litert is not installed")
    made = interpreter.Interpreter(model_content=content, num_threads=1)
    made.allocate_tensors()
    return made


def run_litert(made, feeds):
    for detail in made.get_input_details():
        made.set_tensor(detail["index"], feeds[detail["name"]])
    made.invoke()
    return {detail["name"]: made.get_tensor(detail["index"]) for detail in made.get_output_details()}


def without_custom_operators(content):
    """The attention mesh in two parts that need no custom operator: up to the first, and from features to points."""
    schema = pytest.importorskip(
        "ai_edge_litert.schema_py_generated", reason="ai-edge-litert is not installed"
    )
    parts = []
    for refined in (False, True):
        model = schema.ModelT.InitFromPackedBuf(content)
        graph = model.subgraphs[0]
        custom = [o for o in graph.operators if model.operatorCodes[o.opcodeIndex].customCode]
        sampled = [
            int(o.outputs[0])
            for o in custom
            if graph.tensors[o.outputs[0]].name.startswith(b"transform_tensor")
        ]
        known = set(sampled) if refined else {int(i) for i in graph.inputs}
        kept = []
        for operator in graph.operators:
            inputs = [int(i) for i in operator.inputs]
            constant = [i not in known and _is_constant(model, i) for i in inputs]
            if operator in custom or not all(c or i in known for c, i in zip(constant, inputs, strict=True)):
                continue
            if all(constant) or any(i in known for i in inputs):
                kept.append(operator)
                known.update(int(i) for i in operator.outputs)
        names = {t.name.decode(): i for i, t in enumerate(graph.tensors)}
        ends = [f"conv_{part}" for part in ("lips", "left_eye", "left_iris", "right_eye", "right_iris")]
        if not refined:
            ends = ["output_mesh_identity", "conv_faceflag", "p_re_lu_3"]
        graph.operators, graph.outputs = kept, [names[end] for end in ends]
        graph.inputs = sampled if refined else graph.inputs
        model.signatureDefs = []
        builder = flatbuffers.Builder(len(content))
        builder.Finish(model.Pack(builder), b"TFL3")
        parts.append(bytes(builder.Output()))
    return parts


def _is_constant(model, tensor):
    data = model.buffers[model.subgraphs[0].tensors[tensor].buffer].data
    return data is not None and len(data) > 0


@pytest.mark.slow
@needs_wheel
@pytest.mark.parametrize("file", ORACLES)
def test_agrees_with_the_oracle(built, file):
    path = SHARED_FOLDER / "models" / ORACLES[file]
    if not path.is_file():
        pytest.skip(f"../shared/models/{ORACLES[file]} is missing")
    ours, oracle = session((built / file).read_bytes()), session(path.read_bytes())
    assert contract(ours) == contract(oracle)
    for picture in pictures(file):
        feeds = {ours.get_inputs()[0].name: picture}
        for actual, expected in zip(ours.run(None, feeds), oracle.run(None, feeds), strict=True):
            np.testing.assert_allclose(actual, expected, rtol=0, atol=TOLERANCE)


@needs_wheel
@pytest.mark.parametrize("file", [BLAZE, SELFIE])
def test_agrees_with_the_tflite_file_run_by_litert(built, file):
    ours, reference = session((built / file).read_bytes()), litert(tflite_of(file))
    names = [value.name for value in ours.get_outputs()]
    for picture in pictures(file):
        feeds = {ours.get_inputs()[0].name: picture}
        expected = run_litert(reference, feeds)
        assert set(expected) == set(names)
        for name, actual in zip(names, ours.run(None, feeds), strict=True):
            np.testing.assert_allclose(actual, expected[name], rtol=ROUNDING, atol=TOLERANCE, err_msg=name)


@needs_wheel
def test_attention_mesh_before_its_custom_operators_agrees_with_litert(built):
    before, _ = without_custom_operators(tflite_of(MESH))
    part, whole, reference = session_of(before), session((built / MESH).read_bytes()), litert(before)
    for picture in pictures(MESH):
        feeds = {"input_1": picture}
        expected = run_litert(reference, feeds)
        for name, actual in zip(
            ("output_mesh_identity", "conv_faceflag", "p_re_lu_3"), part.run(None, feeds), strict=True
        ):
            np.testing.assert_allclose(actual, expected[name], rtol=ROUNDING, atol=TOLERANCE, err_msg=name)
        mesh, flag = whole.run(["output_mesh_identity", "conv_faceflag"], feeds)
        np.testing.assert_allclose(mesh, expected["output_mesh_identity"], rtol=ROUNDING, atol=TOLERANCE)
        np.testing.assert_allclose(flag, expected["conv_faceflag"], rtol=ROUNDING, atol=TOLERANCE)


@needs_wheel
def test_attention_mesh_after_its_sampling_agrees_with_litert():
    _, after = without_custom_operators(tflite_of(MESH))
    part, reference = session_of(after), litert(after)
    names = [value.name for value in part.get_outputs()]
    random = np.random.default_rng(12)
    for _ in range(3):
        feeds = {
            value.name: random.normal(size=value.shape).astype(np.float32) for value in part.get_inputs()
        }
        expected = run_litert(reference, feeds)
        for name, actual in zip(names, part.run(None, feeds), strict=True):
            np.testing.assert_allclose(actual, expected[name], rtol=ROUNDING, atol=TOLERANCE, err_msg=name)


def session_of(tflite):
    return session(to_onnx(read_model(tflite), "part").SerializeToString())


@needs_wheel
def test_reader_agrees_with_litert_on_every_tensor():
    content = tflite_of(SELFIE)
    ours = read_model(content).tensors
    for detail in litert(content).get_tensor_details():
        if detail["index"] < len(ours):
            tensor = ours[detail["index"]]
            assert (tensor.name, tensor.shape) == (detail["name"], tuple(detail["shape"]))


@needs_wheel
def test_block_sparse_weights_are_mostly_nought_and_all_there():
    tensors = read_model(tflite_of(BLAZE)).tensors
    kernels = [
        t.data for t in tensors if t.data is not None and t.data.ndim == 4 and t.data.shape[1:3] == (1, 1)
    ]
    shares = [np.count_nonzero(k) / k.size for k in kernels]
    assert len(kernels) == 48
    assert sum(share < 0.6 for share in shares) > 20
    assert min(shares) > 0
