# SPDX-License-Identifier: GPL-3.0-or-later
"""The readers by name. Each is imported when it is run: one of them needs Blender."""

from importlib import import_module
from typing import cast

from ..reader import Reader

NAMES = (
    "packs",
    "sidecars",
    "labels",
    "models",
    "memory",
    "import",
    "worker",
    "redis",
    "marks",
    "images",
    "blend",
)
_MODULES = {"import": "import_folder"}


def reader(name: str) -> Reader:
    """Return a reader by its name."""
    module = import_module(f".{_MODULES.get(name, name)}", __package__)
    return cast("Reader", module.READER)
