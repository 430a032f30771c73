# SPDX-License-Identifier: GPL-3.0-or-later
"""V8, V15: model folders that a stranger filled: special files, deep folders, odd names, odd statements."""

import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hostile.model_folders import Count, folder, has_good_model_only, memory, needs_root, time_limit
from models import stand_ins
from understudy.core.cli.main import main
from understudy.core.errors import ModelError
from understudy.core.layers.job import LayerJob
from understudy.core.media.source import ClipSource
from understudy.core.models.library import ModelLibrary
from understudy.core.models.model_file import ModelFile
from understudy.core.models.session import ModelPool
from understudy.core.models.statement import statement_path
from understudy.core.recipe import Recipe
from understudy.core.recipe.request import Identity, SwapRequest
from understudy.core.sessions.request_digest import RequestDigester

__all__ = ["folder", "memory"]


@pytest.fixture
def job(tmp_path: Path) -> LayerJob:
    """A layer whose clip is there."""
    (tmp_path / "clip.mp4").write_bytes(b"clip")
    source = ClipSource(True, (tmp_path / "clip.mp4",))
    return LayerJob("strip", 7, source, 6, tmp_path / "000006.tif", (SwapRequest(Identity(()), Recipe()),))


def _socket(path: Path) -> None:
    here = Path.cwd()
    os.chdir(path.parent)  # a socket's path is short
    try:
        with socket.socket(socket.AF_UNIX) as bound:
            bound.bind(path.name)
    finally:
        os.chdir(here)


def _nested(path: Path) -> None:
    here = Path.cwd()
    try:
        for _ in range(1500):
            path.mkdir()
            os.chdir(path)
            path = Path("d")
    finally:
        os.chdir(here)


SPECIAL: dict[str, tuple[str, Callable[[Path], object]]] = {
    "a pipe": ("m.onnx", os.mkfifo),
    "a socket": ("m.onnx", _socket),
    "a folder": ("m.onnx", Path.mkdir),
    "a link to a pipe": ("m.onnx", lambda path: (os.mkfifo(f"{path}.p"), path.symlink_to(f"{path}.p"))),
    "a link to a device": ("m.onnx", lambda path: path.symlink_to("/dev/zero")),
    "a link to nothing": ("m.onnx", lambda path: path.symlink_to("gone")),
    "a link to itself": ("m.onnx", lambda path: path.symlink_to(path.name)),
    "a link round in a circle": ("loop", lambda path: path.symlink_to(path.parent)),
    "a pipe as statement": ("good2.onnx.toml", os.mkfifo),
    "a folder as statement": ("good2.onnx.toml", Path.mkdir),
    "an endless statement": ("good2.onnx.toml", lambda path: path.symlink_to("/dev/zero")),
    "a pipe as old memory": (".understudy-models.json", os.mkfifo),
    "a pipe with another name": ("LICENSE", os.mkfifo),
}


