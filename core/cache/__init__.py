# SPDX-License-Identifier: GPL-3.0-or-later
"""Keep every stage's result under the fingerprint of its inputs.

The cache works alone: a tool that knows nothing of faces or clips keeps the results of its own stages in it. Nothing of
the rest of Understudy is loaded then, nor OpenCV or ONNX Runtime; docs/api.md shows how.

The names in `__all__` follow semantic versioning: until the next major version each keeps its meaning, its parameters
and the errors it raises, and new parameters have defaults; keys keep their text, and folders can still be read.
Everything else in this package may change in any version.

A module is loaded when a name of it is first used, so importing this package costs nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # as `typing` has it, without loading it
if TYPE_CHECKING:
    from ..errors import CacheError
    from .base.compute import Flight
    from .base.counts import StoreCounts
    from .base.key import Key, Scalar, stage_key
    from .base.schema import ArraySpec, Schema, StageSchema
    from .base.store import Arrays, Store
    from .factory import open_cache, open_cache_best_effort
    from .settings import CacheSettings
    from .stack import OpenCache

__all__ = [
    "ArraySpec",
    "Arrays",
    "CacheError",
    "CacheSettings",
    "Flight",
    "Key",
    "OpenCache",
    "Scalar",
    "Schema",
    "StageSchema",
    "Store",
    "StoreCounts",
    "open_cache",
    "open_cache_best_effort",
    "stage_key",
]

_MODULES = {
    "ArraySpec": ".base.schema",
    "Arrays": ".base.store",
    "CacheError": "..errors",
    "CacheSettings": ".settings",
    "Flight": ".base.compute",
    "Key": ".base.key",
    "OpenCache": ".stack",
    "Scalar": ".base.key",
    "Schema": ".base.schema",
    "StageSchema": ".base.schema",
    "Store": ".base.store",
    "StoreCounts": ".base.counts",
    "open_cache": ".factory",
    "open_cache_best_effort": ".factory",
    "stage_key": ".base.key",
}
"""The module that defines each name."""

if not TYPE_CHECKING:  # a type checker would take any name for one that exists

    def __getattr__(name: str) -> object:
        """Return an exported name, and load its module."""
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        return getattr(import_module(_MODULES[name], __name__), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
