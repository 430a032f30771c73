# SPDX-License-Identifier: GPL-3.0-or-later
"""The form of a person's face: their mesh without head pose and, as far as it can be told, without expression.

A form is (468, 3) float32 in the canonical shape's axes and unit: x right, y down, z away from the camera, in eye
distances. Two forms differ by a displacement of the same shape, which `pose_displacement` turns into a frame's pose.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..face.types import Floats
from .head_pose import fit_similarity, unpose_points
from .mesh_topology import Indices, Topology
from .outline import extreme_points
from .smoothstep import smoothstep

FORM_LIMIT = 8.0
"""No point of a form lies farther from the face's middle, in eye distances: a face is about two wide and high."""
_ALIGNMENT_ROUNDS = 3
_CALM_MOUTH_OPENING = 0.1
_OPEN_EYE = 0.2
_FRONTAL_COSINE, _PROFILE_COSINE = 0.94, 0.6
_STILL_SPREAD = 0.1
_OUTLINE_WEIGHT, _OUTLINE_QUANTILE = 30.0, 0.75
"""How far a point of the outline counts where two forms are compared, and how much of it may not move outwards. Tuned
on the eight reported pairs and on 02 x p14, 06 x p12, 07 x p11, 09 x p02, 23 x p01 and 03 x p10: with .9, or with a
weight of 1, faces came out up to a tenth smaller and less alike."""
_MAX_DISPLACEMENT = 0.22
"""Eye distances, about a tenth of the face's height: farther would be caricature even at a shape of 1."""
_LIPS_SHARE, _LIDS_SHARE = 0.2, 0.0
_LIPS_REACH, _LIDS_REACH = 0.16, 0.2
"""Of lids and lips that move as a whole. Tuned on the clips 05, 06 and 07: eyes stay open and closed as they were."""
_MOVING_LIDS_REACH = 0.12
_MAX_YAW_COSINE, _MIN_YAW_COSINE = 0.62, 0.34
_GRID_STEPS = 2.0**14
_LIP_PAIRS: Sequence[tuple[int, int]] = ((82, 87), (13, 14), (312, 317))
_LIDS: Sequence[tuple[int, int, int, int]] = ((159, 145, 33, 133), (386, 374, 362, 263))
"""Of each eye: the upper and the lower lid's middle, and the corners."""


@dataclass(frozen=True, eq=False)
class FaceForm:
    """A person's form, and how far each point of it moves with their expression.

    Attributes
    ----------
    points
        (468, 3) float32, in eye distances.
    spread
        (468,) float32: the root mean square distance from its mean place, in eye distances; 0 where one mesh is all
        that is known.
    """

    points: Floats
    spread: Floats


def neutral_form(meshes: Sequence[Floats], topology: Topology) -> FaceForm:
    """Return the neutral form of one person from several meshes.

    Pose and size are taken out of each mesh. Calm, frontal meshes with open eyes count most. What is left is made
    symmetric: light and turned heads pull a mesh to one side more than faces differ between their sides.

    Parameters
    ----------
    meshes : sequence of ndarray, shape (>=468, 3)
        Each in pixels of its own image.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    FaceForm
        Points in eye distances, and how much each varies.

    Raises
    ------
    ValueError
        There is no mesh.
    """
    if not meshes:
        raise ValueError("a form needs at least one mesh")
    stable = _stability(topology)
    form = topology.shape
    for _ in range(_ALIGNMENT_ROUNDS):
        unposed = np.stack([unpose_points(mesh[:468], form, stable) for mesh in meshes])
        shares = np.array([_calmness(points) for points in unposed])
        shares *= [_frontality(mesh[:468], form, stable) for mesh in meshes]
        shares /= shares.sum()
        mean = np.einsum("n,nij->ij", shares, unposed)
        form = np.asarray((mean + mirror_points(mean, topology)) / 2, np.float32)
    spread = np.sqrt(np.einsum("n,ni->i", shares, ((unposed - mean) ** 2).sum(2)))
    spread = (spread + spread[topology.mirrored]) / 2
    return FaceForm(form, np.asarray(spread, np.float32))


