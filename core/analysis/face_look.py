# SPDX-License-Identifier: GPL-3.0-or-later
"""The look stage: a few numbers that tell how well a face is seen, kept while its pixels are at hand.

A scan reads them. They are made together with the embeddings; a cache of before lacks them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from ..cache.base.key import Key, stage_key
from ..cache.base.schema import FACE_COUNTS, ArraySpec, Schema
from ..cache.base.store import Arrays
from ..face.types import Face, Floats, Pixels
from ..geometry.alignment import alignment_matrix
from ..geometry.crop import warp_crop
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.outline import convex_hull
from ..geometry.skin_model import skin_likeness
from .landmark import alignment_points
from .quality import sharpness

VERSION = 1
_CROP_PIXELS = 64
_MAX_SHARPNESS = 1e5
_SKIN_TOLERANCE = 1.3
FACE_LOOK_SCHEMA = Schema(
    (
        ArraySpec("sharpness", "float32", ("faces",), 0.0, _MAX_SHARPNESS),
        ArraySpec("light", "float32", ("faces", 3), -200.0, 200.0),
        ArraySpec("cover", "float32", ("faces",), -1.0, 1.0),
    ),
    {"faces": FACE_COUNTS},
)


@dataclass(frozen=True, eq=False)
class FaceLook:
    """How a face is seen.

    Attributes
    ----------
    sharpness : float
        See `quality.sharpness`.
    light : ndarray, shape (3,), float32
        The mean color of what lies within the face's outline, in CIELAB.
    cover : float
        The share of the face that does not look like its own skin, 0 to 1; NaN where there is no mesh.
    """

    sharpness: float
    light: Floats
    cover: float


def face_look_key(landmark_key: Key) -> Key:
    """Return the key of what `measure_looks` gives, given the key of the landmarks."""
    return stage_key("look", VERSION, {"landmark": landmark_key})


def measure_looks(image: Pixels, faces: Sequence[Face], topology: Topology) -> Arrays:
    """Measure how the faces of a frame are seen.

    Parameters
    ----------
    image : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    faces : sequence of Face
        Its n faces.
    topology : Topology
        The mesh.

    Returns
    -------
    dict of str to ndarray
        `sharpness` (n,), `light` (n, 3) and `cover` (n,), float32, see `FaceLook`; `cover` is -1 without a mesh.
    """
    looks = [_measure(image, face, topology) for face in faces]
    return {
        "sharpness": np.array([min(look.sharpness, _MAX_SHARPNESS) for look in looks], np.float32),
        "light": np.array([look.light for look in looks], np.float32).reshape(-1, 3),
        "cover": np.nan_to_num(np.array([look.cover for look in looks], np.float32), nan=-1.0),
    }


def looks_from_arrays(arrays: Arrays | None, count: int) -> tuple[FaceLook, ...]:
    """Return what `measure_looks` gave for `count` faces; none where that is not known."""
    if arrays is None or len(arrays["sharpness"]) != count:
        return ()
    rows = zip(arrays["sharpness"].tolist(), arrays["light"], arrays["cover"].tolist(), strict=True)
    return tuple(
        FaceLook(sharp, np.asarray(light, np.float32), cover if cover >= 0 else float("nan"))
        for sharp, light, cover in rows
    )


def _measure(image: Pixels, face: Face, topology: Topology) -> FaceLook:
    matrix = alignment_matrix(alignment_points(face.landmarks, topology), "ffhq_512", _CROP_PIXELS)
    crop = warp_crop(image, matrix, _CROP_PIXELS)
    points = np.asarray(face.landmarks[:, :2] @ matrix[:, :2].T + matrix[:, 2], np.float32)
    hull = convex_hull(points[topology.oval] if face.has_mesh else points)
    within = fill_polygons([hull], (_CROP_PIXELS, _CROP_PIXELS)).astype(np.float32) / 255
    weight = max(float(within.sum()), 1.0)
    lab = cv2.cvtColor(crop.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)
    light = np.asarray((lab * within[..., None]).sum((0, 1)) / weight, np.float32)
    cover = float("nan")
    if face.has_mesh:
        likeness = skin_likeness(crop, points, within, topology, _SKIN_TOLERANCE)
        cover = min(max(float(((1 - likeness) * within).sum()) / weight, 0.0), 1.0)
    return FaceLook(sharpness(image, face, topology), light, cover)
