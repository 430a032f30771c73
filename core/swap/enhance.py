# SPDX-License-Identifier: GPL-3.0-or-later
"""Enhancers: networks that draw a face anew, finer, from the picture of it.

An enhancer sees the face as it will be: the frame's own crop with the swap laid over it. It never changes how
far the swap is shown, so what lies outside the swap stays the frame's.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..cache.base.store import Arrays
from ..errors import ModelError
from ..face.types import Floats, Pixels
from ..geometry.alignment import aligned_matrix
from ..geometry.crop import warped
from ..models.preprocess import prepared
from .loaded_model import Network, Networks, finished
from .mesh import CropFrame
from .neural_region import Affine, box_cover, drawn, kept, place_matrix, unit_matrix

VERSION = 1
_SOFT_EDGE = 0.1


@dataclass(frozen=True, eq=False)
class Overlay:
    """A picture to be laid over the frame."""

    pixels: Pixels
    """(h, w, 3) RGB."""
    cover: Pixels
    """(h, w): how far it counts."""
    matrix: Affine
    """From frame pixels to its own."""


def overlay(crop: Arrays, place: CropFrame) -> Overlay:
    """Return a stored swap, neural or the mesh's (which lies in `place`), as what is to be laid over."""
    if "matrix" not in crop:
        swapped = np.asarray(crop["swapped"], np.uint8)
        whole = cv2.resize(np.asarray(crop["cover"], np.uint8), place.size, interpolation=cv2.INTER_LINEAR)
        return Overlay(swapped, np.asarray(whole, np.uint8), place_matrix(place))
    pixels, matrix = np.asarray(crop["pixels"], np.uint8), np.asarray(crop["matrix"], np.float32)
    size = pixels.shape[0]
    cover = box_cover(unit_matrix(matrix, size), matrix, (size, size), _SOFT_EDGE)
    if "mask" in crop:
        mask = cv2.resize(np.asarray(crop["mask"], np.uint8), (size, size), interpolation=cv2.INTER_LINEAR)
        cover = cover * (mask.astype(np.float32) / 255)
    return Overlay(pixels, np.asarray(np.round(cover * 255), np.uint8), matrix)


def enhanced(
    network: Network, frame: Pixels, points: Floats, swap: Overlay, weight: float, networks: Networks
) -> Arrays:
    """Enhance a swap in an (H, W, 3) RGB uint8 frame, whose face has five points (5, 2) in frame pixels.

    `weight` 0..1 matters only to networks with that input, such as CodeFormer: how far it keeps to what it
    sees. Returns `pixels` (s, s, 3) uint8 RGB and the `matrix` (2, 3) from frame pixels to them. ModelError.
    """
    size = network.size
    matrix = aligned_matrix(points, network.family.template, size)
    seen = warped(frame, matrix, size).astype(np.float32)
    share = drawn(_bordered(swap.cover), _shifted(swap.matrix), matrix, (size, size))[..., None] / np.float32(
        255
    )
    seen += share * (drawn(swap.pixels, swap.matrix, matrix, (size, size)) - seen)
    name, rest = network.facts.inputs[0].name, {}
    for tensor in network.facts.inputs[1:]:
        shape = [extent if isinstance(extent, int) else 1 for extent in tensor.shape or ()]
        rest[tensor.name] = np.full(shape, weight, np.dtype(tensor.dtype))
    tensors = networks.run(
        network, {name: prepared(np.round(seen).astype(np.uint8)[None], network.family)}, rest
    )
    pictures = finished(tensors[0], network)
    if pictures.shape[1] != size:
        raise ModelError(f"{network.file.path.name} gave pictures of {pictures.shape[1]} pixels, not {size}")
    return kept(pictures[0], matrix)


def blended(swapped: Pixels, place: CropFrame, better: Arrays, blend: float) -> Pixels:
    """Mix an enhanced crop into a region's `swapped` (h, w, 3) uint8 RGB; `blend` 1 shows only the enhanced."""
    height, width = swapped.shape[:2]
    onto, matrix = place_matrix(place), np.asarray(better["matrix"], np.float32)
    pixels = np.asarray(better["pixels"], np.uint8)
    share = blend * box_cover(unit_matrix(matrix, pixels.shape[0]), onto, (width, height), _SOFT_EDGE)
    new = drawn(pixels, matrix, onto, (width, height))
    return np.asarray(cv2.blendLinear(new, swapped, share, 1 - share), np.uint8)


def _bordered(cover: Pixels) -> Pixels:
    """Surround a cover with nothing: drawing repeats a picture's border, which must not count."""
    return np.pad(cover, 1)


def _shifted(matrix: Affine) -> Affine:
    return matrix + np.array([[0, 0, 1], [0, 0, 1]], matrix.dtype)