@pytest.mark.parametrize("kind", SPECIAL)
def test_v8_special_files_in_a_model_folder(
    kind: str, folder: Path, job: LayerJob, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    name, make = SPECIAL[kind]
    if name.startswith("good2"):
        stand_ins.write_recogniser(folder / "good2.onnx", "sface")
    make(folder / name)
    with time_limit():
        assert has_good_model_only(folder)
        assert RequestDigester([folder]).digest(job) is not None
        with suppress(ModelError):
            ModelPool(1).run_all(ModelFile(folder / name), np.zeros((1, 3, 112, 112), np.float32))


def test_v8_folders_nested_deep(folder: Path, job: LayerJob, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    _nested(folder / "d")
    try:
        with time_limit():
            assert has_good_model_only(folder)
            assert RequestDigester([folder]).digest(job) is not None
    finally:  # pytest can't
        subprocess.run(["rm", "-rf", folder / "d"], check=True)


@needs_root
def test_v8_a_device_in_a_model_folder(folder: Path, job: LayerJob, memory: Path, dashboard: Count) -> None:
    dashboard("inputs")
    try:
        os.mknod(folder / "m.onnx", stat.S_IFCHR | 0o666, os.makedev(1, 5))
    except OSError as error:
        pytest.skip(f"no device can be made here: {error}")
    with time_limit():
        assert has_good_model_only(folder)
        assert RequestDigester([folder]).digest(job) is not None


@pytest.fixture
def quick_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory, where the system has such."""
    shared = Path("/dev/shm")
    with TemporaryDirectory(dir=shared if shared.is_dir() else tmp_path) as folder:
        yield Path(folder)


def test_v8_a_folder_with_more_names_than_models(
    quick_folder: Path, job: LayerJob, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    for number in range(100_001):
        os.mknod(quick_folder / str(number))
    with time_limit():
        with pytest.raises(ModelError, match=r"holds more than 100000 files and folders: choose a smaller"):
            ModelLibrary([quick_folder]).local_models()
        assert RequestDigester([quick_folder]).digest(job) is None  # so layers are looked up by their keys


def test_v15_names_in_a_model_folder_forge_no_line(
    folder: Path, memory: Path, dashboard: Count, capsys: pytest.CaptureFixture[str]
) -> None:
    dashboard("inputs")
    for name in ("a\x1b[2J.onnx", "b\nunderstudy: all is well.onnx", "c\u202egnp.onnx"):
        (folder / name).write_bytes((folder / "good.onnx").read_bytes())
        statement_path(folder / name).write_text('family = "embed/arcface"\nlicence = "\\u001b[31m"')
    main(["models", "list", "--folder", str(folder)])
    main(["models", "verify", "--folder", str(folder)])
    with pytest.raises(ModelError) as caught:
        ModelLibrary([folder]).model("embed", "arcface")
    said = "".join(capsys.readouterr()) + str(caught.value)
    assert "b\\nunderstudy: all is well.onnx" in said
    assert not set(said) & set("\x1b\u202e")
    assert not [line for line in said.splitlines() if line.startswith("understudy: all is well")]


# Statements


STATEMENTS: dict[str, bytes] = {
    "nested arrays": b"family = " + b"[" * 60_000,
    "nested tables": b"family = " + b"{a=" * 20_000,
    "a dotted name": b"a" + b".a" * 30_000 + b" = 1",
    "many dotted names": b"".join(b"k%d" % n + b".a" * 250 + b" = 1\n" for n in range(100)),
    "dotted names between comments": b"# '\n" + b"a" + b".a" * 30_000 + b" = 1\n# '\n",
    "a dotted name of texts": b'"a"' + b'."a"' * 15_000 + b" = 1",
    "a dotted name in a table": b"family = {a" + b".a" * 30_000 + b" = 1}",
    "a hidden dotted name": b'family = {x = """a"b""", a' + b".a" * 30_000 + b' = "x"}',
    "tables again and again": b"[[a]]\n" * 10_000,
    "nothing but quotes": b'family = "' + b'\\"' * 30_000,
    "too long": b"#" * (1 << 17),
    "a number": b"family = 5",
    "a huge number": b"family = " + b"9" * 60_000,
    "a list": b'family = ["sface"]',
    "a table": b"[family]\nsface = 1",
    "a date": b"family = 1979-05-27",
    "an unknown family": b'family = "' + b"x" * 60_000 + b'"',
    "no text": b"\xff\xfe",
    "nothing": b"",
}


@pytest.mark.parametrize("kind", STATEMENTS)
def test_v8_a_statement_that_is_none_is_a_problem_in_one_short_line(
    kind: str, folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    stand_ins.write_recogniser(folder / "other.onnx", "sface")
    statement_path(folder / "other.onnx").write_bytes(STATEMENTS[kind])
    with time_limit():
        (other,) = [
            one for one in ModelLibrary([folder]).local_models() if one.file.path.name == "other.onnx"
        ]
    assert other.problem.startswith("other.onnx.toml can't be used: ")
    assert len(other.problem) < 2500
    assert other.problem.isprintable()
    assert other.role == ""
    assert has_good_model_only(folder)


def test_v15_words_of_a_statement_are_short_and_in_one_line(
    folder: Path, memory: Path, dashboard: Count
) -> None:
    dashboard("inputs")
    words = {name: f"\x1b]0;{name}\x07\n" + "x" * 5000 for name in ("licence", "vendor", "page", "note")}
    lines = ['family = "sface"', *(f"{name} = {json.dumps(word)}" for name, word in words.items())]
    statement_path(folder / "good.onnx").write_text("\n".join(lines))
    stated = ModelLibrary([folder]).local_models()[-1].user_card
    assert stated is not None
    for word in (stated.licence, stated.vendor, stated.page, stated.note):
        assert word.startswith("\\x1b]0;")
        assert word.isprintable()
        assert len(word) < 250
