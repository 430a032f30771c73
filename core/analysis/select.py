# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which faces of a frame are replaced."""

from collections.abc import Sequence

import numpy as np

from ..errors import RecipeError
from ..face import Face, Floats
from ..recipe import Select

LEAST_LIKENESS = 0.35


def left_to_right(faces: Sequence[Face]) -> list[int]:
    """Return the indices of the faces as a viewer counts them, from the left."""
    return sorted(range(len(faces)), key=lambda index: (float(faces[index].box[[0, 2]].sum()), index))


def selected(
    faces: Sequence[Face], params: Select, embeddings: Floats | None = None, reference: Floats | None = None
) -> list[int]:
    """Return the indices of the faces to replace.

    `embeddings` (n, d) and `reference` (d,) are needed for `which = "reference"` alone. Faces lower than
    `params.min_height` are never chosen.
    """
    tall = [index for index in range(len(faces)) if faces[index].height >= params.min_height]
    if not tall:
        return []
    if params.which == "all":
        return tall
    ordered = [index for index in left_to_right(faces) if index in tall]
    if params.which == "leftmost":
        return ordered[:1]
    if params.which == "rightmost":
        return ordered[-1:]
    if params.which == "reference":
        if embeddings is None or reference is None:
            raise RecipeError("choosing by reference needs the reference frame to be analysed")
        likeness = embeddings[tall] @ reference
        best = int(np.argmax(likeness))
        return [tall[best]] if likeness[best] >= LEAST_LIKENESS else []
    return [max(tall, key=lambda index: (faces[index].height, -index))]
