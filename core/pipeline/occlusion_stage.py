# SPDX-License-Identifier: GPL-3.0-or-later
"""The occlude stage: what covers a face, found by a masker where the recipe asks for one."""

from collections.abc import Callable
from functools import cache

from ..analysis.landmark import alignment_points
from ..analysis.maskers.contract import MASK_PIXELS, OcclusionMask
from ..analysis.model_adapters import ModelAdapters
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays, Store
from ..face.types import Face, Pixels
from ..geometry.mesh_topology import Topology
from ..models.catalog import load_catalogue
from ..recipe import Recipe
from ..reporting.stage_counts import StageCounter

_CLASS_COUNT = 19
_MAX_MATRIX_VALUE = 1e8


def _occlude_schema(masker: str) -> Schema:
    return _classes_schema() if masker == "bisenet" else _MAP_SCHEMA


occlude_schema = SchemaByLine("masker", _occlude_schema)
"""What is kept under the key of a mask: BiSeNet's classes, or any other masker's map."""


_MATRIX = ArraySpec("matrix", "float32", (2, 3), -_MAX_MATRIX_VALUE, _MAX_MATRIX_VALUE)
_MAP_SCHEMA = Schema((ArraySpec("visible", "uint8", (MASK_PIXELS, MASK_PIXELS)), _MATRIX))


@cache
def _classes_schema() -> Schema:
    side = load_catalogue().family("occlude", "bisenet").size
    return Schema((ArraySpec("classes", "uint8", (side, side), 0, _CLASS_COUNT - 1), _MATRIX))


class OcclusionStage:
    """Masks faces over one store."""

    def __init__(
        self, store: Store, flight: Flight, adapters: ModelAdapters, topology: Topology, counter: StageCounter
    ) -> None:
        self._store = store
        self._flight = flight
        self._adapters = adapters
        self._topology = topology
        self._counter = counter

    def key(self, frame: str, landmarks: bytes, recipe: Recipe) -> Key | None:
        """Return the key of a face's mask.

        Parameters
        ----------
        frame : str
            The frame's id.
        landmarks : bytes
            The hash of the face's landmarks.
        recipe : Recipe
            The recipe.

        Returns
        -------
        Key or None
            None where no masker is asked for: then fusion tells what covers a face by the skin's colour.
        """
        masker = self._adapters.masker(recipe.occlude) if recipe.fusion.keep_cover > 0 else None
        if masker is None:
            return None
        inputs: dict[str, Scalar | Key] = {"frame": frame, "landmarks": landmarks, "masker": masker.name}
        inputs.update({f"model{n:02d}": model.sha256 for n, model in enumerate(masker.models)})
        return stage_key("occlude", masker.version, inputs | self._adapters.key_inputs)

    def choices(self, recipe: Recipe) -> str:
        """Return what is chosen of what a masker saw: it changes the image, and needs no masker to run.

        Raises RecipeError if nothing is.
        """
        masker = self._adapters.masker(recipe.occlude)
        return "" if masker is None else masker.mask_key_text(recipe.occlude)

    def mask(self, key: Key, frame: Callable[[], Pixels], face: Face, recipe: Recipe) -> OcclusionMask | None:
        """Return the mask of a face, kept or made.

        Parameters
        ----------
        key : Key
            The mask's key.
        frame : callable
            Returns the frame, (H, W, 3) RGB uint8; called only if the mask has to be made.
        face : Face
            The face, in frame pixels.
        recipe : Recipe
            The recipe.

        Returns
        -------
        OcclusionMask or None
            None where no masker is asked for.

        Raises
        ------
        ModelError
            The network can't be run.
        """
        masker = self._adapters.masker(recipe.occlude)
        if masker is None:
            return None

        def compute() -> Arrays:
            pixels = frame()
            with self._counter.measure("occlude"):
                return masker.segment(pixels, alignment_points(face.landmarks, self._topology))

        arrays, known = self._flight.get_or_compute(self._store, key, compute)
        if known:
            self._counter.record_hit("occlude")
        return masker.mask(arrays, recipe.occlude)
