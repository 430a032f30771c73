# SPDX-License-Identifier: GPL-3.0-or-later
"""The crops that planned layers are fused from: taken from the store, or made."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial

from ..analysis.analyser import Analyser
from ..analysis.maskers.contract import OcclusionMask
from ..cache.base.compute import Flight
from ..cache.base.key import Key
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..face.types import Face, Levels, Pixels
from ..reporting.stage_counts import StageCounter
from ..swap.crops import AlignedCrop, AlignedImage, Crop, MeshCrop, crop_from_arrays
from ..swap.mesh import fits_region
from ..swap.mesh_swapper import MeshSwapper
from ..swap.neural_swapper import NeuralSwapper
from ..swap.shape import FaceWarp
from ..swap.swap_look import measure_swap
from .occlusion_stage import OcclusionStage
from .plan import FacePlan, LayerPlan
from .shape_stage import ShapeStage


class CropStage:
    """Swaps, enhances and masks what a plan asks for and nobody has made yet."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        analyser: Analyser,
        swappers: tuple[MeshSwapper, NeuralSwapper],
        occlusion: OcclusionStage,
        shape: ShapeStage,
        counter: StageCounter,
    ) -> None:
        self._store = store
        self._flight = flight
        self._analyser = analyser
        self._mesh, self._neural = swappers
        self._occlusion = occlusion
        self._shape = shape
        self._counter = counter

    def crops(self, plan: LayerPlan) -> list[tuple[Crop, AlignedImage | None]]:
        """Return every face's swapped crop, and its enhanced one where that is asked for.

        Parameters
        ----------
        plan : LayerPlan
            The frame, its faces and who is put on each.

        Returns
        -------
        list of tuple
            A crop and its enhanced image or None for each face of the plan, in order.
        """
        together = self._swap_batch(plan)
        crops = [self._get_or_swap(plan, entry, together) for entry in plan.faces]
        return [
            (crop, self._get_or_enhance(plan, entry, crop))
            for entry, crop in zip(plan.faces, crops, strict=True)
        ]

    def face_warp(self, plan: LayerPlan, entry: FacePlan) -> FaceWarp | None:
        """Return a face that is given another form, moved; None for one that keeps its own."""
        if entry.shape is None:
            return None
        levels = partial(self._analyser.frames.levels, plan.clip, plan.number, stops=entry.face.stops)
        return self._shape.face_warp(
            entry.shape, entry.face, partial(self._frame, plan, entry), levels if entry.deep else None
        )

    def _frame(self, plan: LayerPlan, entry: FacePlan) -> Pixels:
        """Return the frame as a face in it is seen."""
        return self._analyser.frames.frame(plan.clip, plan.number, entry.face.stops)

    def _face_and_frame(self, plan: LayerPlan, entry: FacePlan) -> tuple[Face, Callable[[], Pixels]]:
        """Return the face as it is to be swapped, and what gives the frame that it is in."""
        decode = partial(self._frame, plan, entry)
        face_warp = self.face_warp(plan, entry)
        if face_warp is None:
            return entry.face, decode
        moved = replace(entry.face, landmarks=face_warp.landmarks)
        return moved, lambda: face_warp.frame_with_face(decode())

    def _cut_target(self, plan: LayerPlan, entry: FacePlan, face_warp: FaceWarp | None) -> Levels:
        """Return what a face's region shows of its frame, with the picture moved: (h, w, 3), in levels."""
        place = entry.region.place
        if entry.deep:
            part = self._analyser.frames.levels(plan.clip, plan.number, place, entry.face.stops)
            return part if face_warp is None else face_warp.lay_face(part, place)
        frame = self._frame(plan, entry)
        return frame[place] if face_warp is None else face_warp.frame_with_face(frame, place)

    def _get_or_swap(self, plan: LayerPlan, entry: FacePlan, batch: dict[Key, AlignedCrop]) -> Crop:
        def compute() -> Arrays:
            crop = batch[entry.swap] if entry.swap in batch else self._swap(plan, entry)
            look = entry.look()
            if look is not None:
                self._store.put(look, measure_swap(crop))
            return crop.to_arrays()

        store = FilteringStore(self._store, partial(self._fits_swap, entry))
        arrays, hit = self._flight.get_or_compute(store, entry.swap, compute)
        if hit:
            self._counter.record_hit("swap")
        return crop_from_arrays(arrays)

    def _swap_batch(self, plan: LayerPlan) -> dict[Key, AlignedCrop]:
        """Swap in one run what a neural swapper has to do for several faces that are seen in one view of a frame."""
        done: dict[Key, AlignedCrop] = {}
        neural = [entry for entry in plan.faces if entry.target is None]
        for request, stops in dict.fromkeys((entry.request, entry.face.stops) for entry in neural):
            missing = [
                entry
                for entry in neural
                if (entry.request, entry.face.stops) == (request, stops) and entry.swap not in self._store
            ]
            if len(missing) > 1:
                frame = self._frame(plan, missing[0])
                with self._counter.measure("swap", len(missing)):
                    crops = self._neural.swap(frame, [entry.face for entry in missing], request)
                done |= {entry.swap: crop for entry, crop in zip(missing, crops, strict=True)}
        return done

    def _swap(self, plan: LayerPlan, entry: FacePlan) -> Crop:
        if entry.target is None:
            pixels = self._frame(plan, entry)
            with self._counter.measure("swap"):
                return self._neural.swap(pixels, [entry.face], entry.request)[0]
        face_warp = self.face_warp(plan, entry)
        landmarks = entry.face.landmarks if face_warp is None else face_warp.landmarks
        target = self._mesh.target(
            entry.target,
            partial(self._cut_target, plan, entry, face_warp),
            landmarks,
            entry.region,
            has_shape=face_warp is not None,
        )
        return self._mesh.swap(landmarks, entry.region, entry.request, target)

    def _fits_swap(self, entry: FacePlan, arrays: Arrays) -> bool:
        """Tell whether a swap lies where this face is: a key says what it is made from, not how large it is."""
        match crop_from_arrays(arrays):
            case MeshCrop() as crop:
                return fits_region(crop, entry.region)
            case AlignedCrop() as crop:
                return self._neural.fits_swap(crop, entry.face, entry.request)

    def _fits_enhanced(self, face: Face, entry: FacePlan, arrays: Arrays) -> bool:
        return self._neural.fits_enhanced(AlignedImage.from_arrays(arrays), face, entry.request.recipe)

    def _get_or_enhance(self, plan: LayerPlan, entry: FacePlan, crop: Crop) -> AlignedImage | None:
        if entry.enhance is None:
            return None
        face, decode = self._face_and_frame(plan, entry)

        def compute() -> Arrays:
            frame = decode()
            with self._counter.measure("enhance"):
                recipe = entry.request.recipe
                return self._neural.enhance(frame, face, crop, entry.region, recipe).to_arrays()

        store = FilteringStore(self._store, partial(self._fits_enhanced, face, entry))
        arrays, hit = self._flight.get_or_compute(store, entry.enhance, compute)
        if hit:
            self._counter.record_hit("enhance")
        return AlignedImage.from_arrays(arrays)

    def occlusion_mask(self, plan: LayerPlan, entry: FacePlan) -> OcclusionMask | None:
        """Return what covers a face.

        Parameters
        ----------
        plan : LayerPlan
            The frame.
        entry : FacePlan
            The face.

        Returns
        -------
        OcclusionMask or None
            None where no mask is asked for.
        """
        if entry.occlude is None:
            return None
        frame = partial(self._frame, plan, entry)
        return self._occlusion.mask(entry.occlude, frame, entry.face, entry.request.recipe)
