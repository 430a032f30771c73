# SPDX-License-Identifier: GPL-3.0-or-later
"""Paths as strips and properties name them, the same ones at every frame."""

import os
from functools import lru_cache
from pathlib import Path

_MAX_PATHS = 1024


@lru_cache(_MAX_PATHS)
def normal_path(text: str) -> Path:
    """Return a path without `..` in it: the very object as before, so that its hash and its text are at hand."""
    return Path(os.path.normpath(text))
