# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring aligned crops back into the upright region of the frame that fusion works on.

Aligned crops are kept, not regions: they are small, and another mask or another limit on the region's size
needs no model. Drawing them back costs about a millisecond.
"""

from typing import Any, TypeVar, cast

import cv2
import numpy as np
import numpy.typing as npt

from ..cache.base.schema import ArraySpec, Schema
from ..face.types import Floats, Levels, Pixels
from ..geometry.alignment import footprint
from ..geometry.crop import warp_crop
from ..geometry.smoothstep import smoothstep
from .crops import AlignedCrop, AlignedImage, FusionCrop, UprightCrop
from .mesh import LIGHT_PIXELS, CropRegion, light_size

Affine = npt.NDArray[np.floating[Any]]
"""(2, 3), from one image's pixels to another's."""

_Image = TypeVar("_Image", Pixels, Levels)

COVER_PIXELS = 256
TARGET_PIXELS = 160
_SOFT_EDGE, _HARD_EDGE = 0.1, 0.01
_MAX_MATRIX_VALUE = 1e8  # a frame's farthest pixel in a crop that is far finer
_SIDES = {"side": range(1, 4097)}
_CROP_ARRAYS = (
    ArraySpec("pixels", "uint8", ("side", "side", 3)),
    ArraySpec("matrix", "float32", (2, 3), -_MAX_MATRIX_VALUE, _MAX_MATRIX_VALUE),
)
_TARGET_ARRAY = ArraySpec("target", "uint8", (TARGET_PIXELS, TARGET_PIXELS, 3))
ENHANCED_SCHEMA = Schema(_CROP_ARRAYS, _SIDES)
"""An `AlignedImage`."""
CROP_SCHEMA = Schema((*_CROP_ARRAYS, _TARGET_ARRAY), _SIDES)
"""An `AlignedCrop`: the same with a target."""
DFM_SCHEMA = Schema(
    (*_CROP_ARRAYS, _TARGET_ARRAY, ArraySpec("mask", "uint8", ("mask side", "mask side"))),
    {**_SIDES, "mask side": _SIDES["side"]},
)
"""The same with a mask."""


def limit_resolution(pixels: Pixels, matrix: Floats) -> AlignedImage:
    """Return an aligned crop no finer than is worth storing.

    A crop much finer than the frame it goes back into is halved until it is less than twice as fine.

    Parameters
    ----------
    pixels : ndarray, shape (s, s, 3), uint8
        The crop, RGB.
    matrix : ndarray, shape (2, 3)
        From frame pixels to the crop's.

    Returns
    -------
    AlignedImage
        The crop and the matrix that fits it.
    """
    size, matrix = _stored_size_and_matrix(matrix, pixels.shape[0])
    if size < pixels.shape[0]:
        pixels = np.asarray(cv2.resize(pixels, (size, size), interpolation=cv2.INTER_AREA), np.uint8)
    return AlignedImage(pixels, np.asarray(matrix, np.float32))


def fits_crop(image: AlignedImage, matrix: Floats, size: int) -> bool:
    """Tell whether a stored image is what `limit_resolution` gives of a `size`² crop with this matrix.

    The matrix may differ by what processors calculate differently.
    """
    side, wanted = _stored_size_and_matrix(matrix, size)
    return image.pixels.shape[0] == side and np.allclose(image.matrix, wanted, rtol=1e-3, atol=1e-3)


def _stored_size_and_matrix(matrix: Floats, full_size: int) -> tuple[int, Floats]:
    """Return the size in which an aligned crop is kept, and its matrix at that size."""
    size, fineness = full_size, float(np.hypot(matrix[0, 0], matrix[1, 0]))
    while fineness >= 2 and size % 2 == 0:
        size, fineness = size // 2, fineness / 2
    return size, scale_matrix(matrix, size / full_size) if size < full_size else matrix


def light_target(frame: Pixels, matrix: Floats, size: int) -> Pixels:
    """Return the target's own aligned crop, (160, 160, 3): all that matching light and finding covers needs."""
    return warp_crop(frame, scale_matrix(matrix, TARGET_PIXELS / size), TARGET_PIXELS)


