# SPDX-License-Identifier: GPL-3.0-or-later
"""The movies of `tests/footage/make_clips.py`, each made once."""

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


class _Movies(dict):
    """Movies by name, each made when it is looked up first."""

    def __init__(self, folder):
        super().__init__()
        self._folder = folder
        self._recipes = {recipe.name: recipe for recipe in make_clips.MOVIES}

    def __missing__(self, name):
        self[name] = make_clips.make_movie(self._folder, self._recipes[name])
        return self[name]


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """The made movies by name."""
    return _Movies(tmp_path_factory.mktemp("movies"))
