# SPDX-License-Identifier: GPL-3.0-or-later
"""The movies of `tests/footage/make_clips.py`, made once."""

import importlib.util
import sys
from pathlib import Path

import pytest

_spec = importlib.util.spec_from_file_location(
    "make_clips", Path(__file__).parents[1] / "footage" / "make_clips.py"
)
make_clips = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("make_clips", make_clips)
_spec.loader.exec_module(make_clips)


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """Every made movie by name."""
    folder = tmp_path_factory.mktemp("movies")
    return {recipe.name: make_clips.make_movie(folder, recipe) for recipe in make_clips.MOVIES}
