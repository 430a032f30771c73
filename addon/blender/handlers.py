# SPDX-License-Identifier: GPL-3.0-or-later
"""Adding a module's functions to Blender's handlers, and taking them out again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import bpy


def add_handlers(handlers: Mapping[str, Callable[..., None]]) -> None:
    """Add functions to the handlers of these names, such as `load_post`."""
    for name, handler in handlers.items():
        getattr(bpy.app.handlers, name).append(handler)


def remove_handlers(module: str, names: Iterable[str]) -> None:
    """Take a module's functions out of the handlers of these names, those of an earlier registration too.

    A function that has an attribute `close` owns something: that is called.
    """
    for handlers in (getattr(bpy.app.handlers, name) for name in names):
        for handler in [entry for entry in handlers if getattr(entry, "__module__", "") == module]:
            handlers.remove(handler)
            close: Callable[[], Any] = getattr(handler, "close", bool)
            close()
