# SPDX-License-Identifier: GPL-3.0-or-later
"""The crops that planned layers are fused from: taken from the store, or made."""

from functools import partial

from ..analysis.analyser import Analyser
from ..analysis.maskers.contract import FaceMask
from ..cache.base.compute import Flight
from ..cache.base.key import Key
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FittingStore
from ..reporting.stage_counts import Tally
from ..swap.mesh import fits_place
from ..swap.mesh_swapper import MeshEngine
from ..swap.neural_swapper import NeuralEngine
from .occlusion_stage import Occlusion
from .plan import FacePlan, LayerPlan


class Crops:
    """Swaps, enhances and masks what a plan asks for and nobody has made yet."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        analyser: Analyser,
        swappers: tuple[MeshEngine, NeuralEngine],
        occlusion: Occlusion,
        tally: Tally,
    ) -> None:
        self._store = store
        self._flight = flight
        self._analyser = analyser
        self._mesh, self._neural = swappers
        self._occlusion = occlusion
        self._tally = tally

    def crops(self, plan: LayerPlan) -> list[tuple[Arrays, Arrays | None]]:
        """Return every face's swapped crop, and its enhanced one where that is asked for."""
        together = self._swap_together(plan)
        crops = [self._swapped(plan, entry, together) for entry in plan.faces]
        return [
            (crop, self._enhanced(plan, entry, crop)) for entry, crop in zip(plan.faces, crops, strict=True)
        ]

    def _swapped(self, plan: LayerPlan, entry: FacePlan, together: dict[Key, Arrays]) -> Arrays:
        def compute() -> Arrays:
            return together[entry.swap] if entry.swap in together else self._swap(plan, entry)

        store = FittingStore(self._store, partial(self._fits, entry))
        crop, known = self._flight.result(store, entry.swap, compute)
        if known:
            self._tally.hit("swap")
        return crop

    def _swap_together(self, plan: LayerPlan) -> dict[Key, Arrays]:
        """Swap in one run what a neural swapper has to do for several faces of one frame."""
        done: dict[Key, Arrays] = {}
        for casting in dict.fromkeys(entry.casting for entry in plan.faces if entry.target is None):
            missing = [
                entry for entry in plan.faces if entry.casting == casting and entry.swap not in self._store
            ]
            if len(missing) > 1:
                frame = self._analyser.frame(plan.clip, plan.number)
                with self._tally.running("swap", len(missing)):
                    crops = self._neural.swap(frame, [entry.face for entry in missing], casting)
                done |= {entry.swap: crop for entry, crop in zip(missing, crops, strict=True)}
        return done

    def _swap(self, plan: LayerPlan, entry: FacePlan) -> Arrays:
        frame = partial(self._analyser.frame, plan.clip, plan.number)
        if entry.target is None:
            pixels = frame()
            with self._tally.running("swap"):
                return self._neural.swap(pixels, [entry.face], entry.casting)[0]
        target = self._mesh.target(entry.target, frame, entry.face.landmarks, entry.place)
        return self._mesh.swap(entry.face.landmarks, entry.place, entry.casting, target)

    def _fits(self, entry: FacePlan, kept: Arrays) -> bool:
        """Tell whether a swap lies where this face is: a key says what it is made from, not how large it is."""
        if entry.target is None:
            return self._neural.fits_swap(kept, entry.face, entry.casting)
        return fits_place(kept, entry.place)

    def _fits_enhanced(self, entry: FacePlan, kept: Arrays) -> bool:
        return self._neural.fits_enhanced(kept, entry.face, entry.casting.recipe)

    def _enhanced(self, plan: LayerPlan, entry: FacePlan, crop: Arrays) -> Arrays | None:
        if entry.enhance is None:
            return None

        def compute() -> Arrays:
            frame = self._analyser.frame(plan.clip, plan.number)
            with self._tally.running("enhance"):
                return self._neural.enhance(frame, entry.face, crop, entry.place, entry.casting.recipe)

        store = FittingStore(self._store, partial(self._fits_enhanced, entry))
        better, known = self._flight.result(store, entry.enhance, compute)
        if known:
            self._tally.hit("enhance")
        return better

    def masked(self, plan: LayerPlan, entry: FacePlan) -> FaceMask | None:
        """Return what covers a face, None where no mask is asked for."""
        if entry.occlude is None:
            return None
        frame = partial(self._analyser.frame, plan.clip, plan.number)
        return self._occlusion.mask(entry.occlude, frame, entry.face, entry.casting.recipe)
