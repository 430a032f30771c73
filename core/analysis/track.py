# SPDX-License-Identifier: GPL-3.0-or-later
"""Follow faces from frame to frame, and steady their landmarks."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from ..cache.base.key import Key, stage_key
from ..face.types import Detection, Face, Floats
from ..geometry.mesh_topology import Topology
from .landmark import alignment_points, bounding_box

FOLLOW_VERSION = 1
_MAX_DISTANCE = 0.35
_STILL_DISTANCE = 0.012


def match_faces(faces: Sequence[Face], others: Sequence[Face]) -> list[int | None]:
    """For each face of a frame, the index of the same face in a neighbouring frame, or None.

    Faces are paired nearest first, by the distance of their middles over their size, at most .35.
    """
    pairs = sorted(
        (_relative_distance(face, other), here, there)
        for here, face in enumerate(faces)
        for there, other in enumerate(others)
    )
    matched: list[int | None] = [None] * len(faces)
    taken: set[int] = set()
    for distance, here, there in pairs:
        if distance <= _MAX_DISTANCE and matched[here] is None and there not in taken:
            matched[here] = there
            taken.add(there)
    return matched


def follow_key(detection_key: Key, previous_landmark_key: Key) -> Key:
    """Return the key of what stands for a frame's detections where faces are followed into it.

    `detection_key` is the key they would have, `previous_landmark_key` that of the landmarks of the frame before.
    """
    return stage_key("follow", FOLLOW_VERSION, {"detect": detection_key, "landmark": previous_landmark_key})


def predict_detection(face: Face, topology: Topology) -> Detection:
    """Return where a face of the frame before is expected in the next: at the same place."""
    return Detection(face.box, alignment_points(face.landmarks, topology), face.score)


def smooth_landmarks(
    number: int, neighbours: Mapping[int, Sequence[Face]], sigma_frames: float
) -> list[Face]:
    """Return the faces of a frame with the jitter of their landmarks evened out.

    A point moves towards the middle of where it was a frame before and where it is a frame after, and so for two,
    three… frames: even motion has its point in that middle already, so there is no lag, and a point that is far from it
    (a blink, a jump) moves by that much less. The result depends on these frames alone, not on where a render began.

    Parameters
    ----------
    number : int
        The frame's number.
    neighbours : mapping of int to sequence of Face
        The faces of the frame and of those around it, by the frame's number.
    sigma_frames : float
        The Gaussian's standard deviation in frames; 0 for none.

    Returns
    -------
    list of Face
        The frame's faces, in their order.
    """
    faces = neighbours[number]
    if sigma_frames <= 0:
        return list(faces)
    moves = [np.zeros_like(face.landmarks) for face in faces]
    totals = [np.ones((len(face.landmarks), 1), np.float32) for face in faces]
    for step in range(1, smoothing_reach(sigma_frames) + 1):
        before, after = neighbours.get(number - step), neighbours.get(number + step)
        if not before or not after:
            break
        earlier, later = match_faces(faces, before), match_faces(faces, after)
        weight = 2 * float(np.exp(-(step**2) / (2 * sigma_frames**2)))
        for index, face in enumerate(faces):
            first, second = earlier[index], later[index]
            if first is None or second is None:
                continue
            middle = (before[first].landmarks + after[second].landmarks) / 2
            away = middle - face.landmarks
            still = _STILL_DISTANCE * max(face.height, 1.0)
            square = away[:, :2] ** 2
            trust = weight * np.exp(-(square[:, :1] + square[:, 1:]) / (2 * still**2))
            moves[index] += trust * away
            totals[index] += trust
    return [
        _shift_landmarks(face, move / total) for face, move, total in zip(faces, moves, totals, strict=True)
    ]


def smoothing_reach(sigma_frames: float) -> int:
    """Return how many frames to each side `smooth_landmarks` looks at.

    Parameters
    ----------
    sigma_frames : float
        The Gaussian's standard deviation in frames.

    Returns
    -------
    int
        0 where nothing is smoothed.
    """
    return int(np.ceil(1.5 * sigma_frames)) if sigma_frames > 0 else 0


def _shift_landmarks(face: Face, shift: Floats) -> Face:
    landmarks = (face.landmarks + shift).astype(np.float32)
    return replace(face, landmarks=landmarks, box=bounding_box(landmarks))


def _relative_distance(face: Face, other: Face) -> float:
    smaller, larger = sorted((face.diagonal, other.diagonal))
    if larger > 1.6 * smaller:
        return float("inf")
    gap = (face.box[:2] + face.box[2:] - other.box[:2] - other.box[2:]) / 2
    # As `norm` does it, which takes three times as long on two values: planning compares hundreds of pairs a frame.
    return float(np.sqrt(gap.dot(gap))) / max(smaller, 1.0)
