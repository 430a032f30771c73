# SPDX-License-Identifier: GPL-3.0-or-later
"""Choose which faces of a frame are replaced. Faces are named by their indices in the frame."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np

from ..face.types import Face, Floats

_SORT_KEYS: Mapping[str, Callable[[Face], float]] = {
    "largest": lambda face: face.height,
    "smallest": lambda face: -face.height,
    "leftmost": lambda face: -float(face.box[[0, 2]].sum()),
    "rightmost": lambda face: float(face.box[[0, 2]].sum()),
    "topmost": lambda face: -float(face.box[[1, 3]].sum()),
    "bottommost": lambda face: float(face.box[[1, 3]].sum()),
    "surest": lambda face: face.score,
}


def indices_left_to_right(faces: Sequence[Face]) -> list[int]:
    """Return the indices of the faces as a viewer counts them, from the left."""
    return sorted(range(len(faces)), key=lambda index: (float(faces[index].box[[0, 2]].sum()), index))


def filter_by_height(faces: Sequence[Face], candidates: Iterable[int], min_height: float) -> list[int]:
    """Return the candidates that are high enough.

    Parameters
    ----------
    faces : sequence of Face
        All faces of the frame.
    candidates : iterable of int
        Indices of those to choose from.
    min_height : float
        In pixels, see `Face.height`.

    Returns
    -------
    list of int
        Their indices, in the order of `candidates`.
    """
    return [index for index in candidates if faces[index].height >= min_height]


def rank_faces(faces: Sequence[Face], candidates: Iterable[int], order: str) -> list[int]:
    """Return the candidates, the first choice first.

    Parameters
    ----------
    faces
        All faces of the frame.
    candidates
        Indices of those to rank; of equals, the lowest index comes first.
    order
        A value of `Select.which` that needs nothing but the frame: largest, smallest, leftmost, rightmost, topmost,
        bottommost or surest.

    Raises
    ------
    KeyError
        There is no such order.
    """
    sort_key = _SORT_KEYS[order]
    return sorted(candidates, key=lambda index: (sort_key(faces[index]), -index), reverse=True)


def best_match(
    candidates: list[int], similarity: Floats, strangers: Floats | None, match_threshold: float
) -> int | None:
    """Return the candidate most like the person who is meant, None where nobody is like them.

    Parameters
    ----------
    candidates
        Indices of the faces to choose from.
    similarity
        (n,) cosine similarity of each face of the frame to the person who is meant.
    strangers
        (n,) the same to the likest of the people who are not meant; None where nobody is named. A face that is more
        like them is left alone.
    match_threshold
        The similarity that a face has to reach.
    """
    if not candidates:
        return None
    if strangers is not None:
        similarity = np.where(strangers > similarity, -1, similarity)
    best = candidates[int(np.argmax(similarity[candidates]))]
    return best if similarity[best] >= match_threshold else None
