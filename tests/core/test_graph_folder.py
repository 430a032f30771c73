# SPDX-License-Identifier: GPL-3.0-or-later
"""What optimized graphs are kept: nobody else's, none without a model, not too many."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from understudy.core.cache.settings import CacheSettings
from understudy.core.errors import ModelError
from understudy.core.models.graphs import key as graph_keys
from understudy.core.models.graphs import save
from understudy.core.models.graphs.graph_folder import GraphFolder
from understudy.core.models.graphs.record import GRAPH_FILE, RECORD_FILE, WEIGHTS_FILE
from understudy.core.models.graphs.request import GraphRequest
from understudy.core.models.model_file import ModelFile
from understudy.core.models.processor import Processor
from understudy.core.models.session import ModelPool
from understudy.core.sessions.settings import (
    GRAPHS_VARIABLE,
    NO_CACHE_VARIABLE,
    RunSettings,
    resolve_settings,
)

from tests.core.graph_models import NETWORKS, content, graphs, keep, large_models, model, run, runs_the_graph

pytestmark = pytest.mark.usefixtures("large_models")

__all__ = ["content", "graphs", "large_models", "model"]


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
    for number, file in enumerate(models):
        # One more field that says nothing makes another file of it.
        file.path.write_bytes(content + b"\x32" + bytes([number, *b"abc"[:number]]))
        small = GraphFolder(graphs.place, int(2.5 * len(content)), 0)
        keep(small, file)
        if number == 1:
            os.utime(graphs.place.path / small.entries()[-1].key / RECORD_FILE, (1, 1))
            assert runs_the_graph(small, models[0])
    assert [runs_the_graph(small, file) for file in models] == [True, False, True]
    keep(GraphFolder(graphs.place, len(content) // 2, 0), models[1])
    assert len(graphs.entries()) == 2
    assert [graphs.record_miss("0" * 64) for _ in range(2)] == [False, True]
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


def test_onnx_runtime_opens_no_file_that_we_refuse_in_the_place_of_a_model(
    graphs: GraphFolder, model: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[object] = []
    keep(graphs, model)
    (entry,) = graphs.entries()
    processor = Processor()
    request = GraphRequest("0" * 64, model, processor, processor.options(None, exact=True), 1)
    # It names another file, which ONNX Runtime would open.
    model.path.write_bytes((graphs.place.path / entry.key / GRAPH_FILE).read_bytes())
    monkeypatch.setattr(save, "write_graph", lambda *arguments: calls.append(arguments))
    with pytest.raises(ModelError):
        save.save_graph(graphs, request)
    assert calls == []


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


def test_settings_limit_the_size_of_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    usual_settings = RunSettings(CacheSettings(tmp_path / "cache"))

    def folder(**environment: str) -> GraphFolder | None:
        return resolve_settings(usual_settings, environment).graph_folder

    usual, small = folder(), folder(**{GRAPHS_VARIABLE: "2G"})
    assert usual is not None
    assert small is not None
    assert usual.place.path == tmp_path / "user" / "understudy" / "graphs"
    assert (usual.max_bytes, small.max_bytes) == (4_000_000_000, 2_000_000_000)
    assert folder(**{GRAPHS_VARIABLE: "off"}) is folder(**{GRAPHS_VARIABLE: "0"}) is None
    assert folder(**{NO_CACHE_VARIABLE: "1"}) is None
