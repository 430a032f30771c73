# SPDX-License-Identifier: GPL-3.0-or-later
"""The occlude stage: what covers a face, found by a masker where the recipe asks for one."""

from collections.abc import Callable
from functools import cache

from ..analysis.landmark import alignment_points
from ..analysis.maskers.contract import MASK_SIZE, FaceMask
from ..analysis.model_adapters import Engines
from ..cache.base.compute import Flight
from ..cache.base.key import Key, Scalar, stage_key
from ..cache.base.schema import ArraySpec, Schema, SchemaByLine
from ..cache.base.store import Arrays, Store
from ..face.types import Face, Pixels
from ..geometry.mesh_topology import Topology
from ..models.catalog import load_catalogue
from ..recipe import Recipe
from ..reporting.stage_counts import Tally

_CLASSES = 19
_FARTHEST = 1e8


def _occlude_schema(masker: str) -> Schema:
    return _classes_schema() if masker == "bisenet" else _MAP_SCHEMA


occlude_schema = SchemaByLine("masker", _occlude_schema)
"""What is kept under the key of a mask: BiSeNet's classes, or any other masker's map."""


_MATRIX = ArraySpec("matrix", "float32", (2, 3), -_FARTHEST, _FARTHEST)
_MAP_SCHEMA = Schema((ArraySpec("visible", "uint8", (MASK_SIZE, MASK_SIZE)), _MATRIX))


@cache
def _classes_schema() -> Schema:
    side = load_catalogue().family("occlude", "bisenet").size
    return Schema((ArraySpec("classes", "uint8", (side, side), 0, _CLASSES - 1), _MATRIX))


class Occlusion:
    """Masks faces over one store."""

    def __init__(
        self, store: Store, flight: Flight, engines: Engines, topology: Topology, tally: Tally
    ) -> None:
        self._store = store
        self._flight = flight
        self._engines = engines
        self._topology = topology
        self._tally = tally

    def key(self, frame: str, landmarks: bytes, recipe: Recipe) -> Key | None:
        """Return the key of a face's mask, by the frame's id and the hash of its landmarks.

        None where no masker is asked for: then fusion tells what covers a face by the skin's colour.
        """
        masker = self._engines.masker(recipe.occlude) if recipe.fusion.keep_cover > 0 else None
        if masker is None:
            return None
        inputs: dict[str, Scalar | Key] = {"frame": frame, "landmarks": landmarks, "masker": masker.name}
        inputs.update({f"model{n:02d}": model.sha256 for n, model in enumerate(masker.models)})
        return stage_key("occlude", masker.version, inputs | self._engines.in_keys)

    def choices(self, recipe: Recipe) -> str:
        """Return what is chosen of what a masker saw: it changes the picture, and needs no masker to run.

        Raises RecipeError if nothing is.
        """
        masker = self._engines.masker(recipe.occlude)
        return "" if masker is None else masker.choices(recipe.occlude)

    def mask(self, key: Key, frame: Callable[[], Pixels], face: Face, recipe: Recipe) -> FaceMask | None:
        """Return the mask of a face, kept or made; None where no masker is asked for.

        `frame` gives the (H, W, 3) RGB uint8 frame, and is called only if the mask has to be made.
        """
        masker = self._engines.masker(recipe.occlude)
        if masker is None:
            return None

        def compute() -> Arrays:
            pixels = frame()
            with self._tally.running("occlude"):
                return masker.look(pixels, alignment_points(face.landmarks, self._topology))

        arrays, known = self._flight.result(self._store, key, compute)
        if known:
            self._tally.hit("occlude")
        return masker.mask(arrays, recipe.occlude)
