# SPDX-License-Identifier: GPL-3.0-or-later
"""Small networks that are taken for large ones, whose optimized graphs are kept."""

from pathlib import Path

import numpy as np
import pytest
from understudy.core.filesystem import Location
from understudy.core.models import openings, session
from understudy.core.models.graphs import key as graph_keys
from understudy.core.models.graphs import save
from understudy.core.models.graphs.graph_folder import GraphFolder
from understudy.core.models.graphs.optimized_graphs import QUIET_RUNS
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_skeleton import onnx_info_of
from understudy.core.models.session import ModelPool, Tensor

from tools.bench_neural.networks import write_enhancer, write_swapper

NETWORKS = {
    "swapper": lambda path: write_swapper(path, 1, 8),
    "enhancer": lambda path: write_enhancer(path, 4, 16),
}


@pytest.fixture
def large_models(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every model for a large one, and any machine for one that can keep its graph."""
    monkeypatch.setattr(openings, "_LARGE_BYTES", 0)
    monkeypatch.setattr(graph_keys, "processor_identity", lambda: "a processor")
    monkeypatch.setattr(save, "is_on_local_disk", lambda _path: True)
    monkeypatch.setattr(save, "free_memory_bytes", lambda: 1 << 40)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return NETWORKS["swapper"](tmp_path_factory.mktemp("net") / "a.onnx").read_bytes()


@pytest.fixture
def model(content: bytes, tmp_path: Path) -> ModelFile:
    (tmp_path / "a.onnx").write_bytes(content)
    return ModelFile(tmp_path / "a.onnx")


@pytest.fixture
def graphs(tmp_path: Path) -> GraphFolder:
    return GraphFolder(Location(tmp_path / "user", ("understudy", "graphs")), 100_000_000, 0)


def run(pool: ModelPool, model: ModelFile, runs: int = 1) -> list[Tensor]:
    random = np.random.default_rng(1)
    feeds = {
        one.name: random.standard_normal([int(size) for size in one.shape or ()]).astype(np.float32)
        for one in onnx_info_of(model.path).inputs
    }
    for _ in range(runs):
        outputs = pool.run_all(model, feeds)
    return outputs


def keep(graphs: GraphFolder, model: ModelFile) -> None:
    """Run a model until its graph is made."""
    pool = ModelPool(1, graph_folder=graphs)
    run(pool, model, QUIET_RUNS + 1)
    pool.close()


def runs_the_graph(graphs: GraphFolder, model: ModelFile) -> bool:
    """Run a model, and make sure of what it gives; tell whether it was opened by its graph."""
    opened: list[object] = []

    def open_and_note(*arguments: object) -> object:
        opened.append(arguments)
        return open_session(*arguments)

    open_session = session.open_session
    pool, plain = ModelPool(1, graph_folder=graphs), ModelPool(1)
    expected = run(plain, model)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(session, "open_session", open_and_note)
        outputs = run(pool, model)
        assert pool.last_initializer(model).tobytes() == plain.last_initializer(model).tobytes()
    assert [one.tobytes() for one in outputs] == [one.tobytes() for one in expected]
    assert pool.load_count == 1
    pool.close()
    return not opened
