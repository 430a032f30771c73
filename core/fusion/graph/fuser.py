# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuses crops on the pool's processor: by the graph where that is one for images, else by OpenCV."""

from functools import cached_property, lru_cache
from hashlib import sha256

import numpy as np

from ...analysis.maskers.contract import OcclusionMask
from ...errors import ModelError
from ...face.types import Floats, Levels
from ...geometry.levels import as_floats, is_deep, round_levels
from ...geometry.mesh_topology import Topology
from ...geometry.skin_model import unoccluded_mask
from ...models.session import ModelPool
from ...recipe import Fusion
from ...swap.crops import AlignedCrop, AlignedImage, FusionCrop, MeshCrop
from ...swap.mesh import CropRegion
from ...swap.neural_region import to_upright_region
from ..fuse import fuse_crop
from .build import fusion_graph
from .feeds import Feeds, feeds

DEEP_TOLERANCE_LEVELS = 1 / 16
"""How far the graph of deep clips may be from OpenCV in any value. On the CPU it is within 1/64 of a level."""
_TRIAL_PIXELS = 96


class Fuser:
    """Fuses one crop after another; see `fuse.fuse_crop`.

    A processor is trusted with a graph only after it has fused generated crops as OpenCV does: within 1/255, with that
    of deep clips within a 16th of this. That trial warms it too.
    """

    def __init__(self, pool: ModelPool, topology: Topology) -> None:
        """Prepare; nothing is opened before it has to be."""
        self._pool = pool
        self._topology = topology
        self._warnings: dict[str, None] = {}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why a graph is not used, where the processor is one that should have run it."""
        return tuple(self._warnings)

    def key_inputs(self, *, deep: bool = False) -> dict[str, str]:
        """Return what the way of fusing adds to a key: nothing for OpenCV, else what tells processor and graph."""
        if not self.uses_graph(deep=deep):
            return {}
        return {**self._pool.key_inputs, "graph": _graph_hash(deep=deep)}

    def fuse(
        self,
        crop: FusionCrop,
        landmarks: Floats,
        region: CropRegion,
        params: Fusion,
        occlusion_mask: OcclusionMask | None = None,
        added: Floats | None = None,
    ) -> Levels:
        """Fuse one swapped crop; arguments and result are those of `fuse.fuse_crop`. Raises ModelError.

        The graphs know nothing of what is `added` to the mask: OpenCV fuses that on every processor.
        """
        if added is not None or not self.uses_graph(deep=is_deep(crop.target)):
            return fuse_crop(crop, landmarks, region, params, self._topology, occlusion_mask, added=added)
        return self.run_graph(feeds(crop, landmarks, region, params, self._topology, occlusion_mask))

    def run_graph(self, inputs: Feeds) -> Levels:
        """Run the graph on what `feeds` gives, whatever the processor. Raises ModelError.

        Returns (height, width, 4) uint8, or float32 where the crop's images are.
        """
        deep = is_deep(inputs["target"])
        layer = self._pool.run_graph(fusion_graph(warps="pixels" in inputs, deep=deep), inputs)[0]
        return as_floats(layer) if deep else np.asarray(layer, np.uint8)

    def uses_graph(self, *, deep: bool = False) -> bool:
        """Tell whether it fuses clips of 8 bits, or `deep` ones, by the graph; found out when first asked for."""
        return self._uses_deep_graph if deep else self._uses_level_graph

    @cached_property
    def _uses_level_graph(self) -> bool:
        return self._passes_trial(1, deep=False)

    @cached_property
    def _uses_deep_graph(self) -> bool:
        return self._passes_trial(DEEP_TOLERANCE_LEVELS, deep=True)

    def _passes_trial(self, tolerance: float, *, deep: bool) -> bool:
        if not self._pool.processor.fuses_images:
            return False
        images = "images of more than 8 bits" if deep else "images"
        try:
            difference = self.run_trial(deep=deep)
        except ModelError as error:
            self._warnings[f"{images} are fused on the CPU: {error}"] = None
            return False
        if difference > tolerance:
            name = self._pool.processor.name
            self._warnings[f"{images} are fused on the CPU: {name} is {difference:g}/255 off"] = None
        return difference <= tolerance

    def run_trial(self, *, deep: bool = False) -> float:
        """Fuse generated crops both ways; return the largest difference of any value, in levels. Raises ModelError."""
        crop, landmarks, region = generate_trial_crop(self._topology)
        matrix = np.array([[0.6, 0.2, 3], [-0.2, 0.6, 30]], np.float32)
        aligned = AlignedCrop(AlignedImage(crop.swapped, matrix), round_levels(crop.target))
        trials = crop, to_upright_region(aligned, region, soft_edge=True)
        params = Fusion(sharpen=1.0)
        differences = []
        for levels in trials:
            trial = levels.with_floats() if deep else levels
            expected = fuse_crop(trial, landmarks, region, params, self._topology)
            drawn = self.run_graph(feeds(trial, landmarks, region, params, self._topology))
            differences.append(np.abs(as_floats(expected) - as_floats(drawn)))
        return float(max(difference.max() for difference in differences))


@lru_cache(maxsize=2)
def _graph_hash(*, deep: bool) -> str:
    return sha256(fusion_graph(deep=deep) + fusion_graph(warps=True, deep=deep)).hexdigest()


def generate_trial_crop(topology: Topology) -> tuple[MeshCrop, Floats, CropRegion]:
    """Return a crop to try a graph on: soft coloured stripes.

    Parameters
    ----------
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    crop : MeshCrop
        The stripes.
    landmarks : ndarray, shape (478, 3), float32
        Those of an upright face in it, in frame pixels.
    region : CropRegion
        Where it lies.
    """
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:468] = topology.shape * (_TRIAL_PIXELS * 0.4) + (_TRIAL_PIXELS * 0.8, _TRIAL_PIXELS * 0.8, 0)
    region = CropRegion(0, 0, _TRIAL_PIXELS * 3 // 2, _TRIAL_PIXELS * 3 // 2, 2 / 3)
    row, column = np.mgrid[:_TRIAL_PIXELS, :_TRIAL_PIXELS]
    stripes = [150 + 70 * np.sin((column * a + row * b) / 9) for a, b in ((1, 0), (1, 1), (0, 1))]
    swapped = np.stack(stripes, 2).astype(np.uint8)
    cover = np.full(swapped.shape[:2], 255, np.uint8)
    target = swapped[::-1, :, ::-1].copy()
    bare = unoccluded_mask(target, region.to_crop(landmarks), region.size, topology)
    return MeshCrop(swapped, cover, target, bare), landmarks, region
