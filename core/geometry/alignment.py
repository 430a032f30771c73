# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring a face into the place in a square crop that a network was trained on.

A template says where the eyes, the nose and the corners of the mouth lie in the crop, as fractions of its
side. The crop's matrix is the similarity (scale, turn, shift) that brings a face's five points nearest to
`template * size` in least squares.

Source: Umeyama, "Least-squares estimation of transformation parameters between two point patterns", 1991,
which in the plane is one complex division. The templates' numbers are the published networks' own.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..face.types import Floats
from .crop import invert_affine, transform_points
from .mesh_topology import Topology

FivePoints = tuple[
    tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]
]

TEMPLATES: Mapping[str, FivePoints] = {
    "arcface_112_v1": (
        (0.35473214, 0.45658929),
        (0.64526786, 0.45658929),
        (0.5, 0.61154464),
        (0.37913393, 0.776875),
        (0.62086607, 0.776875),
    ),
    "arcface_112_v2": (
        (0.34191607, 0.46157411),
        (0.65653393, 0.45983393),
        (0.500225, 0.64050536),
        (0.37097589, 0.82469196),
        (0.63151696, 0.82325089),
    ),
    "arcface_128": (
        (0.36167656, 0.40387734),
        (0.63696719, 0.40235469),
        (0.50019687, 0.56044219),
        (0.38710391, 0.72160547),
        (0.61507734, 0.72034453),
    ),
    "dfl_whole_face": (
        (0.35342266, 0.39285716),
        (0.62797622, 0.39285716),
        (0.48660713, 0.5401786),
        (0.38839287, 0.68750011),
        (0.59821427, 0.68750011),
    ),
    "ffhq_512": (
        (0.37691676, 0.46864664),
        (0.62285697, 0.46912813),
        (0.50123859, 0.61331904),
        (0.39308822, 0.725411),
        (0.61150205, 0.72490465),
    ),
    "mtcnn_512": (
        (0.36562865, 0.46733799),
        (0.63305391, 0.46585885),
        (0.50019127, 0.61942959),
        (0.39032951, 0.77598822),
        (0.61178945, 0.77476328),
    ),
    "styleganex_384": (
        (0.42353745, 0.52289879),
        (0.57725008, 0.52319972),
        (0.50123859, 0.61331904),
        (0.43364461, 0.68337652),
        (0.57015325, 0.68306005),
    ),
}
"""By name: the eye on the image's left, the one on its right, nose tip, mouth left, mouth right."""

# Of the points about the tip, this one lies nearest to where detectors trained on five points put the nose.
_NOSE_TIP_INDEX, _MOUTH_LEFT_INDEX, _MOUTH_RIGHT_INDEX = 4, 61, 291


def face_mesh_alignment_points(landmarks: Floats, topology: Topology) -> Floats:
    """Return the five points that a face is aligned by, of FaceMesh's landmarks.

    An eye is the mean of its lids, not its iris: where somebody looks must not turn the crop.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 2 or 3), float32
        In frame pixels.
    topology : Topology
        The mesh.

    Returns
    -------
    ndarray, shape (5, 2), float32
        In frame pixels, in the order of `TEMPLATES`.
    """
    flat = landmarks[:, :2]
    eyes = [flat[ring].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    return np.asarray([*eyes, *flat[[_NOSE_TIP_INDEX, _MOUTH_LEFT_INDEX, _MOUTH_RIGHT_INDEX]]], np.float32)


def alignment_matrix(points: Floats, template: str, size: int) -> Floats:
    """Return the matrix of an aligned crop, fitted to a face's five points.

    Parameters
    ----------
    points : ndarray, shape (5, 2), float32
        In frame pixels, in the order of `TEMPLATES`.
    template : str
        A name in `TEMPLATES`.
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray, shape (2, 3), float32
        From frame pixels to those of the crop.
    """
    goal = np.asarray(TEMPLATES[template], np.float64) * size
    here: npt.NDArray[np.complex128] = points[:, 0].astype(np.float64) + 1j * points[:, 1].astype(np.float64)
    there = goal[:, 0] + 1j * goal[:, 1]
    centred = here - here.mean()
    turn = complex((np.conj(centred) * (there - there.mean())).sum()) / max(
        float((np.abs(centred) ** 2).sum()), 1e-9
    )
    shift = complex(there.mean()) - turn * complex(here.mean())
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32)


def footprint(matrix: Floats, size: int) -> Floats:
    """Return where a crop's corners are in its frame, at the outer edges of its pixels.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3), float32
        From frame pixels to those of the crop.
    size : int
        Width and height of the crop in pixels.

    Returns
    -------
    ndarray, shape (4, 2), float32
        In frame pixels: top left, top right, bottom right, bottom left of the crop.
    """
    low, high = -0.5, size - 0.5
    corners = np.array([[low, low], [high, low], [high, high], [low, high]], np.float32)
    return transform_points(corners, invert_affine(matrix))
