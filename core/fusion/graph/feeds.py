# SPDX-License-Identifier: GPL-3.0-or-later
"""From what `fuse.fuse_crop` is given to what its graph takes: the graph does all but two things.

OpenCV draws what is drawn from points, and reduces what is cached of a crop: a reduction to whole levels meets exact
halves too often to be rounded alike by different code.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ...analysis.maskers.contract import OcclusionMask
from ...face.types import Floats, Levels
from ...geometry.crop import scale_points
from ...geometry.levels import as_type_of, is_deep
from ...geometry.mesh_topology import Topology
from ...recipe import Fusion
from ...swap.crops import AlignedImage, FusionCrop
from ...swap.mesh import CropRegion, light_size
from ...swap.neural_region import (
    compose_affine,
    enlarges,
    invert_affine_float64,
    reduce_for_warp,
    region_matrix,
)
from ..colour import low_pass_sigmas
from ..fuse import (
    box_and_parameters,
    brow_mask,
    light_radius,
    swapped_at_light_size,
    unoccluded_face,
)
from ..mask import MaskGeometry, draw_mask_geometry
from ..sharpen import sharpen_amount
from .resampling import (
    Taps,
    area_matrix,
    cubic_taps,
    level_blur_matrix,
    linear_taps,
    low_pass_matrix,
    warp_positions,
    warp_weights,
)

Feeds = Mapping[str, npt.NDArray[Any]]
_LEAST_STRENGTH = float(np.finfo(np.float32).tiny)


def feeds(
    crop: FusionCrop,
    landmarks: Floats,
    region: CropRegion,
    params: Fusion,
    topology: Topology,
    occlusion_mask: OcclusionMask | None = None,
) -> Feeds:
    """Return the inputs of `fusion_graph` by name; the arguments are those of `fuse.fuse_crop`.

    An aligned image is warped by the graph.
    """
    points = region.to_crop(landmarks)
    deep = is_deep(crop.target)
    box, params = box_and_parameters(crop, region, params)
    drawn = draw_mask_geometry(points, region.size, params, topology, box)
    bare = np.ones(crop.target.shape[:2], np.float32)
    if params.keep_cover > 0:
        bare = unoccluded_face(crop, points, region, topology, occlusion_mask)
    size, full, own = drawn.distance.shape, (region.height, region.width), region.size[::-1]
    return {
        **_image_feeds(crop.swapped, region),
        **_mask_feeds(drawn, params),
        "cover": cv2.resize(crop.cover, size[::-1], interpolation=cv2.INTER_AREA),
        "bare": bare,
        **_tap_feeds(
            "bare_to_mask", linear_taps(bare.shape[0], size[0]), linear_taps(bare.shape[1], size[1])
        ),
        "keep_cover": _scalar(params.keep_cover),
        "sharpen": _scalar(sharpen_amount(params)),
        **_light_feeds(crop, region, size, points, params, topology),
        "shown": _scalar(255 * params.blend * params.opacity),
        **_tap_feeds(
            "mask_to_full",
            linear_taps(size[0], full[0], levels=not deep),
            linear_taps(size[1], full[1], levels=not deep),
        ),
        **_tap_feeds(
            "crop_to_full",
            cubic_taps(own[0], full[0], levels=not deep),
            cubic_taps(own[1], full[1], levels=not deep),
        ),
    }


def _mask_feeds(geometry: MaskGeometry, params: Fusion) -> dict[str, npt.NDArray[Any]]:
    height, width = geometry.distance.shape
    return {
        "distance": geometry.distance,
        "eyes": geometry.eyes,
        "mouth": geometry.mouth,
        "area": np.ones((height, width), np.float32) if geometry.area is None else geometry.area,
        "padding": _scalar(geometry.padding),
        "ramp": _scalar(geometry.ramp),
        "keep_eyes": _scalar(params.keep_eyes),
        "keep_mouth": _scalar(params.keep_mouth),
        "hole_rows": level_blur_matrix(height, geometry.opening_sigma),
        "hole_columns": level_blur_matrix(width, geometry.opening_sigma).T,
    }


def _light_feeds(
    crop: FusionCrop,
    region: CropRegion,
    mask_size: tuple[int, ...],
    points: Floats,
    params: Fusion,
    topology: Topology,
) -> dict[str, npt.NDArray[Any]]:
    small = light_size((crop.target.shape[1], crop.target.shape[0]))
    size, crop_size = small[::-1], region.size[::-1]
    scaled = scale_points(points, region.size, small)
    fine, broad = low_pass_sigmas(light_radius(scaled, params))
    return {
        "target": cv2.resize(crop.target, small, interpolation=cv2.INTER_AREA),
        "swapped_small": as_type_of(crop.target, swapped_at_light_size(crop, region, small)),
        **_area_feeds("mask_to_light", mask_size, size),
        "brows": brow_mask(scaled, small, topology),
        "fine_rows": low_pass_matrix(size[0], fine),
        "fine_columns": low_pass_matrix(size[1], fine).T,
        "broad_rows": low_pass_matrix(size[0], broad),
        "broad_columns": low_pass_matrix(size[1], broad).T,
        # However little, it is no 0: what is matched is kept within its levels, what is not is not.
        "strength": _scalar(params.colour_match and max(params.colour_match, _LEAST_STRENGTH)),
        **_tap_feeds("light_to_crop", linear_taps(size[0], crop_size[0]), linear_taps(size[1], crop_size[1])),
    }


def _image_feeds(swapped: AlignedImage | Levels, region: CropRegion) -> dict[str, npt.NDArray[Any]]:
    """Return a crop's pixels in its region, or those of an aligned image and where the graph warps them from."""
    if not isinstance(swapped, AlignedImage):
        return {"swapped": swapped}
    pixels, back = reduce_for_warp(
        swapped.pixels, compose_affine(swapped.matrix, invert_affine_float64(region_matrix(region)))
    )
    places = warp_positions(np.asarray(back, np.float64), region.size)
    return {
        "pixels": pixels,
        "warp_x_across": places.x_across,
        "warp_x_down": places.x_down,
        "warp_y_across": places.y_across,
        "warp_y_down": places.y_down,
        "warp_weights": warp_weights(cubic=enlarges(back), levels=not is_deep(pixels)),
        "warp_last_column": _scalar(pixels.shape[1] - 1),
        "warp_last_row": _scalar(pixels.shape[0] - 1),
    }


def _area_feeds(name: str, source: tuple[int, ...], size: tuple[int, ...]) -> dict[str, npt.NDArray[Any]]:
    return {
        f"{name}_rows": area_matrix(source[0], size[0]),
        f"{name}_columns": area_matrix(source[1], size[1]).T,
    }


def _tap_feeds(name: str, down: Taps, across: Taps) -> dict[str, npt.NDArray[Any]]:
    return {
        f"{name}_down": down.indices,
        f"{name}_down_weights": down.weights,
        f"{name}_across": across.indices,
        f"{name}_across_weights": across.weights,
    }


def _scalar(value: float) -> npt.NDArray[Any]:
    return np.asarray(value, np.float32)