def form_displacement(source: FaceForm, target: FaceForm, topology: Topology) -> Floats:
    """Return how far each point of the target's form is from the source's.

    The source is first brought onto the target by a similarity, so that size and place of the head stay the target's,
    and reduced until its outline fits into the target's: a face that is wide for its features gets smaller features
    rather than cheeks and hair that stand out against the background.
    Points that hold expression keep their own form and follow their surroundings: lips and eyelids move as a whole, and
    what the target moves while speaking and smiling moves less. The displacement is symmetric, and in whole 16384ths of
    an eye distance, so that keys made from it do not differ by an addition's last bit.

    Parameters
    ----------
    source, target : FaceForm
        The neutral forms of the two people.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (468, 3), float32
        In eye distances, to be added to the target's points.
    """
    away = _bring_onto(source.points, target.points, topology) - target.points
    # Smoothed first: afterwards, brows that come down would close the eyes.
    away = _smooth_on_mesh((away + mirror_points(away, topology)) / 2, topology)
    for group, share, reach in (
        (topology.outer_lips, _LIPS_SHARE, _LIPS_REACH),
        (topology.left_eye_ring, _LIDS_SHARE, _LIDS_REACH),
        (topology.right_eye_ring, _LIDS_SHARE, _LIDS_REACH),
    ):
        near = _proximity(target.points, target.points[group], reach)[:, None]
        whole = away[group].mean(0)
        away = away + near * (1 - share) * (whole - away)
    away = away / (1 + (target.spread[:, None] / _STILL_SPREAD) ** 2)
    length = np.linalg.norm(away, axis=1, keepdims=True)
    away = away * (_MAX_DISPLACEMENT * np.tanh(length / _MAX_DISPLACEMENT) / np.maximum(length, 1e-9))
    away = (away + mirror_points(away, topology)) / 2
    return np.asarray(np.round(away * _GRID_STEPS) / _GRID_STEPS, np.float32)


def pose_displacement(displacement: Floats, form: FaceForm, landmarks: Floats, topology: Topology) -> Floats:
    """Turn a displacement of the target's form into a frame's pose.

    A head that turns beyond what the mesh is sure of has less and less displacement, none in profile.

    Parameters
    ----------
    displacement : ndarray, shape (468, 3)
        As `form_displacement` gives it, in eye distances.
    form : FaceForm
        The target's.
    landmarks : ndarray, shape (>=468, 3)
        The target's in that frame, in frame pixels.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (468, 3), float32
        In frame pixels.
    """
    scale, rotation, _ = fit_similarity(form.points, landmarks[:468], _stability(topology))
    facing = (float(rotation[2, 2]) - _MIN_YAW_COSINE) / (_MAX_YAW_COSINE - _MIN_YAW_COSINE)
    share = float(smoothstep(np.asarray(facing, np.float32)))
    return np.asarray(share * scale * displacement @ rotation.T, np.float32)


def mouth_opening(points: Floats) -> float:
    """Return how far the lips are apart in the image.

    Parameters
    ----------
    points : ndarray, shape (468, 3)
        A mesh without pose.

    Returns
    -------
    float
        In the points' own unit.
    """
    first, second = np.array(_LIP_PAIRS).T
    return float(np.linalg.norm((points[first] - points[second])[:, :2], axis=1).mean())


def mirror_points(points: Floats, topology: Topology) -> Floats:
    """Return a form with its sides exchanged.

    Parameters
    ----------
    points : ndarray, shape (468, 3)
        Points or displacements of a form: x is mirrored.
    topology : Topology
        It tells which point lies opposite which.

    Returns
    -------
    ndarray, shape (468, 3)
        In the same unit.
    """
    return np.asarray(points[topology.mirrored] * (-1, 1, 1), points.dtype)


