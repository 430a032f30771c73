# SPDX-License-Identifier: GPL-3.0-or-later
"""Computes planned layers: crops and masks, kept or made, and what is fused from them."""

from collections.abc import Sequence

from ..fusion.patch import FootagePatch, Patch, composite_patches
from ..reporting.stage_counts import StageCounter
from .crop_stage import CropStage
from .fuse_stage import FaceInputs, FuseStage
from .layer_parts import LayerParts, PlannedFaceParts
from .light_stage import LightStage
from .plan import LayerPlan


class LayerExecutor:
    """Makes what a plan asks for."""

    def __init__(self, crops: CropStage, fusion: FuseStage, light: LightStage, counter: StageCounter) -> None:
        self._crops = crops
        self._fusion = fusion
        self._light = light
        self._counter = counter

    def execute(self, plan: LayerPlan) -> Patch | None:
        """Return a layer's pixels, or None where no face is replaced."""
        return self._fuse(plan, self._face_inputs(plan))

    def execute_in_footage(self, plan: LayerPlan) -> tuple[Patch | None, FootagePatch | None]:
        """Return what `execute` does, and the same in the numbers of the clip, where these are light. ClipError."""
        faces = self._face_inputs(plan)
        patch = self._fuse(plan, faces)
        return patch, self._in_footage(plan, faces, patch)

    def execute_for_layer(self, plan: LayerPlan) -> FootagePatch | None:
        """Return what `execute` does in the numbers of the layer, see `LightSpace.layer_space`. ClipError."""
        faces = self._face_inputs(plan)
        return self._in_footage(plan, faces, self._fuse(plan, faces), is_layer=True)

    def take_apart(self, plan: LayerPlan) -> LayerParts:
        """Return a layer in the numbers of the clip, and what it was made from. ClipError."""
        faces = self._face_inputs(plan)
        with self._counter.measure("fuse"):
            parts = [self._fusion.take_apart(*inputs, plan.size) for inputs in faces]
        whole = composite_patches([patch for patch, _ in parts], plan.size)
        shown = self._in_footage(plan, faces, whole)
        planned = (
            PlannedFaceParts(entry, own, self._light.levels_in_footage(plan, entry, own.swapped), patch)
            for entry, (patch, own) in zip(plan.faces, parts, strict=True)
        )
        return LayerParts(shown, tuple(planned))

    def prefetch(self, plan: LayerPlan) -> None:
        """Make sure that everything a layer is fused from is in the store, without fusing it."""
        self._face_inputs(plan)
        for entry in plan.faces:
            self._light.face_light(plan, entry)

    def _face_inputs(self, plan: LayerPlan) -> list[FaceInputs]:
        """Return what each face of a plan is fused from; the frame is counted."""
        self._counter.record_frame(len(plan.faces))
        crops = self._crops.crops(plan)
        masks = [self._crops.occlusion_mask(plan, entry) for entry in plan.faces]
        face_warps = [self._crops.face_warp(plan, entry) for entry in plan.faces]
        return list(zip(plan.faces, crops, masks, face_warps, strict=True))

    def _fuse(self, plan: LayerPlan, faces: Sequence[FaceInputs]) -> Patch | None:
        with self._counter.measure("fuse"):
            patches = [self._fusion.fuse(*inputs, plan.size) for inputs in faces]
            return composite_patches(patches, plan.size)

    def _in_footage(
        self, plan: LayerPlan, faces: Sequence[FaceInputs], patch: Patch | None, *, is_layer: bool = False
    ) -> FootagePatch | None:
        if patch is None or not any(entry.light for entry in plan.faces):
            return patch
        face_warps = [face_warp for *_, face_warp in faces]
        return self._light.to_footage(plan, patch, face_warps, is_layer=is_layer)
