# SPDX-License-Identifier: GPL-3.0-or-later
"""One track: the face that was picked in a frame, followed from there through its shot.

From frame to frame the face is the nearest one that looks like it. Where it is not seen for as many frames as gaps
are filled it is waited for; after that, and at a cut, the track ends. It never begins again: whoever is to be known
again is chosen by reference.
"""

from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass, field

from ..errors import ClipError
from ..face.types import Face, Floats, Pixels
from ..media.clip import Clip
from ..recipe import Recipe
from .analyser import Analyser, Analysis
from .cuts import is_cut
from .track import same_faces

_REMEMBERED = 8
Spot = tuple[int, int]
"""A frame and which of the faces that its analysis has."""


@dataclass
class _Walk:
    """How far a face was followed in one direction."""

    number: int
    face: Face
    vector: Floats
    missed: int = 0
    ended: bool = False
    found: dict[int, int] = field(default_factory=dict)
    """Which face it is, by frame."""


class Tracks:
    """Follows faces over one analyser, each frame once."""

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self._walks: OrderedDict[tuple[str, Recipe, Spot, int], _Walk] = OrderedDict()

    def face_at(self, clip: Clip, number: int, recipe: Recipe, begun: Spot) -> tuple[int | None, Face | None]:
        """Return the tracked face in a frame: its index in the frame's analysis, and where it was seen last.

        Both are None where the track does not reach the frame; the index alone where the face is waited for.
        `begun` is where it was picked. The result depends on the frames from there to this one. ClipError, ModelError.
        """
        step = 1 if number >= begun[0] else -1
        walk = self._walk(clip, recipe, begun, step)
        self._analyse_ahead(clip, recipe, walk.number, number)
        while not walk.ended and walk.number != number and (number - walk.number) * step > 0:
            self._go_on(walk, clip, recipe, step)
        if number in walk.found:
            return walk.found[number], self._analyser.analysis(clip, number, recipe).faces[walk.found[number]]
        waited_for = not walk.ended and walk.number == number
        return None, walk.face if waited_for else None

    def _walk(self, clip: Clip, recipe: Recipe, begun: Spot, step: int) -> _Walk:
        asked = Recipe(detect=recipe.detect, landmark=recipe.landmark, embed=recipe.embed)
        name = (self._analyser.clip_id(clip), asked, begun, step)
        if name not in self._walks:
            first = self._analyser.analysis(clip, begun[0], recipe)
            walk = _Walk(begun[0], first.faces[begun[1]], first.embeddings[begun[1]])
            walk.found[begun[0]] = begun[1]
            self._walks[name] = walk
            if len(self._walks) > _REMEMBERED:
                self._walks.popitem(last=False)
        self._walks.move_to_end(name)
        return self._walks[name]

    def _analyse_ahead(self, clip: Clip, recipe: Recipe, here: int, there: int) -> None:
        """Analyse the frames of a walk backwards forwards first: stepping back decodes a movie over and over."""
        for near in range(there, here):
            with suppress(ClipError):
                self._analyser.analysis(clip, near, recipe)

    def _go_on(self, walk: _Walk, clip: Clip, recipe: Recipe, step: int) -> None:
        near = walk.number + step
        if self._is_cut(clip, max(near, walk.number)):
            walk.ended = True
            return
        walk.number = near
        try:
            analysis = self._analyser.analysis(clip, near, recipe)
        except ClipError:
            index = None
        else:
            index = _same(walk, analysis)
            if index is not None:
                walk.found[near] = index
                walk.face, walk.vector, walk.missed = analysis.faces[index], analysis.embeddings[index], 0
        if index is None:
            walk.missed += 1
            walk.ended = walk.missed > recipe.landmark.gaps

    def _is_cut(self, clip: Clip, number: int) -> bool:
        looks: dict[int, Pixels] = {}
        for near in range(max(number - 2, 0), min(number + 2, clip.info.frame_count)):
            with suppress(ClipError):
                looks[near] = self._analyser.look(clip, near)
        return is_cut(number, looks)


def _same(walk: _Walk, analysis: Analysis) -> int | None:
    index = same_faces([walk.face], analysis.faces)[0]
    if index is None or float(walk.vector @ analysis.embeddings[index]) < analysis.space.least_likeness:
        return None
    return index
