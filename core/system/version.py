# SPDX-License-Identifier: GPL-3.0-or-later
"""The version of this program. It is for people to read: no key, label or digest holds it."""

import tomllib
from pathlib import Path

from ..filesystem import read_input

_MANIFEST = Path(__file__).resolve().parents[2] / "blender_manifest.toml"
_MANIFEST_BYTES = 1 << 16


def version() -> str:
    """Return the version: of an extension or a checkout by its manifest, else of the package; empty if unknown."""
    try:
        return str(tomllib.loads(read_input(_MANIFEST, _MANIFEST_BYTES).decode())["version"])
    except (OSError, ValueError, KeyError):
        pass
    from importlib import metadata  # here: it takes 20 ms to load, and a checkout or an extension needs none

    try:
        return metadata.version("understudy")
    except metadata.PackageNotFoundError:
        return ""


def program_name() -> str:
    """Return the program's name and, where it is known, its version."""
    return f"Understudy {version()}".rstrip()
