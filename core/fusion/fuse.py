# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuse: from the cached crops to the pixels of the layer. Never needs the frame or a model."""

from dataclasses import replace

import cv2
import numpy as np

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats, Levels, Pixels
from ..geometry.crop import scale_points
from ..geometry.levels import as_floats, as_type_of, is_deep, limit_levels, round_levels
from ..geometry.mesh_raster import fill_polygons
from ..geometry.mesh_topology import Topology
from ..geometry.outline import bounds_around, convex_hull, grow_outline
from ..geometry.skin_model import unoccluded_mask
from ..geometry.smoothstep import smoothstep
from ..recipe import Fusion
from ..swap.crops import FusionCrop, MeshCrop, UprightCrop
from ..swap.mesh import CropRegion, light_size
from ..swap.neural_region import Affine, compose_affine, draw_swapped, invert_affine_float64, region_matrix
from .colour import MAX_GAIN, light_transfer
from .edge_light import edge_gain
from .footage_look import FootageLook
from .glare import face_glare, glare_gain, uncover_glare
from .grain import match_grain
from .mask import face_mask
from .sharpen import sharpen, sharpen_amount

VERSION = 6
RIM_PIXELS = 2
"""How many pixels beyond what is shown keep their colours."""
ROUND_HALF_UP_OFFSET = 2.0**-10
"""Added before alpha is rounded: masks meet exact halves often, and the last bit of a float must not decide."""
_BROW_GROWTH = 1.25
_ENOUGH_COVER = 0.1
_LEAST_GAIN_WITH_SHAPE = 1 / 32
"""A face in the dark stays dark: a quarter, as without shape, leaves a pale mask, and a red one in dim light grey."""


def fuse_crop(
    crop: FusionCrop,
    landmarks: Floats,
    region: CropRegion,
    params: Fusion,
    topology: Topology,
    occlusion_mask: OcclusionMask | None = None,
    footage: FootageLook | None = None,
    added: Floats | None = None,
) -> Levels:
    """Fuse one swapped crop.

    Parameters
    ----------
    crop : FusionCrop
        The swapped face and the target's own.
    landmarks : ndarray, shape (478, 3)
        In frame pixels.
    region : CropRegion
        Where the crop lies in the frame.
    params : Fusion
        How it is fused.
    topology : Topology
        The canonical face mesh.
    occlusion_mask : OcclusionMask, optional
        What covers the face; without it the skin's colour tells.
    footage : FootageLook, optional
        What else the face takes of the frame: focus and grain.
    added : ndarray, shape (region.height, region.width), float32, optional
        0 to 1: where the new face is shown whatever the mask says, as far as the crop goes.

    Returns
    -------
    ndarray, shape (height, width, 4), uint8, or float32 where the crop's images are
        RGBA in levels with straight alpha, in frame pixels of `region`.
    """
    swapped = draw_swapped(crop, region)
    height, width = swapped.shape[:2]
    points = region.to_crop(landmarks)
    box, params = box_and_parameters(crop, region, params)
    own_lids = 0.0 if footage is None else footage.own_lids
    mask = face_mask(points, (width, height), params, topology, box, own_lids)
    small = mask.shape[1], mask.shape[0]
    cover = crop.cover
    if cover.shape != mask.shape:
        cover = np.asarray(cv2.resize(cover, small, interpolation=cv2.INTER_AREA), np.uint8)
    mask = np.asarray(mask * (cover.astype(np.float32) / 255), np.float32)
    bare, glare = None, None if footage is None else face_glare(crop, points, region, topology, footage)
    if params.keep_cover > 0:
        bare = unoccluded_face(crop, points, region, topology, occlusion_mask, glare)
        mask *= 1 - params.keep_cover * (1 - cv2.resize(bare, small, interpolation=cv2.INTER_LINEAR))
        if footage is not None and footage.rims is not None:
            mask *= 1 - params.keep_cover * (1 - warp_mask_to_crop(footage.rims, region, small))
    # Sharpened before it is lit: afterwards, sharpening would raise what rounding to whole levels left.
    rgb = sharpen(swapped, sharpen_amount(params)) if params.sharpen > 0 else swapped
    if params.colour_match > 0:
        edge = None if footage is None else (_edge_weight(cover, bare), footage.edge * params.colour_match)
        rgb = _match_light(rgb, crop, region, mask, points, params, topology, edge, glare)
    alpha: Levels = mask * np.float32(255 * params.blend * params.opacity)
    if not is_deep(rgb):
        alpha = np.round(mask * (255 * params.blend * params.opacity) + ROUND_HALF_UP_OFFSET).astype(np.uint8)
    full = region.width, region.height
    alpha = as_type_of(alpha, cv2.resize(alpha, full, interpolation=cv2.INTER_LINEAR))
    if added is not None:
        crop_cover = np.asarray(cv2.resize(crop.cover, full, interpolation=cv2.INTER_LINEAR), np.float32)
        whole = added * crop_cover * np.float32(params.blend * params.opacity)
        alpha = np.maximum(alpha, whole if is_deep(alpha) else round_levels(whole + ROUND_HALF_UP_OFFSET))
    if (width, height) != full:
        rgb = as_type_of(rgb, cv2.resize(rgb, full, interpolation=cv2.INTER_CUBIC))
    if is_deep(rgb):
        rgb = limit_levels(as_floats(rgb))
    if footage is not None and footage.grain > 0:
        corner = np.array((region.left, region.top), np.float32)
        in_layer = np.asarray(landmarks[:, :2] - corner, np.float32)
        rgb = match_grain(
            rgb, round_levels(alpha), in_layer, footage.detail, footage.grain, footage.seed, topology
        )
    # What is not shown is left black, so that it holds no likeness; but for a rim: a layer that is scaled mixes
    # neighbours, and black ones would draw a dark line around the face.
    layer = as_type_of(rgb, np.zeros((*alpha.shape, 4), rgb.dtype))
    shown = np.asarray(alpha > 0 if is_deep(alpha) else alpha, np.uint8)
    place = bounds_around(shown, RIM_PIXELS)
    rim = cv2.dilate(shown[place], np.ones((2 * RIM_PIXELS + 1, 2 * RIM_PIXELS + 1), np.uint8))
    part = cv2.insertChannel(alpha[place], cv2.cvtColor(rgb[place], cv2.COLOR_RGB2RGBA), 3)
    cv2.copyTo(part, rim, layer[place])
    return layer


