# SPDX-License-Identifier: GPL-3.0-or-later
"""Faces of plain skin, and glasses that are drawn on faces."""

import cv2
import numpy as np
from understudy.core.geometry.mesh_topology import load_topology

TOPOLOGY = load_topology()
SIDE = 320
SKIN = (190, 150, 130)


def landmarks(turn: float = 0.0) -> np.ndarray:
    points = TOPOLOGY.shape * 62
    points = np.concatenate([points, np.repeat(points[[33, 263]], 5, 0)])
    cosine, sine = np.cos(turn), np.sin(turn)
    turned = points[:, :2] @ np.array([[cosine, sine], [-sine, cosine]])
    return np.concatenate([turned + SIDE / 2, points[:, 2:]], 1).astype(np.float32)


def face(deviation: float = 1.5) -> np.ndarray:
    noise = np.random.default_rng(1).normal(0, deviation, (SIDE, SIDE, 1))
    return np.clip(np.round(SKIN + noise), 0, 255).astype(np.uint8)


def draw_rims(
    image: np.ndarray, points: np.ndarray, colour: int, *, bags: bool = False
) -> tuple[np.ndarray, np.ndarray]:
    """Draw glasses, or bags below the eyes, on a copy of an image; returns that and where they are."""
    drawn = np.zeros(image.shape[:2], np.uint8)
    left, right = (points[ring, :2].mean(0) for ring in (TOPOLOGY.left_eye_ring, TOPOLOGY.right_eye_ring))
    across = right - left
    down = np.array([-across[1], across[0]]) * 0.1
    angle = float(np.degrees(np.arctan2(across[1], across[0])))
    radius = float(np.hypot(*across)) * 0.42
    for middle in (left + down, right + down):
        place = tuple(round(float(value)) for value in middle)
        cv2.ellipse(
            drawn,
            place,
            (round(radius), round(0.75 * radius)),
            angle,
            *((20, 160) if bags else (0, 360)),
            (255,),
            2,
        )
    if not bags:
        ends = [tuple(round(float(value)) for value in left + share * across) for share in (0.38, 0.62)]
        cv2.line(drawn, *ends, (255,), 2)
    made = image.copy()
    made[drawn > 0] = colour
    return made, drawn


def draw_frame(image: np.ndarray, points: np.ndarray, colour: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw glasses with a thick frame on a copy of an image; returns that and where they are."""
    drawn = draw_rims(image, points, colour)[1]
    width = max(round(0.06 * float(np.hypot(*(points[33, :2] - points[263, :2])))), 3)
    drawn = cv2.dilate(drawn, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width)))
    made = image.copy()
    made[drawn > 0] = colour
    return made, drawn
