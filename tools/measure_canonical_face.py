# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure the canonical shape of the FaceMesh and write `core/geometry/mesh_topology.json`.

Run by a developer, once per change of the landmarker:

    python tools/measure_canonical_face.py FACTS.json PICTURE...

FACTS.json holds MediaPipe's triangles, contours and refinement indices. The pictures are frontal portraits
of different people: their meshes are aligned, averaged and made symmetric, so the shape is nobody's.
"""

import json
import sys
from pathlib import Path

import cv2
import numpy as np
from scipy.optimize import linear_sum_assignment
from understudy.core.analysis import detect as detecting
from understudy.core.analysis.landmarkers.face_mesh import FaceMesh
from understudy.core.geometry.head_pose import fit_similarity
from understudy.core.models.catalog import load_catalogue
from understudy.core.models.embedded import embedded_models
from understudy.core.models.session import ModelPool
from understudy.core.recipe import Detect

INNER_LIPS = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308, 415, 310, 311, 312, 13, 82, 81, 80, 191)
OUTER_LIPS = (61, 146, 91, 181, 84, 17, 314, 405, 321, 375, 291, 409, 270, 269, 267, 0, 37, 39, 40, 185)
LEFT_BROW = (46, 53, 52, 65, 55, 107, 66, 105, 63, 70)
# The ring of points around each eye, outside the lids, in the order of the eye's own ring.
LEFT_LID = dict(
    zip(
        (33, 246, 161, 160, 159, 158, 157, 173, 133, 155, 154, 153, 145, 144, 163, 7),
        (130, 247, 30, 29, 27, 28, 56, 190, 243, 112, 26, 22, 23, 24, 110, 25),
        strict=True,
    )
)
RIGHT_LID = dict(
    zip(
        (263, 466, 388, 387, 386, 385, 384, 398, 362, 382, 381, 380, 374, 373, 390, 249),
        (359, 467, 260, 259, 257, 258, 286, 414, 463, 341, 256, 252, 253, 254, 339, 255),
        strict=True,
    )
)
RIGHT_BROW = (276, 283, 282, 295, 285, 336, 296, 334, 293, 300)


def detect_meshes(pictures, facts):
    """Yield the (468, 3) mesh of the surest face of each picture."""
    models, pool = embedded_models(), ModelPool()

    class Indices:
        lips, left_eye, right_eye = (np.array(facts[name]) for name in ("lips", "left_eye", "right_eye"))
        left_eye_ring, right_eye_ring = (
            np.array(facts[name]) for name in ("left_eye_ring", "right_eye_ring")
        )

    for picture in pictures:
        frame = cv2.cvtColor(cv2.imread(picture), cv2.COLOR_BGR2RGB)
        detections = detecting.detections_from_arrays(
            detecting.detect(frame, Detect(), models.detector, pool)
        )
        family = load_catalogue().family("landmark", "face-mesh")
        one = FaceMesh(models.landmarker, family, pool, Indices).landmarks(frame, detections[:1])[0]
        print(f"{Path(picture).name}: score {one.score:.3f}")
        yield one.points[:468]


def mean_of_aligned(meshes):
    """Average meshes after aligning each to the mean so far; four rounds are enough to settle."""
    mean = meshes[0]
    for _ in range(4):
        moved = []
        for mesh in meshes:
            scale, rotation, shift = fit_similarity(mesh, mean)
            moved.append(scale * mesh @ rotation.T + shift)
        mean = np.mean(moved, 0)
    return mean


def mirror_pairs(shape):
    """Match each point with its partner on the other side; the matching must be its own inverse."""
    flipped = shape * (-1, 1, 1)
    distance = ((shape[:, None] - flipped[None]) ** 2).sum(-1)
    pairs = linear_sum_assignment(distance + distance.T)[1]
    if not np.array_equal(pairs[pairs], np.arange(len(shape))):
        raise SystemExit(
            "the mean face is not symmetric enough to pair its points: use more frontal portraits"
        )
    return pairs


def wound_alike(triangles, shape):
    """Wind every triangle like its neighbours, clockwise in the picture for most of them.

    The picture alone can't tell: a triangle under the nose may be seen from behind even in a frontal face.
    """
    by_edge = {}
    for number, triangle in enumerate(triangles):
        for edge in zip(triangle, triangle[1:] + triangle[:1], strict=True):
            by_edge.setdefault(frozenset(edge), []).append(number)
    wound = {0: list(triangles[0])}
    waiting = [0]
    while waiting:
        number = waiting.pop()
        ring = wound[number]
        for first, second in zip(ring, ring[1:] + ring[:1], strict=True):
            for other in by_edge[frozenset((first, second))]:
                if other not in wound:
                    third = next(corner for corner in triangles[other] if corner not in (first, second))
                    wound[other] = [second, first, third]
                    waiting.append(other)
    corners = shape[[wound[number] for number in range(len(triangles))], :2]
    across, down = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    clockwise = (across[:, 0] * down[:, 1] - across[:, 1] * down[:, 0]).sum() > 0
    return [wound[number][:: 1 if clockwise else -1] for number in range(len(triangles))]


def upright(shape):
    """Centre between the eyes, turn the eyes level and the face frontal, eye distance 1."""
    for _ in range(20):
        eyes = shape[263] - shape[33]
        around_z, around_y = np.arctan2(eyes[1], eyes[0]), np.arctan2(eyes[2], eyes[0])
        turn_z = cv2.Rodrigues(np.array([0, 0, -around_z]))[0]
        turn_y = cv2.Rodrigues(np.array([0, around_y, 0]))[0]
        shape = shape @ (turn_y @ turn_z).T
    shape = shape - (shape[33] + shape[263]) / 2
    return shape / np.linalg.norm(shape[263] - shape[33])


def main(facts_path, *pictures):
    """Measure, and write the file that `core/geometry/mesh_topology.py` reads."""
    facts = json.loads(Path(facts_path).read_text())
    shape = upright(mean_of_aligned(list(detect_meshes(pictures, facts))))
    pairs = mirror_pairs(shape)
    shape = (shape + shape[pairs] * (-1, 1, 1)) / 2
    triangles = wound_alike(facts["triangles"], shape)
    facts.update(
        triangles=triangles,
        inner_lips=INNER_LIPS,
        outer_lips=OUTER_LIPS,
        left_brow=LEFT_BROW,
        right_brow=RIGHT_BROW,
        left_lid_ring=[LEFT_LID[point] for point in facts["left_eye_ring"]],
        right_lid_ring=[RIGHT_LID[point] for point in facts["right_eye_ring"]],
        mirrored=pairs.tolist(),
        shape=[[round(float(v), 5) for v in point] for point in shape],
    )
    target = Path(__file__).resolve().parents[1] / "core" / "geometry" / "mesh_topology.json"
    target.write_text(json.dumps(facts, separators=(",", ":")).replace('],"', '],\n"') + "\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
