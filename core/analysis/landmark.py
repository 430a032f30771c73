# SPDX-License-Identifier: GPL-3.0-or-later
"""Find the 478 points of each face with FaceMesh and attention, the embedded landmarker.

Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020, and
MediaPipe's model card: 192² RGB in 0..1; the refined lips, eyes and irises replace points of the mesh.
"""

import numpy as np

from ..cache.key import Key, stage_key
from ..cache.store import Arrays
from ..face import LANDMARK_COUNT, Detection, Face, Floats, Pixels, Pose
from ..mesh.topology import Topology
from ..models.session import ModelFile, ModelPool
from ..recipe import Landmark
from .crop import crop_matrix, inverted, moved, warped
from .pose import head_pose

VERSION = 1
_SIZE = 192
_OUTPUTS = (
    "output_mesh_identity",
    "output_lips",
    "output_left_eye",
    "output_right_eye",
    "output_left_iris",
    "output_right_iris",
    "conv_faceflag",
)
_DETECTED_SIDE = 1.5
_MESH_SIDE = 1.5
_PASSES = 2


def landmark_key(detected: Key, params: Landmark, model: ModelFile) -> Key:
    """Return the key of what `landmark` finds, given the key of the detections."""
    return stage_key(
        "landmark",
        VERSION,
        {"detect": detected, "model": model.sha256, "landmarker": "face-mesh", "score": params.score},
    )


def landmark(
    frame: Pixels,
    found: list[Detection],
    params: Landmark,
    model: ModelFile,
    pool: ModelPool,
    topology: Topology,
) -> Arrays:
    """Find the landmarks of every detected face of an (H, W, 3) RGB uint8 frame.

    Returns `landmarks` (n, 478, 3) float32 in frame pixels, `scores` (n,) float32 and `poses` (n, 3) float32
    (yaw, pitch, roll in degrees). Detections that are no face to the landmarker, or that lead to the same
    face as a surer one, are left out.
    """
    meshes: list[Floats] = []
    scores: list[float] = []
    for detection in found:
        mesh, score = _landmarks_of(frame, detection, model, pool, topology)
        if score >= params.score and not any(_same_face(mesh, other) for other in meshes):
            meshes.append(mesh)
            scores.append(score)
    poses = [head_pose(mesh, topology) for mesh in meshes]
    return {
        "landmarks": np.asarray(meshes, np.float32).reshape(-1, LANDMARK_COUNT, 3),
        "scores": np.asarray(scores, np.float32),
        "poses": np.asarray([(pose.yaw, pose.pitch, pose.roll) for pose in poses], np.float32).reshape(-1, 3),
    }


def faces(arrays: Arrays) -> list[Face]:
    """Return what `landmark` found as values, in the order of the detections."""
    rows = zip(arrays["landmarks"], arrays["scores"], arrays["poses"], strict=True)
    return [
        Face(box_of(points), float(score), points, Pose(*(float(angle) for angle in angles)))
        for points, score, angles in rows
    ]


def box_of(points: Floats) -> Floats:
    """Return left, top, right, bottom of (n, 2 or 3) points."""
    return np.asarray(np.concatenate([points[:, :2].min(0), points[:, :2].max(0)]), np.float32)


def _landmarks_of(
    frame: Pixels, detection: Detection, model: ModelFile, pool: ModelPool, topology: Topology
) -> tuple[Floats, float]:
    """Run the landmarker on the detection's square, then once more on the square of what it found.

    The second look always sees the face at the same size and place, whatever the detector's box did:
    that is what keeps the points still on a still face.
    """
    left, right = detection.points[0], detection.points[1]
    angle = float(np.arctan2(right[1] - left[1], right[0] - left[0]))
    centre = (detection.box[:2] + detection.box[2:]) / 2
    side = float((detection.box[2:] - detection.box[:2]).max()) * _DETECTED_SIDE
    score = 0.0
    mesh = np.zeros((LANDMARK_COUNT, 3), np.float32)
    for _ in range(_PASSES):
        matrix = crop_matrix(centre, max(side, 1.0), angle, _SIZE)
        crop = warped(frame, matrix, _SIZE)
        mesh, score = _run(crop, model, pool, topology)
        back = inverted(matrix)
        mesh[:, :2] = moved(mesh[:, :2], back)
        mesh[:, 2] *= side / _SIZE
        eyes = mesh[263, :2] - mesh[33, :2]
        angle = float(np.arctan2(eyes[1], eyes[0]))
        upright = mesh[:468, :2] @ np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        low, high = upright.min(0), upright.max(0)
        middle = (low + high) / 2
        centre = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) @ middle
        side = float((high - low).max()) * _MESH_SIDE
    return mesh, score


def _run(crop: Pixels, model: ModelFile, pool: ModelPool, topology: Topology) -> tuple[Floats, float]:
    """Run FaceMesh on one (192, 192, 3) crop: points in crop pixels (478, 3), and the face score."""
    tensor = crop[None].astype(np.float32) / 255
    mesh, lips, left_eye, right_eye, left_iris, right_iris, flag = pool.run(model, tensor, _OUTPUTS)
    points = np.zeros((LANDMARK_COUNT, 3), np.float32)
    points[:468] = mesh.reshape(468, 3)
    for refined, indices in (
        (lips, topology.lips),
        (left_eye, topology.left_eye),
        (right_eye, topology.right_eye),
    ):
        points[indices, :2] = refined.reshape(-1, 2)
    for iris, first, ring in (
        (left_iris, 468, topology.left_eye_ring),
        (right_iris, 473, topology.right_eye_ring),
    ):
        points[first : first + 5, :2] = iris.reshape(5, 2)
        points[first : first + 5, 2] = points[ring, 2].mean()
    # The network's pixel coordinates have their origin at the crop's corner, ours at the first pixel's centre.
    points[:, :2] -= 0.5
    return points, float(1 / (1 + np.exp(-np.clip(flag.ravel()[0], -80, 80))))


def _same_face(mesh: Floats, other: Floats) -> bool:
    """Tell whether two meshes lie on one face: their centres are closer than a third of its size."""
    size = float((other[:, :2].max(0) - other[:, :2].min(0)).max())
    return float(np.linalg.norm(mesh[:, :2].mean(0) - other[:, :2].mean(0))) < size / 3
