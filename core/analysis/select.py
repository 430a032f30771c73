# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which faces of a frame are replaced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..errors import RecipeError
from ..face.types import Face, Floats
from ..recipe import Select

LEAST_LIKENESS = 0.35


def left_to_right(faces: Sequence[Face]) -> list[int]:
    """Return the indices of the faces as a viewer counts them, from the left."""
    return sorted(range(len(faces)), key=lambda index: (float(faces[index].box[[0, 2]].sum()), index))


def selected(
    faces: Sequence[Face],
    params: Select,
    alike: Floats | None = None,
    least: float = LEAST_LIKENESS,
    strangers: Floats | None = None,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Return the indices of the faces to replace.

    `alike` (n,), how much each face is like the one that is meant, is needed for `which = "reference"` alone; `least`
    is what it has to reach, and `strangers` (n,) is how much it is like the likest of those who are not meant: a face
    that is more like them is left alone. Faces lower than `params.min_height` are never chosen, nor those not `among`
    the given ones.
    """
    open_to_choice = range(len(faces)) if among is None else among
    tall = [index for index in open_to_choice if faces[index].height >= params.min_height]
    if not tall:
        return []
    if params.which in ("all", "track"):
        return tall
    if params.which == "reference":
        if alike is None:
            raise RecipeError("choosing by reference needs the reference frame to be analysed")
        likeness = alike[tall] if strangers is None else np.where(strangers > alike, -1, alike)[tall]
        best = int(np.argmax(likeness))
        return [tall[best]] if likeness[best] >= least else []
    return [max(tall, key=lambda index: (_ORDERS[params.which](faces[index]), -index))]


_ORDERS: Mapping[str, Callable[[Face], float]] = {
    "largest": lambda face: face.height,
    "smallest": lambda face: -face.height,
    "leftmost": lambda face: -float(face.box[[0, 2]].sum()),
    "rightmost": lambda face: float(face.box[[0, 2]].sum()),
    "topmost": lambda face: -float(face.box[[1, 3]].sum()),
    "bottommost": lambda face: float(face.box[[1, 3]].sum()),
    "surest": lambda face: face.score,
}