def box_and_parameters(crop: FusionCrop, region: CropRegion, params: Fusion) -> tuple[Affine | None, Fusion]:
    """Return what a network's crop shows, and the parameters as they hold for it.

    The first is the (2, 3) matrix from the crop's pixels to 0..1 across the network's image where all of that is
    to be shown, else None.
    """
    if isinstance(crop, MeshCrop):
        return None, params
    params = params if params.openings == "always" else replace(params, keep_eyes=0.0, keep_mouth=0.0)
    if params.mask_shape != "box":
        return None, params
    return compose_affine(crop.box, invert_affine_float64(region_matrix(region))), params


def unoccluded_face(
    crop: FusionCrop,
    points: Floats,
    region: CropRegion,
    topology: Topology,
    occlusion_mask: OcclusionMask | None,
    glare: Floats | None = None,
) -> Floats:
    """Tell where nothing covers the face.

    Parameters
    ----------
    crop : FusionCrop
        The swapped face and the target's own.
    points : ndarray, shape (478, 3)
        Landmarks in pixels of the crop.
    region : CropRegion
        Where the crop lies in the frame.
    topology : Topology
        The canonical face mesh.
    occlusion_mask : OcclusionMask or None
        What covers the face; with None the skin's colour tells.
    glare : ndarray, shape (h / 2, w / 2), float32, optional
        Where a lamp's white hides that colour, see `face_glare`.

    Returns
    -------
    ndarray, shape (h, w), float32
        0 to 1, as large as the crop's `target`.
    """
    target = crop.target
    bare = np.ones(target.shape[:2], np.float32)
    if occlusion_mask is not None:
        bare = warp_mask_to_crop(occlusion_mask, region, (target.shape[1], target.shape[0]))
    if occlusion_mask is None or occlusion_mask.rough:
        by_colour = (
            crop.bare
            if isinstance(crop, MeshCrop)
            else unoccluded_mask(round_levels(target), points, region.size, topology)
        )
        skin = as_floats(by_colour) / np.float32(255)
        bare = np.minimum(bare, skin if glare is None else uncover_glare(skin, target, glare))
    return bare


def warp_mask_to_crop(occlusion_mask: OcclusionMask, region: CropRegion, size: tuple[int, int]) -> Floats:
    """Bring a masker's mask into a crop reduced to `size` (width, height): float32 in 0..1."""
    across, down = region.width / size[0], region.height / size[1]
    to_frame = np.array(
        [[across, 0, region.left + (across - 1) / 2], [0, down, region.top + (down - 1) / 2]], np.float32
    )
    to_mask = compose_affine(occlusion_mask.matrix, to_frame)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(
        occlusion_mask.visible, to_mask, size, flags=flags, borderMode=cv2.BORDER_REPLICATE
    )
    return np.asarray(drawn.astype(np.float32) / 255, np.float32)


