# SPDX-License-Identifier: GPL-3.0-or-later
"""The faces of a frame as its neighbours know them: steadied, gaps filled, each followed to tell who it is.

Everything depends on the frames within a fixed reach of a frame, never on where a render began, and nothing looks
past a cut.
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from ..errors import ClipError
from ..face.types import Face, Floats, Pixels, Pose
from ..media.clip import Clip
from ..media.light_space import light_space
from ..recipe import Recipe
from .analyser import Analyser, Analysis
from .cuts import is_cut
from .detectors.contract import iou
from .face_exposure import STEADY_REACH, blend_exposures, steady_exposures
from .landmark import bounding_box
from .recognisers.contract import EmbeddingSpace, l2_normalise
from .track import match_faces, smooth_landmarks, smoothing_reach

FOLLOW_FRAMES = 8
"""How many frames to each side a face is followed to tell who it is."""

_MAX_NEIGHBOUR_IOU = 0.2


@dataclass(frozen=True, eq=False)
class FrameFaces:
    """The faces of one frame, the detected ones first, the surest first."""

    frame: str
    """The frame's id."""
    faces: tuple[Face, ...]
    """Steadied, and with those that the detector missed for a few frames."""
    embeddings: Floats
    """(n, d) of length 1, in the order of the faces."""
    space: EmbeddingSpace


def stabilised_faces(analyser: Analyser, clip: Clip, number: int, recipe: Recipe) -> FrameFaces:
    """Return the faces of a frame. Raises ClipError if it can't be read, ModelError or RecipeError."""
    own = analyser.analysis(clip, number, recipe)
    width, gaps = recipe.landmark.steady, recipe.landmark.gaps
    reach = max(smoothing_reach(width), gaps)
    if light_space(clip.source.reading) is not None:
        reach = max(reach, STEADY_REACH)
    shot = shot_frames(analyser, clip, number, reach, reach)
    around = {number: own}
    for near in _frames_with_same_points(shot, number, recipe):
        # A neighbour that can't be read only means less steadying here; it is reported at its own turn.
        with suppress(ClipError):
            around[near] = analyser.analysis(clip, near, recipe)
    filled, vectors = _interpolate_gaps(number, around, gaps)
    faces = {near: list(analysis.faces) for near, analysis in around.items()}
    faces[number] += filled
    steady = steady_exposures(number, smooth_landmarks(number, faces, width), faces)
    joined = np.concatenate([own.embeddings, *(row[None] for row in vectors)]) if vectors else own.embeddings
    return FrameFaces(own.frame, tuple(steady), np.asarray(joined, np.float32), own.space)


@dataclass(frozen=True, eq=False)
class TrackPoint:
    """A face as the analysis of a nearby frame has it."""

    number: int
    """The frame."""
    index: int
    """Which of its faces."""
    embedding: Floats


def averaged_embeddings(
    analyser: Analyser,
    clip: Clip,
    number: int,
    recipe: Recipe,
    frame_faces: FrameFaces,
    ahead: int = FOLLOW_FRAMES,
) -> Floats:
    """Return a vector for each face of a frame, averaged over the frames it is followed through.

    One frame in which a face is turned or half hidden then does not decide who it is.

    Parameters
    ----------
    analyser : Analyser
        It describes the faces.
    clip : Clip
        The clip.
    number : int
        Which frame of it.
    recipe : Recipe
        Its analysis stages.
    frame_faces : FrameFaces
        The faces of the frame, n of them, with where they are in the frames around.
    ahead : int
        How many later frames are looked at: what looks ahead and then needs this frame's own pixels has a movie decode
        it twice.

    Returns
    -------
    ndarray, shape (n, d), float32
        Of length 1 each.
    """
    totals = np.array(frame_faces.embeddings, np.float32)
    for face, sightings in enumerate(face_tracks(analyser, clip, number, recipe, frame_faces, ahead)):
        for sighting in sightings:
            totals[face] += sighting.embedding
    return l2_normalise(totals)


def mean_attributes(
    analyser: Analyser, clip: Clip, number: int, recipe: Recipe, frame_faces: FrameFaces
) -> Floats:
    """Return sex and age of a frame's faces, averaged as `averaged_embeddings` averages vectors.

    A face then is not now taken for a woman's, now for a man's.

    Parameters
    ----------
    analyser : Analyser
        It looks at the faces.
    clip : Clip
        The clip.
    number : int
        Which frame of it.
    recipe : Recipe
        Its analysis stages.
    frame_faces : FrameFaces
        The faces of the frame, n of them, with where they are in the frames around.

    Returns
    -------
    ndarray, shape (n, 2), float32
        See `GenderAge`.

    Raises
    ------
    ModelError
        The network is not there.
    """
    own = analyser.attributes(clip, number, recipe)
    means = []
    for face, sightings in enumerate(face_tracks(analyser, clip, number, recipe, frame_faces)):
        rows = [analyser.attributes(clip, one.number, recipe)[one.index] for one in sightings]
        # One that was filled in has no row of its own, but was seen before and after.
        means.append(np.mean([*own[face : face + 1], *rows], 0))
    return np.asarray(means, np.float32).reshape(-1, 2)


