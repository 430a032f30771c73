# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo's own sources: the portrait under stage make-up, so that the swap can't be overlooked.

Nobody's likeness is borrowed: the person under the paint is the one in the clip.
"""

from pathlib import Path

import cv2
import numpy as np
from understudy.core.errors import OutputError
from understudy.core.face.types import Floats, Pixels
from understudy.core.geometry.mesh_topology import Topology, load_topology

from .brush import Canvas, Colour, Point, apply_paint, canvas_of
from .portrait import Portrait

_BLACK, _WHITE = (22, 18, 24), (248, 240, 236)


def write_sources(portrait: Portrait, harlequin: Path, tiger: Path) -> None:
    """Write both painted portraits as PNG."""
    topology = load_topology()
    low, high = portrait.landmarks[:468, :2].min(0), portrait.landmarks[:468, :2].max(0)
    reach = 0.9 * float((high - low).max())
    left, top = np.maximum((low + high) / 2 - reach, 0).astype(int).tolist()
    right, bottom = ((low + high) / 2 + reach).astype(int).tolist()
    picture = portrait.pixels[top:bottom, left:right]
    points = np.asarray(portrait.landmarks - (left, top, 0), np.float32)
    canvas = canvas_of(picture, points, topology)
    for path, painted in (
        (harlequin, paint_harlequin(picture, canvas, topology)),
        (tiger, paint_tiger(picture, canvas, topology)),
    ):
        if not cv2.imwrite(str(path), np.ascontiguousarray(painted[..., ::-1])):
            raise OutputError(f"can't write {path}: check the folder and free space")


def paint_harlequin(picture: Pixels, canvas: Canvas, topology: Topology) -> Pixels:
    """White face, dark diamonds through the eyes, red cheeks and lips."""
    face = apply_paint(
        picture.astype(np.float32), canvas, np.ones_like(canvas.paintable), (238, 214, 208), 0.72
    )
    face = _lips(face, canvas, topology, (176, 12, 34), 0.88)
    for side, eye in ((-1, topology.left_eye_ring), (1, topology.right_eye_ring)):
        x, y = _middle(canvas, eye)
        cheek = x + side * 0.09, y + 0.27
        face = apply_paint(face, canvas, canvas.spot(cheek, 0.085, 0.035), (232, 120, 120), 0.35)
        diamond = [(cheek[0] - 0.034, cheek[1]), (cheek[0], cheek[1] - 0.045), (cheek[0] + 0.034, cheek[1]),
                 (cheek[0], cheek[1] + 0.045)]  # fmt: skip
        face = apply_paint(face, canvas, canvas.patch(diamond), (196, 18, 40), 0.92)
        lid = [(x - 0.14, y), (x, y - 0.13), (x + 0.14, y), (x, y + 0.10)]
        face = apply_paint(face, canvas, canvas.patch(lid, 0.012), (34, 92, 168), 0.95)
        for up in (-1, 1):
            tip = [(x - 0.03, y + up * 0.04), (x, y + up * 0.235), (x + 0.03, y + up * 0.04)]
            face = apply_paint(face, canvas, canvas.patch(tip), _BLACK, 0.95)
        brow = [(x - side * 0.15, y - 0.09), (x - side * 0.03, y - 0.185), (x + side * 0.14, y - 0.13)]
        face = apply_paint(face, canvas, canvas.stroke(brow, 0.03), _BLACK, 0.95)
        face = _line_eye(face, canvas, eye)
        tears = [(x + side * 0.05, y + 0.17), (x + side * 0.09, y + 0.145), (x + side * 0.13, y + 0.12)]
        for number, tear in enumerate(tears):
            face = apply_paint(face, canvas, canvas.spot(tear, 0.012 - 0.002 * number), (34, 92, 168), 0.9)
    return _to_pixels(face)


def paint_tiger(picture: Pixels, canvas: Canvas, topology: Topology) -> Pixels:
    """Orange face with tapering dark stripes, white about the eyes, a dark nose and whiskers."""
    face = apply_paint(
        picture.astype(np.float32), canvas, np.ones_like(canvas.paintable), (236, 142, 52), 0.8
    )
    # Red lips, and nothing between them and the nose: under dark paint the landmarker loses the upper lip.
    face = _lips(face, canvas, topology, (150, 24, 36), 0.85)
    for side, eye in ((-1, topology.left_eye_ring), (1, topology.right_eye_ring)):
        x, y = _middle(canvas, eye)
        above = [(x - side * 0.12, y - 0.02), (x - side * 0.05, y - 0.13), (x + side * 0.10, y - 0.15),
                 (x + side * 0.15, y - 0.04), (x, y - 0.045)]  # fmt: skip
        face = apply_paint(face, canvas, canvas.patch(above, 0.014), _WHITE, 0.9)
        below = [(x - side * 0.08, y + 0.04), (x + side * 0.10, y + 0.03), (x + side * 0.02, y + 0.09)]
        face = apply_paint(face, canvas, canvas.patch(below, 0.014), _WHITE, 0.85)
        brow = [(x - side * 0.14, y - 0.07), (x - side * 0.02, y - 0.16), (x + side * 0.17, y - 0.17)]
        face = apply_paint(face, canvas, canvas.stroke(brow, 0.05), _BLACK, 0.95)
        face = _line_eye(face, canvas, eye)
        for start, bend, end, thick in _STRIPES:
            path = [(side * start[0], start[1]), (side * bend[0], bend[1]), (side * end[0], end[1])]
            face = apply_paint(face, canvas, canvas.stroke(path, thick), _BLACK, 0.92)
        for spot in ((0.155, 0.335), (0.195, 0.30), (0.20, 0.35)):
            face = apply_paint(face, canvas, canvas.spot((side * spot[0], spot[1]), 0.01), _BLACK, 0.9)
    nose = canvas.locate(1)
    tip = [(nose[0] - 0.07, nose[1] + 0.0), (nose[0] + 0.07, nose[1] + 0.0), (nose[0], nose[1] + 0.09)]
    face = apply_paint(face, canvas, canvas.patch(tip, 0.012), _BLACK, 0.9)
    return _to_pixels(face)


_STRIPES: tuple[tuple[Point, Point, Point, float], ...] = (
    # Start, bend, end on the right half of the face, and thickness, all in face widths.
    ((0.48, 0.10), (0.38, 0.16), (0.25, 0.17), 0.05),
    ((0.48, 0.23), (0.38, 0.27), (0.24, 0.25), 0.055),
    ((0.46, 0.36), (0.37, 0.38), (0.27, 0.34), 0.05),
    ((0.42, 0.50), (0.33, 0.50), (0.25, 0.45), 0.045),
    ((0.03, -0.20), (0.035, -0.10), (0.03, 0.02), 0.035),
    ((0.11, 0.70), (0.13, 0.63), (0.12, 0.58), 0.04),
)


def _lips(face: Floats, canvas: Canvas, topology: Topology, colour: Colour, strength: float) -> Floats:
    return apply_paint(face, canvas, canvas.around(topology.outer_lips, 1.06, 0.006), colour, strength)


def _line_eye(face: Floats, canvas: Canvas, eye: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> Floats:
    """Draw a dark line around an eye."""
    line = canvas.around(eye, 1.22, 0.005) * (1 - canvas.around(eye, 1.0, 0.002))
    return apply_paint(face, canvas, line, _BLACK, 0.9)


def _middle(canvas: Canvas, ring: "np.ndarray[tuple[int], np.dtype[np.int32]]") -> Point:
    places = [canvas.locate(index) for index in ring.tolist()]
    return sum(x for x, _ in places) / len(places), sum(y for _, y in places) / len(places)


def _to_pixels(face: Floats) -> Pixels:
    return np.asarray(np.clip(np.round(face), 0, 255), np.uint8)
