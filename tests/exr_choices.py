# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR files of several layers and parts, and what of them Blender 4.5, 5.0 and 5.2 show."""

from pathlib import Path

import numpy as np
from exr_files import Part, write_exr_parts

SIZE = (6, 8)


def planes(*layers: tuple[str, str], first: int = 1) -> dict[str, np.ndarray]:
    """The planes of layers, by the names of their channels: the first is all 0.1, the next 0.2 and so on."""
    return {
        f"{name}.{letter}".lstrip("."): np.full(SIZE, number / 10, np.float32)
        for number, (name, letters) in enumerate(layers, first)
        for letter in letters
    }


LAYERS = {
    "plain": ([("", "RGB"), ("a", "RGB")], 1),
    "first by the alphabet": ([("b", "RGB"), ("a", "RGB")], 2),
    "combined after another pass": ([("V.AO", "RGB"), ("V.Combined", "RGBA"), ("V.Depth", "Z")], 2),
    "combined of a later layer": ([("A.AO", "RGB"), ("B.Combined", "RGBA")], 1),
    "no color before it": ([("V.Normal", "XYZ"), ("V.Noise", "RGB")], 2),
    "two of three colors before it": ([("a", "RG"), ("b", "RGB")], 2),
    "plain after a named layer": ([("", "RGB"), ("A.x", "RGB")], 2),
    "plain beside passes": ([("", "RGB"), ("A", "RGB")], 1),
    "depth alone is plain": ([("", "Z"), ("a", "RGB")], 2),
}
"""Layers, and which of them is shown, counted from 1."""

PARTS = {
    "depth first": ([("depth", [("", "Z")]), ("beauty", [("", "RGB")])], 1),
    "first of two": ([("z", [("", "RGB")]), ("a", [("", "RGB")])], 0),
    "a layer, then plain": ([("p", [("aov", "RGB")]), ("q", [("", "RGB")])], 0),
    "combined last": ([("V.AO", [("V.AO", "RGB")]), ("V.Combined", [("V.Combined", "RGBA")])], 1),
    "named by the part": ([("V.p", [("", "RGB")]), ("V.Combined", [("", "RGBA")])], 1),
    "another layer's combined": ([("V.p", [("", "RGB")]), ("U.Combined", [("", "RGBA")])], 0),
}
"""Parts, and which of them is shown, counted from 0."""


_F2, _F4, _U4 = np.float16, np.float32, np.uint32
CHANNELS = {
    "half beside float": {"R": _F2, "G": _F4, "B": _F4},
    "float alpha": {"A": _F4, "R": _F2, "G": _F2, "B": _F2},
    "whole numbers": {"R": _U4, "G": _U4, "B": _U4},
    "whole words": {"Red": _F4, "Green": _F4, "Blue": _F4, "Z": _F4},
    "a layer of three types": {
        "V.Combined.R": _U4,
        "V.Combined.G": _F4,
        "V.Combined.B": _F2,
        "V.Combined.A": _F4,
    },
    "an id beside them": {"R": _F2, "G": _F2, "B": _F2, "id": _U4},
}
"""The types of channels that Blender shows as one image."""


def _samples(random: np.random.Generator, channel: str, dtype: type) -> np.ndarray:
    if channel[-1] == "A":
        return np.ones(SIZE, dtype)
    return (random.integers(0, 2, SIZE) if dtype == _U4 else random.random(SIZE)).astype(dtype)


def write_channels(path: Path, name: str) -> tuple[Path, np.ndarray]:
    """Write the file of that name; returns its path and what is shown of it, (H, W, 3) float32."""
    random = np.random.default_rng(3)
    made = {channel: _samples(random, channel, dtype) for channel, dtype in CHANNELS[name].items()}
    by_letter = {channel.rpartition(".")[2][0]: plane for channel, plane in made.items() if channel != "id"}
    return write_exr_parts(path, Part("", made)), np.dstack([by_letter[c] for c in "RGB"]).astype(_F4)


def write_layers(path: Path, name: str) -> tuple[Path, np.float32]:
    """Write the file of that name; returns its path and the value of what is shown of it."""
    layers, shown = LAYERS[name]
    return write_exr_parts(path, Part("", planes(*layers))), np.float32(shown / 10)


def write_parts(path: Path, name: str) -> tuple[Path, np.float32]:
    """Do the same; the parts have 0.1, 0.3 and so on."""
    parts, shown = PARTS[name]
    values = [
        Part(part, planes(*layers, first=1 + 2 * number)) for number, (part, layers) in enumerate(parts)
    ]
    return write_exr_parts(path, *values), np.float32((1 + 2 * shown) / 10)
