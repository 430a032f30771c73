# SPDX-License-Identifier: GPL-3.0-or-later
"""The landmark stage: its key, and what it keeps of what a landmarker finds."""

from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import FACE_COUNTS, MAX_COORDINATE_PIXELS, MAX_SCORE, ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays
from ..face.landmark_sets import LANDMARK_SETS
from ..face.types import LANDMARK_COUNT, Detection, Face, Floats, Pixels, Pose
from ..geometry.alignment import face_mesh_alignment_points
from ..geometry.head_pose import head_pose, pose_of_rotation
from ..geometry.mesh_fit import fit_head_rotation
from ..geometry.mesh_topology import Topology
from ..geometry.outline import extreme_points
from ..models.catalog import load_catalogue
from ..models.model_file import ModelFile
from ..models.session import ModelPool
from ..recipe import Landmark
from .landmarkers.contract import Landmarker
from .landmarkers.face_mesh import FaceMesh
from .poses.contract import PoseEstimator

_POINT_COUNTS = {
    "68-from-5": 68,
    "fan-68": 68,
    "peppa-68": 68,
    "peppa-68-256": 68,
    "pfld-98": 98,
    "insightface-106": 106,
    "liveportrait-203": 203,
}
"""How many points a face has, by the landmarker; the meshes have all of them."""
_MAX_DEGREES = 360.0


def landmark_key(
    detection_key: Key, params: Landmark, landmarker: Landmarker, pose_estimator: PoseEstimator | None = None
) -> Key:
    """Return the key of what `landmark_with` finds, given the key of the detections."""
    inputs: dict[str, Scalar | Key] = {
        "detect": detection_key,
        "landmarker": landmarker.name,
        "score": params.score,
    }
    files = [model.sha256 for model in landmarker.models]
    inputs.update({"model" if len(files) == 1 else f"model{n:02d}": name for n, name in enumerate(files)})
    # Named only where it is used: what was found with the pose from the mesh is still that.
    if pose_estimator is not None:
        inputs["pose"] = pose_estimator.name
        inputs["pose_version"] = pose_estimator.version
        inputs.update({f"pose_model{n:02d}": model.sha256 for n, model in enumerate(pose_estimator.models)})
    return stage_key("landmark", landmarker.version, inputs)


@lru_cache
def _landmark_schema(landmarker: str) -> Schema:
    count = _POINT_COUNTS.get(landmarker, LANDMARK_COUNT)

    def size_fault(sizes: Mapping[str, int]) -> str:
        # A frame without a face has the mesh's number, whatever the landmarker.
        right = count if sizes["faces"] else LANDMARK_COUNT
        return "" if sizes["points"] == right else "landmarks is of the wrong size"

    arrays = (
        ArraySpec(
            "landmarks", "float32", ("faces", "points", 3), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS
        ),
        ArraySpec("scores", "float32", ("faces",), 0.0, MAX_SCORE),
        ArraySpec("poses", "float32", ("faces", 3), -_MAX_DEGREES, _MAX_DEGREES),
    )
    return Schema(arrays, {"faces": FACE_COUNTS, "points": (count, LANDMARK_COUNT)}, check_sizes=size_fault)


landmark_schema = SchemaByLine("landmarker", _landmark_schema)
"""What `landmark_with` gives: the landmarker says how many points a face has."""


