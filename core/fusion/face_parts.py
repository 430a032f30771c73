# SPDX-License-Identifier: GPL-3.0-or-later
"""What a fused face is made of, each part by itself and in frame pixels: for a compositor, who takes the face apart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from ..analysis.maskers.contract import OcclusionMask
from ..face.types import Floats
from ..geometry.levels import as_floats, limit_levels
from ..geometry.mesh_raster import interpolate_on_mesh, triangle_map
from ..geometry.mesh_topology import Topology
from ..recipe import Fusion
from ..swap.crops import FusionCrop
from ..swap.mesh import CropRegion
from ..swap.mesh_gaps import keep_within_triangles
from ..swap.neural_region import draw_swapped
from .footage_look import FootageLook
from .fuse import box_and_parameters, unoccluded_face, warp_mask_to_crop
from .glare import face_glare
from .mask import face_mask
from .roto.matte import DrawnMask, draw_masks
from .roto.raster import Window


@dataclass(frozen=True, eq=False)
class FaceParts:
    """The parts of one face. Images are (h, w) or (h, w, k) float32, as large as the face's region in the frame.

    Attributes
    ----------
    region
        Where they are in the frame.
    swapped
        (h, w, 3) RGB in levels: the swapped face before its light was matched and before it was masked.
    cover
        0 to 1: where `swapped` shows the source person, and how surely.
    mask
        0 to 1: where the face is to be seen, softly, whatever is in front of it and however far it is faded.
    occlusion
        0 to 1: where something is in front of the face.
    on_mesh
        bool: where the face's mesh is.
    coordinates
        (h, w, 2): of the flat layout of the mesh, x and y down from 0 to 1, where `on_mesh`.
    depth
        In frame pixels, larger is farther from the camera, where `on_mesh`.
    """

    region: CropRegion
    swapped: Floats
    cover: Floats
    mask: Floats
    occlusion: Floats
    on_mesh: npt.NDArray[np.bool_]
    coordinates: Floats
    depth: Floats


def take_face_apart(
    crop: FusionCrop,
    landmarks: Floats,
    region: CropRegion,
    params: Fusion,
    topology: Topology,
    occlusion_mask: OcclusionMask | None = None,
    footage: FootageLook | None = None,
) -> FaceParts:
    """Return the parts that `fuse_crop` makes a face of.

    Parameters
    ----------
    crop, landmarks, region, params, topology, occlusion_mask, footage
        As `fuse_crop` takes them.

    Returns
    -------
    FaceParts
        The parts. `mask` times one minus `keep_cover` times `occlusion` is what the face is fused by, but for the size
        in which either is scaled up.
    """
    full = region.width, region.height
    swapped = limit_levels(_enlarge(as_floats(draw_swapped(crop, region)), full, cv2.INTER_CUBIC))
    points = region.to_crop(landmarks)
    box, params = box_and_parameters(crop, region, params)
    mask = face_mask(points, region.size, params, topology, box, 0.0 if footage is None else footage.own_lids)
    small = mask.shape[1], mask.shape[0]
    cover = as_floats(crop.cover) / np.float32(255)
    if cover.shape != mask.shape:
        cover = as_floats(cv2.resize(cover, small, interpolation=cv2.INTER_AREA))
    glare = None if footage is None else face_glare(crop, points, region, topology, footage)
    bare = unoccluded_face(crop, points, region, topology, occlusion_mask, glare)
    bare = as_floats(cv2.resize(bare, small, interpolation=cv2.INTER_LINEAR))
    if footage is not None and footage.rims is not None:
        bare = bare * warp_mask_to_crop(footage.rims, region, small)
    across, down, depth, on_mesh = _draw_mesh(landmarks, region, topology)
    return FaceParts(
        region,
        swapped,
        _enlarge(cover, full),
        _enlarge(mask * cover, full),
        _enlarge(1 - bare, full),
        on_mesh,
        np.stack([across, down], 2),
        depth,
    )


def mask_by_hand(parts: FaceParts, masks: Sequence[DrawnMask], size: tuple[int, int]) -> FaceParts:
    """Return the parts of a face with masks that are drawn by hand, in a frame of `size` (width, height).

    Where a mask adds the face, nothing counts as being in front of it.
    """
    place = parts.region
    window = Window(size, place.left, place.top, place.width, place.height)
    added, taken = (draw_masks(masks, mode, window) for mode in ("add", "subtract"))
    mask, occlusion = parts.mask, parts.occlusion
    if added is not None:
        mask, occlusion = np.maximum(mask, added * parts.cover), occlusion * (1 - added)
    if taken is not None:
        mask = as_floats(mask * (1 - taken))
    return replace(parts, mask=mask, occlusion=occlusion)


def _draw_mesh(
    landmarks: Floats, region: CropRegion, topology: Topology
) -> tuple[Floats, Floats, Floats, npt.NDArray[np.bool_]]:
    """Return the layout's x and y and the depth of each pixel of a region of the frame, and where these are known."""
    corner = np.array((region.left, region.top, 0), np.float32)
    points = np.asarray(landmarks[:468] - corner, np.float32)
    drawn = triangle_map(points, (region.width, region.height), topology)
    values = np.asarray(np.concatenate([topology.layout, points[:, 2:]], 1), np.float32)
    interpolated = interpolate_on_mesh(values, points, drawn, topology)
    keep_within_triangles(interpolated, values, points, drawn, topology)
    across, down, depth = interpolated
    return across, down, depth, drawn >= 0


def _enlarge(image: Floats, size: tuple[int, int], interpolation: int = cv2.INTER_LINEAR) -> Floats:
    """Scale an image to a region's size in frame pixels: (width, height)."""
    if image.shape[1::-1] == size:
        return image
    return as_floats(cv2.resize(image, size, interpolation=interpolation))
