# SPDX-License-Identifier: GPL-3.0-or-later
"""Optimized graphs of large models: the same bits, opened without the model, and none that is damaged."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest
from understudy.core.cli.main import main
from understudy.core.errors import ModelError
from understudy.core.media.open import open_clip
from understudy.core.models import session
from understudy.core.models.graphs.graph_folder import GraphFolder
from understudy.core.models.graphs.key import graph_key
from understudy.core.models.graphs.optimized_graphs import QUIET_RUNS
from understudy.core.models.graphs.record import GRAPH_FILE, INITIALIZER_FILE, RECORD_FILE, WEIGHTS_FILE
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.sessions import settings

from tests.core import face_clip
from tests.core.graph_models import NETWORKS, content, graphs, keep, large_models, model, run, runs_the_graph

pytestmark = pytest.mark.usefixtures("large_models")

__all__ = ["content", "graphs", "large_models", "model"]


@pytest.mark.parametrize("kind", NETWORKS)
def test_a_graph_gives_the_same_bits_without_the_model(
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
    for was_missing in (False, True):
        pool = ModelPool(1, graph_folder=graphs)
        run(pool, model)
        pool.finish_graphs()
        assert bool(graphs.entries()) is was_missing
    assert runs_the_graph(graphs, model)
    assert len(list(graphs.place.path.iterdir())) == 1


def test_no_graph_comes_about_while_other_models_open(
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


def test_a_model_may_be_opened_while_the_work_ends(
    graphs: GraphFolder, model: ModelFile, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def open_another(key: str) -> bool:
        run(pool, other)
        return record_miss(key)

    other = ModelFile(NETWORKS["enhancer"](tmp_path / "b.onnx"))
    pool, record_miss = ModelPool(1, graph_folder=graphs), graphs.record_miss
    monkeypatch.setattr(graphs, "record_miss", open_another)
    run(pool, model)
    pool.finish_graphs()
    pool.close()
    assert record_miss(graph_key(model.sha256, pool.processor.options(None, exact=True)))


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


def test_a_model_that_changes_is_not_run_by_its_graph(graphs: GraphFolder, model: ModelFile) -> None:
    keep(graphs, model)
    model.path.write_bytes(b"no model")
    with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
        ModelPool(1, graph_folder=graphs).run_all(model, {})
    assert graphs.entries() != []
    with pytest.raises(ModelError):
        ModelPool(1, graph_folder=graphs).run_all(ModelFile(model.path), {})


@pytest.mark.slow
def test_the_third_short_render_opens_no_model_and_makes_the_same_movie(
    graphs: GraphFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the embedded networks, as if they were large; the second makes the graphs at its end."""
    face_clip.write_clip(tmp_path / "clip.mp4", 1)
    face_clip.write_picture(tmp_path / "red.png", face_clip.make_up_portrait((230, 20, 20)))
    monkeypatch.setattr(settings, "user_graph_folder", lambda _max_bytes: graphs)

    def render(name: str) -> bytes:
        arguments = (
            tmp_path / "clip.mp4",
            "--face",
            tmp_path / "red.png",
            "--output",
            tmp_path / f"{name}.mp4",
        )
        more = "--set", "swap.shape=0", "--cache-dir", tmp_path / name, "--quiet"
        assert main(["render", *map(str, (*arguments, *more))]) == 0
        with open_clip(tmp_path / f"{name}.mp4") as clip:
            return clip.read(0).tobytes()

    first = render("first")
    assert graphs.entries() == []
    assert render("second") == first
    assert len(graphs.entries()) >= 2
    monkeypatch.setattr(session, "open_session", None)
    assert render("third") == first
