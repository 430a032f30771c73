# SPDX-License-Identifier: GPL-3.0-or-later
"""A model folder, the user's memory of hashes, and a limit on how long a test may wait."""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import pytest
from models import stand_ins
from understudy.core.models.hashes import FILE_NAME
from understudy.core.models.library import ModelLibrary
from understudy.core.models.statement import statement_path

Count = Callable[[str], None]
SECONDS = 20
OTHER_USER_ID = 54321

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving files to another user takes root")


@contextmanager
def time_limit() -> Iterator[None]:
    """Fail a test that waits for somebody who never comes."""

    def give_up(_signal: int, _frame: FrameType | None) -> None:
        raise AssertionError(f"no end after {SECONDS} s")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A model folder with one good model that is what its user says."""
    folder = tmp_path / "models"
    folder.mkdir()
    statement_path(stand_ins.write_recogniser(folder / "good.onnx", "sface")).write_text('family = "sface"')
    return folder


@pytest.fixture
def memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where hashes are remembered for this test's user."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "understudy" / FILE_NAME


def has_good_model_only(folder: Path) -> bool:
    """Tell whether the good model of a folder is found, and nothing else but the embedded ones is usable."""
    library = ModelLibrary([folder])
    usable = [
        one.file.path.name
        for one in library.local_models()
        if one.role and not one.problem and folder in one.file.path.parents
    ]
    return usable == ["good.onnx"]
