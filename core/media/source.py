# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that a strip plays."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ClipSource:
    """The files that a strip plays: one movie, or one or more images in order."""

    movie: bool
    paths: tuple[Path, ...]
