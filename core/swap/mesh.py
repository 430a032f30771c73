# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh swapper: the source's texture drawn on the target's mesh.

It takes skin, brows, nose and lips from the source. Shape, expression, gaze and the inside of the mouth
stay the target's: it changes the look of a face, not its form.
"""

from dataclasses import dataclass

import cv2
import numpy as np

from ..face.types import Floats, Levels, Pixels
from ..geometry.levels import as_floats, as_type_of, is_deep, round_levels
from ..geometry.mesh_raster import interpolate_on_mesh, point_normals, triangle_map
from ..geometry.mesh_topology import Topology
from ..geometry.outline import extreme_points
from ..geometry.skin_model import unoccluded_mask
from ..geometry.smoothstep import smoothstep
from .crops import MeshCrop, TargetCrop
from .mesh_gaps import fill_gaps, is_outside, keep_within_triangles, smooth_jumps
from .texture import TEXTURE_PIXELS

VERSION = 2
TARGET_VERSION = 2
LIGHT_PIXELS = 128
COVER_PIXELS = 256
_MARGIN = 0.04
_EDGE_ON_COSINE, _FACING_COSINE = 0.1, 0.42


def light_size(target_size: tuple[int, int]) -> tuple[int, int]:
    """Return the size (width, height) in which light is compared, given that of the `target_size`: half of it."""
    return max(target_size[0] // 2, 1), max(target_size[1] // 2, 1)


@dataclass(frozen=True)
class CropRegion:
    """Where a crop lies: crop pixel = (frame pixel - (left, top)) * scale, with pixel centres at integers."""

    left: int
    top: int
    width: int
    """Size in frame pixels."""
    height: int
    scale: float
    """1, or less for a face larger than the crop may be."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the crop in its own pixels."""
        return max(round(self.width * self.scale), 1), max(round(self.height * self.scale), 1)

    @property
    def place(self) -> tuple[slice, slice]:
        """Its rows and columns in the frame."""
        return slice(self.top, self.top + self.height), slice(self.left, self.left + self.width)

    def to_crop(self, points: Floats) -> Floats:
        """Move points of the frame into the crop.

        Parameters
        ----------
        points : ndarray, shape (n, 2 or 3)
            In frame pixels.

        Returns
        -------
        ndarray, shape as `points`
            In pixels of the crop; z is scaled alike.
        """
        moved = (points[:, :2] - (self.left, self.top) + 0.5) * self.scale - 0.5
        return np.asarray(np.concatenate([moved, points[:, 2:] * self.scale], 1), np.float32)


def fits_region(crop: MeshCrop | TargetCrop, region: CropRegion) -> bool:
    """Tell whether a stored crop's arrays are as large as those of a crop that lies in this region."""
    light = _limit_size((region.width, region.height), LIGHT_PIXELS)
    pairs = [(crop.target, light), (crop.bare, light)]
    if isinstance(crop, MeshCrop):
        pairs += [(crop.swapped, region.size), (crop.cover, _limit_size(region.size, COVER_PIXELS))]
    return all(array.shape[1::-1] == size for array, size in pairs)


def _limit_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    reduce = min(1.0, max_side / max(size))
    return max(round(size[0] * reduce), 1), max(round(size[1] * reduce), 1)


def face_crop_region(landmarks: Floats, frame_size: tuple[int, int], max_side: int) -> CropRegion | None:
    """Return the crop around a face.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        In frame pixels.
    frame_size : tuple of int
        Width and height of the frame.
    max_side : int
        How many pixels the crop's longer side may have.

    Returns
    -------
    CropRegion or None
        None where the face lies outside.
    """
    low, high = extreme_points(landmarks[:468])
    margin = float((high - low).max()) * _MARGIN + 2
    left, top = np.maximum(np.floor(low - margin), 0).astype(int).tolist()
    right, bottom = np.minimum(np.ceil(high + margin) + 1, frame_size).astype(int).tolist()
    if right - left < 8 or bottom - top < 8:
        return None
    scale = min(1.0, max_side / max(right - left, bottom - top))
    return CropRegion(left, top, right - left, bottom - top, scale)


def swap_mesh(
    frame: Pixels,
    landmarks: Floats,
    region: CropRegion,
    texture: Pixels,
    coverage: Pixels,
    topology: Topology,
) -> MeshCrop:
    """Draw the texture on the target's mesh, and cut out what its light is matched with.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    landmarks : ndarray, shape (478, 3)
        The target's, in frame pixels.
    region : CropRegion
        Where the crop lies in the frame.
    texture : ndarray, shape (768, 768, 3), uint8
        The source's, RGB, as `fill_hidden` gives it.
    coverage : ndarray, shape (768, 768), uint8
        How far each of its texels is to be trusted.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    MeshCrop
        The swapped face and the target's own.
    """
    swapped, cover = draw_texture(landmarks, region, texture, coverage, topology)
    target = target_crop(frame[region.place], landmarks, region, topology)
    return MeshCrop(swapped, cover, target.target, target.bare)


