# SPDX-License-Identifier: GPL-3.0-or-later
"""Purging the layer pictures that lie in a cache folder: they show faces, and nothing in them says whose."""

import time
from collections.abc import Iterator
from pathlib import Path

from .cache.layout import LAYERS
from .errors import OutputError
from .fusion.stand_in import STAND_IN, write_stand_in


def blank_layers(root: Path, made_before: float | None = None) -> int:
    """Put transparent stand-ins in the place of a cache folder's layer pictures, and count them.

    Only of those made before a moment, in seconds since 1970, where one is given. What is still wanted is fused
    again when it is rendered, from the results that were not purged. Raises OutputError where that is impossible.
    """
    doomed = [path for path, when in _pictures(root) if made_before is None or when < made_before]
    for path in doomed:
        write_stand_in(path)
    return len(doomed)


def _pictures(root: Path) -> Iterator[tuple[Path, float]]:
    """Find the pictures that are more than stand-ins, and what runs that were killed left of one."""
    try:
        for path in (root / LAYERS).glob("*/*.t*"):
            status = path.lstat()
            if path.suffix == ".tmp":
                if time.time() - status.st_mtime > 60:
                    path.unlink()
            elif status.st_size > len(STAND_IN) and path.suffix == ".tif":
                yield path, status.st_mtime
    except OSError as error:
        raise OutputError(
            f"can't look through {root / LAYERS}: {error.strerror}; check its permissions"
        ) from error
