# SPDX-License-Identifier: GPL-3.0-or-later
"""What is found out about the faces of a clip: where they are, their points, whose they are, what covers them."""

from dataclasses import dataclass, replace
from typing import Any

from .parameter import choice_field, number_field, switch_field


@dataclass(frozen=True)
class Detect:
    """How faces are looked for."""

    score: float = number_field(0.5, "Score", "How sure the detector must be that it sees a face", 0.05, 0.99)
    detector: str = choice_field(
        "blaze",
        "Detector",
        "The network that finds faces; all but the first need a model file",
        ("blaze", "BlazeFace", "The embedded detector, full range: needs no model file"),
        ("blaze-short", "BlazeFace, short", "Short range: for faces that fill much of the frame"),
        ("yunet", "YuNet", "Small and quick; the license of its file allows any use"),
        ("scrfd", "SCRFD", "InsightFace's; sure on small and turned faces"),
        ("retinaface", "RetinaFace", "InsightFace's 10g and r50"),
        ("retinaface-ssd", "RetinaFace, mnet0.25", "The small one, and ResNet-50, with SSD priors"),
        ("yolov5-face", "YOLOv5-face", "Quick, sure on small faces"),
        ("yolov8-face", "YOLOv8-face", "Sure on small and covered faces"),
        ("s3fd", "S3FD", "Sure on small faces; gives no points"),
        ("centerface", "CenterFace", "Sure on crowds"),
        ("many", "Many", "Every detector that is there; of boxes that overlap the surest counts"),
    )
    angles: str = choice_field(
        "auto",
        "Angles",
        "Which way up faces are looked for",
        ("upright", "Upright", "Look once: heads that tip by up to about 60 degrees are found"),
        ("sideways", "Sideways too", "Look three times: upright and lying on either side"),
        ("all", "Any", "Look four times: upright, on either side and upside down"),
        (
            "auto",
            "As needed",
            "Upright first; where no face is surely found so, also turned and from further away",
        ),
    )
    every: int = number_field(
        1,
        "Look every",
        "Look for faces in every n-th frame of the clip and follow them in between, which is quicker; a face that "
        "enters the frame in between is found late. 1 looks in every frame",
        1,
        30,
        unit="frames",
    )
    margin: float = number_field(
        0.0,
        "Margin",
        "Put black around the frame before looking: faces that its border cuts are found more surely",
        0.0,
        100.0,
        unit="%",
    )

    def for_image(self) -> "Detect":
        """Return the settings as far as they matter to a single image: the same for all that treat it alike."""
        return replace(self, every=1)


MESH_LANDMARKERS = ("face-mesh", "face-mesh-468", "face-mesh-478")
"""The landmarkers whose points the mesh swapper can use."""


@dataclass(frozen=True)
class Landmark:
    """How the points of a face are found and steadied."""

    score: float = number_field(
        0.5, "Face score", "How sure the landmarker must be that what was detected is a face", 0.05, 0.99
    )
    steady: float = number_field(
        1.5,
        "Steady",
        "Even out the jitter of the points over neighboring frames; 0 is off. Real motion stays",
        0.0,
        4.0,
        unit="frames",
    )
    gaps: int = number_field(
        3,
        "Fill gaps",
        "A face that is not found for up to this many frames is taken to be midway between; 0 is off",
        0,
        12,
        unit="frames",
    )
    landmarker: str = choice_field(
        "face-mesh",
        "Landmarker",
        "The network that finds the points of a face; all but the first need a model file",
        ("face-mesh", "FaceMesh", "The embedded landmarker with attention, 478 points: needs no model file"),
        ("face-mesh-468", "FaceMesh 468", "Without refined lips, eyes and irises"),
        ("face-mesh-478", "FaceMesh 478", "The newer, larger network"),
        ("fan-68", "2DFAN4", "68 points; for neural swappers only"),
        ("68-from-5", "68 from 5", "68 points guessed from the detector's five; for neural swappers only"),
        ("peppa-68", "Peppa", "68 points; for neural swappers only"),
        ("pfld-98", "PFLD", "98 points; for neural swappers only"),
        ("insightface-106", "2d106", "106 points; for neural swappers only"),
        ("liveportrait-203", "LivePortrait", "203 points; for neural swappers only"),
        ("peppa-68-256", "Peppa 256", "68 points, its larger network; for neural swappers only"),
    )
    pose: str = choice_field(
        "mesh",
        "Pose",
        "How the turn of the head is found",
        ("mesh", "From the points", "By the landmarks: needs no model file"),
        ("6drepnet", "6DRepNet", "By a network of its own"),
        ("fsanet", "FSA-Net", "By small networks of its own"),
    )

    @property
    def finds_mesh(self) -> bool:
        """Whether the landmarker's points are those of FaceMesh, which the mesh swapper draws on."""
        return self.landmarker in MESH_LANDMARKERS


