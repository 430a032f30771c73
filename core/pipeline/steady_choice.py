# SPDX-License-Identifier: GPL-3.0-or-later
"""Which face of a frame is replaced where the first of an order is: one that is first for a moment only is not.

The largest face of a frame may be another person's because the one who is meant is missed there, or because two are
of a size. What is seen then is a new face that hops to somebody else and back. So each frame looks at the frames
around it: whoever is first in most of them is replaced. Where the first one changes for good the choice changes in
that very frame, as before.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ..analysis.analyser import Analyser
from ..analysis.stabilise import FrameFaces, shot_frames
from ..analysis.track import match_faces
from ..errors import ClipError
from ..face.types import Face
from ..media.clip import Clip
from ..recipe import Recipe

STEADY_FRAMES = 3
"""How many frames to each side are looked at: no more than gaps and steadying look at by default."""


def steady_choice(
    analyser: Analyser,
    clip: Clip,
    number: int,
    recipe: Recipe,
    frame_faces: FrameFaces,
    choose: Callable[[Sequence[Face]], int | None],
) -> int | None:
    """Return which face of a frame is replaced.

    Parameters
    ----------
    analyser : Analyser
        It finds the faces of the frames around.
    clip : Clip
        The clip.
    number : int
        The frame, counted from 0.
    recipe : Recipe
        The recipe.
    frame_faces : FrameFaces
        The faces of the frame.
    choose : callable
        Returns which of several faces is the first one, None where none may be replaced.

    Returns
    -------
    int or None
        The face's index. None where none may be replaced, and where whoever is first in most of the frames around is
        missed in this one.

    Raises
    ------
    ModelError
        A model is missing or can't be run.
    """
    own = choose(frame_faces.faces)
    if own is None:
        return None
    first_faces: dict[int, Face] = {}
    for near in shot_frames(analyser, clip, number, STEADY_FRAMES, STEADY_FRAMES):
        if near != number:
            with suppress(ClipError):
                faces = analyser.analysis(clip, near, recipe).faces
                first = choose(faces)
                if first is not None:
                    first_faces[near] = faces[first]
    return most_frequent_choice(number, frame_faces.faces, own, first_faces)


def most_frequent_choice(
    number: int, faces: Sequence[Face], own: int, first_faces: Mapping[int, Face]
) -> int | None:
    """Return which face of a frame the frames around it speak for.

    Parameters
    ----------
    number : int
        The frame.
    faces : sequence of Face
        Its faces.
    own : int
        Which of them is the first one.
    first_faces : mapping of int to Face
        The first faces of frames around it, by the frames' numbers.

    Returns
    -------
    int or None
        The face at the place of the most of them, `own` of equals; None where more of them are at no face's place, and
        those nearest before and after the frame are at one place.
    """
    support, absent = Counter({own: 1}), []
    for near, face in first_faces.items():
        place = match_faces([face], faces)[0]
        if place is None:
            absent.append(near)
        else:
            support[place] += 1
    best = max(support, key=lambda index: (support[index], index == own))
    if len(absent) > support[best]:
        before, after = (
            [near for near in absent if near < number],
            [near for near in absent if near > number],
        )
        sides = (max(before), min(after)) if before and after else None
        if sides and match_faces([first_faces[sides[0]]], [first_faces[sides[1]]])[0] is not None:
            return None
    return best
