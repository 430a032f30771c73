# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of models: what a file takes and gives, batches, providers, and sharing."""

import shutil
from pathlib import Path

import numpy as np
import onnx
import pytest
from models import stand_ins
from understudy.core.errors import ModelError
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_file import last_initializer, read_onnx_info
from understudy.core.models.processor import Processor
from understudy.core.models.providers import PROVIDERS
from understudy.core.models.session import ModelPool

from tests.core.small_model import SMALL_MODEL


def test_a_file_says_what_it_takes_gives_and_holds() -> None:
    facts = read_onnx_info(SMALL_MODEL, Path("m.onnx"))
    assert [str(info) for info in (*facts.inputs, *facts.outputs)] == [
        "x (float32 n x 2)",
        "y (float32 n x 3)",
    ]
    assert [str(info) for info in facts.initializers] == ["w (float32 2 x 3)"]
    assert last_initializer(SMALL_MODEL, Path("m.onnx")).tolist() == [[0, 1, 2], [3, 4, 5]]


def test_batches_run_at_once_where_the_file_allows_and_one_by_one_where_not(tmp_path: Path) -> None:
    pictures = np.random.default_rng(1).uniform(0, 255, (3, 3, 112, 112)).astype(np.float32)
    many = ModelFile(stand_ins.write_recogniser(tmp_path / "many.onnx", "arcface"))
    model = onnx.load(many.path)
    model.graph.input[0].type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, tmp_path / "one.onnx")
    pool = ModelPool(1)
    answers = [pool.run_batch(file, pictures)[0] for file in (many, ModelFile(tmp_path / "one.onnx"))]
    assert answers[0].shape == (3, 512)
    assert np.allclose(*answers, atol=1e-4)


def test_a_provider_that_is_not_there_is_passed_over_and_reported(tmp_path: Path) -> None:
    model = ModelFile(stand_ins.write_recogniser(tmp_path / "a.onnx", "sface"))
    pool = ModelPool(1, ("coreml", "cpu"))
    pool.run_batch(model, np.zeros((1, 3, 112, 112), np.float32))
    assert pool.processor == Processor("cpu")
    reason = f"this ONNX Runtime has no {PROVIDERS['coreml']}"
    assert pool.warnings == (f"coreml can't run models here, the CPU does: {reason}",)
    with pytest.raises(ModelError, match="there is no provider 'gpu'"):
        ModelPool(1, ("gpu",))


def test_sessions_are_shared_by_content_and_let_go(tmp_path: Path) -> None:
    path = stand_ins.write_recogniser(tmp_path / "a.onnx", "sface")
    shutil.copy(path, tmp_path / "b.onnx")
    pool = ModelPool(1)
    for name in ("a.onnx", "b.onnx", "a.onnx"):
        pool.run_all(ModelFile(tmp_path / name), np.zeros((1, 3, 112, 112), np.float32))
    assert pool.load_count == 1
    pool.close()
    assert pool.load_count == 0


def test_a_model_that_gets_no_memory_is_not_called_damaged(tmp_path: Path) -> None:
    floats, whole = onnx.TensorProto.FLOAT, onnx.TensorProto.INT64
    graph = onnx.helper.make_graph(
        [onnx.helper.make_node("Expand", ["x", "shape"], ["y"])],
        "g",
        [
            onnx.helper.make_tensor_value_info("x", floats, [1]),
            onnx.helper.make_tensor_value_info("shape", whole, [1]),
        ],
        [onnx.helper.make_tensor_value_info("y", floats, ["n"])],
    )
    path = tmp_path / "large.onnx"
    path.write_bytes(onnx.helper.make_model(graph).SerializeToString())
    # Four tebibytes, more than any machine gives.
    feeds = {"x": np.zeros(1, np.float32), "shape": np.array([1 << 40], np.int64)}
    with pytest.raises(ModelError, match=r"not enough memory to run the model .*large\.onnx"):
        ModelPool(1).run_all(ModelFile(path), feeds)
