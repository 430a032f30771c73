# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of one frame: the parts of all its faces, laid over each other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..face.types import Floats, Levels
from ..fusion.patch import FootagePatch, Patch
from ..geometry.levels import as_floats
from ..matchmove.face_track import place_in_scene
from ..pipeline.layer_parts import LayerParts, PlannedFaceParts
from ..recipe.request import SwapRequest
from .layer_names import DEPTH, ID, LAYERS, MASK, OCCLUSION, POSITION, RGBA, ST, SWAP

_Slices = tuple[slice, slice]


@dataclass(frozen=True, eq=False)
class FrameLayers:
    """The layers of a frame, as far as they show anything.

    Attributes
    ----------
    corner
        Where the left upper pixel of the planes is in the frame: (left, top).
    planes
        (h, w) float32 of each channel of `LAYERS`, by the channel's name.
    """

    corner: tuple[int, int]
    planes: Mapping[str, Floats]

    @property
    def is_changed(self) -> bool:
        """Whether `rgba` shows anything."""
        return bool(self.planes[RGBA.channels[3]].any())


def frame_layers(
    parts: LayerParts | None, size: tuple[int, int], ids: Mapping[SwapRequest, int]
) -> FrameLayers:
    """Return the layers of a frame.

    Parameters
    ----------
    parts : LayerParts or None
        What the frame's layer was made from; None for a frame that shows the original.
    size : tuple of int
        Width and height of the frame in pixels.
    ids : mapping of SwapRequest to int
        The number of each request as it is asked for in this frame.

    Returns
    -------
    FrameLayers
        The layers; later faces are over earlier ones.
    """
    faces = () if parts is None else parts.faces
    corner, (width, height) = _bounds(faces)
    canvas = {layer.name: np.zeros((height, width, len(layer.channels)), np.float32) for layer in LAYERS}
    if parts is not None and parts.shown is not None:
        pixels = _premultiply(parts.shown)
        canvas[RGBA.name][_within(corner, parts.shown.left, parts.shown.top, pixels)] = pixels
    for face in faces:
        _lay_parts(canvas, face, corner, size)
        alpha = face.patch.pixels[..., 3]
        there = canvas[ID.name][_within(corner, face.patch.left, face.patch.top, alpha)]
        there[alpha > 0] = ids[face.entry.request]
    planes = {
        channel: canvas[layer.name][..., place]
        for layer in LAYERS
        for place, channel in enumerate(layer.channels)
    }
    return FrameLayers(corner, planes)


def _bounds(faces: Sequence[PlannedFaceParts]) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return the left upper corner of all that faces show, and its width and height, in frame pixels."""
    boxes = [
        (place.left, place.top, place.left + width, place.top + height)
        for face in faces
        for place, (height, width) in (
            (face.patch, face.patch.pixels.shape[:2]),
            (face.parts.region, face.parts.mask.shape),
        )
    ]
    if not boxes:
        return (0, 0), (0, 0)
    left, top, right, bottom = (
        choose(box[side] for box in boxes) for side, choose in enumerate((min, min, max, max))
    )
    return (left, top), (right - left, bottom - top)


def _within(corner: tuple[int, int], left: int, top: int, image: Levels) -> _Slices:
    """Return the rows and columns of a canvas with this corner where an image of the frame is."""
    rows, columns = top - corner[1], left - corner[0]
    return slice(rows, rows + image.shape[0]), slice(columns, columns + image.shape[1])


def _premultiply(shown: FootagePatch) -> Floats:
    """Return (h, w, 4) RGBA in the clip's numbers, with alpha from 0 to 1; nothing where that is 0."""
    pixels = as_floats(shown.pixels)
    if isinstance(shown, Patch):
        pixels = pixels / np.float32(255)
    alpha = pixels[..., 3:]
    return np.concatenate([pixels[..., :3] * alpha, alpha], 2)


def _lay_parts(
    canvas: Mapping[str, Floats], face: PlannedFaceParts, corner: tuple[int, int], size: tuple[int, int]
) -> None:
    """Lay the parts of a face over those of the faces below it."""
    parts, region = face.parts, face.parts.region
    place = _within(corner, region.left, region.top, parts.mask)
    layers = {name: image[place] for name, image in canvas.items()}
    cover = parts.cover[..., None]
    swapped = np.concatenate([face.swapped * cover, cover], 2)
    layers[SWAP.name][:] = swapped + layers[SWAP.name] * (1 - cover)
    mask = parts.mask[..., None]
    layers[MASK.name][:] = mask + layers[MASK.name] * (1 - mask)
    is_face = parts.on_mesh | (parts.mask > 0)
    layers[OCCLUSION.name][is_face] = parts.occlusion[is_face, None]
    on_mesh = parts.on_mesh
    rows, columns = (
        np.arange(count, dtype=np.float32) + start
        for count, start in zip(parts.mask.shape, (region.top, region.left), strict=True)
    )
    points = np.stack(np.broadcast_arrays(columns[None], rows[:, None], parts.depth), 2)
    layers[POSITION.name][on_mesh] = place_in_scene(as_floats(points[on_mesh]), *size)
    layers[DEPTH.name][on_mesh] = parts.depth[on_mesh, None]
    across, down = parts.coordinates[on_mesh].T
    layers[ST.name][on_mesh] = np.stack([across, 1 - down, np.ones_like(across)], 1)