def _match_light(
    rgb: Levels,
    crop: FusionCrop,
    region: CropRegion,
    mask: Floats,
    points: Floats,
    params: Fusion,
    topology: Topology,
    edge: tuple[Floats, float] | None,
    glare: Floats | None,
) -> Levels:
    """Give the swapped colours the target's light: what they lack is found small and spread over the full crop.

    `edge` is where both show skin, (h, w) 0..1, and how far the face's edge is brought to what is around it.
    `glare` is what `face_glare` returns.
    """
    small = light_size((crop.target.shape[1], crop.target.shape[0]))
    target = as_type_of(crop.target, cv2.resize(crop.target, small, interpolation=cv2.INTER_AREA))
    swapped = swapped_at_light_size(crop, region, small)
    weight = np.asarray(cv2.resize(mask, small, interpolation=cv2.INTER_AREA), np.float32)
    scaled = scale_points(points, (rgb.shape[1], rgb.shape[0]), small)
    weight *= 1 - brow_mask(scaled, small, topology).astype(np.float32) / 255
    radius, least = light_radius(scaled, params), 1 / MAX_GAIN if edge is None else _LEAST_GAIN_WITH_SHAPE
    gain, offset = light_transfer(target, swapped, weight, radius, params.colour_match, least)
    if edge is not None:
        outline, light = scaled[topology.oval], target.astype(np.float32)
        both = np.asarray(cv2.resize(edge[0], small, interpolation=cv2.INTER_AREA), np.float32)
        lit_small = np.asarray(swapped * gain + offset, np.float32)
        further = edge_gain(light, lit_small, both, outline, edge[1])
        if glare is not None:
            share = glare * np.float32(params.colour_match)
            further = further * glare_gain(light, lit_small * further, both, share, outline)
        gain, offset = gain * further, offset * further
    full = rgb.shape[1], rgb.shape[0]
    spread_gain, spread_offset = (
        cv2.resize(small_map, full, interpolation=cv2.INTER_LINEAR) for small_map in (gain, offset)
    )
    # In place: new memory of that size takes as long as the multiplication.
    lit = cv2.multiply(rgb, spread_gain, dst=spread_gain, dtype=cv2.CV_32F)
    if is_deep(rgb):
        lit = cv2.add(lit, spread_offset, dst=lit, dtype=cv2.CV_32F)
        return limit_levels(as_floats(lit), in_place=True)
    # Rounded and kept within 0..255 in the same step.
    return np.asarray(cv2.add(lit, spread_offset, dtype=cv2.CV_8U), np.uint8)


def _edge_weight(cover: Pixels, bare: Floats | None) -> Floats:
    """Tell where the swapped crop and the target both show skin: as large as `cover`, float32 in 0..1."""
    shown = smoothstep(cover.astype(np.float32) / np.float32(255 * _ENOUGH_COVER))
    if bare is None:
        return shown
    small = cover.shape[1], cover.shape[0]
    return np.asarray(shown * cv2.resize(bare, small, interpolation=cv2.INTER_LINEAR), np.float32)


def swapped_at_light_size(crop: FusionCrop, region: CropRegion, size: tuple[int, int]) -> Levels:
    """Return the swapped crop in the `size` (width, height) in which light is compared: (h, w, 3) RGB, in levels."""
    if isinstance(crop, UprightCrop) and crop.swapped_small is not None:
        return crop.swapped_small
    drawn = draw_swapped(crop, region)
    return as_type_of(drawn, cv2.resize(drawn, size, interpolation=cv2.INTER_AREA))


def light_radius(points: Floats, params: Fusion) -> float:
    """Return the standard deviation of the light's low-pass in pixels of the image that `points` are in."""
    return params.light_radius / 100 * float(np.linalg.norm(points[454] - points[234]))


def brow_mask(points: Floats, size: tuple[int, int], topology: Topology) -> Pixels:
    """Draw both brows.

    Brows are hair of either person's own colour: compared, they would tint each other.

    Parameters
    ----------
    points : ndarray, shape (>=468, 2 or 3)
        Landmarks in pixels of an image.
    size : tuple of int
        Width and height of that image.
    topology : Topology
        Which points the brows have.

    Returns
    -------
    ndarray, shape (h, w), uint8
        255 inside.
    """
    return fill_polygons(
        [
            grow_outline(convex_hull(points[brow]), _BROW_GROWTH)
            for brow in (topology.left_brow, topology.right_brow)
        ],
        size,
    )
