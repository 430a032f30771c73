# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pipeline asks of the neural swappers and enhancers: keys, crops, and their place in the frame."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ..analysis.landmark import alignment_points
from ..cache.base.key import Key, Scalar, stage_key
from ..face.face_digest import face_digest
from ..face.types import Face, Floats, Pixels
from ..geometry.alignment import alignment_matrix
from ..geometry.crop import warp_crop
from ..geometry.mesh_fit import fit_face_mesh
from ..geometry.mesh_topology import Topology
from ..models.library import ModelLibrary
from ..recipe import Recipe
from ..recipe.request import SwapRequest
from . import dfm, enhance, neural
from .crops import AlignedCrop, AlignedImage, Crop, FusionCrop, MeshCrop
from .loaded_model import LoadedModel, ModelRunner
from .mesh import CropRegion, face_crop_region
from .neural_region import (
    draw_swapped,
    fits_crop,
    footprint_region,
    light_target,
    limit_resolution,
    to_upright_region,
)
from .neural_source import NeuralSources, face_vector
from .request_models import RequestModels, SwapModels

_NEUTRAL_IDENTITY = 0.5


class NeuralSwapper:
    """Swaps and enhances with the models of a library."""

    def __init__(
        self, library: ModelLibrary, runner: ModelRunner, sources: NeuralSources, topology: Topology
    ) -> None:
        self._models = RequestModels(library, runner)
        self._runner = runner
        self._sources = sources
        self._topology = topology

    def check(self, request: SwapRequest) -> None:
        """Make sure that the models are there and the images will do. Raises FaceImageError or ModelError."""
        cast = self._models.load_swap_models(request)
        if cast.kind != "none":
            # Whose images were never looked at is in no picture yet: the networks will be run.
            if not self._sources.is_known(request.identity):
                self._models.open_ahead(request)
            self._source_key(cast, request)
        if request.recipe.enhance.enhancer != "none":
            self._models.load_enhancer(request.recipe)

    def swap_key(self, frame: str, face: Face, request: SwapRequest) -> Key:
        """Return the key of a face's swapped crop. Raises FaceImageError or ModelError."""
        params, cast = request.recipe.swap, self._models.load_swap_models(request)
        inputs: dict[str, Scalar | Key] = {
            "frame": frame,
            # The points alone decide what is cut out; steadied ones depend on neighbouring frames.
            "landmarks": face_digest(face, self._alignment_points(face)),
            "swapper": cast.swapper.family.name,
            "model": cast.swapper.file.sha256,
        }
        if cast.kind == "none":
            version = dfm.VERSION
            inputs["morph"] = params.morph if len(cast.swapper.facts.inputs) > 1 else 0.0
        else:
            version = neural.VERSION
            inputs["source"] = self._source_key(cast, request)
            inputs["pixel_boost"] = neural.limit_boost(cast.swapper, params.pixel_boost)
        if cast.recogniser is not None:
            inputs["identity"] = params.identity
        if cast.converter is not None:
            inputs["converter_model"] = cast.converter.file.sha256
        return stage_key("swap", version, inputs | self._runner.picture_key_inputs)

    def crop_region(self, face: Face, frame_size: tuple[int, int], recipe: Recipe) -> CropRegion | None:
        """Return the region a face is fused in: its oval's, or the crop's whole footprint for a box mask."""
        if recipe.fusion.mask_shape == "oval":
            return face_crop_region(
                fit_face_mesh(face.landmarks, self._topology), frame_size, recipe.swap.crop_size
            )
        swapper = self._models.load_swapper(recipe)
        matrix = alignment_matrix(self._alignment_points(face), swapper.family.template, swapper.size)
        return footprint_region(matrix, swapper.size, frame_size, recipe.swap.crop_size)

    def swap(self, frame: Pixels, faces: Sequence[Face], request: SwapRequest) -> list[AlignedCrop]:
        """Swap faces of an (H, W, 3) RGB uint8 frame, together where the network allows.

        Raises FaceImageError or ModelError.
        """
        params, cast = request.recipe.swap, self._models.load_swap_models(request)
        network = cast.swapper
        self._models.open_ahead(request)
        boost = 1 if cast.kind == "none" else neural.limit_boost(network, params.pixel_boost)
        size, template = network.size * boost, network.family.template
        matrices = [alignment_matrix(self._alignment_points(face), template, size) for face in faces]
        crops = np.stack([warp_crop(frame, matrix, size) for matrix in matrices])
        masks = None
        if cast.kind == "none":
            images, masks = dfm.swap_dfm(network, crops, params.morph, self._runner)
        else:
            sources = self._source_rows(frame, faces, cast, request)
            images = neural.swap_crops(network, crops, sources, boost, self._runner)
        return [
            AlignedCrop(
                limit_resolution(image, matrix),
                light_target(frame, matrix, size),
                None if masks is None else masks[number],
            )
            for number, (image, matrix) in enumerate(zip(images, matrices, strict=True))
        ]

    def prepare_for_fusion(
        self,
        crop: Crop,
        enhanced: AlignedImage | None,
        region: CropRegion,
        recipe: Recipe,
        *,
        deep: bool = False,
    ) -> FusionCrop:
        """Return a stored swap as fusion takes it, with what an enhancer made of it mixed in.

        Parameters
        ----------
        crop : Crop
            The stored swap, of either kind.
        enhanced : AlignedImage or None
            What the enhancer made of it, where one is used.
        region : CropRegion
            Where the result lies in the frame.
        recipe : Recipe
            The shape of its mask, and how much of the enhanced image is shown.
        deep : bool
            Whether the clip has more than 8 bits.

        Returns
        -------
        FusionCrop
            Upright, as large as the region.
        """
        upright: FusionCrop
        match crop:
            case MeshCrop():
                upright = crop
            case AlignedCrop():
                upright = to_upright_region(crop, region, soft_edge=recipe.fusion.mask_shape == "oval")
                upright = upright.with_floats() if deep else upright
        if enhanced is None:
            return upright
        swapped = enhance.blend_enhanced(
            draw_swapped(upright, region), region, enhanced, recipe.fusion.enhancer_blend
        )
        if isinstance(upright, MeshCrop):
            return replace(upright, swapped=swapped)
        return replace(upright, swapped=swapped, swapped_small=None)

    def enhance_key(self, swap: Key, recipe: Recipe) -> Key:
        """Return the key of an enhanced swap. Raises ModelError."""
        network = self._models.load_enhancer(recipe)
        inputs: dict[str, Scalar | Key] = {"swap": swap, "model": network.file.sha256}
        inputs["enhancer"] = network.family.name
        if len(network.facts.inputs) > 1:
            inputs["weight"] = recipe.enhance.weight
        return stage_key("enhance", enhance.VERSION, inputs | self._runner.picture_key_inputs)

    def enhance(
        self, frame: Pixels, face: Face, crop: Crop, region: CropRegion, recipe: Recipe
    ) -> AlignedImage:
        """Enhance a stored swap; see `enhance.enhance_crop`.

        Parameters
        ----------
        frame : ndarray, shape (H, W, 3), uint8
            The frame, RGB.
        face : Face
            The target's, in frame pixels.
        crop : Crop
            The stored swap.
        region : CropRegion
            Where it lies in the frame.
        recipe : Recipe
            Its enhancer.

        Returns
        -------
        AlignedImage
            The enhanced crop.

        Raises
        ------
        ModelError
            The network is not there, or can't be run.
        """
        network, points = self._models.load_enhancer(recipe), self._alignment_points(face)
        return enhance.enhance_crop(
            network, frame, points, enhance.overlay(crop, region), recipe.enhance.weight, self._runner
        )

    def fits_swap(self, crop: AlignedCrop, face: Face, request: SwapRequest) -> bool:
        """Tell whether a stored swap lies where it is cut from for this face, and is as large. Raises ModelError."""
        cast = self._models.load_swap_models(request)
        boost = (
            1 if cast.kind == "none" else neural.limit_boost(cast.swapper, request.recipe.swap.pixel_boost)
        )
        size = cast.swapper.size * boost
        matrix = alignment_matrix(self._alignment_points(face), cast.swapper.family.template, size)
        has_mask_size = crop.mask is None or crop.mask.shape == (size, size)
        return has_mask_size and fits_crop(crop.image, matrix, size)

    def fits_enhanced(self, enhanced: AlignedImage, face: Face, recipe: Recipe) -> bool:
        """Tell whether a stored enhanced crop lies where it is cut from for this face. Raises ModelError."""
        network = self._models.load_enhancer(recipe)
        return fits_crop(
            enhanced,
            alignment_matrix(self._alignment_points(face), network.family.template, network.size),
            network.size,
        )

    def _alignment_points(self, face: Face) -> Floats:
        return alignment_points(face.landmarks, self._topology)

    def _source_key(self, models: SwapModels, request: SwapRequest) -> Key:
        if models.recogniser is not None:
            return self._sources.vector_key(request.identity, request.recipe.detect, models.recogniser.file)
        return self._sources.aligned_image_key(
            request.identity, request.recipe.detect, *_source_crop(models.swapper)
        )

    def _source_rows(
        self, frame: Pixels, faces: Sequence[Face], models: SwapModels, request: SwapRequest
    ) -> Floats:
        """Return what the swapper takes as its source, one row a face."""
        recogniser = models.recogniser
        if recogniser is None:
            image = self._sources.aligned_image(
                request.identity, request.recipe.detect, *_source_crop(models.swapper)
            )
            return np.stack([neural.source_image_tensor(image)] * len(faces))
        raw = self._sources.vector(
            request.identity, request.recipe.detect, recogniser.file, recogniser.family
        )
        source = neural.convert_source_vector(models.swapper, models.converter, raw, self._runner)
        weight = request.recipe.swap.identity
        if weight == _NEUTRAL_IDENTITY:
            return np.stack([source] * len(faces))
        rows = []
        for face in faces:
            own = face_vector(
                frame, face.landmarks, recogniser.file, recogniser.family, self._runner, self._topology
            )
            target = neural.convert_source_vector(models.swapper, models.converter, own, self._runner)
            rows.append(neural.shift_identity(source, target, weight))
        return np.stack(rows)


def _source_crop(swapper: LoadedModel) -> tuple[str, int]:
    values = swapper.family.values
    return str(values["source_template"]), int(values["source_size"])