BUILT_IN_RECOGNISER = "mesh"
"""The recogniser that needs no model file."""


@dataclass(frozen=True)
class Embed:
    """How faces are told from each other."""

    recogniser: str = choice_field(
        BUILT_IN_RECOGNISER,
        "Recognizer",
        "How people are distinguished, in a clip and in images; all but the first need a model file",
        (
            BUILT_IN_RECOGNISER,
            "Shape and look",
            "The face's proportions and its light and dark: distinguishes the people of one scene",
        ),
        ("arcface", "ArcFace", "InsightFace's w600k_r50, 512 numbers"),
        ("ghostface", "GhostFaceNet", "512 numbers"),
        ("sface", "SFace", "OpenCV's, 128 numbers; the license of its file allows any use"),
        ("mobileface", "MobileFace", "256 numbers; the license of its file allows any use"),
        ("auraface", "AuraFace", "512 numbers; the license of its file allows any use"),
    )


def region_field(default: bool, label: str, text: str) -> Any:  # noqa: FBT001 - a value, not an option
    """A switch that chooses from what a masker has seen already."""
    return switch_field(default, label, text, cost="instant")


@dataclass(frozen=True)
class Occlude:
    """How it is told what covers a face."""

    masker: str = choice_field(
        "colour",
        "Masker",
        "How hair, hands and objects in front of the face are found",
        ("colour", "Color of the skin", "Learned from each face itself: needs no model file"),
        ("xseg", "XSeg", "DeepFaceLab's network"),
        ("bisenet", "BiSeNet", "A network that names 19 regions; choose below which are the face"),
        ("skin-hair", "Skin and hair", "A small network that finds skin, clothes and hair"),
        ("selfie", "Person", "The embedded network that finds the person"),
    )
    skin: bool = region_field(True, "Skin", "With BiSeNet: skin is part of the face")
    brows: bool = region_field(True, "Brows", "With BiSeNet: brows are part of the face")
    eyes: bool = region_field(True, "Eyes", "With BiSeNet: eyes are part of the face")
    glasses: bool = region_field(False, "Glasses", "With BiSeNet: glasses are part of the face")
    ears: bool = region_field(False, "Ears", "With BiSeNet: ears and what hangs on them are part of the face")
    nose: bool = region_field(True, "Nose", "With BiSeNet: the nose is part of the face")
    mouth: bool = region_field(True, "Mouth", "With BiSeNet: the inside of the mouth is part of the face")
    lips: bool = region_field(True, "Lips", "With BiSeNet: lips are part of the face")
    neck: bool = region_field(
        False, "Neck", "With BiSeNet: the neck and what hangs on it are part of the face"
    )
    clothes: bool = region_field(False, "Clothes", "With BiSeNet: clothes are part of the face")
    hair: bool = region_field(False, "Hair", "With BiSeNet: hair is part of the face")
    hat: bool = region_field(False, "Hat", "With BiSeNet: a hat is part of the face")
