# SPDX-License-Identifier: GPL-3.0-or-later
"""Hashes of model files: remembered until the file changes, by threads at once too."""

import json
import os
import threading
from pathlib import Path

import pytest
from models import stand_ins
from threads import run_in_threads
from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.statement import statement_path


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hashes are remembered for this test's user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "understudy" / FILE_NAME


def _write_model(path: Path) -> Path:
    """Write a model, and beside it what the user says it is."""
    stand_ins.write_recogniser(path, "arcface")
    statement_path(path).write_text('family = "embed/arcface"')
    return path


def _bytes_read() -> int:
    counts = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(counts["rchar"])


def test_a_large_file_that_can_be_no_model_is_not_read(tmp_path: Path, memory: Path) -> None:
    path = stand_ins.write_recogniser(tmp_path / "a.onnx", "arcface")
    with path.open("ab") as file:
        file.truncate((1 << 31) - 2)
    before = _bytes_read()
    (local_model,) = [one for one in ModelLibrary([tmp_path]).local_models() if one.file.path == path]
    assert _bytes_read() - before < 1 << 20
    assert (local_model.role, local_model.problem, local_model.size) == ("", "", (1 << 31) - 2)
    assert not memory.exists()


def test_a_hash_is_remembered_until_the_file_changes(tmp_path: Path, memory: Path) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    path = _write_model(folder / "a.onnx")
    first = ModelLibrary([folder]).model("embed", "arcface").sha256
    assert memory.stat().st_mode & 0o777 == 0o600
    assert memory.parent.stat().st_mode & 0o777 == 0o700
    kept = json.loads(memory.read_text())
    assert list(kept) == [str(path.resolve())]
    kept[str(path.resolve())][-1] = "f" * 64
    memory.write_text(json.dumps(kept))
    assert ModelLibrary([folder]).model("embed", "arcface").sha256 == "f" * 64
    # Of the same size and with the same times: only the inode and the time of the change tell.
    times, size = (path.stat().st_atime_ns, path.stat().st_mtime_ns), path.stat().st_size
    stand_ins.write_recogniser(folder / "b.onnx", "arcface", seed=1).replace(path)
    os.utime(path, ns=times)
    assert path.stat().st_size == size
    second = ModelLibrary([folder]).model("embed", "arcface").sha256
    assert second not in (first, "f" * 64)
    memory.write_text("[1, 2")
    assert ModelLibrary([folder]).model("embed", "arcface").sha256 == second
    assert [entry.name for entry in sorted(folder.iterdir())] == ["a.onnx", "a.onnx.toml"]


def test_where_nothing_can_be_remembered_files_are_hashed_each_time(tmp_path: Path, memory: Path) -> None:
    path = _write_model(tmp_path / "a.onnx")
    memory.parent.parent.mkdir()
    memory.parent.write_text("no folder")
    for _ in range(2):
        assert ModelLibrary([tmp_path]).local_models()[-1].file.sha256 == ModelFile(path).sha256
    assert memory.parent.read_text() == "no folder"


@pytest.mark.slow
@pytest.mark.parametrize("scans", [3, pytest.param(29, marks=pytest.mark.long)])
def test_threads_that_scan_a_folder_at_once_never_leave_half_a_memory(
    tmp_path: Path, memory: Path, scans: int
) -> None:
    folder = tmp_path / "models"
    folder.mkdir()
    _write_model(folder / "0.onnx")
    ModelLibrary([folder]).local_models()
    # So that writing takes a while.
    gone = {f"/gone/{number}.onnx": [1, 1, 1, 1, 1, "0" * 64] for number in range(6000)}
    memory.write_text(json.dumps(json.loads(memory.read_text()) | gone))
    torn: list[str] = []
    scanned = threading.Event()

    def watch() -> None:
        while not scanned.is_set():
            try:
                json.loads(memory.read_text())
            except ValueError as error:
                torn.append(str(error))

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        for number in range(1, scans + 1):
            _write_model(folder / f"{number}.onnx")
            run_in_threads(lambda: ModelLibrary([folder]).local_models(), 6)
            assert str((folder / f"{number}.onnx").resolve()) in json.loads(memory.read_text())
    finally:
        scanned.set()
        watcher.join()
    assert torn == []
    assert [entry.name for entry in memory.parent.iterdir()] == [FILE_NAME]