def draw_texture(
    landmarks: Floats,
    region: CropRegion,
    texture: Pixels,
    coverage: Pixels,
    topology: Topology,
    *,
    close_gaps: bool = False,
    deep: bool = False,
) -> tuple[Levels, Pixels]:
    """Draw the texture on the target's mesh; no pixel of the frame is needed.

    Parameters
    ----------
    landmarks : ndarray, shape (478, 3)
        The target's, in frame pixels.
    region : CropRegion
        Where the crop lies in the frame.
    texture : ndarray, shape (768, 768, 3), uint8
        RGB.
    coverage : ndarray, shape (768, 768), uint8
        How far each of its texels is to be trusted.
    topology : Topology
        The canonical face mesh.
    close_gaps : bool
        Whether pixels that no triangle covers take their neighbors' colours: along the outline of a nose that is seen
        from the side there are some, and what blurs the face mixes in those beyond its outline.
    deep : bool
        Whether what lies between two levels is kept, for a clip of more than 8 bits.

    Returns
    -------
    swapped : ndarray, shape (h, w, 3), uint8, or float32 where it is `deep`
        RGB.
    cover : ndarray, shape (h', w'), uint8
        How far each pixel is to be trusted, at most 256 pixels on its longer side, which is all that a mask has.
    """
    size = region.size
    points = region.to_crop(landmarks)
    drawn = triangle_map(points, size, topology)
    facing = -point_normals(points, topology)[:, 2:]
    colours, coverage, texels = _reduce_texture(as_floats(texture) if deep else texture, coverage, points)
    values = np.concatenate([topology.layout * (texels - 1), facing], 1)
    interpolated = interpolate_on_mesh(values, points, drawn, topology, outside=-1.0)
    if close_gaps:
        keep_within_triangles(interpolated, values, points, drawn, topology)
        fill_gaps(interpolated, drawn)
    swapped, covered = _look_up(colours, coverage, interpolated[0], interpolated[1])
    square = interpolated[2]
    if close_gaps:
        swapped = smooth_jumps(
            swapped, interpolated[:2], texels / max(float(np.ptp(points[:468], 0)[:2].max()), 1.0)
        )
        covered = np.where(is_outside(drawn), np.uint8(0), covered)
    facing_share = smoothstep((square - _EDGE_ON_COSINE) / (_FACING_COSINE - _EDGE_ON_COSINE))
    trust = _close_edge_lines(facing_share, points)
    cover = np.round(trust * covered).astype(np.uint8)
    small = _limit_size(size, COVER_PIXELS)
    return (
        swapped,
        np.asarray(cv2.resize(cover, small, interpolation=cv2.INTER_AREA), np.uint8),
    )


def target_crop(
    crop: Levels, landmarks: Floats, region: CropRegion, topology: Topology, *, has_shape: bool = False
) -> TargetCrop:
    """Return what every source's light is matched with, and what covers the face there.

    Parameters
    ----------
    crop : ndarray, shape (height, width, 3), uint8 or float32
        RGB of the frame in `region`, in levels.
    landmarks : ndarray, shape (478, 3)
        In frame pixels.
    region : CropRegion
        Where the crop lies in the frame.
    topology : Topology
        The canonical face mesh.
    has_shape : bool
        Whether the face was given another form: well within it, skin is then told more easily.

    Returns
    -------
    TargetCrop
        The same for every source.
    """
    size = _limit_size((crop.shape[1], crop.shape[0]), LIGHT_PIXELS)
    target = as_type_of(crop, cv2.resize(crop, size, interpolation=cv2.INTER_AREA))
    bare = unoccluded_mask(
        round_levels(target),
        region.to_crop(landmarks),
        region.size,
        topology,
        is_lenient=has_shape,
    )
    return TargetCrop(target, bare)


def _close_edge_lines(trust: Floats, points: Floats) -> Floats:
    """Close lines seen edge-on within the face (beside the nose, between the lips); its outline stays soft.

    Done at a quarter of the size: the map is smooth, and a wide closing is slow.
    """
    side = max(int(0.03 * float(np.ptp(points[:468, 1])) / 4), 1) * 2 + 1
    small = max(trust.shape[1] // 4, 1), max(trust.shape[0] // 4, 1)
    reduced = cv2.resize(trust, small, interpolation=cv2.INTER_AREA)
    closed = cv2.morphologyEx(reduced, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8))
    return np.maximum(
        trust, cv2.resize(closed, (trust.shape[1], trust.shape[0]), interpolation=cv2.INTER_LINEAR)
    )


def _look_up(colours: Levels, coverage: Pixels, across: Floats, down: Floats) -> tuple[Levels, Pixels]:
    """Return what of a texture is shown where pixels (h, w) show these texels; nothing is covered beyond it."""
    is_blank_around = not (coverage[[0, -1]].any() or coverage[:, [0, -1]].any())
    if is_blank_around and not is_deep(colours):
        # Both at once takes two thirds of the time: beyond the texture its border is repeated, which covers nothing.
        both = cv2.insertChannel(coverage, cv2.cvtColor(colours, cv2.COLOR_RGB2RGBA), 3)
        shown = cv2.remap(both, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        covered = cv2.extractChannel(shown, 3)
        shown = cv2.cvtColor(shown, cv2.COLOR_RGBA2RGB)
    else:
        shown = cv2.remap(colours, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        covered = cv2.remap(coverage, across, down, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
    return as_type_of(colours, shown), np.asarray(covered, np.uint8)


def _reduce_texture(texture: Levels, coverage: Pixels, points: Floats) -> tuple[Levels, Pixels, int]:
    """Halve the texture until it is not finer than twice the crop's face: finer would glitter."""
    low, high = extreme_points(points[:468])
    extent = float((high - low).max())
    texels = TEXTURE_PIXELS
    while texels > 2 * extent and texels > 64:
        texels //= 2
        texture = as_type_of(texture, cv2.resize(texture, (texels, texels), interpolation=cv2.INTER_AREA))
        coverage = np.asarray(cv2.resize(coverage, (texels, texels), interpolation=cv2.INTER_AREA))
    return texture, coverage, texels
