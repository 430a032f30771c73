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
        """Return a layer's pixels as they are seen, or None where no face is replaced."""
        return self._in_view(plan, self._lay_faces(plan))

    def execute_in_footage(self, plan: LayerPlan) -> tuple[Patch | None, FootagePatch | None]:
        """Return what `execute` does, and the same in the numbers of the clip, where these are light. ClipError."""
        whole = self._lay_faces(plan)
        return self._in_view(plan, whole), self._in_footage(plan, whole)

    def execute_for_layer(self, plan: LayerPlan) -> FootagePatch | None:
        """Return what `execute` does in the numbers of the layer, see `LightSpace.layer_space`. ClipError."""
        return self._in_footage(plan, self._lay_faces(plan), is_layer=True)

    def take_apart(self, plan: LayerPlan) -> LayerParts:
        """Return a layer in the numbers of the clip, and what it was made from. ClipError."""
        faces = self._face_inputs(plan)
        with self._counter.measure("fuse"):
            parts = [self._fusion.take_apart(*inputs, plan.size) for inputs in faces]
        lit = self._light_faces(plan, faces, [patch for patch, _ in parts])
        shown = self._in_footage(plan, composite_patches(lit, plan.size))
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
        excesses = [
            None if face_warp is None else self._light.moved_excess(plan, entry, face_warp)
            for entry, face_warp in zip(plan.faces, face_warps, strict=True)
        ]
        return list(zip(plan.faces, crops, masks, face_warps, excesses, strict=True))

    def _lay_faces(self, plan: LayerPlan) -> Patch | None:
        """Return all faces over each other: of a clip of light as light, of any other in levels."""
        faces = self._face_inputs(plan)
        with self._counter.measure("fuse"):
            patches = [self._fusion.fuse(*inputs, plan.size) for inputs in faces]
            return composite_patches(self._light_faces(plan, faces, patches), plan.size)

    def _light_faces(
        self, plan: LayerPlan, faces: Sequence[FaceInputs], patches: Sequence[Patch]
    ) -> list[Patch]:
        """Return fused faces as light, where their clip is of light."""
        return [
            patch if entry.light is None else self._light.to_light(plan, entry, patch, face_warp)
            for (entry, _, _, face_warp, _), patch in zip(faces, patches, strict=True)
        ]

    def _in_view(self, plan: LayerPlan, whole: Patch | None) -> Patch | None:
        return self._light.to_view(plan, whole) if whole is not None and _is_light(plan) else whole

    def _in_footage(
        self, plan: LayerPlan, whole: Patch | None, *, is_layer: bool = False
    ) -> FootagePatch | None:
        if whole is None or not _is_light(plan):
            return whole
        return self._light.to_footage(plan.clip, whole, is_layer=is_layer)


def _is_light(plan: LayerPlan) -> bool:
    return any(entry.light for entry in plan.faces)
