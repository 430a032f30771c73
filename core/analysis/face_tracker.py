# SPDX-License-Identifier: GPL-3.0-or-later
"""One track: the face that was picked in a frame, followed from there through its shot.

From frame to frame the face is the nearest one that looks like it. Where it is not seen for as many frames as gaps
are filled it is waited for; after that, and at a cut, the track ends. It never begins again: whoever is to be known
again is chosen by reference.
"""

from contextlib import suppress
from dataclasses import dataclass, field

from ..concurrency.lru import LruCache
from ..errors import ClipError
from ..face.types import Face, Floats, Pixels
from ..media.clip import Clip
from ..recipe import Recipe
from .analyser import Analyser, Analysis
from .cuts import is_cut
from .track import match_faces

_MAX_TRACKS = 8
TrackStart = tuple[int, int]
"""A frame and which of the faces that its analysis has."""


@dataclass
class _Track:
    """How far a face was followed in one direction."""

    number: int
    face: Face
    embedding: Floats
    missed_count: int = 0
    has_ended: bool = False
    face_indices: dict[int, int] = field(default_factory=dict)
    """Which face it is, by frame."""


class FaceTracker:
    """Follows faces over one analyser, each frame once."""

    def __init__(self, analyser: Analyser) -> None:
        self._analyser = analyser
        self._tracks: LruCache[tuple[str, Recipe, TrackStart, int], _Track] = LruCache(_MAX_TRACKS)

    def face_at(
        self, clip: Clip, number: int, recipe: Recipe, start: TrackStart
    ) -> tuple[int | None, Face | None]:
        """Return the tracked face in a frame: its index in the frame's analysis, and where it was seen last.

        Both are None where the track does not reach the frame; the index alone where the face is waited for.
        `start` is where it was picked. The result depends on the frames from there to this one. ClipError, ModelError.
        """
        step = 1 if number >= start[0] else -1
        walk = self._track(clip, recipe, start, step)
        self._analyse_forwards(clip, recipe, walk.number, number)
        while not walk.has_ended and walk.number != number and (number - walk.number) * step > 0:
            self._advance(walk, clip, recipe, step)
        if number in walk.face_indices:
            return walk.face_indices[number], self._analyser.analysis(clip, number, recipe).faces[
                walk.face_indices[number]
            ]
        waited_for = not walk.has_ended and walk.number == number
        return None, walk.face if waited_for else None

    def _track(self, clip: Clip, recipe: Recipe, start: TrackStart, step: int) -> _Track:
        name = (self._analyser.frames.map_id(clip), recipe.for_analysis(), start, step)
        walk = self._tracks.get(name)
        if walk is None:
            first = self._analyser.analysis(clip, start[0], recipe.around)
            face, embedding = first.faces[start[1]], first.embeddings[start[1]]
            walk = self._tracks.put(name, _Track(start[0], face, embedding))
            here = self._analyser.analysis(clip, start[0], recipe)
            # Where the face was picked faces may be looked for otherwise by now.
            index = start[1] if here.key == first.key else match_faces([face], here.faces)[0]
            if index is not None:
                walk.face_indices[start[0]] = index
        return walk

    def _analyse_forwards(self, clip: Clip, recipe: Recipe, end: int, begin: int) -> None:
        """Analyse the frames of a walk backwards forwards first: stepping back decodes a movie over and over."""
        for near in range(begin, end):
            with suppress(ClipError):
                self._analyser.analysis(clip, near, recipe)

    def _advance(self, track: _Track, clip: Clip, recipe: Recipe, step: int) -> None:
        near = track.number + step
        if self._is_cut(clip, max(near, track.number)):
            track.has_ended = True
            return
        track.number = near
        try:
            analysis = self._analyser.analysis(clip, near, recipe)
        except ClipError:
            index = None
        else:
            index = _match_face(track, analysis)
            if index is not None:
                track.face_indices[near] = index
                track.face, track.embedding, track.missed_count = (
                    analysis.faces[index],
                    analysis.embeddings[index],
                    0,
                )
        if index is None:
            track.missed_count += 1
            track.has_ended = track.missed_count > recipe.landmark.gaps

    def _is_cut(self, clip: Clip, number: int) -> bool:
        looks: dict[int, Pixels] = {}
        for near in range(max(number - 2, 0), min(number + 2, clip.info.frame_count)):
            with suppress(ClipError):
                looks[near] = self._analyser.frames.thumbnail(clip, near)
        return is_cut(number, looks)


def _match_face(track: _Track, analysis: Analysis) -> int | None:
    index = match_faces([track.face], analysis.faces)[0]
    if index is None or float(track.embedding @ analysis.embeddings[index]) < analysis.space.match_threshold:
        return None
    return index
