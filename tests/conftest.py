# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for every test."""

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