def face_tracks(
    analyser: Analyser,
    clip: Clip,
    number: int,
    recipe: Recipe,
    frame_faces: FrameFaces,
    ahead: int = FOLLOW_FRAMES,
) -> list[list[TrackPoint]]:
    """Return where each face of a frame is seen in the frames before it and up to `ahead` after it, within its shot."""
    shot = shot_frames(analyser, clip, number, FOLLOW_FRAMES, ahead)
    around: dict[int, Analysis] = {}
    # Forwards, whatever the order they are used in: stepping back through a movie decodes it over and over.
    for near in _frames_with_same_points(shot, number, recipe):
        with suppress(ClipError):
            around[near] = analyser.analysis(clip, near, recipe)
    track_points: list[list[TrackPoint]] = [[] for _ in frame_faces.faces]
    for step in (-1, 1):
        current: list[tuple[Face, Floats] | None] = list(
            zip(frame_faces.faces, frame_faces.embeddings, strict=True)
        )
        near = number + step
        while near in shot and any(one is not None for one in current):
            if near in around:
                for face, index in _match_next_frame(current, around[near]):
                    track_points[face].append(TrackPoint(near, index, around[near].embeddings[index]))
            near += step
    return track_points


def _match_next_frame(current: list[tuple[Face, Floats] | None], analysis: Analysis) -> list[tuple[int, int]]:
    """Go one frame on, and return pairs of the same face: faces are paired by place, if they look alike too."""
    alive = [index for index, one in enumerate(current) if one is not None]
    known = [one for one in current if one is not None]
    matches = match_faces([face for face, _ in known], analysis.faces)
    pairs = []
    for index, (_, vector), there in zip(alive, known, matches, strict=True):
        if there is None or float(vector @ analysis.embeddings[there]) < analysis.space.match_threshold:
            current[index] = None
            continue
        pairs.append((index, there))
        current[index] = analysis.faces[there], analysis.embeddings[there]
    return pairs


def shot_frames(analyser: Analyser, clip: Clip, number: int, before: int, after: int) -> range:
    """Return the frames up to `before` before a frame and `after` after it that belong to its shot."""
    first, last = max(number - before, 0), min(number + after, clip.info.frame_count - 1)
    looks: dict[int, Pixels] = {}
    for near in range(first, last + 1):
        with suppress(ClipError):
            looks[near] = analyser.frames.thumbnail(clip, near)
    begin = next((near for near in range(number, first, -1) if is_cut(near, looks)), first)
    end = next((near - 1 for near in range(number + 1, last + 1) if is_cut(near, looks)), last)
    return range(begin, end + 1)


def _frames_with_same_points(frames: range, number: int, recipe: Recipe) -> list[int]:
    """List the frames whose faces have as many points as those of a frame: a range may have a landmarker of its own."""
    landmarker = recipe.in_frame(number).landmark.landmarker
    return [near for near in frames if recipe.in_frame(near).landmark.landmarker == landmarker]


def _interpolate_gaps(
    number: int, around: Mapping[int, Analysis], max_gap: int
) -> tuple[list[Face], list[Floats]]:
    """Return faces that are seen before and after a frame but not in it, midway between, with their vectors."""
    faces: list[Face] = []
    vectors: list[Floats] = []
    own = around[number]
    lost_before = _unmatched_faces(number, around, range(number - max_gap, number))
    lost_after = (
        _unmatched_faces(number, around, range(number + 1, number + max_gap + 1)) if lost_before else {}
    )
    spans = [(number - first, second - number) for first in lost_before for second in lost_after]
    for back, ahead in sorted(spans, key=lambda span: (sum(span), span)):
        if back + ahead > max_gap + 1:
            break
        before, after = around[number - back], around[number + ahead]
        for first, second in enumerate(match_faces(before.faces, after.faces)):
            if first not in lost_before[number - back] or second not in lost_after[number + ahead]:
                continue
            likeness = float(before.embeddings[first] @ after.embeddings[second])
            face = _interpolate_face(before.faces[first], after.faces[second], back / (back + ahead))
            if likeness >= own.space.match_threshold and _is_free(face, [*own.faces, *faces]):
                faces.append(face)
                vector = before.embeddings[first] + after.embeddings[second]
                vectors.append(np.asarray(vector / np.linalg.norm(vector), np.float32))
    return faces, vectors


def _unmatched_faces(number: int, around: Mapping[int, Analysis], frames: range) -> dict[int, list[int]]:
    """Return the frames near a frame that have faces which it has not, and the indices of those faces."""
    lost = {}
    for near in frames:
        if near in around:
            matches = match_faces(around[near].faces, around[number].faces)
            if None in matches:
                lost[near] = [index for index, match in enumerate(matches) if match is None]
    return lost


def _interpolate_face(face: Face, other: Face, share: float) -> Face:
    """Return the face that lies between two sightings of it, `share` of the way from the first to the second."""
    points = np.asarray(face.landmarks * (1 - share) + other.landmarks * share, np.float32)
    pairs = zip(
        (face.pose.yaw, face.pose.pitch, face.pose.roll),
        (other.pose.yaw, other.pose.pitch, other.pose.roll),
        strict=True,
    )
    turned = [here + ((there - here + 180) % 360 - 180) * share for here, there in pairs]
    stops = blend_exposures(face, other, share)
    return Face(bounding_box(points), min(face.score, other.score), points, Pose(*turned), stops)


def _is_free(face: Face, others: Sequence[Face]) -> bool:
    """Tell whether a face has its place to itself: else somebody stands in front of it."""
    return (
        not others
        or float(iou(face.box, np.stack([other.box for other in others])).max()) < _MAX_NEIGHBOUR_IOU
    )