def landmark_with(
    frame: Pixels,
    detections: list[Detection],
    params: Landmark,
    landmarker: Landmarker,
    topology: Topology,
    pose_estimator: PoseEstimator | None = None,
    view_around: Callable[[Detection], Pixels] | None = None,
) -> Arrays:
    """Find the landmarks of every detected face of a frame.

    Detections that are no face to the landmarker, or that lead to the same face as a surer one, are left out.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    detections : list of Detection
        Where faces are, in frame pixels, the surest first.
    params : Landmark
        The recipe's settings.
    landmarker : Landmarker
        The network that finds points.
    topology : Topology
        The mesh.
    pose_estimator : PoseEstimator, optional
        The network that tells how heads are turned; without one the landmarks do.
    view_around : callable, optional
        Returns the frame as a detected face is to be seen, where that is another for each.

    Returns
    -------
    dict of str to ndarray
        `landmarks` (n, k, 3) float32 in frame pixels, k = 478 for FaceMesh, `scores` (n,) float32 and `poses` (n, 3)
        float32 (yaw, pitch, roll in degrees).

    Raises
    ------
    ModelError
        A network can't be run.
    """
    meshes: list[Floats] = []
    scores: list[float] = []
    poses: list[Pose] = []
    groups = (
        ((frame, detections),) if view_around is None else ((view_around(one), [one]) for one in detections)
    )
    for view, group in groups:
        first = len(meshes)
        for one in landmarker.landmarks(view, group):
            if one.score >= params.score and not any(_is_same_face(one.points, other) for other in meshes):
                meshes.append(one.points)
                scores.append(one.score)
        own = [estimate_pose(mesh, topology) for mesh in meshes[first:]]
        poses += own if pose_estimator is None else pose_estimator.poses(view, meshes[first:], own)
    count = len(meshes[0]) if meshes else LANDMARK_COUNT
    return {
        "landmarks": np.asarray(meshes, np.float32).reshape(-1, count, 3),
        "scores": np.asarray(scores, np.float32),
        "poses": np.asarray([(pose.yaw, pose.pitch, pose.roll) for pose in poses], np.float32).reshape(-1, 3),
    }


def landmark(
    frame: Pixels,
    detections: list[Detection],
    params: Landmark,
    model: ModelFile,
    pool: ModelPool,
    topology: Topology,
) -> Arrays:
    """Find landmarks with FaceMesh and attention, the embedded landmarker; see `landmark_with`.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    detections : list of Detection
        Where faces are, in frame pixels, the surest first.
    params : Landmark
        The recipe's settings.
    model : ModelFile
        FaceMesh's file.
    pool : ModelPool
        Loads and runs models.
    topology : Topology
        The mesh.

    Returns
    -------
    dict of str to ndarray
        What `landmark_with` returns; k is 478.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    family = load_catalogue().family("landmark", "face-mesh")
    return landmark_with(frame, detections, params, FaceMesh(model, family, pool, topology), topology)


def faces_from_arrays(arrays: Arrays) -> list[Face]:
    """Return what `landmark_with` found as values.

    Parameters
    ----------
    arrays : mapping of str to ndarray
        `landmarks` (n, k, 3), `scores` (n,) and `poses` (n, 3), float32.

    Returns
    -------
    list of Face
        One for each face, in the order of the detections.
    """
    rows = zip(arrays["landmarks"], arrays["scores"], arrays["poses"], strict=True)
    return [
        Face(bounding_box(points), float(score), points, Pose(*(float(angle) for angle in angles)))
        for points, score, angles in rows
    ]


def bounding_box(points: Floats) -> Floats:
    """Return the box around points.

    Parameters
    ----------
    points : ndarray, shape (n, 2 or 3)
        In pixels.

    Returns
    -------
    ndarray, shape (4,)
        Left, top, right, bottom in pixels.
    """
    return np.asarray(np.concatenate(extreme_points(points)), np.float32)


def alignment_points(points: Floats, topology: Topology) -> Floats:
    """Return the five points that faces are aligned by, of the landmarks of any landmarker.

    Parameters
    ----------
    points : ndarray, shape (k, 2 or 3)
        In frame pixels; their number tells their set.
    topology : Topology
        Which points of FaceMesh they are.

    Returns
    -------
    ndarray, shape (5, 2)
        Both eyes, nose, both corners of the mouth, in frame pixels.
    """
    if len(points) == LANDMARK_COUNT:
        return face_mesh_alignment_points(points, topology)
    return LANDMARK_SETS[len(points)].alignment_points(points)


def estimate_pose(points: Floats, topology: Topology) -> Pose:
    """Return the head's pose by the landmarks of any landmarker.

    Parameters
    ----------
    points : ndarray, shape (k, 3)
        In frame pixels.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    Pose
        In degrees.
    """
    if len(points) == LANDMARK_COUNT:
        return head_pose(points, topology)
    return pose_of_rotation(fit_head_rotation(points, topology))


def _is_same_face(mesh: Floats, other: Floats) -> bool:
    """Tell whether two meshes lie on one face: their centres are closer than a third of its size."""
    low, high = extreme_points(other)
    size = float((high - low).max())
    return float(np.linalg.norm(mesh[:, :2].mean(0) - other[:, :2].mean(0))) < size / 3
