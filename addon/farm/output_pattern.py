# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a scene's frames will be written, with `#` in the place of a frame's number."""

import re
from pathlib import PurePath
from typing import Any, cast

import bpy

_USUAL_DIGITS = 4
"""How many digits Blender adds to a path that has no `#`."""


def output_pattern(scene: bpy.types.Scene) -> str:
    """Return where a scene's images are written, absolute unless it is relative to nothing; of a movie its file."""
    render: Any = scene.render
    if render.is_movie_format:
        return str(render.frame_path(frame=scene.frame_start))
    # Blender itself says the path, since it replaces more than `#`: two frames differ in the last digit alone.
    one, two = render.frame_path(frame=1), render.frame_path(frame=2)
    differences = [place for place, signs in enumerate(zip(one, two, strict=False)) if len(set(signs)) > 1]
    if not differences:
        return str(one)
    digits = _digit_count(cast("str", render.filepath))
    end = differences[-1] + 1
    return f"{one[: end - digits]}{'#' * digits}{one[end:]}"


def _digit_count(stored_path: str) -> int:
    """Return how many digits a frame's number has at least; Blender fills in the last run of `#` of the name."""
    runs = re.findall("#+", PurePath(stored_path).name)
    return len(runs[-1]) if runs else _USUAL_DIGITS
