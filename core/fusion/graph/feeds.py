# SPDX-License-Identifier: GPL-3.0-or-later
"""From what `fuse.fused` is given to what its graph takes: the graph does all but two things.

OpenCV draws what is drawn from points, and reduces what is cached of a crop: a reduction to whole levels meets exact
halves too often to be rounded alike by different code.
"""

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from ...analysis.maskers.contract import FaceMask
from ...cache.base.store import Arrays
from ...face.types import Floats
from ...geometry.mesh_topology import Topology
from ...recipe import Fusion
from ...swap.mesh import CropFrame, light_size
from ...swap.neural_region import compose, enlarges, halved, inverse, place_matrix
from ..colour import spreads
from ..fuse import bare_face, brows, light_radius, light_source, reduced_points, sharpen_amount, shown_of
from ..mask import DrawnMask, drawn_mask
from .resampling import Taps, area, cubic, level_blur, linear, low_pass, warp_places, warp_weights

Feeds = Mapping[str, npt.NDArray[Any]]


def feeds(
    crop: Arrays,
    landmarks: Floats,
    place: CropFrame,
    params: Fusion,
    topology: Topology,
    seen: FaceMask | None = None,
) -> Feeds:
    """Return the inputs of `fusion_graph` by name; the arguments are those of `fuse.fused`.

    A crop without `swapped` is warped by the graph from the aligned `pixels` and their `matrix`.
    """
    cover, target = (np.asarray(crop[name], np.uint8) for name in ("cover", "target"))
    points = place.to_crop(landmarks)
    box, params = shown_of(crop, place, params)
    drawn = drawn_mask(points, place.size, params, topology, box)
    bare = np.ones(target.shape[:2], np.float32)
    if params.keep_cover > 0:
        bare = bare_face(crop, points, place, topology, seen)
    size, full, own = drawn.distance.shape, (place.height, place.width), place.size[::-1]
    return {
        **_picture_feeds(crop, place),
        **_mask_feeds(drawn, params),
        "cover": cv2.resize(cover, size[::-1], interpolation=cv2.INTER_AREA),
        "bare": bare,
        **_taps("bare_to_mask", linear(bare.shape[0], size[0]), linear(bare.shape[1], size[1])),
        "keep_cover": _number(params.keep_cover),
        "sharpen": _number(sharpen_amount(params)),
        **_light_feeds(crop, size, own, points, params, topology),
        "shown": _number(255 * params.blend * params.opacity),
        **_taps(
            "mask_to_full",
            linear(size[0], full[0], levels=True),
            linear(size[1], full[1], levels=True),
        ),
        **_taps("crop_to_full", cubic(own[0], full[0]), cubic(own[1], full[1])),
    }


def _mask_feeds(drawn: DrawnMask, params: Fusion) -> dict[str, npt.NDArray[Any]]:
    height, width = drawn.distance.shape
    return {
        "distance": drawn.distance,
        "eyes": drawn.eyes,
        "mouth": drawn.mouth,
        "area": np.ones((height, width), np.float32) if drawn.area is None else drawn.area,
        "padding": _number(drawn.padding),
        "ramp": _number(drawn.ramp),
        "keep_eyes": _number(params.keep_eyes),
        "keep_mouth": _number(params.keep_mouth),
        "hole_rows": level_blur(height, drawn.soft),
        "hole_columns": level_blur(width, drawn.soft).T,
    }


def _light_feeds(
    crop: Arrays,
    mask_size: tuple[int, ...],
    crop_size: tuple[int, ...],
    points: Floats,
    params: Fusion,
    topology: Topology,
) -> dict[str, npt.NDArray[Any]]:
    target = np.asarray(crop["target"], np.uint8)
    small = light_size((target.shape[1], target.shape[0]))
    size = small[1], small[0]
    scaled = reduced_points(points, (crop_size[1], crop_size[0]), small)
    fine, broad = spreads(light_radius(scaled, params))
    return {
        "target": cv2.resize(target, small, interpolation=cv2.INTER_AREA),
        "swapped_small": light_source(crop, small),
        **_area("mask_to_light", mask_size, size),
        "brows": brows(scaled, small, topology),
        "fine_rows": low_pass(size[0], fine),
        "fine_columns": low_pass(size[1], fine).T,
        "broad_rows": low_pass(size[0], broad),
        "broad_columns": low_pass(size[1], broad).T,
        "strength": _number(params.colour_match),
        **_taps("light_to_crop", linear(size[0], crop_size[0]), linear(size[1], crop_size[1])),
    }


def _picture_feeds(crop: Arrays, place: CropFrame) -> dict[str, npt.NDArray[Any]]:
    """Return the upright crop, or what one is drawn from: an aligned one (s, s, 3), as `neural_region.drawn` does."""
    if "swapped" in crop:
        return {"swapped": np.asarray(crop["swapped"], np.uint8)}
    matrix = np.asarray(crop["matrix"], np.float32)
    pixels, back = halved(np.asarray(crop["pixels"], np.uint8), compose(matrix, inverse(place_matrix(place))))
    places = warp_places(np.asarray(back, np.float64), place.size)
    return {
        "pixels": pixels,
        "warp_x_across": places.x_across,
        "warp_x_down": places.x_down,
        "warp_y_across": places.y_across,
        "warp_y_down": places.y_down,
        "warp_weights": warp_weights(curved=enlarges(back)),
        "warp_last_column": _number(pixels.shape[1] - 1),
        "warp_last_row": _number(pixels.shape[0] - 1),
    }


def _area(name: str, source: tuple[int, ...], size: tuple[int, ...]) -> dict[str, npt.NDArray[Any]]:
    return {f"{name}_rows": area(source[0], size[0]), f"{name}_columns": area(source[1], size[1]).T}


def _taps(name: str, down: Taps, across: Taps) -> dict[str, npt.NDArray[Any]]:
    return {
        f"{name}_down": down.places,
        f"{name}_down_weights": down.weights,
        f"{name}_across": across.places,
        f"{name}_across_weights": across.weights,
    }


def _number(value: float) -> npt.NDArray[Any]:
    return np.asarray(value, np.float32)
