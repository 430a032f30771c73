# SPDX-License-Identifier: GPL-3.0-or-later
"""Enhancers: networks that draw a face anew, finer, from the image of it.

An enhancer sees the face as it will be: the frame's own crop with the swap laid over it. It never changes how
far the swap is shown, so what lies outside the swap stays the frame's.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..errors import ModelError
from ..face.types import Floats, Levels, Pixels
from ..geometry.alignment import alignment_matrix
from ..geometry.crop import warp_crop
from ..geometry.levels import as_type_of, round_levels
from ..models.preprocess import preprocess
from .crops import AlignedCrop, AlignedImage, Crop, MeshCrop
from .loaded_model import LoadedModel, ModelRunner, postprocess
from .mesh import CropRegion
from .neural_region import Affine, box_cover, limit_resolution, region_matrix, unit_matrix, warp_image

VERSION = 1
_SOFT_EDGE = 0.1


@dataclass(frozen=True, eq=False)
class Overlay:
    """An image to be laid over the frame."""

    pixels: Pixels
    """(h, w, 3) RGB."""
    cover: Pixels
    """(h, w): how far it counts."""
    matrix: Affine
    """From frame pixels to its own."""


def overlay(crop: Crop, region: CropRegion) -> Overlay:
    """Return a stored swap as what is to be laid over. A mesh swap lies in `region`."""
    match crop:
        case MeshCrop():
            whole = cv2.resize(crop.cover, region.size, interpolation=cv2.INTER_LINEAR)
            return Overlay(round_levels(crop.swapped), np.asarray(whole, np.uint8), region_matrix(region))
        case AlignedCrop():
            return _aligned_overlay(crop)


def _aligned_overlay(crop: AlignedCrop) -> Overlay:
    pixels, matrix = round_levels(crop.image.pixels), crop.image.matrix
    size = pixels.shape[0]
    cover = box_cover(unit_matrix(matrix, size), matrix, (size, size), _SOFT_EDGE)
    if crop.mask is not None:
        mask = cv2.resize(crop.mask, (size, size), interpolation=cv2.INTER_LINEAR)
        cover = cover * (mask.astype(np.float32) / 255)
    return Overlay(pixels, np.asarray(np.round(cover * 255), np.uint8), matrix)


def enhance_crop(
    model: LoadedModel, frame: Pixels, points: Floats, swap: Overlay, weight: float, runner: ModelRunner
) -> AlignedImage:
    """Enhance a swapped face.

    Parameters
    ----------
    model : LoadedModel
        The enhancer.
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    points : ndarray, shape (5, 2)
        The face's alignment points in frame pixels.
    swap : Overlay
        The swapped face, which is laid over the frame first.
    weight : float
        How far the network keeps to what it sees, 0 to 1: it matters only to those with that input, such as CodeFormer.
    runner : ModelRunner
        It runs the network.

    Returns
    -------
    AlignedImage
        The enhanced crop.

    Raises
    ------
    ModelError
        The network can't be run.
    """
    size = model.size
    matrix = alignment_matrix(points, model.family.template, size)
    crop = warp_crop(frame, matrix, size).astype(np.float32)
    share = warp_image(_pad_cover(swap.cover), _pad_matrix(swap.matrix), matrix, (size, size))[
        ..., None
    ] / np.float32(255)
    crop += share * (warp_image(swap.pixels, swap.matrix, matrix, (size, size)) - crop)
    name, rest = model.facts.inputs[0].name, {}
    for tensor in model.facts.inputs[1:]:
        shape = [extent if isinstance(extent, int) else 1 for extent in tensor.shape or ()]
        rest[tensor.name] = np.full(shape, weight, np.dtype(tensor.dtype))
    tensors = runner.run(model, {name: preprocess(np.round(crop).astype(np.uint8)[None], model.family)}, rest)
    images = postprocess(tensors[0], model)
    if images.shape[1] != size:
        raise ModelError(f"{model.file.path.name} gave images of {images.shape[1]} pixels, not {size}")
    return limit_resolution(images[0], matrix)


def blend_enhanced(swapped: Levels, region: CropRegion, enhanced: AlignedImage, blend: float) -> Levels:
    """Mix an enhanced crop into a region's face.

    Parameters
    ----------
    swapped : ndarray, shape (h, w, 3), uint8 or float32
        The swapped face, RGB, in levels.
    region : CropRegion
        Where it lies in the frame.
    enhanced : AlignedImage
        What an enhancer made of it.
    blend : float
        0 to 1; 1 shows only the enhanced.

    Returns
    -------
    ndarray, shape (h, w, 3), uint8
        RGB.
    """
    height, width = swapped.shape[:2]
    onto, size = region_matrix(region), enhanced.pixels.shape[0]
    share = blend * box_cover(unit_matrix(enhanced.matrix, size), onto, (width, height), _SOFT_EDGE)
    new = warp_image(as_type_of(swapped, enhanced.pixels), enhanced.matrix, onto, (width, height))
    return as_type_of(swapped, cv2.blendLinear(new, swapped, share, 1 - share))


def _pad_cover(cover: Pixels) -> Pixels:
    """Surround a cover with nothing: drawing repeats an image's border, which must not count."""
    return np.pad(cover, 1)


def _pad_matrix(matrix: Affine) -> Affine:
    return matrix + np.array([[0, 0, 1], [0, 0, 1]], matrix.dtype)
