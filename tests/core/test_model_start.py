# SPDX-License-Identifier: GPL-3.0-or-later
"""How large models start: read without their weights, opened ahead, their bytes checked meanwhile."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from models import stand_ins
from understudy.core.errors import ModelError
from understudy.core.models import onnx_skeleton, openings, session
from understudy.core.models.model_file import ModelFile
from understudy.core.models.onnx_file import OnnxInfo, read_onnx_info
from understudy.core.models.onnx_skeleton import onnx_info_of, read_skeleton
from understudy.core.models.processor import open_session
from understudy.core.models.session import ModelPool

IMAGES = np.random.default_rng(1).uniform(0, 255, (1, 3, 112, 112)).astype(np.float32)


@pytest.fixture(scope="module")
def content(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return stand_ins.write_recogniser(tmp_path_factory.mktemp("net") / "a.onnx", "sface").read_bytes()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("place") / "a.onnx"


def outcome(read: Callable[[], OnnxInfo]) -> object:
    try:
        return read()
    except ModelError as error:
        return str(error)


@given(data=st.data())
def test_a_file_says_the_same_without_its_weights(content: bytes, place: Path, data: st.DataObject) -> None:
    """Also one with bytes that were changed or cut off: what is refused is refused with the same words."""
    spoilt = bytearray(content[: data.draw(st.one_of(st.just(len(content)), st.integers(0, len(content))))])
    for _ in range(data.draw(st.integers(0, 3)) if spoilt else 0):
        # Most of a file is weights, which say nothing.
        at = data.draw(st.one_of(st.integers(0, min(400, len(spoilt) - 1)), st.integers(0, len(spoilt) - 1)))
        spoilt[at] = data.draw(st.integers(0, 255))
    place.write_bytes(spoilt)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(onnx_skeleton, "_SMALL_FILE_BYTES", 0)
        patch.setattr(onnx_skeleton, "_BLOCK_BYTES", 64)
        assert outcome(lambda: onnx_info_of(place)) == outcome(lambda: read_onnx_info(bytes(spoilt), place))


def test_large_weights_are_not_read(content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_skeleton, "_SMALL_FILE_BYTES", 0)
    (tmp_path / "a.onnx").write_bytes(content)
    skeleton = read_skeleton(tmp_path / "a.onnx")
    assert len(skeleton) == len(content)
    assert np.count_nonzero(skeleton) < np.count_nonzero(np.frombuffer(content, np.uint8)) / 2


def test_a_model_that_is_opened_ahead_is_opened_once_and_runs_alike(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.onnx").write_bytes(content)
    file, plain, ahead = ModelFile(tmp_path / "a.onnx"), ModelPool(1), ModelPool(1)
    for _ in range(2):
        ahead.open_ahead(file, keep_initializer=True)
    assert ahead.load_count == 0
    assert np.array_equal(ahead.run_all(file, IMAGES)[0], plain.run_all(file, IMAGES)[0])
    assert ahead.load_count == 1
    assert np.array_equal(ahead.last_initializer(file), plain.last_initializer(file))
    ahead.open_ahead(file)
    ahead.close()
    assert ahead.load_count == 0


@pytest.mark.parametrize("ahead", [False, True])
def test_a_large_file_that_is_replaced_is_not_run(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, ahead: bool
) -> None:
    """Though it is opened while its bytes are checked; a file that can't be opened is said to have changed, too."""
    monkeypatch.setattr(openings, "_LARGE_BYTES", 0)
    for replacement in (content[:-1] + bytes([content[-1] ^ 1]), b"no model"):
        (tmp_path / "a.onnx").write_bytes(content)
        file, pool = ModelFile(tmp_path / "a.onnx"), ModelPool(1)
        assert len(file.sha256) == 64
        (tmp_path / "a.onnx").write_bytes(replacement)
        if ahead:
            pool.open_ahead(file)
        with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
            pool.run_all(file, IMAGES)
        assert pool.load_count == 0


@pytest.mark.parametrize("name", ["a.onnx", os.fsdecode(b"a\xff.onnx")])
def test_a_large_file_is_opened_by_its_path_and_runs_alike(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """What ONNX Runtime is handed it keeps; a name that is no text is for Python alone."""
    (tmp_path / name).write_bytes(content)
    file, opened = ModelFile(tmp_path / name), []

    def open_and_note(model: bytes | str, *others: object) -> object:
        opened.append(type(model))
        return open_session(model, *others)

    monkeypatch.setattr(session, "open_session", open_and_note)
    whole = ModelPool(1)
    expected = whole.run_all(file, IMAGES)[0], whole.last_initializer(file)
    monkeypatch.setattr(openings, "_LARGE_BYTES", 0)
    monkeypatch.setattr(onnx_skeleton, "_SMALL_FILE_BYTES", 0)
    for limit in (0, onnx_skeleton.MAX_SMALL_BYTES):
        monkeypatch.setattr(session, "MAX_SMALL_BYTES", limit)
        monkeypatch.setattr(onnx_skeleton, "MAX_SMALL_BYTES", limit)
        pool = ModelPool(1)
        assert np.array_equal(pool.last_initializer(file), expected[1])
        assert np.array_equal(pool.run_all(file, IMAGES)[0], expected[0])
    assert opened == [bytes, *[str if name == "a.onnx" else bytes] * 2]


def test_a_large_file_that_is_written_to_while_it_is_opened_is_not_run(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though it holds again what it held when it is hashed."""
    (tmp_path / "a.onnx").write_bytes(content)
    file, pool = ModelFile(tmp_path / "a.onnx"), ModelPool(1)

    def open_another(model: bytes | str, *others: object) -> object:
        (tmp_path / "b.onnx").write_bytes(content)
        (tmp_path / "b.onnx").replace(tmp_path / "a.onnx")
        return open_session(model, *others)

    monkeypatch.setattr(openings, "_LARGE_BYTES", 0)
    monkeypatch.setattr(session, "open_session", open_another)
    with pytest.raises(ModelError, match=r"a\.onnx changed while it was in use"):
        pool.run_all(file, IMAGES)
    assert pool.load_count == 0
