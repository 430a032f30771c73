# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimized graphs of large models: the same bits, opened without the model, and never anybody else's."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import ModelError
from understudy.core.filesystem import Location
from understudy.core.models import openings, session
from understudy.core.models.graphs import key as graph_keys
from understudy.core.models.graphs import save
from understudy.core.models.graphs.graph_folder import GraphFolder
from understudy.core.models.graphs.optimized_graphs import QUIET_RUNS
from understudy.core.models.graphs.record import GRAPH_FILE, INITIALIZER_FILE, RECORD_FILE, WEIGHTS_FILE
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_skeleton import onnx_info_of
from understudy.core.models.session import ModelPool, Tensor
from understudy.core.sessions.settings import (
    GRAPHS_VARIABLE,
    NO_CACHE_VARIABLE,
    RunSettings,
    resolve_settings,
)

from tools.bench_neural.networks import write_enhancer, write_swapper

NETWORKS = {
    "swapper": lambda path: write_swapper(path, 1, 8),
    "enhancer": lambda path: write_enhancer(path, 4, 16),
}


@pytest.fixture(autouse=True)
def _large(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every model for a large one."""
    monkeypatch.setattr(openings, "_LARGE_BYTES", 0)


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


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_graph_gives_the_same_bits_and_the_model_is_not_opened(
    kind: str, tmp_path: Path, graphs: GraphFolder
) -> None:
    model = ModelFile(NETWORKS[kind](tmp_path / "a.onnx"))
    assert not runs_the_graph(graphs, model)
    keep(graphs, model)
    assert runs_the_graph(graphs, model)
    (entry,) = graphs.entries()
    folder = graphs.place.path / entry.key
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.name for path in folder.iterdir()} == {
        *(RECORD_FILE, GRAPH_FILE, WEIGHTS_FILE, INITIALIZER_FILE)
    }


def test_no_graph_is_made_before_models_run_again_and_again(graphs: GraphFolder, model: ModelFile) -> None:
    pool = ModelPool(1, graph_folder=graphs)
    run(pool, model, QUIET_RUNS)
    pool.close()
    assert graphs.entries() == []


def test_no_graph_is_made_while_other_models_are_opened(
    graphs: GraphFolder, model: ModelFile, tmp_path: Path
) -> None:
    other = ModelFile(NETWORKS["enhancer"](tmp_path / "b.onnx"))
    pool = ModelPool(1, graph_folder=graphs)
    run(pool, model, QUIET_RUNS)
    pool.open_ahead(other)
    run(pool, model, QUIET_RUNS)
    run(pool, other, QUIET_RUNS)
    pool.close()
    assert graphs.entries() == []


DAMAGES: dict[str, Callable[[Path], object]] = {
    "cut off": lambda path: os.truncate(path, path.stat().st_size // 2),
    "one bit": lambda path: path.write_bytes(path.read_bytes()[:-9] + b"!" + path.read_bytes()[-8:]),
    "empty": lambda path: path.write_bytes(b""),
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("name", [RECORD_FILE, GRAPH_FILE, WEIGHTS_FILE, INITIALIZER_FILE])
def test_a_damaged_graph_is_not_run_and_is_made_again(
    name: str, graphs: GraphFolder, model: ModelFile
) -> None:
    for damage in DAMAGES.values():
        keep(graphs, model)
        (entry,) = graphs.entries()
        damage(graphs.place.path / entry.key / name)
        assert not runs_the_graph(graphs, model)
        assert graphs.entries() == []
    keep(graphs, model)
    assert runs_the_graph(graphs, model)


@pytest.mark.parametrize("text", ["[]", "{}", '{"model": 1, "initializer_shape": []}', "[" * 10_000])
def test_a_record_that_is_none_counts_for_nothing(text: str, graphs: GraphFolder, model: ModelFile) -> None:
    keep(graphs, model)
    (entry,) = graphs.entries()
    (graphs.place.path / entry.key / RECORD_FILE).write_text(text)
    assert not runs_the_graph(graphs, model)


def test_a_folder_that_others_can_fill_is_not_used(graphs: GraphFolder, model: ModelFile) -> None:
    keep(graphs, model)
    graphs.place.path.chmod(0o777)
    assert not runs_the_graph(graphs, model)
    graphs.place.path.chmod(0o700)
    assert runs_the_graph(graphs, model)
    graphs.place.path.rename(graphs.place.path.with_name("elsewhere"))
    graphs.place.path.symlink_to("elsewhere")
    assert not runs_the_graph(graphs, model)


def test_a_graph_is_for_one_processor_and_one_onnx_runtime(
    graphs: GraphFolder, model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(graphs, model)
    with monkeypatch.context() as patch:
        patch.setattr(graph_keys, "processor_identity", lambda: "another")
        assert not runs_the_graph(graphs, model)
        patch.setattr(graph_keys, "processor_identity", lambda: "")
        keep(graphs, model)
    with monkeypatch.context() as patch:
        patch.setattr("onnxruntime.__version__", "0.0")
        assert not runs_the_graph(graphs, model)
    assert len(graphs.entries()) == 1


def test_a_model_that_changes_is_not_run_by_its_graph(graphs: GraphFolder, model: ModelFile) -> None:
    keep(graphs, model)
    model.path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
        ModelPool(1, graph_folder=graphs).run_all(model, {})
    assert graphs.entries() != []
    with pytest.raises(ModelError):
        ModelPool(1, graph_folder=graphs).run_all(ModelFile(model.path), {})


def test_the_graph_of_a_model_that_is_removed_goes_too(
    graphs: GraphFolder, model: ModelFile, tmp_path: Path
) -> None:
    keep(graphs, model)
    model.path.unlink()
    leftover = graphs.place.path / f".{'0' * 64}.01234567.tmp"
    for age, is_left in ((0, True), (7200, False)):
        leftover.mkdir(exist_ok=True)
        os.utime(leftover, (time.time() - age,) * 2)
        run(ModelPool(1, graph_folder=graphs), ModelFile(NETWORKS["enhancer"](tmp_path / "b.onnx")))
        assert leftover.exists() is is_left
    assert graphs.entries() == []


def test_what_was_unused_longest_makes_room(graphs: GraphFolder, content: bytes, tmp_path: Path) -> None:
    models = [ModelFile(tmp_path / f"{number}.onnx") for number in range(3)]
    for number, model in enumerate(models):
        # One more field that says nothing makes another file of it.
        model.path.write_bytes(content + b"\x32" + bytes([number, *b"abc"[:number]]))
        small = GraphFolder(graphs.place, int(2.5 * len(content)), 0)
        keep(small, model)
        if number == 1:
            os.utime(graphs.place.path / small.entries()[-1].key / RECORD_FILE, (1, 1))
            assert runs_the_graph(small, models[0])
    assert [runs_the_graph(small, model) for model in models] == [True, False, True]
    keep(GraphFolder(graphs.place, len(content) // 2, 0), models[1])
    assert len(graphs.entries()) == 2
    assert graphs.remove_all() > len(content)
    assert list(graphs.place.path.iterdir()) == []


def test_what_another_process_makes_is_not_made_too(graphs: GraphFolder, model: ModelFile) -> None:
    keep(graphs, model)
    (entry,) = graphs.entries()
    graphs.remove(entry.key)
    with graphs.new_entry(entry.key) as other:
        keep(graphs, model)
        assert graphs.entries() == []
        other.write_file("a", b"")
    assert [one.key for one in graphs.entries()] == [entry.key]


@pytest.mark.parametrize("fault", ["free_memory_bytes", "limit_bytes", "is_on_local_disk", "disk", "cut off"])
def test_nothing_is_kept_where_it_can_not_be_kept_well(
    fault: str, graphs: GraphFolder, model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_half(path: Path, folder: Path, *others: object) -> None:
        write_graph(path, folder, *others)
        os.truncate(folder / WEIGHTS_FILE, (folder / WEIGHTS_FILE).stat().st_size // 2)

    write_graph = save.write_graph
    if fault == "disk":
        monkeypatch.setattr(save.shutil, "disk_usage", lambda _path: save.shutil._ntuple_diskusage(9, 9, 0))
    elif fault == "cut off":
        monkeypatch.setattr(save, "write_graph", write_half)
    else:
        value = {"free_memory_bytes": 1000, "limit_bytes": 1 << 40, "is_on_local_disk": False}[fault]
        monkeypatch.setattr(save, fault, lambda *_path: value)
    keep(graphs, model)
    assert list(graphs.place.path.iterdir()) == []


def test_of_two_that_make_one_graph_the_first_has_it(graphs: GraphFolder) -> None:
    key = "0" * 64
    assert graphs.fault() == ""

    def write(text: bytes, meanwhile: Callable[[], object] = lambda: None) -> None:
        with graphs.new_entry(key) as entry:
            entry.write_file("a", text)
            meanwhile()

    with pytest.raises(OSError, match="not empty"):
        write(b"slow", lambda: write(b"quick"))
    assert (graphs.place.path / key / "a").read_bytes() == b"quick"
    assert len(list(graphs.place.path.iterdir())) == 1


def test_settings_say_how_much_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    settings = RunSettings(CacheSettings(tmp_path / "cache"))

    def folder(**environment: str) -> GraphFolder | None:
        return resolve_settings(settings, environment).graph_folder

    usual, small = folder(), folder(**{GRAPHS_VARIABLE: "2G"})
    assert usual is not None
    assert small is not None
    assert usual.place.path == tmp_path / "user" / "understudy" / "graphs"
    assert (usual.max_bytes, small.max_bytes) == (4_000_000_000, 2_000_000_000)
    assert folder(**{GRAPHS_VARIABLE: "off"}) is folder(**{GRAPHS_VARIABLE: "0"}) is None
    assert folder(**{NO_CACHE_VARIABLE: "1"}) is None
