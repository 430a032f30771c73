# SPDX-License-Identifier: GPL-3.0-or-later
"""The mesh swapper over a store: its keys, and what of a swap need not be made anew for another source."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.store import Arrays, Store
from ..cache.stores.checked_store import FilteringStore
from ..face.types import Floats, Levels
from ..geometry import skin_tolerance
from ..geometry.levels import is_deep
from ..geometry.mesh_topology import Topology
from ..recipe.request import SwapRequest
from ..reporting.stage_counts import StageCounter
from ..system.library_versions import library_inputs
from . import mesh, whole_texture
from .crops import MeshCrop, TargetCrop
from .source import Sources


class MeshSwapper:
    """Swaps faces by their meshes. What is cut from a frame is kept apart from what a source is drawn as.

    So another source needs no frame: no decoding, and no look for what covers the face.
    """

    def __init__(
        self, store: Store, flight: Flight, sources: Sources, topology: Topology, counter: StageCounter
    ) -> None:
        self._store = store
        self._flight = flight
        self._sources = sources
        self._topology = topology
        self._counter = counter

    def swap_key(
        self,
        frame: str,
        landmarks: bytes,
        request: SwapRequest,
        move: Key | None = None,
        depth: Mapping[str, int] = MappingProxyType({}),
    ) -> Key:
        """Return the key of a face's swap: `landmarks` are its steadied points' digest. Raises FaceImageError.

        `move` is the key of the moved face that is swapped, where it was given another form. `depth` is what keys name
        of clips that have more than 8 bits.
        """
        swap = request.recipe.swap
        source = self._sources.texture_key(request.identity, request.recipe.detect)
        inputs: dict[str, Scalar | Key] = {"frame": frame, "landmarks": landmarks, "source": source}
        inputs |= {name: getattr(swap, name) for name in ("swapper", "crop_size", "mirror")}
        inputs |= {} if move is None else {"look": whole_texture.VERSION, **_shape_inputs(move)}
        return stage_key("swap", mesh.VERSION, {**inputs, **depth} | library_inputs("numpy", "opencv"))

    def target_key(
        self,
        frame: str,
        landmarks: bytes,
        request: SwapRequest,
        move: Key | None = None,
        depth: Mapping[str, int] = MappingProxyType({}),
    ) -> Key:
        """Return the key of what a face's light is matched with, whoever the source person is; see `swap_key`."""
        inputs: dict[str, Scalar | Key] = {"frame": frame, "landmarks": landmarks}
        inputs["crop_size"] = request.recipe.swap.crop_size
        inputs |= {} if move is None else _shape_inputs(move)
        return stage_key(
            "target", mesh.TARGET_VERSION, {**inputs, **depth} | library_inputs("numpy", "opencv")
        )

    def target(
        self,
        key: Key,
        decode_crop: Callable[[], Levels],
        landmarks: Floats,
        region: mesh.CropRegion,
        *,
        has_shape: bool,
    ) -> TargetCrop:
        """Return what `mesh.target_crop` gives, from the cache where that knows it.

        Parameters
        ----------
        key : Key
            That of the result.
        decode_crop : callable
            Returns (height, width, 3) RGB of the frame in `region`, uint8 or float32 in levels; called only where the
            result is not known.
        landmarks : ndarray, shape (478, 3)
            In frame pixels.
        region : CropRegion
            Where the crop lies in the frame.
        has_shape : bool
            Whether the face was given another form.

        Returns
        -------
        TargetCrop
            The same for every source.
        """

        def compute() -> Arrays:
            pixels = decode_crop()
            with self._counter.measure("swap", 0):
                return mesh.target_crop(
                    pixels, landmarks, region, self._topology, has_shape=has_shape
                ).to_arrays()

        def fits(arrays: Arrays) -> bool:
            return mesh.fits_region(TargetCrop.from_arrays(arrays), region)

        store = FilteringStore(self._store, fits)
        return TargetCrop.from_arrays(self._flight.get_or_compute(store, key, compute)[0])

    def swap(
        self, landmarks: Floats, region: mesh.CropRegion, request: SwapRequest, target: TargetCrop
    ) -> MeshCrop:
        """Swap a face.

        Parameters
        ----------
        landmarks : ndarray, shape (478, 3)
            In frame pixels.
        region : CropRegion
            Where the crop lies in the frame.
        request : SwapRequest
            Who is put there, and how.
        target : TargetCrop
            What `target` returned.

        Returns
        -------
        MeshCrop
            See `mesh.swap_mesh`.
        """
        params = request.recipe.swap
        texture, coverage = self._sources.texture(
            request.identity, params.mirror, request.recipe.detect, whole_skin=params.shape > 0
        )
        with self._counter.measure("swap"):
            swapped, cover = mesh.draw_texture(
                landmarks,
                region,
                texture,
                coverage,
                self._topology,
                close_gaps=params.shape > 0,
                deep=is_deep(target.target),
            )
        return MeshCrop(swapped, cover, target.target, target.bare)


def _shape_inputs(move: Key) -> dict[str, Scalar | Key]:
    """Return what a key names of a face that was given another form."""
    return {"move": move, "skin": skin_tolerance.VERSION}
