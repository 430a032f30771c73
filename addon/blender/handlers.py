# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding a module's functions to Blender's handlers, and taking them out again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import bpy


def add_handlers(handlers: Mapping[str, Callable[..., None]]) -> None:
    """Add functions to the handlers of these names, such as `load_post`."""
    for name, handler in handlers.items():
        getattr(bpy.app.handlers, name).append(handler)


def call_handlers(module: str, name: str, attribute: str) -> None:
    """Call what a module's functions among the handlers of this name have as an attribute."""
    for handler in _handlers_of(module, name):
        getattr(handler, attribute)()


def _handlers_of(module: str, name: str) -> list[Any]:
    return [entry for entry in getattr(bpy.app.handlers, name) if getattr(entry, "__module__", "") == module]


def remove_handlers(module: str, names: Iterable[str]) -> None:
    """Take a module's functions out of the handlers of these names, those of an earlier registration too.

    A function that has an attribute `close` owns something: that is called.
    """
    for name in names:
        for handler in _handlers_of(module, name):
            getattr(bpy.app.handlers, name).remove(handler)
            close: Callable[[], Any] = getattr(handler, "close", bool)
            close()
