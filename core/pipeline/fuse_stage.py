# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuse the crops of a planned face, and lay the face over the picture that was moved along with it."""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np

from ..analysis.maskers.contract import OcclusionMask
from ..cache.base.key import Key, Scalar
from ..face.types import Floats
from ..fusion import glare, skin_tone, warp_layer
from ..fusion.face_parts import FaceParts, mask_by_hand, take_face_apart
from ..fusion.footage_look import FootageLook
from ..fusion.fuse import fuse_crop
from ..fusion.graph.fuser import Fuser
from ..fusion.patch import Patch
from ..fusion.roto.matte import DrawnMask, draw_masks, masks_key_inputs, subtract_masks
from ..fusion.roto.raster import Window
from ..fusion.skin_tone import measure_skin_tone
from ..fusion.warp_layer import glasses_rims, lay_on_picture, move_mask, widen_for_shape
from ..geometry.mesh_fit import fit_face_mesh
from ..geometry.mesh_topology import Topology
from ..recipe import Fusion
from ..swap.crops import AlignedImage, Crop, FusionCrop
from ..swap.neural_swapper import NeuralSwapper
from ..swap.shape import FaceWarp
from .plan import FacePlan

FaceInputs: TypeAlias = tuple[
    FacePlan, tuple[Crop, AlignedImage | None], OcclusionMask | None, FaceWarp | None, Floats | None
]
"""A planned face, its swapped and its enhanced crop, what covers it, how its form was changed, and what its view cut
off where it lies then, see `FuseStage.fuse`."""


class _FusionInputs(NamedTuple):
    """What a face is fused from; one of another form has the footage's look."""

    crop: FusionCrop
    points: Floats
    params: Fusion
    cover: OcclusionMask | None
    footage: FootageLook | None = None
    skin_reach: float = 0.0
    """How much of its tone the skin around a face of another form takes."""


def complete_fusion_inputs(
    inputs: dict[str, Scalar | Key],
    params: Fusion,
    masks: Sequence[DrawnMask],
    light: Key | None,
    *,
    has_shape: bool,
) -> None:
    """Leave in the inputs of a fusion's key what counts, and add what fusion itself adds.

    Grain, the skin's tone and the falloff of light that a view cuts off count with another form alone; `light` is the
    key of that light.
    """
    if light is not None:
        inputs["light"] = light
    if has_shape:
        inputs["moved"] = warp_layer.VERSION
        inputs.update({} if light is None else {"glare": glare.VERSION})
    else:
        inputs.pop("grain")
    if has_shape and params.skin_reach:
        inputs["skin_tone"] = skin_tone.VERSION
    else:
        inputs.pop("skin_reach")
    inputs.update(masks_key_inputs(masks))


class FuseStage:
    """Makes patches of faces. What it makes is not kept."""

    def __init__(self, fuser: Fuser, neural: NeuralSwapper, topology: Topology) -> None:
        self._fuser = fuser
        self._neural = neural
        self._topology = topology

    def fuse(
        self,
        entry: FacePlan,
        crops: tuple[Crop, AlignedImage | None],
        mask: OcclusionMask | None,
        face_warp: FaceWarp | None,
        excess: Floats | None,
        size: tuple[int, int],
    ) -> Patch:
        """Fuse a face into its frame.

        Parameters
        ----------
        entry : FacePlan
            The face and its request.
        crops : tuple of Crop and AlignedImage or None
            Its swapped crop, and its enhanced one.
        mask : OcclusionMask or None
            What covers the face in the frame.
        face_warp : FaceWarp or None
            The face where it was given another form.
        excess : ndarray, shape (region.height, region.width, 3), float32, or None
            Light that the face's view cut off there, moved along with another form; None for none.
        size : tuple of int
            Width and height of the frame in pixels.

        Returns
        -------
        Patch
            The new face, RGBA of the clip's depth, and where it is in the frame.
        """
        return self._fuse(entry, self._fusion_inputs(entry, crops, mask, face_warp, excess), face_warp, size)

    def _fuse(
        self, entry: FacePlan, ready: _FusionInputs, face_warp: FaceWarp | None, size: tuple[int, int]
    ) -> Patch:
        return subtract_masks(self._fuse_with_added(entry, ready, face_warp, size), entry.masks, size)

    def _fuse_with_added(
        self, entry: FacePlan, ready: _FusionInputs, face_warp: FaceWarp | None, size: tuple[int, int]
    ) -> Patch:
        params, place = entry.request.recipe.fusion, entry.region
        window = Window(size, place.left, place.top, place.width, place.height)
        added = draw_masks(entry.masks, "add", window)
        if face_warp is None or ready.footage is None:
            pixels = self._fuser.fuse(ready.crop, ready.points, place, ready.params, ready.cover, added)
            return Patch(place.left, place.top, pixels)
        # By OpenCV on every processor: the graph knows nothing of the footage's look.
        pixels = fuse_crop(
            ready.crop,
            ready.points,
            place,
            ready.params,
            self._topology,
            ready.cover,
            ready.footage,
            added,
        )
        face = Patch(place.left, place.top, pixels)
        tone = None
        if ready.skin_reach > 0:
            corner = face.left - face_warp.left, face.top - face_warp.top
            in_picture = np.asarray(ready.points[:, :2] - (face_warp.left, face_warp.top), np.float32)
            tone = measure_skin_tone(
                face_warp.picture, pixels, corner, in_picture, ready.skin_reach, self._topology
            )
        return lay_on_picture(face, face_warp, params.blend * params.opacity, size, tone)

    def take_apart(
        self,
        entry: FacePlan,
        crops: tuple[Crop, AlignedImage | None],
        mask: OcclusionMask | None,
        face_warp: FaceWarp | None,
        excess: Floats | None,
        size: tuple[int, int],
    ) -> tuple[Patch, FaceParts]:
        """Return what `fuse` does, and the parts that it is made of; the parameters are those of `fuse`."""
        ready = self._fusion_inputs(entry, crops, mask, face_warp, excess)
        parts = take_face_apart(
            ready.crop, ready.points, entry.region, ready.params, self._topology, ready.cover, ready.footage
        )
        return self._fuse(entry, ready, face_warp, size), mask_by_hand(parts, entry.masks, size)

    def _fusion_inputs(
        self,
        entry: FacePlan,
        crops: tuple[Crop, AlignedImage | None],
        mask: OcclusionMask | None,
        face_warp: FaceWarp | None,
        excess: Floats | None,
    ) -> _FusionInputs:
        recipe = entry.request.recipe
        crop = self._neural.prepare_for_fusion(*crops, entry.region, recipe, deep=entry.deep)
        if face_warp is None or entry.shape is None:
            points = fit_face_mesh(entry.face.landmarks, self._topology)
            return _FusionInputs(crop, points, recipe.fusion, mask)
        amount = min(recipe.swap.shape, 1.0)
        # What the skin around the face takes of its tone, the face's edge need not take of theirs.
        reach = amount * recipe.fusion.skin_reach
        footage = FootageLook(
            amount * (1 - reach) ** 2,
            face_warp.detail,
            amount * recipe.fusion.grain,
            entry.shape.seed,
            amount,
            glasses_rims(face_warp),
            excess,
        )
        # The face and the picture around it fade together, so nothing fades before they are one.
        params = widen_for_shape(replace(recipe.fusion, blend=1.0, opacity=1.0), amount)
        points = fit_face_mesh(face_warp.landmarks, self._topology)
        cover = None if mask is None else move_mask(mask, face_warp)
        return _FusionInputs(crop, points, params, cover, footage, reach)
