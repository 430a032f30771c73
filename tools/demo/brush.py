# SPDX-License-Identifier: GPL-3.0-or-later
"""Paint on a face: soft-edged shapes placed by landmarks, that keep the skin's own shading."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from understudy.core.face.types import Floats, Pixels
from understudy.core.geometry.mesh_raster import fill_polygons
from understudy.core.geometry.mesh_topology import Topology
from understudy.core.geometry.skin_model import skin_likeness

_SKIN_SIZE = 192
Point = tuple[float, float]
Colour = tuple[int, int, int]


@dataclass(frozen=True, eq=False)
class Canvas:
    """A picture of a face, where paint may go on it, and the face's own axes.

    Shapes are given in face widths, seen from between the eyes: x to the image's right, y down the face.
    """

    size: tuple[int, int]
    """Width and height of the picture."""
    points: Floats
    """(478, 3) landmarks in its pixels."""
    paintable: Floats
    """(h, w) 0..1: the skin, brows and lips inside the face oval; not hair, eyes or teeth."""
    middle: Floats
    """(2,) between the eyes."""
    across: Floats
    """(2,) one face width to the image's right."""

    @property
    def width(self) -> float:
        """The face's width in pixels."""
        return float(np.linalg.norm(self.across))

    def place(self, shape: Sequence[Point]) -> Floats:
        """Move (n, 2) face coordinates into the picture."""
        given = np.asarray(shape, np.float32)
        down = np.array([-self.across[1], self.across[0]], np.float32)
        return np.asarray(self.middle + given[:, :1] * self.across + given[:, 1:] * down, np.float32)

    def locate(self, index: int) -> Point:
        """Return a landmark's face coordinates."""
        away = self.points[index, :2] - self.middle
        down = np.array([-self.across[1], self.across[0]])
        return float(away @ self.across) / self.width**2, float(away @ down) / self.width**2

    def patch(self, shape: Sequence[Point], soft: float = 0.004) -> Floats:
        """Fill a closed shape with an edge of `soft` face widths."""
        return self._soften(fill_polygons([_round_path(self.place(shape), closed=True)], self.size), soft)

    def stroke(self, path: Sequence[Point], thick: float, soft: float = 0.004) -> Floats:
        """Draw a curve through the points, `thick` face widths in its middle, that tapers to both ends."""
        line = _round_path(self.place(path), closed=False)
        along = np.gradient(line, axis=0)
        normal = (
            np.stack([-along[:, 1], along[:, 0]], 1)
            / np.maximum(np.linalg.norm(along, axis=1), 1e-6)[:, None]
        )
        half = np.sin(np.linspace(0.0, np.pi, len(line)))[:, None] ** 0.7 * thick * self.width / 2
        outline = np.concatenate([line + normal * half, (line - normal * half)[::-1]])
        return self._soften(fill_polygons([np.asarray(outline, np.float32)], self.size), soft)

    def spot(self, middle: Point, radius: float, soft: float = 0.004) -> Floats:
        """Draw a disc; with a large `soft` it is a blush."""
        turns = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        ring = [(middle[0] + radius * np.cos(turn), middle[1] + radius * np.sin(turn)) for turn in turns]
        return self._soften(fill_polygons([self.place(ring)], self.size), soft)

    def around(
        self, indices: "np.ndarray[tuple[int], np.dtype[np.int32]]", growth: float, soft: float
    ) -> Floats:
        """Fill a ring of landmarks, grown about its middle."""
        contour = self.points[indices, :2]
        middle = contour.mean(0)
        return self._soften(
            fill_polygons([np.asarray((contour - middle) * growth + middle)], self.size), soft
        )

    def _soften(self, mask: Pixels, soft: float) -> Floats:
        return np.asarray(
            cv2.GaussianBlur(mask.astype(np.float32) / 255, (0, 0), max(soft * self.width, 0.5)), np.float32
        )


def canvas_of(picture: Pixels, points: Floats, topology: Topology) -> Canvas:
    """Prepare a face of an (h, w, 3) RGB picture with (478, 3) landmarks for painting."""
    size = picture.shape[1], picture.shape[0]
    eyes = [points[ring, :2].mean(0) for ring in (topology.left_eye_ring, topology.right_eye_ring)]
    along = (eyes[1] - eyes[0]) / np.linalg.norm(eyes[1] - eyes[0])
    width = float(np.linalg.norm(points[454, :2] - points[234, :2]))
    oval = fill_polygons([points[topology.oval, :2]], size).astype(np.float32) / 255
    scale = _SKIN_SIZE / max(size)
    small = cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    valid = cv2.resize(oval, (small.shape[1], small.shape[0]), interpolation=cv2.INTER_AREA)
    alike = skin_likeness(
        np.asarray(small), points * np.float32(scale), np.asarray(valid, np.float32), topology
    )
    skin = np.asarray(
        cv2.resize(cv2.GaussianBlur(alike, (0, 0), 1.0), size, interpolation=cv2.INTER_CUBIC), np.float32
    )
    own = fill_polygons([points[ring, :2] for ring in (topology.left_eye_ring, topology.right_eye_ring,
                                                topology.inner_lips)], size).astype(np.float32) / 255  # fmt: skip
    free = cv2.GaussianBlur(oval, (0, 0), 0.01 * width) * np.clip(skin, 0, 1)
    free *= 1 - cv2.GaussianBlur(own, (0, 0), max(0.004 * width, 0.5))
    return Canvas(size, points, free, (eyes[0] + eyes[1]) / 2, np.asarray(along * width, np.float32))


def apply_paint(picture: Floats, canvas: Canvas, mask: Floats, colour: Colour, strength: float) -> Floats:
    """Lay paint on an (h, w, 3) RGB float picture in 0..255, at `strength` 0..1 where `mask` is 1.

    The paint takes light and shade from the skin below it, so pores and the form of the face stay.
    """
    light = picture.mean(2, keepdims=True)
    usual = float(np.median(light[canvas.paintable > 0.9])) if (canvas.paintable > 0.9).any() else 160.0
    shade = np.clip(light / usual, 0.25, 1.5) ** 0.7
    share = (mask * canvas.paintable * strength)[..., None]
    return np.asarray(picture * (1 - share) + np.asarray(colour, np.float32) * shade * share, np.float32)


def _round_path(points: Floats, *, closed: bool) -> Floats:
    """Run a Catmull-Rom curve through the points of an open path; a closed shape keeps its corners."""
    if closed:
        return points
    padded = np.concatenate([2 * points[:1] - points[1:2], points, 2 * points[-1:] - points[-2:-1]])
    time = np.linspace(0, 1, 12, endpoint=False)[:, None]
    parts = []
    for before, start, end, after in zip(padded, padded[1:], padded[2:], padded[3:], strict=False):
        square, cube = 2 * before - 5 * start + 4 * end - after, 3 * start - before - 3 * end + after
        parts.append(start + 0.5 * ((end - before) * time + square * time**2 + cube * time**3))
    return np.asarray(np.concatenate([*parts, points[-1:]]), np.float32)
