# SPDX-License-Identifier: GPL-3.0-or-later
"""From an identity's images to what neural swappers take: an ArcFace vector, or an aligned image."""

from collections.abc import Mapping

import numpy as np

from ..analysis.analyser import Analyser
from ..analysis.landmark import alignment_points
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema
from ..cache.base.store import Arrays, Store
from ..concurrency.lru import LruCache
from ..face.types import Floats, Pixels
from ..geometry.alignment import alignment_matrix
from ..geometry.crop import warp_crop
from ..geometry.mesh_topology import Topology
from ..models.catalog import Family
from ..models.model_file import ModelFile
from ..models.preprocess import preprocess
from ..recipe import Detect
from ..recipe.request import Identity
from .loaded_model import ModelRunner
from .source import SourceFace, Sources

VERSION = 1
_DIMENSIONS, _MAX_LENGTH = 512, 1e6
SOURCE_VECTOR_SCHEMA = Schema((ArraySpec("vector", "float32", (_DIMENSIONS,), -_MAX_LENGTH, _MAX_LENGTH),))
_MAX_CACHED_VECTORS = 8


def face_vector(
    frame: Pixels,
    landmarks: Floats,
    recogniser: ModelFile,
    family: Family,
    runner: ModelRunner,
    topology: Topology,
) -> Floats:
    """Return the raw vector of a face: its length is the network's own.

    Parameters
    ----------
    frame : ndarray, shape (H, W, 3), uint8
        The frame, RGB.
    landmarks : ndarray, shape (k, 2 or 3)
        The face's, in frame pixels.
    recogniser : ModelFile
        The network.
    family : Family
        What is known of it.
    runner : ModelRunner
        It runs the network.
    topology : Topology
        The canonical face mesh.

    Returns
    -------
    ndarray, shape (d,), float32
        Not of length 1.
    """
    network = runner.load(recogniser, family)
    matrix = alignment_matrix(alignment_points(landmarks, topology), family.template, network.size)
    crop = warp_crop(frame, matrix, network.size)
    name = network.facts.inputs[0].name
    return runner.run(network, {name: preprocess(crop[None], family)})[0].reshape(-1)


class NeuralSources:
    """Makes vectors and crops of identities, once, over one store. `detect` is as in `Sources`."""

    def __init__(
        self,
        store: Store,
        flight: Flight,
        sources: Sources,
        analyser: Analyser,
        topology: Topology,
        runner: ModelRunner,
    ) -> None:
        """`sources` and `analyser` are those that look at the source images."""
        self._store = store
        self._flight = flight
        self._sources = sources
        self._analyser = analyser
        self._topology = topology
        self._runner = runner
        self._stored_keys: set[Key] = set()
        self._vectors: LruCache[Key, Floats] = LruCache(_MAX_CACHED_VECTORS)

    def is_known(self, identity: Identity) -> bool:
        """Tell whether the faces of all of an identity's images are in the store. Raises FaceImageError, ModelError."""
        return all(self._sources.is_known(image) for image in identity.images)

    def vector_key(self, identity: Identity, detect: Detect, recogniser: ModelFile) -> Key:
        """Return the key of an identity's vector. Raises FaceImageError as `Sources.texture_key` does."""
        parts = [_vector_key(face, recogniser) for face in self._sources.source_faces(identity, detect)]
        return self._store_source_key({f"picture{n:02d}": part for n, part in enumerate(parts)})

    def vector(self, identity: Identity, detect: Detect, recogniser: ModelFile, family: Family) -> Floats:
        """Return the identity's raw vector: the mean over its images.

        The mean is taken before any length is made 1: a recogniser gives a poor image a short vector, so it counts
        less.

        Parameters
        ----------
        identity : Identity
            The source person.
        detect : Detect
            How faces are looked for in the images.
        recogniser : ModelFile
            The network.
        family : Family
            What is known of it.

        Returns
        -------
        ndarray, shape (512,), float32
            Not of length 1.

        Raises
        ------
        FaceImageError
            An image is missing, unreadable or shows no face.
        ModelError
            The network can't be run.
        """
        key = self.vector_key(identity, detect, recogniser)
        kept = self._vectors.get(key)
        if kept is None:
            rows = [
                self._image_vector(face, recogniser, family)
                for face in self._sources.source_faces(identity, detect)
            ]
            kept = self._vectors.put(key, np.asarray(np.mean(rows, 0), np.float32))
        return kept

    def aligned_image_key(self, identity: Identity, detect: Detect, template: str, size: int) -> Key:
        """Return the key of the crop that `aligned_image` returns."""
        face = self._sources.source_faces(identity, detect)[0]
        return self._store_source_key(
            {"landmark": face.landmark_key, "face": face.index, "template": template, "size": size}
        )

    def aligned_image(self, identity: Identity, detect: Detect, template: str, size: int) -> Pixels:
        """Return the identity's first image as an aligned crop (size, size, 3) uint8 RGB."""
        face = self._sources.source_faces(identity, detect)[0]
        matrix = alignment_matrix(alignment_points(face.face.landmarks, self._topology), template, size)
        return warp_crop(self._analyser.frames.frame(face.clip, 0), matrix, size)

    def _store_source_key(self, inputs: Mapping[str, Scalar | Key]) -> Key:
        key = stage_key("source", VERSION, inputs)
        if key not in self._stored_keys:
            # Kept though it holds nothing: its key text is what leads from an image to the crops made with it.
            self._store.put(key, {})
            self._stored_keys.add(key)
        return key

    def _image_vector(self, face: SourceFace, recogniser: ModelFile, family: Family) -> Floats:
        def compute() -> Arrays:
            pixels = self._analyser.frames.frame(face.clip, 0)
            vector = face_vector(
                pixels, face.face.landmarks, recogniser, family, self._runner, self._topology
            )
            return {"vector": vector}

        arrays = self._flight.get_or_compute(self._store, _vector_key(face, recogniser), compute)[0]
        return np.asarray(arrays["vector"], np.float32)


def _vector_key(face: SourceFace, recogniser: ModelFile) -> Key:
    return stage_key(
        "source_vector",
        VERSION,
        {"landmark": face.landmark_key, "face": face.index, "model": recogniser.sha256},
    )