def _bring_onto(points: Floats, goal: Floats, topology: Topology) -> Floats:
    """Return a form (468, 3) brought onto another by a similarity, so small that little of its outline lies outside."""
    weights = np.ones(468, np.float32)
    weights[topology.oval] = _OUTLINE_WEIGHT
    fitted = unpose_points(points, goal, weights)
    middle = goal[topology.oval].mean(0)
    own, other = (np.linalg.norm((form - middle)[topology.oval, :2], axis=1) for form in (fitted, goal))
    growth = max(float(np.quantile(own / np.maximum(other, 1e-6), _OUTLINE_QUANTILE)), 1.0)
    return np.asarray((fitted - middle) / growth + middle, np.float32)


def _calmness(points: Floats) -> float:
    """Tell how far points (468, 3) without pose have closed lips and open eyes: above 0, at most 1."""
    opening = mouth_opening(points)
    eyes = [
        float(np.linalg.norm(points[upper] - points[lower]) / np.linalg.norm(points[left] - points[right]))
        for upper, lower, left, right in _LIDS
    ]
    return (0.05 + min(min(eyes) / _OPEN_EYE, 1.0)) / (1.05 * (1 + (opening / _CALM_MOUTH_OPENING) ** 4))


def _frontality(mesh: Floats, form: Floats, stable: Floats) -> float:
    """Tell how far a mesh looks into the camera: above 0, at most 1."""
    facing = float(fit_similarity(form, mesh, stable)[1][2, 2])
    share = smoothstep(
        np.asarray((facing - _PROFILE_COSINE) / (_FRONTAL_COSINE - _PROFILE_COSINE), np.float32)
    )
    return 0.02 + 0.98 * float(share)


@lru_cache(maxsize=4)
def _stability(topology: Topology) -> Floats:
    """Return how far each point holds still while a face speaks and smiles: (468,) float32, above 0, at most 1."""
    shape = topology.shape
    mouth = _proximity(shape, shape[topology.outer_lips], 0.45)
    lids = np.maximum(
        *(
            _proximity(shape, shape[ring], _MOVING_LIDS_REACH)
            for ring in (topology.left_eye_ring, topology.right_eye_ring)
        )
    )
    brows = np.maximum(
        *(_proximity(shape, shape[brow], 0.15) for brow in (topology.left_brow, topology.right_brow))
    )
    jaw = smoothstep((shape[:, 1] - shape[1, 1]) / np.float32(0.5))
    return np.asarray((1 - 0.9 * mouth) * (1 - 0.6 * lids) * (1 - 0.6 * brows) * (1 - 0.8 * jaw), np.float32)


def _proximity(points: Floats, group: Floats, reach: float) -> Floats:
    """Return 1 at the points of a group (k, 3) and within its outline, falling off to 0 at `reach` from it: (n,)."""
    apart = np.linalg.norm(points[:, None] - group[None], axis=2).min(1)
    low, high = extreme_points(group)
    inside = ((points[:, :2] >= low) & (points[:, :2] <= high)).all(1)
    return np.where(inside, np.float32(1), smoothstep(1 - np.asarray(apart, np.float32) / np.float32(reach)))


def _smooth_on_mesh(values: Floats, topology: Topology) -> Floats:
    """Move each point's values (468, k) halfway towards its neighbours'; twice took features away on the same pairs."""
    first, second = _edges(topology)
    total, count = np.zeros_like(values), np.zeros((len(values), 1), values.dtype)
    np.add.at(total, first, values[second])
    np.add.at(count, first, 1)
    return np.asarray(values + (total / np.maximum(count, 1) - values) / 2, values.dtype)


@lru_cache(maxsize=4)
def _edges(topology: Topology) -> tuple[Indices, Indices]:
    """Return the ends of the mesh's edges, each edge once in either direction."""
    corners = topology.triangles
    pairs = np.concatenate([corners[:, [0, 1]], corners[:, [1, 2]], corners[:, [2, 0]]])
    both = np.unique(np.concatenate([pairs, pairs[:, ::-1]]), axis=0)
    return both[:, 0], both[:, 1]