def scale_matrix(matrix: Affine, scale: float) -> Floats:
    """Return a frame-to-crop matrix for the same crop at another size. Pixel centres are at integers."""
    moved = matrix.astype(np.float64) * scale
    moved[:, 2] += (scale - 1) / 2
    return moved.astype(np.float32)


def footprint_region(
    matrix: Floats, size: int, frame_size: tuple[int, int], max_side: int
) -> CropRegion | None:
    """Return the upright region that holds an aligned crop's whole footprint.

    Parameters
    ----------
    matrix : ndarray, shape (2, 3)
        From frame pixels to the crop's.
    size : int
        The crop's side in pixels.
    frame_size : tuple of int
        Width and height of the frame.
    max_side : int
        How many pixels the region's longer side may have.

    Returns
    -------
    CropRegion or None
        None where it lies outside the frame.
    """
    corners = footprint(matrix, size)
    left, top = np.maximum(np.floor(corners.min(0)), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(corners.max(0)) + 1, frame_size).astype(int).tolist()
    if right - left < 8 or bottom - top < 8:
        return None
    return CropRegion(
        left, top, right - left, bottom - top, min(1.0, max_side / max(right - left, bottom - top))
    )


def to_upright_region(crop: AlignedCrop, region: CropRegion, *, soft_edge: bool) -> UprightCrop:
    """Bring a stored swap into an upright region; the aligned image itself is left for fusion to warp.

    With `soft_edge` the cover falls off over a tenth of the crop's side, else it ends with the crop.
    """
    image, target = crop.image, crop.target
    unit = unit_matrix(image.matrix, image.pixels.shape[0])
    size = _limit_size(region.size, COVER_PIXELS)
    shrunk = _resized_region_matrix(region, size)
    cover = box_cover(unit, shrunk, size, _SOFT_EDGE if soft_edge else _HARD_EDGE)
    if crop.mask is not None:
        onto_mask = matrix_from_unit(unit, crop.mask.shape[0])
        cover = cover * (warp_image(crop.mask, onto_mask, shrunk, size).astype(np.float32) / 255)
    light = _limit_size((region.width, region.height), LIGHT_PIXELS)
    compared = light_size(light)
    return UprightCrop(
        swapped=image,
        cover=np.asarray(np.round(cover * 255), np.uint8),
        target=warp_image(
            target, matrix_from_unit(unit, target.shape[0]), _resized_region_matrix(region, light), light
        ),
        box=unit,
        swapped_small=warp_image(
            image.pixels, image.matrix, _resized_region_matrix(region, compared), compared
        ),
    )


def draw_swapped(crop: FusionCrop, region: CropRegion) -> Levels:
    """Return a crop's swapped face in its region's own pixels: (h, w, 3) RGB, in levels."""
    if isinstance(crop.swapped, AlignedImage):
        return warp_image(crop.swapped.pixels, crop.swapped.matrix, region_matrix(region), region.size)
    return crop.swapped


def warp_image(pixels: _Image, matrix: Affine, onto: Affine, size: tuple[int, int]) -> _Image:
    """Draw a crop (s, s[, 3]) into an image of (width, height); beyond the crop its border is repeated.

    `matrix` leads from frame pixels to the crop's, `onto` to the image's. Reductions are averaged first.
    """
    pixels, back = reduce_for_warp(pixels, compose_affine(matrix, invert_affine_float64(onto)))
    kind = cv2.INTER_CUBIC if enlarges(back) else cv2.INTER_LINEAR
    flags = kind | cv2.WARP_INVERSE_MAP
    return cast(
        "_Image",
        np.asarray(
            cv2.warpAffine(pixels, back, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), pixels.dtype
        ),
    )


def reduce_for_warp(pixels: _Image, back: Affine) -> tuple[_Image, Affine]:
    """Halve an image until it is less than twice as fine as what is drawn from it.

    `back` (2, 3) leads from the pixels of what is drawn to the image's; it is returned for the halved one.
    """
    while _fineness(back) >= 2 and min(pixels.shape[:2]) >= 2:
        half = pixels.shape[1] // 2, pixels.shape[0] // 2
        steps = half[0] / pixels.shape[1], half[1] / pixels.shape[0]
        pixels = cast(
            "_Image", np.asarray(cv2.resize(pixels, half, interpolation=cv2.INTER_AREA), pixels.dtype)
        )
        back = np.array([scale_matrix(back, steps[0])[0], scale_matrix(back, steps[1])[1]])
    return pixels, back


