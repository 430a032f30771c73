# SPDX-License-Identifier: GPL-3.0-or-later
"""FaceMesh, in its three forms: with attention (478 points, the embedded one), 468, and 478 of the newer network.

Source: Grishchenko et al., "Attention Mesh: High-fidelity Face Mesh Prediction in Real-time", 2020, Kartynnik et
al., "Real-time Facial Surface Geometry from Monocular Video on Mobile GPUs", 2019, and MediaPipe's model cards.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...face.types import LANDMARK_COUNT, Detection, Floats, Pixels
from ...geometry.crop import crop_matrix, invert_affine, transform_points, warp_crop
from ...geometry.head_pose import shape_error
from ...geometry.mesh_topology import Indices, Topology
from ...models.model_adapter import ModelAdapter
from ...models.preprocess import preprocess
from .contract import FaceLandmarks, upright_angle

_DETECTION_CROP_SCALE = 1.5
_MESH_CROP_SCALE = 1.5
_PASS_COUNT = 2
# In eye distances, see `shape_error`. A true face seen upright fits as well as `_GOOD_ERROR` or shows a strong
# expression; a mesh that fits badly in a box the detector was unsure of is a face seen the wrong way up.
_DOUBTFUL_ERROR, _GOOD_ERROR, _BENT_ERROR, _IMPOSSIBLE_ERROR = 0.05, 0.036, 0.062, 0.12
_UNSURE_SCORE = 0.74


@dataclass(frozen=True, eq=False)
class FaceMesh(ModelAdapter):
    """478 points with depth; where the network has no irises, their points are the middle of the eye."""

    topology: Topology
    version = 2

    def landmarks(self, frame: Pixels, detections: Sequence[Detection]) -> list[FaceLandmarks]:
        """Return the landmarks of each detection; see `Landmarker`."""
        return [self._best_landmarks(frame, detection) for detection in detections]

    def _best_landmarks(self, frame: Pixels, detection: Detection) -> FaceLandmarks:
        """Landmark a detection; where the mesh is bent out of a face's shape, look at it turned as well.

        A face that lies or stands on its head gets a box, but its eyes are guessed where an upright face has
        them, and a mesh of a face that isn't there. Seen the right way up it fits; a mesh that fits no way is no
        face's.
        """
        best = self._landmarks_at_angle(frame, detection, 0.0)
        error = shape_error(best.points, self.topology)
        if error > _DOUBTFUL_ERROR:
            for turn in (np.pi / 2, np.pi, -np.pi / 2):
                other = self._landmarks_at_angle(frame, detection, turn)
                turned = shape_error(other.points, self.topology)
                if turned < min(_GOOD_ERROR, error) and other.score >= best.score - 0.1:
                    best, error = other, turned
        bent = error > _BENT_ERROR and detection.score < _UNSURE_SCORE
        return FaceLandmarks(best.points, 0.0) if bent or error > _IMPOSSIBLE_ERROR else best

    def _landmarks_at_angle(self, frame: Pixels, detection: Detection, extra_angle: float) -> FaceLandmarks:
        """Run the landmarker on the detection's square, then once more on the square of what it found.

        The second look always sees the face at the same size and place, whatever the detector's box did:
        that is what keeps the points still on a still face.
        """
        size = self.family.size
        angle = upright_angle(detection) + extra_angle
        centre = (detection.box[:2] + detection.box[2:]) / 2
        side = float((detection.box[2:] - detection.box[:2]).max()) * _DETECTION_CROP_SCALE
        score = 0.0
        mesh = np.zeros((LANDMARK_COUNT, 3), np.float32)
        for _ in range(_PASS_COUNT):
            matrix = crop_matrix(centre, max(side, 1.0), angle, size)
            crop = warp_crop(frame, matrix, size)
            mesh, score = self._run_network(crop)
            back = invert_affine(matrix)
            mesh[:, :2] = transform_points(mesh[:, :2], back)
            mesh[:, 2] *= side / size
            eyes = mesh[263, :2] - mesh[33, :2]
            angle = float(np.arctan2(eyes[1], eyes[0]))
            rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
            upright = mesh[:468, :2] @ rotation
            low, high = upright.min(0), upright.max(0)
            centre = rotation @ ((low + high) / 2)
            side = float((high - low).max()) * _MESH_CROP_SCALE
        return FaceLandmarks(mesh, score)

    def _run_network(self, crop: Pixels) -> tuple[Floats, float]:
        """Run the network on one crop: points in crop pixels (478, 3), and the face score."""
        names = tuple(output.name for output in self.family.outputs)
        tensor = preprocess(crop[None], self.family)
        if len(names) > 3:
            outputs = self.pool.run(self.model, tensor, names)
            points = self._merge_refined_points(outputs[:6])
            flag = outputs[6]
        else:
            mesh, flag = self.pool.run_all(self.model, tensor)[:2]
            values = mesh.reshape(-1, 3)
            points = np.zeros((LANDMARK_COUNT, 3), np.float32)
            points[: len(values)] = values
            if len(values) < LANDMARK_COUNT:
                for first, ring in self._eye_rings():
                    points[first : first + 5] = points[ring].mean(0)
        # The network's pixel coordinates have their origin at the crop's corner, ours at the first pixel's centre.
        points[:, :2] -= 0.5
        return points, float(1 / (1 + np.exp(-np.clip(flag.ravel()[0], -80, 80))))

    def _merge_refined_points(self, outputs: list[Floats]) -> Floats:
        """Put the refined lips, eyes and irises into the mesh's places: (478, 3)."""
        mesh, lips, left_eye, right_eye, left_iris, right_iris = outputs
        points = np.zeros((LANDMARK_COUNT, 3), np.float32)
        points[:468] = mesh.reshape(468, 3)
        for refined, indices in (
            (lips, self.topology.lips),
            (left_eye, self.topology.left_eye),
            (right_eye, self.topology.right_eye),
        ):
            points[indices, :2] = refined.reshape(-1, 2)
        for iris, (first, ring) in zip((left_iris, right_iris), self._eye_rings(), strict=True):
            points[first : first + 5, :2] = iris.reshape(5, 2)
            points[first : first + 5, 2] = points[ring, 2].mean()
        return points

    def _eye_rings(self) -> tuple[tuple[int, Indices], ...]:
        return (468, self.topology.left_eye_ring), (473, self.topology.right_eye_ring)
