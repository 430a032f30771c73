# SPDX-License-Identifier: GPL-3.0-or-later
"""What is fixed about the FaceMesh: triangles, contours, canonical shape and flat layout.

Sources: triangles, contours and refinement indices are MediaPipe FaceMesh's (Apache-2.0). The canonical
shape was measured by `tools/measure_canonical_face.py`: the mean of the meshes FaceMesh finds in frontal
portraits of several people, made symmetric.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..face.types import LANDMARK_COUNT, Floats

Indices = npt.NDArray[np.int32]
_SMOOTHING_STEPS = 6
_PRODUCT_BYTES = 128 << 20
"""OpenBLAS 0.3 takes 32 to 128 MB for each thread of a product."""


@dataclass(frozen=True, eq=False)
class Topology:
    """The fixed facts of the mesh. Contours are closed rings of mesh indices; sides are the image's."""

    triangles: Indices
    """(t, 3), wound clockwise in an image of a frontal face."""
    lips: Indices
    """(80,) mesh indices that the refined lips replace, in output order; likewise the eyes (71,)."""
    left_eye: Indices
    right_eye: Indices
    oval: Indices
    left_eye_ring: Indices
    right_eye_ring: Indices
    left_lid_ring: Indices
    """(16,) the ring just outside the lids, point by point beside `left_eye_ring`."""
    right_lid_ring: Indices
    inner_lips: Indices
    outer_lips: Indices
    left_brow: Indices
    right_brow: Indices
    mirrored: Indices
    """(468,) the index of each point's partner on the other side."""
    shape: Floats
    """(468, 3) canonical shape: x right, y down, z away from the camera; eye distance 1, origin between the eyes."""
    layout: Floats
    """(468, 2) flat layout in 0..1, x right and y down, symmetric about x = .5."""


@cache
def load_topology() -> Topology:
    """Read the mesh's facts from the file beside this module; read once, then shared (it is immutable)."""
    # Where there is no memory for its buffers, OpenBLAS asks for them again and again, without an end. So what its
    # first product takes is asked for before; none of it is touched. Raises MemoryError.
    np.empty(_PRODUCT_BYTES, np.uint8)
    facts: dict[str, Any] = json.loads((Path(__file__).parent / "mesh_topology.json").read_text())
    shape = np.asarray(facts["shape"], np.float32)
    arrays = {name: np.asarray(facts[name], np.int32) for name in facts if name not in ("source", "shape")}
    for array in (*arrays.values(), shape):
        array.flags.writeable = False
    return Topology(shape=shape, layout=_unwrap_shape(shape, arrays), **arrays)


def canonical_mesh(topology: Topology) -> "npt.NDArray[np.float64]":
    """Return the canonical shape with irises in the middles of the eyes: (478, 3) float64, in the shape's axes."""
    whole = np.zeros((LANDMARK_COUNT, 3))
    whole[: len(topology.shape)] = topology.shape
    eyes = [whole[ring].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    whole[468:473], whole[473:478] = eyes
    return whole


def _unwrap_shape(shape: Floats, facts: Mapping[str, Indices]) -> Floats:
    """Unroll the canonical shape like a label from a can, then even it out.

    Unrolling alone would leave the lips a few texels high and fold the underside of the nose over. Moving
    each inner point towards the mean of its neighbours, the outline held, opens both.
    """
    depth = shape[:, 2].max() - shape[:, 2].min()
    angle = np.arctan2(shape[:, 0], shape[:, 2].max() + 0.25 * depth - shape[:, 2])
    flat = np.stack([angle, shape[:, 1]], 1)
    flat[:, 0] *= 0.5 / np.abs(flat[:, 0]).max()
    low, high = flat[:, 1].min(), flat[:, 1].max()
    flat[:, 1] = (flat[:, 1] - low) / (high - low)
    flat[:, 0] += 0.5
    neighbours = np.zeros((len(shape), len(shape)))
    for ends in ((0, 1), (1, 2), (2, 0)):
        first, second = facts["triangles"][:, ends].T
        neighbours[first, second] = neighbours[second, first] = 1
    for ring in (facts["left_eye_ring"], facts["right_eye_ring"], facts["inner_lips"]):
        # Spokes across an opening keep it open: its rim is drawn to the opening's middle as well as outwards.
        neighbours[np.ix_(ring, ring)] += 1.5 / len(ring)
    means = neighbours / neighbours.sum(1, keepdims=True)
    for _ in range(_SMOOTHING_STEPS):
        relaxed = flat + 0.5 * (means @ flat - flat)
        relaxed[facts["oval"]] = flat[facts["oval"]]
        flat = relaxed
    mirrored = flat[facts["mirrored"]] * (-1, 1) + (1, 0)
    return np.asarray(0.02 + 0.96 * (flat + mirrored) / 2, np.float32)
