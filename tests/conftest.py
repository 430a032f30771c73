# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from servers import redis_server

__all__ = ["redis_server"]


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of reference footage and models beside the repository; skips the test without it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        pytest.skip("../shared, the reference footage and models, is not there")
    return folder


@pytest.fixture(scope="session", autouse=True)
def user_places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep what the tests and their processes remember apart from what this machine's user does."""
    before = os.environ.get("XDG_CACHE_HOME")
    os.environ["XDG_CACHE_HOME"] = str(tmp_path_factory.mktemp("user") / "cache")
    yield
    if before is None:
        del os.environ["XDG_CACHE_HOME"]
    else:
        os.environ["XDG_CACHE_HOME"] = before