def enlarges(back: Affine) -> bool:
    """Tell whether an image is coarser than what is drawn from it, for a `back` as `reduce_for_warp` takes it."""
    return _fineness(back) < 1


def _fineness(back: Affine) -> float:
    return float(np.hypot(back[0, 0], back[1, 0]))


def box_cover(unit: Affine, onto: Affine, size: tuple[int, int], edge: float) -> Floats:
    """Return how well within an aligned crop each pixel lies.

    Parameters
    ----------
    unit : ndarray, shape (2, 3)
        From frame pixels to 0..1 across the crop.
    onto : ndarray, shape (2, 3)
        From frame pixels to those of an image.
    size : tuple of int
        Width and height of that image.
    edge : float
        Over which share of the crop's side the value falls.

    Returns
    -------
    ndarray, shape (h, w), float32
        1 well within the crop, falling to 0 at its sides.
    """
    return smoothstep(box_distance(compose_affine(unit, invert_affine_float64(onto)), size) / edge)


def box_distance(back: Affine, size: tuple[int, int]) -> Floats:
    """Return how far each pixel is from the nearest side of an aligned crop.

    Parameters
    ----------
    back : ndarray, shape (2, 3)
        From an image's pixels to 0..1 across the crop.
    size : tuple of int
        Width and height of the image.

    Returns
    -------
    ndarray, shape (h, w), float32
        1 being a side of the crop; negative outside.
    """
    x, y = np.arange(size[0], dtype=np.float32)[None], np.arange(size[1], dtype=np.float32)[:, None]
    across = back[0, 0] * x + back[0, 1] * y + back[0, 2]
    down = back[1, 0] * x + back[1, 1] * y + back[1, 2]
    return np.asarray(np.minimum(np.minimum(across, 1 - across), np.minimum(down, 1 - down)), np.float32)


def region_matrix(region: CropRegion) -> Floats:
    """Return the (2, 3) matrix from frame pixels to a region's."""
    shift = (np.array([-region.left, -region.top]) + 0.5) * region.scale - 0.5
    return np.array([[region.scale, 0, shift[0]], [0, region.scale, shift[1]]], np.float32)


def unit_matrix(matrix: Floats, size: int) -> Floats:
    """Return the (2, 3) matrix from frame pixels to 0..1 between the outer edges of a `size`² crop."""
    unit = matrix.astype(np.float64)
    unit[:, 2] += 0.5
    return (unit / size).astype(np.float32)


def matrix_from_unit(unit: Floats, size: int) -> Floats:
    """Undo `unit_matrix`."""
    matrix = unit.astype(np.float64) * size
    matrix[:, 2] -= 0.5
    return matrix.astype(np.float32)


def compose_affine(outer: Affine, inner: Affine) -> Affine:
    """Return the (2, 3) matrix that does `inner`, then `outer`."""
    turn = outer[:, :2] @ inner[:, :2]
    return np.hstack([turn, (outer[:, :2] @ inner[:, 2] + outer[:, 2])[:, None]])


def invert_affine_float64(matrix: Affine) -> Affine:
    """Return the (2, 3) matrix that undoes an affine one."""
    return np.asarray(cv2.invertAffineTransform(matrix.astype(np.float64)), np.float64)


def _limit_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    reduce = min(1.0, max_side / max(size))
    return max(round(size[0] * reduce), 1), max(round(size[1] * reduce), 1)


def _resized_region_matrix(region: CropRegion, size: tuple[int, int]) -> Floats:
    """Return the matrix from frame pixels to a region drawn at another size, its outer edges kept."""
    across, down = size[0] / region.width, size[1] / region.height
    return np.array(
        [[across, 0, (0.5 - region.left) * across - 0.5], [0, down, (0.5 - region.top) * down - 0.5]],
        np.float32,
    )
