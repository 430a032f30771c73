# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which faces of a frame are replaced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..errors import RecipeError
from ..face import Face, Floats
from ..recipe import Select

LEAST_LIKENESS = 0.35


def left_to_right(faces: Sequence[Face]) -> list[int]:
    """Return the indices of the faces as a viewer counts them, from the left."""
    return sorted(range(len(faces)), key=lambda index: (float(faces[index].box[[0, 2]].sum()), index))


def selected(
    faces: Sequence[Face],
    params: Select,
    embeddings: Floats | None = None,
    reference: Floats | None = None,
    least: float = LEAST_LIKENESS,
    others: Floats | None = None,
    among: Sequence[int] | None = None,
) -> list[int]:
    """Return the indices of the faces to replace.

    `embeddings` (n, d) and `reference` (d,), all of length 1, are needed for `which = "reference"` alone; `least` is
    the cosine that they have to reach, and `others` (m, d) are people who are not meant: a face that is more like one
    of them is left alone. Faces lower than `params.min_height` are never chosen, nor those not `among` the given ones.
    """
    open_to_choice = range(len(faces)) if among is None else among
    tall = [index for index in open_to_choice if faces[index].height >= params.min_height]
    if not tall:
        return []
    if params.which in ("all", "track"):
        return tall
    if params.which == "reference":
        if embeddings is None or reference is None:
            raise RecipeError("choosing by reference needs the reference frame to be analysed")
        likeness = embeddings[tall] @ reference
        if others is not None and len(others):
            likeness[(embeddings[tall] @ others.T).max(1) > likeness] = -1
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
