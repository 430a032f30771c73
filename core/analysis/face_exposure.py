# SPDX-License-Identifier: GPL-3.0-or-later
"""Each face of a clip of light is seen at an exposure of its own, found from the light on the face itself.

So a face against a bright window is seen as one in its light, and a lamp elsewhere in the frame changes nothing of it.
In a frame it is found from that frame alone; over time it is steadied by the frames around, within the shot.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import FACE_COUNTS, ArraySpec, Schema
from ..cache.base.store import Arrays
from ..face.face_digest import face_digest
from ..face.types import Detection, Face, Floats, Pixels
from ..geometry.mesh_raster import fill_polygons
from ..geometry.outline import convex_hull
from ..media.clip import Clip
from ..media.light import face_stops, further_stops, step_stops, view_pixels
from .frame_reader import FrameReader
from .track import match_faces

VERSION = 1
STEADY_REACH = 3
"""How many frames to each side exposures are steadied over."""
_STEADY_SIGMA = 2.0
_MAX_STOPS = 64.0
_BOX_SHARE = 0.6
"""Of a detector's box, about its middle: it holds nothing but face."""
_WINDOW_MARGIN = 1.0
"""Around a box, of its longer side: no network of the analysis looks farther."""
_CORNERS = np.array([(-1, -1), (1, -1), (1, 1), (-1, 1)], np.float32)
_WIDE_SHARES, _LEAST_SHARES = (1 / 4, 1 / 32), (1 / 128, 1 / 128)
"""How much of a frame its view shows too dark, and cuts off, where it is looked at otherwise too: with a face that it
shows, and without. Darkness without a face is common."""
_SAMPLE_PIXELS = 128
"""No more of a face's pixels than this squared are looked at, evenly over it."""
EXPOSURE_SCHEMA = Schema(
    (ArraySpec("stops", "float32", ("faces",), -_MAX_STOPS, _MAX_STOPS),), {"faces": FACE_COUNTS}
)


def exposure_key(landmark_key: Key) -> Key:
    """Return the key of the exposures of a frame's faces, given the key of their landmarks."""
    return stage_key("exposure", VERSION, {"landmark": landmark_key})


def placed_exposure_key(frame: str, face: Face) -> Key:
    """Return the key of the exposure of a face that a person placed in a frame with this id."""
    inputs: dict[str, Scalar | Key] = {"frame": frame, "landmarks": face_digest(face)}
    return stage_key("exposure", VERSION, inputs)


def expose_faces(faces: Sequence[Face], arrays: Arrays) -> list[Face]:
    """Return faces (n) with their exposures, the array `stops` (n,) float32."""
    return [
        replace(face, stops=float(stops)) for face, stops in zip(faces, arrays["stops"].tolist(), strict=True)
    ]


