# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline asks of the neural swappers and enhancers: keys, crops, and their place in the frame."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256

import numpy as np

from ..analysis.landmark import alignment_points
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import Schema
from ..cache.base.store import Arrays
from ..face.types import Face, Floats, Pixels
from ..geometry.alignment import aligned_matrix
from ..geometry.crop import warped
from ..geometry.mesh_fit import mesh_of
from ..geometry.mesh_topology import Topology
from ..models.library import ModelLibrary
from ..recipe import Recipe
from ..recipe.request import Casting
from . import dfm, enhance, neural
from .loaded_model import Network, Networks
from .mesh import CropFrame, crop_frame
from .mesh import swap_schema as mesh_swap_schema
from .neural_region import CROP_SCHEMA, DFM_SCHEMA, fits_crop, kept, light_target, place_around, region
from .neural_source import NeuralSources, face_vector

_RECOGNISER = ("embed", "arcface")
_NEUTRAL = 0.5


def swap_schema(text: str) -> Schema:
    """Return what is kept under the key of a swap, the mesh's or a network's: the latter by whether it has a source."""
    if "\nswapper=mesh\n" in text:
        return mesh_swap_schema(text)
    return CROP_SCHEMA if "\nsource=" in text else DFM_SCHEMA


@dataclass(frozen=True, eq=False)
class _Cast:
    """The networks of one casting."""

    swapper: Network
    converter: Network | None
    recogniser: Network | None

    @property
    def kind(self) -> str:
        return str(self.swapper.family.values.get("source"))


