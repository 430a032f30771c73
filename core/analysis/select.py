# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which faces of a frame are replaced."""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..errors import RecipeError
from ..face.types import Face, Floats
from ..recipe import Select

DEFAULT_MATCH_THRESHOLD = 0.35


def indices_left_to_right(faces: Sequence[Face]) -> list[int]:
    """Return the indices of the faces as a viewer counts them, from the left."""
    return sorted(range(len(faces)), key=lambda index: (float(faces[index].box[[0, 2]].sum()), index))


def select_faces(
    faces: Sequence[Face],
    params: Select,
    similarity: Floats | None = None,
    match_threshold: float = DEFAULT_MATCH_THRESHOLD,
    stranger_similarity: Floats | None = None,
    candidates: Sequence[int] | None = None,
) -> list[int]:
    """Return the indices of the faces to replace.

    `similarity` (n,), how much each face is like the one that is meant, is needed for `which = "reference"` alone;
    `match_threshold` is what it has to reach, and `stranger_similarity` (n,) is how much it is like the likest of those
    who are not meant: a face that is more like them is left alone. Faces lower than `params.min_height` are never
    chosen, nor those not `candidates` the given ones.
    """
    open_to_choice = range(len(faces)) if candidates is None else candidates
    tall = [index for index in open_to_choice if faces[index].height >= params.min_height]
    if not tall:
        return []
    if params.which in ("all", "track"):
        return tall
    if params.which == "reference":
        if similarity is None:
            raise RecipeError("choosing by reference needs the reference frame to be analysed")
        likeness = (
            similarity[tall]
            if stranger_similarity is None
            else np.where(stranger_similarity > similarity, -1, similarity)[tall]
        )
        best = int(np.argmax(likeness))
        return [tall[best]] if likeness[best] >= match_threshold else []
    return [max(tall, key=lambda index: (_SORT_KEYS[params.which](faces[index]), -index))]


_SORT_KEYS: Mapping[str, Callable[[Face], float]] = {
    "largest": lambda face: face.height,
    "smallest": lambda face: -face.height,
    "leftmost": lambda face: -float(face.box[[0, 2]].sum()),
    "rightmost": lambda face: float(face.box[[0, 2]].sum()),
    "topmost": lambda face: -float(face.box[[1, 3]].sum()),
    "bottommost": lambda face: float(face.box[[1, 3]].sum()),
    "surest": lambda face: face.score,
}
