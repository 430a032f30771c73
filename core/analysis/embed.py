# SPDX-License-Identifier: GPL-3.0-or-later
"""Describe a face so that it can be told from the others of a clip.

The built-in description needs no model: the proportions of the mesh once its pose is taken out, and the
face's coarse light and dark once it is aligned. It tells the people of one scene apart; it is no recogniser
and says little about two different photographs. Recognisers such as ArcFace can take its place.
"""

from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np

from ..cache.base.key import Key, stage_key
from ..cache.base.schema import FACE_COUNTS, ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays
from ..face.types import Face, Floats, Pixels
from ..geometry.crop import crop_matrix, warp_crop
from ..geometry.head_pose import fit_similarity
from ..geometry.mesh_topology import Topology
from ..models.catalog import load_catalogue
from .landmark import alignment_points
from .recognisers.contract import EmbeddingSpace, Recogniser, l2_normalise

VERSION = 1
_CROP_PIXELS = 32
_SHAPE_WEIGHT, _LIGHT_WEIGHT, _COLOUR_WEIGHT = 1.0, 0.8, 0.6


BUILT_IN_SPACE = EmbeddingSpace("mesh-appearance", "", 0.5)
"""The space of the built-in description."""
_APPEARANCE_DIMENSIONS = (_CROP_PIXELS // 2) ** 2 + 2
_MESH_DIMENSIONS = 468 * 3 + _APPEARANCE_DIMENSIONS
_MAX_LENGTH = 1e6


def embed_key(landmark_key: Key, recogniser: Recogniser | None = None) -> Key:
    """Return the key of the descriptions, given the key of the landmarks."""
    if recogniser is None:
        return stage_key(
            "embed", VERSION, {"landmark": landmark_key, "recogniser": BUILT_IN_SPACE.recogniser}
        )
    return stage_key(
        "embed",
        recogniser.version,
        {"landmark": landmark_key, "recogniser": recogniser.name, "model": recogniser.space.model_sha256},
    )


@lru_cache
def _embed_schema(recogniser: str) -> Schema:
    embeddings = ArraySpec("embeddings", "float32", ("faces", "numbers"), -1.001, 1.001)
    if recogniser == BUILT_IN_SPACE.recogniser:
        return Schema(
            (embeddings,), {"faces": FACE_COUNTS, "numbers": (_APPEARANCE_DIMENSIONS, _MESH_DIMENSIONS)}
        )
    numbers = int(load_catalogue().family("embed", recogniser).outputs[0].shape[-1])
    lengths = ArraySpec("lengths", "float32", ("faces",), 0.0, _MAX_LENGTH)
    return Schema((embeddings, lengths), {"faces": FACE_COUNTS, "numbers": (numbers,)})


embed_schema = SchemaByLine("recogniser", _embed_schema)
"""What `embed_with` gives: the recogniser says how long a vector is."""


def fits_faces(arrays: Arrays, faces: Sequence[Face], *, built_in: bool) -> bool:
    """Tell whether there is a vector for each face, of the length that these have in the built-in description.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What `embed_with` gives: `embeddings` (n, d) float32.
    faces : sequence of Face
        The faces of the same frame.
    built_in : bool
        Whether the built-in description made the vectors; a recogniser's may have any length.

    Returns
    -------
    bool
        Whether the two belong together.
    """
    rows, numbers = arrays["embeddings"].shape
    if rows != len(faces):
        return False
    return not built_in or numbers == (
        _APPEARANCE_DIMENSIONS if faces and not faces[0].has_mesh else _MESH_DIMENSIONS
    )


def face_vectors(arrays: Arrays, *, own: bool, mesh: bool) -> Floats:
    """Return the vectors of what `embed_with` gives.

    The built-in description of a frame without a face is kept as wide as a mesh's. Where the landmarker finds no mesh
    it is cut to the width that its faces have, so that it can be joined to the vectors of other frames.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        What `embed_with` gives: `embeddings` (n, d) float32.
    own : bool
        Whether the built-in description made them.
    mesh : bool
        Whether the landmarker finds meshes.

    Returns
    -------
    ndarray, shape (n, d), float32
        A row for each face, of length 1.
    """
    vectors = np.asarray(arrays["embeddings"], np.float32)
    return vectors[:, :_APPEARANCE_DIMENSIONS] if own and not mesh and not len(vectors) else vectors


def embed_with(
    frame: Pixels, faces: list[Face], topology: Topology, recogniser: Recogniser | None = None
) -> Arrays:
    """Describe every face of a frame, with a recogniser or, without one, as `embed` does.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    faces : list of Face
        Its faces, in frame pixels.
    topology : Topology
        The mesh.
    recogniser : Recogniser, optional
        The network that describes them.

    Returns
    -------
    dict of str to ndarray
        `embeddings` (n, d) float32 of length 1 and, from a recogniser, `lengths` (n,) float32: what they were.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    if recogniser is None:
        return embed(frame, faces, topology)
    vectors = recogniser.embed(frame, [alignment_points(face.landmarks, topology) for face in faces])
    return {
        "embeddings": l2_normalise(vectors),
        "lengths": np.asarray(np.linalg.norm(vectors, axis=1), np.float32),
    }


def embed(frame: Pixels, faces: list[Face], topology: Topology) -> Arrays:
    """Describe every face of a frame by its proportions and its coarse light and dark; this needs no model.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    faces : list of Face
        Its faces, in frame pixels.
    topology : Topology
        The mesh.

    Returns
    -------
    dict of str to ndarray
        `embeddings` (n, d) float32, each of length 1: compare them by their dot product.
    """
    rows = [_describe_face(frame, face, topology) for face in faces]
    length = len(rows[0]) if rows else _MESH_DIMENSIONS
    return {"embeddings": np.asarray(rows, np.float32).reshape(-1, length)}


def _describe_face(frame: Pixels, face: Face, topology: Topology) -> Floats:
    if not face.has_mesh:
        five = alignment_points(face.landmarks, topology)
        middle = (five[0] + five[1] + five[3:].mean(0)) / 3
        return _concatenate_weighted(_appearance(frame, middle, five[1] - five[0], face.height))
    scale, rotation, shift = fit_similarity(topology.shape, face.landmarks[:468])
    upright = (face.landmarks[:468] - shift) @ rotation / scale
    shape = (upright - topology.shape).ravel()
    eyes = face.landmarks[263, :2] - face.landmarks[33, :2]
    centre = (face.landmarks[33, :2] + face.landmarks[263, :2] + face.landmarks[13, :2]) / 3
    return _concatenate_weighted(((shape, _SHAPE_WEIGHT), *_appearance(frame, centre, eyes, face.height)))


def _appearance(
    frame: Pixels, centre: Floats, eyes: Floats, height: float
) -> tuple[tuple[Floats, float], ...]:
    """Return a face's coarse light and dark, and its colour, with their weights."""
    side = 1.6 * max(float(np.linalg.norm(eyes)), height * 0.5)
    matrix = crop_matrix(centre, side, float(np.arctan2(eyes[1], eyes[0])), _CROP_PIXELS)
    lab = cv2.cvtColor(warp_crop(frame, matrix, _CROP_PIXELS), cv2.COLOR_RGB2LAB).astype(np.float32)
    small = cv2.resize(lab, (_CROP_PIXELS // 2, _CROP_PIXELS // 2), interpolation=cv2.INTER_AREA)
    light = small[..., 0].ravel() - small[..., 0].mean()
    colour = small[..., 1:].mean((0, 1)) - 128
    return (light, _LIGHT_WEIGHT), (colour, _COLOUR_WEIGHT)


def _concatenate_weighted(parts: tuple[tuple[Floats, float], ...]) -> Floats:
    vector = np.concatenate(
        [weight * part / max(float(np.linalg.norm(part)), 1e-6) for part, weight in parts]
    )
    return np.asarray(vector / np.linalg.norm(vector), np.float32)
