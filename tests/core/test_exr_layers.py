# SPDX-License-Identifier: GPL-3.0-or-later
"""Of OpenEXR files with several parts, layers and windows that image is read which Blender's sequencer shows."""

from pathlib import Path

import numpy as np
import pytest
from exr_files import Part, write_exr_parts
from understudy.core.errors import ClipError
from understudy.core.media.exr import decode_exr_light
from understudy.core.media.exr_header import read_exr_parts

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
"""Each was rendered by Blender 4.5, 5.0 and 5.2: `tests/addon/test_clip_against_blender.py` repeats that."""

PARTS = {
    "depth first": ([("depth", [("", "Z")]), ("beauty", [("", "RGB")])], 1),
    "first of two": ([("z", [("", "RGB")]), ("a", [("", "RGB")])], 0),
    "a layer, then plain": ([("p", [("aov", "RGB")]), ("q", [("", "RGB")])], 0),
    "combined last": ([("V.AO", [("V.AO", "RGB")]), ("V.Combined", [("V.Combined", "RGBA")])], 1),
    "named by the part": ([("V.p", [("", "RGB")]), ("V.Combined", [("", "RGBA")])], 1),
    "another layer's combined": ([("V.p", [("", "RGB")]), ("U.Combined", [("", "RGBA")])], 0),
}


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


@pytest.mark.parametrize("name", LAYERS)
def test_the_layer_is_read_that_blender_shows(tmp_path: Path, name: str) -> None:
    path, shown = write_layers(tmp_path / "a.exr", name)
    assert np.array_equal(decode_exr_light(path), np.full((*SIZE, 3), shown))


@pytest.mark.parametrize("name", PARTS)
def test_the_part_is_read_that_blender_shows(tmp_path: Path, name: str) -> None:
    path, shown = write_parts(tmp_path / "a.exr", name)
    assert np.array_equal(decode_exr_light(path), np.full((*SIZE, 3), shown))


def test_views_are_apart(tmp_path: Path) -> None:
    views = [
        Part(
            f"rgb.{view}",
            {c: np.full(SIZE, n, np.float32) for c in "RGB"},
            extra=[("view", "string", view.encode())],
        )
        for n, view in enumerate(("left", "right"), 1)
    ]
    depth = Part("rgb", planes(("", "Z")))
    assert np.array_equal(
        decode_exr_light(write_exr_parts(tmp_path / "a.exr", depth, *views)), np.ones((*SIZE, 3))
    )


@pytest.mark.parametrize("corner", [(0, 0), (4, 3), (-5, -2)])
@pytest.mark.parametrize("display", [None, (0, 0, 20, 10), (2, 1, 4, 3)])
@pytest.mark.parametrize("count", [1, 2])
def test_the_data_window_is_the_image(
    tmp_path: Path, corner: tuple, display: tuple | None, count: int
) -> None:
    image = np.random.default_rng(0).random((*SIZE, 3), np.float32)
    shown = Part("b", {c: image[..., n] for n, c in enumerate("RGB")}, corner, display)
    others = [Part("a", planes(("", "Z")), (1, 1), display)] * (count - 1)
    assert np.array_equal(decode_exr_light(write_exr_parts(tmp_path / "a.exr", *others, shown)), image)


@pytest.mark.parametrize("layers", [[("a", "XYZ"), ("b", "Y")], [("", "RGB"), ("Combined", "RGBA")]])
def test_a_file_of_which_blender_shows_nothing_is_refused(tmp_path: Path, layers: list) -> None:
    path = write_exr_parts(tmp_path / "a.exr", Part("", planes(*layers)))
    with pytest.raises(ClipError, match=r"a\.exr has no layer that Blender's sequencer shows"):
        decode_exr_light(path)


def test_a_chunk_that_is_there_many_times_takes_no_memory(tmp_path: Path) -> None:
    long = Part("long", {"Z": np.zeros((1, 50_000), np.float32)})
    shown = Part("shown", {c: np.zeros((60, 4), np.float32) for c in "RGB"})
    path = write_exr_parts(tmp_path / "a.exr", long, shown)
    data = path.read_bytes()
    table = read_exr_parts(data)[1]
    path.write_bytes(data[:table] + data[table : table + 8] * 61 + data[table + 8 * 61 :])
    with pytest.raises(
        ClipError, match=r"a\.exr can't be read as an OpenEXR image: it is cut off or damaged"
    ):
        decode_exr_light(path)
