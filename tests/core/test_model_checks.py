# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files that are refused: external weights, bombs, damage; none is run and each names its fault."""

import resource
from contextlib import suppress
from pathlib import Path

import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from models import stand_ins
from onnx import TensorProto, helper, numpy_helper
from understudy.core.errors import ModelError
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_file import MAX_FILE_BYTES, read_onnx_info
from understudy.core.models.session import ModelPool

from tests.core.small_model import SMALL_MODEL


def _write_model(path: Path, *nodes: onnx.NodeProto, weights: list[onnx.TensorProto] | None = None) -> bytes:
    values = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n"]) for name in ("x", "y")]
    graph = helper.make_graph(list(nodes), "g", values[:1], values[1:], weights or [])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    path.write_bytes(model.SerializeToString())
    return path.read_bytes()


def _assert_refused(path: Path, said: str) -> None:
    with pytest.raises(ModelError, match=said) as caught:
        ModelPool(1).run_all(ModelFile(path), np.zeros(3, np.float32))
    assert "\n" not in str(caught.value)


def test_weights_in_another_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(bytes(12))
    weight = numpy_helper.from_array(np.zeros(3, np.float32), "w")
    weight.ClearField("raw_data")
    weight.data_location = TensorProto.EXTERNAL
    weight.external_data.add(key="location", value="../secret")
    _write_model(tmp_path / "m.onnx", helper.make_node("Add", ["x", "w"], ["y"]), weights=[weight])
    _assert_refused(tmp_path / "m.onnx", r"m\.onnx is refused: it keeps weights in another file")
    constant = helper.make_node("Constant", [], ["w"], value=weight)
    _write_model(tmp_path / "m.onnx", constant, helper.make_node("Add", ["x", "w"], ["y"]))
    _assert_refused(tmp_path / "m.onnx", r"m\.onnx is refused: it keeps weights in another file")


def test_tensors_that_claim_more_than_they_carry_are_refused(tmp_path: Path) -> None:
    weight = TensorProto(name="w", data_type=TensorProto.FLOAT, dims=[1 << 40], raw_data=bytes(16))
    _write_model(tmp_path / "m.onnx", helper.make_node("Add", ["x", "w"], ["y"]), weights=[weight])
    _assert_refused(tmp_path / "m.onnx", r"its tensor 'w' says 1099511627776 values and has 16 bytes")


@pytest.mark.parametrize("kind", ["ConstantOfShape", "Expand", "Tile"])
def test_constants_that_would_swell_are_refused(tmp_path: Path, kind: str) -> None:
    shape = numpy_helper.from_array(np.array([1 << 20, 1 << 20], np.int64), "shape")
    inputs = ["shape"] if kind == "ConstantOfShape" else ["x", "shape"]
    _write_model(tmp_path / "m.onnx", helper.make_node(kind, inputs, ["y"]), weights=[shape])
    _assert_refused(tmp_path / "m.onnx", r"it would fill a tensor of 1048576 x 1048576 values")


@pytest.mark.parametrize("shape", [[1, 3, 100_000, 100_000], ["n", 60_000, 60_000, 3], ["n", 1 << 40]])
def test_inputs_larger_than_any_image_are_refused(tmp_path: Path, shape: list[int | str]) -> None:
    """Canvases and crops are made as large as a file says its input is."""
    path = stand_ins.write_constant_model(tmp_path / "m.onnx", "in_face:0", shape, {"y": np.zeros((1, 2))})
    _assert_refused(path, r"m\.onnx is refused: no network of faces takes or gives as much as in_face:0")


def test_a_graph_that_asks_for_ever_more_memory_fails_with_a_message(tmp_path: Path) -> None:
    """Nothing in the file says how much: the size is computed from its input, here 12 GB at once."""
    steps = [
        helper.make_node("Cast", ["x"], ["sizes"], to=TensorProto.INT64),
        helper.make_node("ConstantOfShape", ["sizes"], ["swollen"]),
        helper.make_node("ReduceSum", ["swollen"], ["y"], keepdims=0),
    ]
    values = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)
        for name, shape in (("x", [2]), ("y", []))
    ]
    graph = helper.make_graph(steps, "g", values[:1], values[1:])
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8),
        tmp_path / "m.onnx",
    )
    pool, model = ModelPool(1), ModelFile(tmp_path / "m.onnx")
    assert pool.run_all(model, np.array([3, 4], np.float32))[0] == 0
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ModelError, match=r"not enough memory to run the model m\.onnx"):
        pool.run_all(model, np.array([50_000, 60_000], np.float32))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20  # in kilobytes
    # What is asked for next is there: one file's greed is no other's trouble.
    assert pool.run_all(model, np.array([5, 6], np.float32))[0] == 0


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "huge.onnx"
    with path.open("wb") as file:
        file.truncate(MAX_FILE_BYTES + 10)
    _assert_refused(path, r"huge\.onnx has 2\.1 GB: an ONNX file holds 2 GB at most")


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_file_is_a_model_error_and_nothing_else(data: st.DataObject) -> None:
    whole = SMALL_MODEL
    kept = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for at in data.draw(st.lists(st.integers(0, max(len(kept) - 1, 0)), max_size=4)):
        if kept:
            kept[at] = data.draw(st.integers(0, 255))
    # Whatever the bytes, the only way out is an answer or a ModelError: anything else fails the test.
    with suppress(ModelError):
        assert read_onnx_info(bytes(kept), Path("damaged.onnx")).outputs
