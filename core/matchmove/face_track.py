# SPDX-License-Identifier: GPL-3.0-or-later
"""The way of one face through the frames of a clip, and its place in space."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ..face.types import LANDMARK_COUNT, Face, Floats

MAX_GAP_FRAMES = 12
"""A face that is away for longer begins another track: half a second at 24 frames a second."""
_MAX_STEP_HEIGHTS = 0.5
"""How far a face moves from one frame to the next, in its own heights; in a gap so far for each frame, and no further
than one height. Faces of footage in which people run move less than 0.2."""


@dataclass(frozen=True, eq=False)
class FaceTrack:
    """One face from the first to the last frame that shows it.

    Attributes
    ----------
    first : int
        Where in the sequence of frames that was looked at it begins, counted from 0.
    points : ndarray, shape (n, 478, 3), float32
        The landmarks of each frame from then on, as `Face.landmarks`. Where the face is away for a while they go
        straight from one frame that shows it to the next.
    is_visible : ndarray, shape (n,), bool
        Which of these frames show it.
    """

    first: int
    points: Floats
    is_visible: npt.NDArray[np.bool_]


@dataclass
class _OpenTrack:
    """A track in the making: the places of the frames that show the face, and its landmarks there."""

    places: list[int] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)

    def distance(self, place: int, face: Face) -> float | None:
        """Return how far a face is from where this one was last, in its own heights; None if it is too far."""
        gap = place - self.places[-1]
        if not 0 < gap <= MAX_GAP_FRAMES + 1:
            return None
        step = float(np.linalg.norm(face.landmarks[:, :2].mean(0) - self.points[-1][:, :2].mean(0)))
        heights = step / max(face.height, 1.0)
        return heights if heights <= min(_MAX_STEP_HEIGHTS * gap, 1.0) else None

    def finish(self) -> FaceTrack:
        places = np.arange(self.places[0], self.places[-1] + 1)
        known = np.asarray(self.places)
        stacked = np.stack(self.points).reshape(len(known), -1)
        after = np.clip(np.searchsorted(known, places), 1 if len(known) > 1 else 0, len(known) - 1)
        before = np.maximum(after - 1, 0)
        span = np.maximum(known[after] - known[before], 1)
        share = ((places - known[before]) / span).astype(np.float32)[:, None]
        points = stacked[before] * (1 - share) + stacked[after] * share
        # What was measured stays as it is to the bit.
        points[known - known[0]] = stacked
        return FaceTrack(
            int(known[0]), points.reshape(-1, LANDMARK_COUNT, 3).astype(np.float32), np.isin(places, known)
        )


def join_tracks(frames: Sequence[Sequence[Face]]) -> tuple[FaceTrack, ...]:
    """Join the faces of a sequence of frames to tracks: each face goes on where the nearest one of before was.

    Parameters
    ----------
    frames : sequence of sequences of Face
        The faces of each frame, with the landmarks of a mesh.

    Returns
    -------
    tuple of FaceTrack
        The ones that begin first come first.
    """
    tracks: list[_OpenTrack] = []
    for place, faces in enumerate(frames):
        pairs = []
        for index, face in enumerate(faces):
            for number, track in enumerate(tracks):
                distance = track.distance(place, face)
                if distance is not None:
                    pairs.append((distance, number, index))
        continued: set[int] = set()
        placed: set[int] = set()
        for _, number, index in sorted(pairs):
            if number not in continued and index not in placed:
                continued.add(number)
                placed.add(index)
                tracks[number].places.append(place)
                tracks[number].points.append(np.asarray(faces[index].landmarks, np.float32))
        for index, face in enumerate(faces):
            if index not in placed:
                tracks.append(_OpenTrack([place], [np.asarray(face.landmarks, np.float32)]))
    return tuple(track.finish() for track in tracks)


def place_in_scene(points: Floats, width: int, height: int) -> Floats:
    """Take landmarks from a frame's pixels into the space of a scene.

    Parameters
    ----------
    points : ndarray, shape (..., 3), float32
        Landmarks in frame pixels, see `Face.landmarks`.
    width, height : int
        The frame's size in pixels, which are square.

    Returns
    -------
    ndarray, shape (..., 3), float32
        x to the right, y up, z towards the viewer; the frame's centre is the origin, and the frame is 1 high.
    """
    middle = np.array([(width - 1) / 2, (height - 1) / 2, 0], np.float32)
    scale = np.array([1 / height, -1 / height, -1 / height], np.float32)
    return np.asarray((points - middle) * scale, np.float32)
