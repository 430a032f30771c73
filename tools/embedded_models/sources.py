# SPDX-License-Identifier: GPL-3.0-or-later
"""What the embedded models are made from, and what each is for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Wheel:
    """A pinned package file; `licence_member` is the licence text inside it."""

    file: str
    sha256: str
    licence: str
    licence_member: str


@dataclass(frozen=True)
class Source:
    """One model: the member of the wheel it is converted from and the file it becomes."""

    file: str
    member: str
    member_sha256: str
    role: str


MEDIAPIPE = Wheel(
    file="mediapipe-0.10.21-cp311-cp311-manylinux_2_28_x86_64.whl",
    sha256="05dc4a9e593655a79558d05d6227d31018c2537a4bd3362b51e230cf22aecfe3",
    licence="Apache-2.0",
    licence_member="mediapipe-0.10.21.dist-info/LICENSE",
)
LICENCE_FILE = "LICENSE.mediapipe.txt"

SOURCES = (
    Source(
        file="blaze_face_full_192.onnx",
        member="mediapipe/modules/face_detection/face_detection_full_range_sparse.tflite",
        member_sha256="2c3728e6da56f21e21a320433396fb06d40d9088f2247c05e5635a688d45dfe1",
        role="detect faces: boxes with six points, and a score for each anchor",
    ),
    Source(
        file="face_mesh_attention_192.onnx",
        member="mediapipe/modules/face_landmark/face_landmark_with_attention.tflite",
        member_sha256="e06a804e0144f9929eda782122916b35d60c697c3c9344013ca2bbe76a6ce2b4",
        role="landmark a face: 468 mesh points, refined lips, eyes and irises, and whether it is a face",
    ),
    Source(
        file="selfie_segmentation_256.onnx",
        member="mediapipe/modules/selfie_segmentation/selfie_segmentation.tflite",
        member_sha256="9ee168ec7c8f2a16c56fe8e1cfbc514974cbbb7e434051b455635f1bd1462f5c",
        role="segment people: for each pixel the probability that it shows a person",
    ),
)