@dataclass(frozen=True, eq=False)
class FaceViews:
    """A frame as each face that is in it is seen: of a clip of light at the face's own exposure.

    Attributes
    ----------
    frames, clip, number
        The frame, and who reads it.
    """

    frames: FrameReader
    clip: Clip
    number: int

    def measure(self, faces: Sequence[Face]) -> Arrays:
        """Return the exposures of faces of a clip of light: `stops` (n,) float32. Raises ClipError."""
        stops = [self._stops(convex_hull(face.landmarks)) for face in faces]
        return {"stops": np.array(stops, np.float32)}

    def view_around(self, detection: Detection) -> Pixels:
        """Return the frame as a face in a detector's box asks for it.

        Parameters
        ----------
        detection : Detection
            The box, in a frame of a clip of light.

        Returns
        -------
        ndarray, shape (H, W, 3), uint8
            The frame, RGB; black far from the box, to save time.

        Raises
        ------
        ClipError
            The frame can't be read.
        """
        box = detection.box
        inner = (box[:2] + box[2:]) / 2 + _CORNERS * (box[2:] - box[:2]) * np.float32(_BOX_SHARE / 2)
        return self._window(box, self._stops(np.asarray(inner, np.float32)))

    def further_views(self, face_count: int) -> Iterator[Pixels]:
        """Return a frame of a clip of light at further exposures, to look for faces that its own view hardly shows.

        Parameters
        ----------
        face_count : int
            How many faces its own view shows: where it shows any, only what has light of a wide range is looked at.

        Yields
        ------
        ndarray, shape (H, W, 3), uint8
            The frame, RGB.

        Raises
        ------
        ClipError
            The frame can't be read.
        """
        stops = self.frames.view_stops(self.clip, self.number)
        light = self.frames.exposed_light(self.clip, self.number, (slice(None), slice(None)), 0.0)
        for exposure in further_stops(light, stops, *(_WIDE_SHARES if face_count else _LEAST_SHARES)):
            yield view_pixels(light, exposure)

    def describe(self, faces: Sequence[Face], describe: Callable[[Pixels, list[Face]], Arrays]) -> Arrays:
        """Return what is found of faces, each seen at its own exposure.

        Parameters
        ----------
        faces : sequence of Face
            The n faces of the frame.
        describe : callable
            Returns arrays with a row for each of the faces it gets, in the frame (H, W, 3) RGB uint8 that it gets.

        Returns
        -------
        dict of str to ndarray
            What it returns, with n rows.

        Raises
        ------
        ClipError
            The frame can't be read.
        """
        if all(face.stops is None for face in faces):
            return describe(self.frames.frame(self.clip, self.number), list(faces))
        rows = [describe(self._window(face.box, face.stops or 0.0), [face]) for face in faces]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def _window(self, box: Floats, stops: float) -> Pixels:
        """Return the frame at an exposure, black farther away from a box than anything looks."""
        margin = _WINDOW_MARGIN * float((box[2:] - box[:2]).max())
        place = self._place(np.stack([box[:2] - margin, box[2:] + margin]))
        view = np.zeros((self.clip.info.height, self.clip.info.width, 3), np.uint8)
        view[place] = view_pixels(self.frames.exposed_light(self.clip, self.number, place, 0.0), stops)
        return view

    def _stops(self, outline: Floats) -> float:
        """Return the exposure that the light within an outline (k, 2) asks for."""
        rows, columns = self._place(outline)
        step = math.ceil(max(rows.stop - rows.start, columns.stop - columns.start) / _SAMPLE_PIXELS)
        place = slice(rows.start, rows.stop, step), slice(columns.start, columns.stop, step)
        light = self.frames.exposed_light(self.clip, self.number, place, 0.0)
        corners = (outline - (columns.start, rows.start)) / np.float32(step)
        return face_stops(light, fill_polygons([corners], (light.shape[1], light.shape[0])))

    def _place(self, points: Floats) -> tuple[slice, slice]:
        """Return the rows and columns of the frame that points (k, 2) lie in; one of each at least."""
        size = np.array((self.clip.info.width, self.clip.info.height))
        left, top = np.clip(np.floor(points.min(0)), 0, size - 1).astype(int).tolist()
        right, bottom = np.clip(np.ceil(points.max(0)) + 1, (left + 1, top + 1), size).astype(int).tolist()
        return slice(top, bottom), slice(left, right)


def steady_exposures(number: int, faces: Sequence[Face], around: Mapping[int, Sequence[Face]]) -> list[Face]:
    """Return the faces of a frame with their exposures evened out over the frames around.

    The result depends on these frames alone, not on where a render began.

    Parameters
    ----------
    number : int
        The frame's number.
    faces : sequence of Face
        Its faces.
    around : mapping of int to sequence of Face
        The faces of the frames of its shot that are near, by the frame's number.

    Returns
    -------
    list of Face
        The faces, in their order; those without an exposure as they are.
    """
    if all(face.stops is None for face in faces):
        return list(faces)
    totals = [[face.stops or 0.0, 1.0] for face in faces]
    for near in sorted(around):
        if near == number or abs(near - number) > STEADY_REACH:
            continue
        weight = float(np.exp(-((near - number) ** 2) / (2 * _STEADY_SIGMA**2)))
        for total, match in zip(totals, match_faces(faces, around[near]), strict=True):
            stops = None if match is None else around[near][match].stops
            if stops is not None:
                total[0] += weight * stops
                total[1] += weight
    return [
        face if face.stops is None else replace(face, stops=step_stops(total / weight))
        for face, (total, weight) in zip(faces, totals, strict=True)
    ]


def blend_exposures(face: Face, other: Face, share: float) -> float | None:
    """Return the exposure `share` of the way, 0 to 1, from one face's to another's; None where they have none."""
    if face.stops is None or other.stops is None:
        return None
    return step_stops(face.stops + share * (other.stops - face.stops))