class NeuralEngine:
    """Swaps and enhances with the models of a library."""

    def __init__(
        self, library: ModelLibrary, networks: Networks, sources: NeuralSources, topology: Topology
    ) -> None:
        self._library = library
        self._networks = networks
        self._sources = sources
        self._topology = topology

    def check(self, casting: Casting) -> None:
        """Make sure that the models are there and the pictures will do. Raises PictureError or ModelError."""
        cast = self._cast(casting)
        if cast.kind != "none":
            self._source_key(cast, casting)
        if casting.recipe.enhance.enhancer != "none":
            self._enhancer(casting.recipe)

    def swap_key(self, frame: str, face: Face, casting: Casting) -> Key:
        """Return the key of a face's swapped crop. Raises PictureError or ModelError."""
        params, cast = casting.recipe.swap, self._cast(casting)
        inputs: dict[str, Scalar | Key] = {
            "frame": frame,
            # The points alone decide what is cut out; steadied ones depend on neighbouring frames.
            "landmarks": sha256(self._points(face).tobytes()).digest(),
            "swapper": cast.swapper.family.name,
            "model": cast.swapper.file.sha256,
        }
        if cast.kind == "none":
            version = dfm.VERSION
            inputs["morph"] = params.morph if len(cast.swapper.facts.inputs) > 1 else 0.0
        else:
            version = neural.VERSION
            inputs["source"] = self._source_key(cast, casting)
            inputs["pixel_boost"] = neural.boost_of(cast.swapper, params.pixel_boost)
        if cast.recogniser is not None:
            inputs["identity"] = params.identity
        if cast.converter is not None:
            inputs["converter_model"] = cast.converter.file.sha256
        return stage_key("swap", version, inputs | self._networks.in_keys)

    def place(self, face: Face, frame_size: tuple[int, int], recipe: Recipe) -> CropFrame | None:
        """Return the region a face is fused in: its oval's, or the crop's whole footprint for a box mask."""
        if recipe.fusion.mask_shape == "oval":
            return crop_frame(mesh_of(face.landmarks, self._topology), frame_size, recipe.swap.crop_size)
        swapper = self._swapper(recipe)
        matrix = aligned_matrix(self._points(face), swapper.family.template, swapper.size)
        return place_around(matrix, swapper.size, frame_size, recipe.swap.crop_size)

    def swap(self, frame: Pixels, faces: Sequence[Face], casting: Casting) -> list[Arrays]:
        """Swap faces of an (H, W, 3) RGB uint8 frame, together where the network allows.

        Returns for each the arrays to be stored: `pixels` (s, s, 3) uint8 RGB, the `matrix` (2, 3) from frame
        pixels to them, `target` (160, 160, 3), and a DFM's `mask` (s', s'). Raises PictureError or ModelError.
        """
        params, cast = casting.recipe.swap, self._cast(casting)
        network = cast.swapper
        boost = 1 if cast.kind == "none" else neural.boost_of(network, params.pixel_boost)
        size, template = network.size * boost, network.family.template
        matrices = [aligned_matrix(self._points(face), template, size) for face in faces]
        crops = np.stack([warped(frame, matrix, size) for matrix in matrices])
        masks = None
        if cast.kind == "none":
            pictures, masks = dfm.dfm_swapped(network, crops, params.morph, self._networks)
        else:
            sources = self._source_rows(frame, faces, cast, casting)
            pictures = neural.swapped(network, crops, sources, boost, self._networks)
        results: list[Arrays] = []
        for number, (picture, matrix) in enumerate(zip(pictures, matrices, strict=True)):
            arrays = {**kept(picture, matrix), **light_target(frame, matrix, size)}
            results.append(arrays if masks is None else {**arrays, "mask": masks[number]})
        return results

    def ready(
        self, crop: Arrays, better: Arrays | None, place: CropFrame, recipe: Recipe, *, whole: bool = True
    ) -> Arrays:
        """Return a stored swap, neural or the mesh's, as fusion takes it, with what an enhancer made of it.

        Without `whole` a neural one is left as it is stored for the graph to draw, where no enhancer has changed it.
        """
        arrays = crop
        if "matrix" in crop:
            soft = recipe.fusion.mask_shape == "oval"
            arrays = region(crop, place, soft=soft, whole=whole or better is not None)
        if better is None:
            return arrays
        swapped = np.asarray(arrays["swapped"], np.uint8)
        arrays = {name: value for name, value in arrays.items() if name != "swapped_small"}
        return {**arrays, "swapped": enhance.blended(swapped, place, better, recipe.fusion.enhancer_blend)}

    def enhance_key(self, swap: Key, recipe: Recipe) -> Key:
        """Return the key of an enhanced swap. Raises ModelError."""
        network = self._enhancer(recipe)
        inputs: dict[str, Scalar | Key] = {"swap": swap, "model": network.file.sha256}
        inputs["enhancer"] = network.family.name
        if len(network.facts.inputs) > 1:
            inputs["weight"] = recipe.enhance.weight
        return stage_key("enhance", enhance.VERSION, inputs | self._networks.in_keys)

    def enhance(self, frame: Pixels, face: Face, crop: Arrays, place: CropFrame, recipe: Recipe) -> Arrays:
        """Enhance a stored swap; see `enhance.enhanced`. Raises ModelError."""
        network, points = self._enhancer(recipe), self._points(face)
        return enhance.enhanced(
            network, frame, points, enhance.overlay(crop, place), recipe.enhance.weight, self._networks
        )

    def fits_swap(self, arrays: Arrays, face: Face, casting: Casting) -> bool:
        """Tell whether a stored swap lies where it is cut from for this face, and is as large. Raises ModelError."""
        cast = self._cast(casting)
        boost = 1 if cast.kind == "none" else neural.boost_of(cast.swapper, casting.recipe.swap.pixel_boost)
        size = cast.swapper.size * boost
        matrix = aligned_matrix(self._points(face), cast.swapper.family.template, size)
        return fits_crop(arrays, matrix, size)

    def fits_enhanced(self, arrays: Arrays, face: Face, recipe: Recipe) -> bool:
        """Tell whether a stored enhanced crop lies where it is cut from for this face. Raises ModelError."""
        network = self._enhancer(recipe)
        return fits_crop(
            arrays, aligned_matrix(self._points(face), network.family.template, network.size), network.size
        )

    def _points(self, face: Face) -> Floats:
        return alignment_points(face.landmarks, self._topology)

    def _network(self, role: str, family: str, file: str = "") -> Network:
        found = self._library.model(role, family, file)
        return self._networks.network(found, self._library.catalogue.family(role, family))

    def _swapper(self, recipe: Recipe) -> Network:
        name = recipe.swap.swapper
        if name == "dfm" and not self._library.has("swap", "dfm") and self._library.has("swap", "dfm-morph"):
            name = "dfm-morph"
        return self._network("swap", name, recipe.swap.model)

    def _enhancer(self, recipe: Recipe) -> Network:
        return self._network("enhance", recipe.enhance.enhancer, recipe.enhance.model)

    def _cast(self, casting: Casting) -> _Cast:
        swapper = self._swapper(casting.recipe)
        kind = str(swapper.family.values.get("source"))
        converter = recogniser = None
        if kind.startswith("converted"):
            converter = self._network("convert", swapper.family.name.partition("-")[0])
        if kind not in ("none", "picture"):
            recogniser = self._network(*_RECOGNISER)
        return _Cast(swapper, converter, recogniser)

    def _source_key(self, cast: _Cast, casting: Casting) -> Key:
        if cast.recogniser is not None:
            return self._sources.vector_key(casting.identity, cast.recogniser.file)
        return self._sources.picture_key(casting.identity, *_picture_crop(cast.swapper))

    def _source_rows(self, frame: Pixels, faces: Sequence[Face], cast: _Cast, casting: Casting) -> Floats:
        """Return what the swapper takes as its source, one row a face."""
        recogniser = cast.recogniser
        if recogniser is None:
            picture = self._sources.picture(casting.identity, *_picture_crop(cast.swapper))
            return np.stack([neural.source_picture(picture)] * len(faces))
        raw = self._sources.vector(casting.identity, recogniser.file, recogniser.family)
        source = neural.source_vector(cast.swapper, cast.converter, raw, self._networks)
        weight = casting.recipe.swap.identity
        if weight == _NEUTRAL:
            return np.stack([source] * len(faces))
        rows = []
        for face in faces:
            own = face_vector(
                frame, face.landmarks, recogniser.file, recogniser.family, self._networks, self._topology
            )
            target = neural.source_vector(cast.swapper, cast.converter, own, self._networks)
            rows.append(neural.weighted(source, target, weight))
        return np.stack(rows)


def _picture_crop(swapper: Network) -> tuple[str, int]:
    values = swapper.family.values
    return str(values["source_template"]), int(values["source_size"])
