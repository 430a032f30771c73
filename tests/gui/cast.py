# SPDX-License-Identifier: GPL-3.0-or-later
"""Five people to choose from, plain to tell apart: the demo's portrait under stage make-up."""

import cv2
import numpy as np
from understudy.core.geometry.mesh_topology import load_topology

from tools.demo.brush import apply_paint, canvas_of
from tools.demo.make_up import write_sources

_REACH = 0.9
"""How much of the portrait is shown around the face, in sides of the face."""
_WHITE, _BLACK, _RED, _BLUE, _GREEN = (
    (245, 238, 232), (30, 26, 30), (190, 24, 36), (40, 96, 180), (30, 130, 60)
)  # fmt: skip


def write_cast(portrait, folder):
    """Write clown.png, elf.png, harlequin.png, panda.png and tiger.png."""
    write_sources(portrait, folder / "harlequin.png", folder / "tiger.png")
    low, high = portrait.landmarks[:468, :2].min(0), portrait.landmarks[:468, :2].max(0)
    reach = _REACH * float((high - low).max())
    left, top = np.maximum((low + high) / 2 - reach, 0).astype(int)
    right, bottom = ((low + high) / 2 + reach).astype(int)
    picture, topology = portrait.pixels[top:bottom, left:right], load_topology()
    canvas = canvas_of(picture, np.asarray(portrait.landmarks - (left, top, 0), np.float32), topology)
    eyes = [
        np.mean([canvas.locate(index) for index in ring.tolist()], 0)
        for ring in (topology.left_eye_ring, topology.right_eye_ring)
    ]
    nose, skin = canvas.locate(1), np.ones_like(canvas.paintable)
    patches = [(canvas.spot(eye, 0.15, 0.02), _BLACK, 0.85) for eye in eyes]
    cheeks = [
        (canvas.spot((x + side * 0.1, y + 0.3), 0.1, 0.02), _RED, 0.7)
        for side, (x, y) in zip((-1, 1), eyes, strict=True)
    ]
    looks = {
        "elf": [
            (canvas.stroke([(side * 0.1, 0.16 + down), (side * 0.42, 0.08 + down)], 0.05), _GREEN, 0.9)
            for side in (-1, 1)
            for down in (0.0, 0.1, 0.2)
        ],
        "panda": [(skin, _WHITE, 0.75), *patches, (canvas.spot(nose, 0.06, 0.01), _BLACK, 0.85)],
        "clown": [
            *((canvas.spot((x, y - 0.1), 0.13, 0.02), _BLUE, 0.75) for x, y in eyes),
            *cheeks,
            (canvas.spot(nose, 0.1, 0.01), _RED, 0.85),
        ],
    }
    for name, paints in looks.items():
        face = picture.astype(np.float32)
        for mask, color, strength in paints:
            face = apply_paint(face, canvas, mask, color, strength)
        pixels = np.clip(np.round(face), 0, 255).astype(np.uint8)
        cv2.imwrite(str(folder / f"{name}.png"), np.ascontiguousarray(pixels[..., ::-1]))
