# SPDX-License-Identifier: GPL-3.0-or-later
"""Alignment: the similarity that lays a face's five points onto a network's template.

The five points are everywhere, in this order: the middle of the eye on the image's left, of the eye on its right,
the nose tip, the mouth's corner on the left, its corner on the right.
Source of the templates: what the networks' vendors publish, as fractions of the crop's side.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..face import Floats
from ..mesh.topology import Topology

_TEMPLATES: Mapping[str, tuple[tuple[float, float], ...]] = {
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


def template(name: str, size: int) -> Floats:
    """Return a template's five points (5, 2) in the pixels of a `size`² crop. ModelError for an unknown name."""
    if name not in _TEMPLATES:
        raise ModelError(f"there is no warp template {name!r}: use {', '.join(_TEMPLATES)}")
    return np.asarray(_TEMPLATES[name], np.float32) * size


def align_matrix(five: Floats, name: str, size: int) -> Floats:
    """Return the (2, 3) matrix from frame pixels to the pixels of a `size`² crop aligned to a template."""
    return similarity(five, template(name, size))


def similarity(points: Floats, onto: Floats) -> Floats:
    """Fit the (2, 3) matrix of a turn, one scale and a shift that lays (n, 2) points onto others, least squares.

    Source: the closed form in the plane, with points as complex numbers.
    """
    here: npt.NDArray[np.complex128] = np.asarray(points, np.float64) @ (1, 1j)
    there: npt.NDArray[np.complex128] = np.asarray(onto, np.float64) @ (1, 1j)
    middle, goal = here.mean(), there.mean()
    spread = float((np.abs(here - middle) ** 2).sum())
    turn = complex((np.conj(here - middle) * (there - goal)).sum() / max(spread, 1e-12))
    shift = complex(goal - turn * middle)
    return np.array([[turn.real, -turn.imag, shift.real], [turn.imag, turn.real, shift.imag]], np.float32)


def five_of_mesh(landmarks: Floats, topology: Topology) -> Floats:
    """Return the five points (5, 2) of FaceMesh landmarks (>=468, 2 or 3). Where the eyes look does not matter."""
    points = landmarks[:, :2]
    eyes = [points[ring].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    return np.asarray([*eyes, points[1], points[61], points[291]], np.float32)


def five_of_68(landmarks: Floats) -> Floats:
    """Return the five points (5, 2) of iBUG's 68 landmarks (68, 2 or 3)."""
    points = landmarks[:, :2]
    return np.asarray(
        [points[36:42].mean(0), points[42:48].mean(0), points[30], points[48], points[54]], np.float32
    )
