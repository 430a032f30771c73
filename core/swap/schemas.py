# SPDX-License-Identifier: GPL-3.0-or-later
"""The schemas of what swappers keep: what is read from a cache is held against them, by the text of its key."""

from functools import lru_cache

from ..cache.base.key import key_line_value
from ..cache.base.schema import MAX_COORDINATE_PIXELS, ArraySpec, Schema
from ..face.types import LANDMARK_COUNT
from ..geometry.glasses import BAND_SIZE
from ..geometry.skin_detail import STRENGTH_LIMIT_LEVELS
from .mesh import COVER_PIXELS, LIGHT_PIXELS
from .neural_region import CROP_SCHEMA, DFM_SCHEMA

_TARGET_SCHEMAS = {
    dtype: Schema(
        (
            ArraySpec("target", dtype, ("target height", "target width", 3)),
            ArraySpec("bare", "uint8", ("target height", "target width")),
        ),
        dict.fromkeys(("target height", "target width"), range(1, LIGHT_PIXELS + 1)),
    )
    for dtype in ("uint8", "uint16")
}
_MAX_SIDE = 1 << 16
_MOVE_ARRAYS = (
    ArraySpec("corner", "int32", (2,), 0, _MAX_SIDE),
    ArraySpec("region", "int32", (4,), 0, _MAX_SIDE),
    ArraySpec("landmarks", "float32", (LANDMARK_COUNT, 3), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
    ArraySpec("detail", "float32", (2,), 0.0, STRENGTH_LIMIT_LEVELS),
    ArraySpec("grid", "float32", ("rows", "columns", 2), -MAX_COORDINATE_PIXELS, MAX_COORDINATE_PIXELS),
    ArraySpec("rims", "uint8", ("band height", "band width")),
)
_MOVE_SIZES = {
    "height": range(1, _MAX_SIDE),
    "width": range(1, _MAX_SIDE),
    "rows": range(1, _MAX_SIDE),
    "columns": range(1, _MAX_SIDE),
    "band width": (0, BAND_SIZE[0]),
    "band height": (0, BAND_SIZE[1]),
}
_MOVE_SCHEMAS = {
    dtype: Schema((ArraySpec("picture", dtype, ("height", "width", 4)), *_MOVE_ARRAYS), _MOVE_SIZES)
    for dtype in ("uint8", "uint16")
}


def swap_schema(text: str) -> Schema:
    """Return what is kept under the key of a swap, the mesh's or a network's: the latter by whether it has a source."""
    if "\nswapper=mesh\n" in text:
        return _mesh_swap_schema(text)
    return CROP_SCHEMA if "\nsource=" in text else DFM_SCHEMA


def _mesh_swap_schema(text: str) -> Schema:
    """Return the schema of a `MeshCrop` under a key with this text, which says how large a crop may be."""
    return _sized_schema(key_line_value(text, "crop_size") or "0", stored_dtype(text))


def target_schema(text: str) -> Schema:
    """Return the schema of a `TargetCrop` under a key with this text."""
    return _TARGET_SCHEMAS[stored_dtype(text)]


def move_schema(text: str) -> Schema:
    """Return the schema of a `FaceWarp` under a key with this text."""
    return _MOVE_SCHEMAS[stored_dtype(text)]


def stored_dtype(text: str) -> str:
    """Return which type the images have that are kept under a key with this text: uint8, or uint16 of deep clips."""
    return "uint16" if key_line_value(text, "depth") else "uint8"


@lru_cache
def _sized_schema(crop_size: str, dtype: str) -> Schema:
    longest, target = int(crop_size), _TARGET_SCHEMAS[dtype]
    sides = range(1, longest + 1)
    arrays = (
        ArraySpec("swapped", dtype, ("height", "width", 3)),
        ArraySpec("cover", "uint8", ("cover height", "cover width")),
        *target.arrays,
    )
    covers = range(1, COVER_PIXELS + 1)
    return Schema(
        arrays,
        {
            "height": sides,
            "width": sides,
            "cover height": covers,
            "cover width": covers,
            **target.sizes,
        },
    )
