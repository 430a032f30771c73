# SPDX-License-Identifier: GPL-3.0-or-later
"""Versions of libraries that give other values than those that caches were made with, as part of keys.

Machines that share a cache may have other versions of a library. Where a version was seen to give the same values,
bit for bit, keys do not name it; any other one is named, so that its results are kept apart.
"""

import sys
from functools import cache
from importlib import import_module
from pathlib import Path

from ..filesystem import Folder

_DISTRIBUTIONS = {
    "av": ("av",),
    "numpy": ("numpy",),
    "onnxruntime": ("onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino"),
    "opencv": (
        "opencv-python-headless",
        "opencv-python",
        "opencv-contrib-python-headless",
        "opencv-contrib-python",
    ),
}
_MODULES = {"opencv": "cv2"}

_SAME_VALUES = {
    "av": ("18.0", "18.1"),
    "numpy": ("1.26", "2.0", "2.1", "2.2", "2.3", "2.4"),
    "onnxruntime": ("1.25", "1.26", "1.27", "1.28", "1.29", "1.30", "1.31", "1.32"),
    "opencv": ("4.11", "4.12", "4.13", "4.14"),
}
"""Seen on two clips of footage, 14 frames, all stages of the mesh swapper, on one x86-64 processor: PyAV 18.0.0 and
18.1.0; ONNX Runtime 1.25.1, 1.27.0, 1.31.1 and 1.32.0 (1.23.2 and 1.24.4 differ); OpenCV 4.11 to 4.14 (5.0 differs).
NumPy 2.0 to 2.4 agree with each other, and differ from 1.26 in the last bit of a pose and by one level in some faces:
both are kept, since Blender 4.5 and 5.0 have the one and 5.2 the other, and projects go from one to the next.
"""


def library_inputs(*libraries: str) -> dict[str, str]:
    """Return what keys say of libraries: the version of each that is not known to give the same values.

    `libraries` are of av, numpy, onnxruntime and opencv.
    """
    versions = {library: _minor_version(library) for library in libraries}
    return {name: version for name, version in versions.items() if version not in _SAME_VALUES[name]}


@cache
def _minor_version(library: str) -> str:
    """Return a library's version without its last numbers, as 4.11, without importing it where that can be told."""
    installed = _installed_versions()
    version = next((installed[name] for name in _DISTRIBUTIONS[library] if name in installed), "")
    return _two_numbers(version or _metadata_version(library))


@cache
def _installed_versions() -> dict[str, str]:
    """Return the versions of the distributions in Python's path by their normalized names, as their folders say.

    The version is empty where the folder, of an old format, does not tell it.
    """
    versions: dict[str, str] = {}
    for place in sys.path:
        try:
            with Folder(Path(place)) as folder:
                names = folder.names()
        except OSError:
            continue
        for name in names:
            stem, _, kind = name.rpartition(".")
            distribution, _, version = stem.partition("-")
            if kind in ("dist-info", "egg-info"):
                versions.setdefault(_normalized(distribution), version if kind == "dist-info" else "")
    return versions


def _normalized(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _metadata_version(library: str) -> str:
    """Return what Python's own look-up says, or the library itself: it is loaded for that."""
    # It takes 10 to 20 ms, with the modules for mail that it loads: more than the look at 90 layers.
    from importlib import metadata

    for name in _DISTRIBUTIONS[library]:
        try:
            return metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return str(import_module(_MODULES.get(library, library)).__version__)


def _two_numbers(version: str) -> str:
    return ".".join(version.split(".")[:2])
