# SPDX-License-Identifier: GPL-3.0-or-later
"""The host-agnostic part of Understudy: clips, faces, swap, fusion, layers and the stage cache.

The names in `__all__` are for scripts and other tools; docs/api.md shows them at work. They follow semantic
versioning: until the next major version each keeps its meaning, its parameters and the errors it raises, and new
parameters have defaults. Everything else in this package may change in any version. The stage cache alone is
`understudy.core.cache`, with the same promise.

A module is loaded when a name of it is first used, so importing this package costs nothing.
"""

from importlib import import_module

TYPE_CHECKING = False  # as `typing` has it, without loading it
if TYPE_CHECKING:
    from .cache.settings import CacheSettings
    from .errors import (
        CacheError,
        ClipError,
        FaceImageError,
        ModelError,
        OutputError,
        RecipeError,
        RefusalError,
        UnderstudyError,
    )
    from .media.clip import Clip, ClipInfo
    from .media.open import open_clip, open_sequence
    from .recipe.parameter import Parameter
    from .recipe.request import FaceImage, Identity, SwapRequest
    from .recipe.settings import Recipe, parameters, with_settings, with_value
    from .reporting.stage_counts import Report
    from .sessions.clip_session import ClipSession, RecastFrame
    from .sessions.settings import RunSettings, resolve_settings

__all__ = [
    "CacheError",
    "CacheSettings",
    "Clip",
    "ClipError",
    "ClipInfo",
    "ClipSession",
    "FaceImage",
    "FaceImageError",
    "Identity",
    "ModelError",
    "OutputError",
    "Parameter",
    "RecastFrame",
    "Recipe",
    "RecipeError",
    "RefusalError",
    "Report",
    "RunSettings",
    "SwapRequest",
    "UnderstudyError",
    "open_clip",
    "open_sequence",
    "parameters",
    "resolve_settings",
    "with_settings",
    "with_value",
]

_MODULES = {
    "CacheError": ".errors",
    "CacheSettings": ".cache.settings",
    "Clip": ".media.clip",
    "ClipError": ".errors",
    "ClipInfo": ".media.clip",
    "ClipSession": ".sessions.clip_session",
    "FaceImage": ".recipe.request",
    "FaceImageError": ".errors",
    "Identity": ".recipe.request",
    "ModelError": ".errors",
    "OutputError": ".errors",
    "Parameter": ".recipe.parameter",
    "RecastFrame": ".sessions.clip_session",
    "Recipe": ".recipe.settings",
    "RecipeError": ".errors",
    "RefusalError": ".errors",
    "Report": ".reporting.stage_counts",
    "RunSettings": ".sessions.settings",
    "SwapRequest": ".recipe.request",
    "UnderstudyError": ".errors",
    "open_clip": ".media.open",
    "open_sequence": ".media.open",
    "parameters": ".recipe.settings",
    "resolve_settings": ".sessions.settings",
    "with_settings": ".recipe.settings",
    "with_value": ".recipe.settings",
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
