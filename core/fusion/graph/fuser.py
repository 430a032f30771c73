# SPDX-License-Identifier: GPL-3.0-or-later
"""Fuses crops on the pool's processor: by the graph where that is one for images, else by OpenCV."""

from functools import cached_property
from hashlib import sha256

import numpy as np

from ...analysis.maskers.contract import OcclusionMask
from ...errors import ModelError
from ...face.types import Floats, Levels, Pixels
from ...geometry.levels import is_deep, round_levels
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

_TRIAL_PIXELS = 96


class Fuser:
    """Fuses one crop after another; see `fuse.fuse_crop`.

    A processor is trusted with the graph only after it has fused a generated crop as OpenCV does, within 1/255.
    That trial warms it too.
    """

    def __init__(self, pool: ModelPool, topology: Topology) -> None:
        """Prepare; nothing is opened before it has to be."""
        self._pool = pool
        self._topology = topology
        self._warnings: tuple[str, ...] = ()

    @property
    def warnings(self) -> tuple[str, ...]:
        """Why the graph is not used, where the processor is one that should have run it."""
        return self._warnings

    @cached_property
    def key_inputs(self) -> dict[str, str]:
        """What the way of fusing adds to the key of what is fused: nothing for OpenCV, the graph's content else."""
        if not self.uses_graph:
            return {}
        both = fusion_graph() + fusion_graph(warps=True)
        return {**self._pool.key_inputs, "graph": sha256(both).hexdigest()}

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

        The graph rounds to bytes as OpenCV does for clips of 8 bits, and knows nothing of what is `added` to the mask:
        OpenCV fuses all else on every processor.
        """
        if added is not None or is_deep(crop.target) or not self.uses_graph:
            return fuse_crop(crop, landmarks, region, params, self._topology, occlusion_mask, added=added)
        return self.run_graph(feeds(crop, landmarks, region, params, self._topology, occlusion_mask))

    def run_graph(self, inputs: Feeds) -> Pixels:
        """Run the graph on what `feeds` gives, whatever the processor; (height, width, 4) uint8. Raises ModelError."""
        return np.asarray(self._pool.run_graph(fusion_graph(warps="pixels" in inputs), inputs)[0], np.uint8)

    @cached_property
    def uses_graph(self) -> bool:
        """Whether it fuses by the graph, which draws a network's aligned crop too; found out when first asked for."""
        if not self._pool.processor.fuses_images:
            return False
        try:
            difference = self.run_trial()
        except ModelError as error:
            self._warnings = (f"images are fused on the CPU: {error}",)
            return False
        if difference > 1:
            name = self._pool.processor.name
            self._warnings = (f"images are fused on the CPU: {name} is {difference}/255 off",)
        return difference <= 1

    def run_trial(self) -> int:
        """Fuse generated crops both ways; return the largest difference of any value. Raises ModelError."""
        crop, landmarks, region = generate_trial_crop(self._topology)
        matrix = np.array([[0.6, 0.2, 3], [-0.2, 0.6, 30]], np.float32)
        aligned = AlignedCrop(AlignedImage(crop.swapped, matrix), round_levels(crop.target))
        params = Fusion(sharpen=1.0)
        differences = []
        for trial in (crop, to_upright_region(aligned, region, soft_edge=True)):
            expected = fuse_crop(trial, landmarks, region, params, self._topology)
            drawn = self.run_graph(feeds(trial, landmarks, region, params, self._topology))
            differences.append(np.abs(round_levels(expected).astype(np.int16) - drawn))
        return int(max(difference.max() for difference in differences))


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
