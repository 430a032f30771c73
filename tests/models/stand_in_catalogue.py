# SPDX-License-Identifier: GPL-3.0-or-later
"""A model folder with a stand-in for every landmarker, swapper, enhancer and masker that a recipe can choose.

The landmarkers find the face of one picture, whatever they are given: their points are planted, taken from the mesh
of that face.
"""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from understudy.core.analysis.landmark import alignment_points, bounding_box
from understudy.core.analysis.landmarkers.contract import crop_boxes
from understudy.core.face.landmark_sets import LANDMARK_SETS
from understudy.core.face.types import Detection
from understudy.core.geometry.crop import invert_affine, transform_points
from understudy.core.geometry.mesh_topology import Topology

from . import stand_in_swappers, stand_ins
from .landmark_sets import points_of_set
from .stand_in_swappers import state


def write_catalogue(folder: Path, picture: np.ndarray, mesh: np.ndarray, topology: Topology) -> Path:
    """Write the stand-ins; the face of the (H, W, 3) RGB picture has the FaceMesh landmarks (478, 3)."""
    folder.mkdir(parents=True, exist_ok=True)
    _write_detector(folder, picture.shape, mesh, topology)
    _write_landmarkers(folder, picture, mesh, topology)
    for family in stand_in_swappers.SWAPPERS:
        stand_in_swappers.write_swapper(folder, family)
    state(stand_in_swappers.write_dfm(folder / "dfm.onnx", 256, morph=False, bare=True), "swap/dfm")
    for family, size in stand_in_swappers.ENHANCER_PIXELS.items():
        path = folder / f"{family}.onnx"
        stand_in_swappers.write_enhancer(path, size, weight=family == "codeformer")
        state(path, f"enhance/{family}")
    _write_maskers(folder)
    return folder


def _write_detector(folder: Path, shape: tuple[int, ...], mesh: np.ndarray, topology: Topology) -> None:
    """Write a YOLOv8-face that sees the face with its five points."""
    scale = min(1.0, 640 / max(shape[:2]))  # a smaller picture is not enlarged
    left, top, right, bottom = bounding_box(mesh) * scale
    five = alignment_points(mesh, topology) * scale
    row = [(left + right) / 2, (top + bottom) / 2, right - left, bottom - top, 0.9]
    row += [value for x, y in five for value in (x, y, 0.9)]
    state(stand_ins.write_yolo8(folder / "yolo8.onnx", {0: row}), "detect/yolov8-face")


def _write_landmarkers(folder: Path, picture: np.ndarray, mesh: np.ndarray, topology: Topology) -> None:
    detection = Detection(bounding_box(mesh), alignment_points(mesh, topology), 0.9)

    def in_crop(points: np.ndarray, enlarged: float, size: int) -> np.ndarray:
        """Return points in pixels from the corner of the crop that the landmarker is given."""
        back = crop_boxes(picture, [detection], enlarged, size)[1][0]
        return transform_points(np.asarray(points, np.float32), invert_affine(back)) + 0.5

    def planted(name: str, shape: list[int | str], outputs: dict[str, np.ndarray]) -> None:
        state(
            stand_ins.write_constant_model(folder / f"{name}.onnx", "input", shape, outputs),
            f"landmark/{name}",
        )

    sets = {count: points_of_set(mesh, count, topology)[:, :2] for count in LANDMARK_SETS}
    grid = in_crop(sets[68], 256 / 195, 256) / 4
    writers: dict[str, Callable[[Path], Path]] = {
        "fan-68": lambda path: stand_ins.write_fan68(path, grid, 0.9),
        "peppa-68-256": lambda path: stand_ins.write_peppa256(path, grid, 0.9),
        "insightface-106": lambda path: stand_ins.write_106(path, in_crop(sets[106], 1.5, 192) / 96 - 1),
        "liveportrait-203": lambda path: stand_ins.write_203(path, in_crop(sets[203], 1.5, 224) / 224),
        "68-from-5": lambda path: _write_68_from_5(path, sets[68], detection.points),
    }
    for name, write in writers.items():
        state(write(folder / f"{name}.onnx"), f"landmark/{name}")
    row = np.concatenate([(in_crop(sets[68], 1.5, 160) / 160).ravel(), np.zeros(7)])
    planted("peppa-68", ["n", 3, 160, 160], {"output": row[None]})
    planted("pfld-98", ["n", 3, 112, 112], {"output": in_crop(sets[98], 1.0, 112).ravel()[None] / 112})
    for name, size, count in (("face-mesh-468", 192, 468), ("face-mesh-478", 256, 478)):
        # The crop's side is 1.5 times the face's: upright, the canonical shape fills two thirds of it.
        shape = np.zeros((count, 3))
        shape[:468] = topology.shape
        low, high = topology.shape.min(0), topology.shape.max(0)
        shape = (shape - (low + high) / 2) * (size / 1.5 / (high - low)[:2].max()) + (size / 2, size / 2, 0)
        outputs = {"mesh": shape.reshape(1, 1, 1, -1), "flag": np.full((1, 1, 1, 1), 9.0)}
        if count == 478:
            outputs["other"] = np.zeros((1, 1))
        planted(name, [1, size, size, 3], outputs)


def _write_68_from_5(path: Path, points: np.ndarray, five: np.ndarray) -> Path:
    """Write a network whose points are those sums of the five, with weights of sum 1, that give `points` for `five`."""
    known = np.concatenate([five, np.ones((5, 1))], 1)
    wanted = np.concatenate([points, np.ones((68, 1))], 1)
    # Affine weights hold in the network's square as they do in the frame.
    weights = np.linalg.lstsq(known.T, wanted.T, rcond=None)[0].T.astype(np.float32)
    nodes = [stand_ins.helper.make_node("MatMul", ["weights", "input"], ["output"])]
    inputs, outputs = (
        [stand_ins.helper.make_tensor_value_info(name, stand_ins.TensorProto.FLOAT, ["n", count, 2])]
        for name, count in (("input", 5), ("output", 68))
    )
    return stand_ins.write(path, nodes, inputs, outputs, {"weights": weights})


def _write_maskers(folder: Path) -> None:
    face = np.zeros((512, 512), np.float32)
    cv2.ellipse(face, (256, 280), (170, 220), 0, 0, 360, 1.0, -1)
    small = cv2.resize(face, (256, 256), interpolation=cv2.INTER_AREA)[None, ..., None]
    classes = np.stack([0.5 - face, face, *np.zeros((17, 512, 512), np.float32)])[None]
    maps = np.stack([face, 1 - face, np.zeros_like(face)])[None]
    for name, shape, values in (
        ("xseg", ["n", 256, 256, 3], small),
        ("selfie", [1, 256, 256, 3], small),
        ("bisenet", ["n", 3, 512, 512], classes),
        ("skin-hair", [1, 3, 512, 512], maps),
    ):
        state(
            stand_ins.write_constant_model(folder / f"{name}.onnx", "input", shape, {"output": values}),
            f"occlude/{name}",
        )
