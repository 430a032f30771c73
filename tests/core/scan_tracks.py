# SPDX-License-Identifier: GPL-3.0-or-later
"""Made tracks of faces, in which faults can be planted."""

from dataclasses import replace

import numpy as np
from understudy.core.face.types import Face, Pose
from understudy.core.pipeline.sight import FrameSighting

SIZE = (1280, 720)
THUMBNAILS = np.full((18, 32, 3), 60, np.uint8), np.zeros((18, 32, 3), np.uint8)
THUMBNAILS[1][:, 16:] = (250, 120, 20)
FAULTS = ("dropout", "jump", "stranger", "score", "turn", "size", "profile")


def unit(vector):
    return (vector / np.linalg.norm(vector)).astype(np.float32)


class MadeTrack:
    """A person who moves smoothly, with the jitter of a landmarker: 0.15 % of the face's height, 0.3 degrees."""

    def __init__(self, random, left):
        self.random = random
        self.shape = random.uniform(-1, 1, (478, 3)).astype(np.float32)
        self.shape[10], self.shape[152] = (0, -1, 0), (0, 1, 0)
        self.look, self.left = unit(random.normal(size=64)), left
        self.phase = random.uniform(0, 6, 4)

    def face(self, number):
        """Return the face of a frame and its vector."""
        slow = np.sin(number / np.array([23.0, 31.0, 37.0, 41.0]) + self.phase)
        height = 200 * (1 + 0.1 * slow[0])
        points = self.shape * [height * 0.35, height / 2, height / 4]
        points += (self.left + 40 * slow[1], 340 + 30 * slow[2], 0)
        points += self.random.normal(0, 0.0015 * height, points.shape)
        angles = np.array([25 * slow[3], 8 * slow[1], 6 * slow[2]]) + self.random.normal(0, 0.3, 3)
        look = unit(self.look + self.random.normal(0, 0.03, 64))
        return make_face(points, Pose(*map(float, angles)), 1 - abs(self.random.normal(0, 0.004))), look


def make_face(points, pose, score):
    points = points.astype(np.float32)
    box = np.concatenate([points[:, :2].min(0), points[:, :2].max(0)])
    return Face(box, float(score), points, pose)


def plant(face, look, fault, random):
    """Return what a fault makes of a face; None where it is missed."""
    points, middle = face.landmarks, face.landmarks.mean(0)
    if fault == "dropout":
        return None
    if fault == "jump":
        moved = points + np.float32([0.09 * face.height, 0, 0])
        return make_face(moved, face.pose, face.score), look
    if fault == "size":
        return make_face(middle + 1.2 * (points - middle), face.pose, face.score), look
    if fault == "stranger":
        return face, unit(random.normal(size=64))
    if fault == "score":
        return replace(face, score=0.6), look
    yaw = face.pose.yaw + 28 if fault == "turn" else 62.0
    return replace(face, pose=replace(face.pose, yaw=yaw)), look


def sighting(number, faces, refused=0.0, detections=None, cut=False):
    """Return a frame with faces and their vectors."""
    looks = np.array([look for _, look in faces], np.float32).reshape(-1, 64)
    scores = (0.92,) * len(faces) if detections is None else detections
    return FrameSighting(
        number, THUMBNAILS[cut], tuple(face for face, _ in faces), looks, 0.5, scores, refused, SIZE
    )
