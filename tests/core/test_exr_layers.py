# SPDX-License-Identifier: GPL-3.0-or-later
"""Of OpenEXR files with several parts, layers and windows that image is read which Blender's sequencer shows."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from exr_choices import (
    CHANNELS,
    LAYERS,
    PARTS,
    SIZE,
    planes,
    write_channels,
    write_layers,
    write_parts,
)
from exr_files import Part, write_exr, write_exr_parts, write_exr_tiles, write_exr_zips
from understudy.core.errors import ClipError
from understudy.core.media.exr_header import read_exr_parts
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import LightSpace

REC709 = LightSpace("Linear Rec.709")


@pytest.mark.parametrize("name", LAYERS)
def test_the_layer_is_read_that_blender_shows(tmp_path: Path, name: str) -> None:
    path, shown = write_layers(tmp_path / "a.exr", name)
    assert np.array_equal(decode_light(REC709, path), np.full((*SIZE, 3), shown))


@pytest.mark.parametrize("name", PARTS)
def test_the_part_is_read_that_blender_shows(tmp_path: Path, name: str) -> None:
    path, shown = write_parts(tmp_path / "a.exr", name)
    assert np.array_equal(decode_light(REC709, path), np.full((*SIZE, 3), shown))


@pytest.mark.parametrize("name", CHANNELS)
def test_channels_of_any_types_are_read(tmp_path: Path, name: str) -> None:
    path, shown = write_channels(tmp_path / "a.exr", name)
    assert np.array_equal(decode_light(REC709, path), shown)


def test_large_whole_numbers_are_read_and_refused_in_a_compression_for_floats(tmp_path: Path) -> None:
    numbers = np.full(SIZE, 4_000_000_000, np.uint32)
    path = write_exr_parts(tmp_path / "a.exr", Part("", dict.fromkeys("RGB", numbers)))
    assert np.array_equal(decode_light(REC709, path)[..., 0], numbers.astype(np.float32))
    data = path.read_bytes()
    at = data.index(b"compression\0compression\0") + 28
    path.write_bytes(data[:at] + b"\5" + data[at + 1 :])  # PXR24
    with pytest.raises(ClipError, match=r"a\.exr can't be read .* whole numbers in a compression for floats"):
        decode_light(REC709, path)


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
        decode_light(REC709, write_exr_parts(tmp_path / "a.exr", depth, *views)), np.ones((*SIZE, 3))
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
    assert np.array_equal(decode_light(REC709, write_exr_parts(tmp_path / "a.exr", *others, shown)), image)


def test_parts_of_two_sizes_are_refused(tmp_path: Path) -> None:
    small = Part("a", {"Z": np.zeros((2, 3), np.float32)})
    path = write_exr_parts(tmp_path / "a.exr", small, Part("b", planes(("", "RGB"))))
    with pytest.raises(ClipError, match=r"a\.exr can't be read .* its parts differ in size"):
        decode_light(REC709, path)


@pytest.mark.parametrize("layers", [[("a", "XYZ"), ("b", "Y")], [("", "RGB"), ("Combined", "RGBA")]])
def test_a_file_of_which_blender_shows_nothing_is_refused(tmp_path: Path, layers: list) -> None:
    path = write_exr_parts(tmp_path / "a.exr", Part("", planes(*layers)))
    with pytest.raises(ClipError, match=r"a\.exr has no layer that Blender's sequencer shows"):
        decode_light(REC709, path)


def test_a_chunk_that_is_there_many_times_takes_no_memory(tmp_path: Path) -> None:
    long = Part("long", {name: np.zeros((40, 50), np.float32) for name in map(str, range(200))})
    shown = Part("shown", {c: np.zeros((40, 50), np.float32) for c in "RGB"})
    path = write_exr_parts(tmp_path / "a.exr", long, shown)
    data = path.read_bytes()
    table = read_exr_parts(data)[1]
    path.write_bytes(data[:table] + data[table : table + 8] * 80 + data[table + 8 * 80 :][:50_000])
    with pytest.raises(
        ClipError, match=r"a\.exr can't be read as an OpenEXR image: it is cut off or damaged"
    ):
        decode_light(REC709, path)


@pytest.mark.parametrize("kind", ["lines", "halves", "tiles", "window", "parts"])
def test_a_file_that_is_cut_off_is_refused(tmp_path: Path, kind: str) -> None:
    light = np.random.default_rng(1).random((24, 40, 3), np.float32)
    part = Part("a", {channel: light[..., place] for place, channel in enumerate("RGB")})
    path = tmp_path / "a.exr"
    if kind == "parts":
        write_exr_parts(path, part, Part("b", part.planes))
    elif kind == "tiles":
        write_exr_tiles(path, light, 16)
    elif kind == "window":
        write_exr_parts(path, replace(part, corner=(-3, 5)))
    else:
        light = light.astype(np.float16) if kind == "halves" else light
        write_exr(path, light, half=kind == "halves")
    assert np.array_equal(decode_light(REC709, path), light)
    whole = path.read_bytes()
    header_end = read_exr_parts(whole)[1]
    spoilt = {
        "half": whole[: header_end + (len(whole) - header_end) // 3],
        "in the table": whole[: header_end + 20],
        "the header alone": whole[:header_end],
        "a chunk that was not written": whole[:header_end] + bytes(8) + whole[header_end + 8 :],
    }
    if kind != "parts":  # the first part is the one that is shown
        spoilt["a byte"] = whole[:-1]
    for what, data in spoilt.items():
        path.write_bytes(data)
        with pytest.raises(ClipError, match=r"a\.exr can't be read as an OpenEXR image"):
            pytest.fail(f"{what}: {decode_light(REC709, path).shape}")


def test_a_compressed_line_that_is_damaged_is_a_fault_and_a_black_one_is_none(tmp_path: Path) -> None:
    light = np.repeat(np.linspace(0, 2, 24 * 40, dtype=np.float32).reshape(24, 40, 1), 3, 2)
    light[5:9] = 0
    path = write_exr_zips(tmp_path / "a.exr", light)
    assert np.array_equal(decode_light(REC709, path), light)
    data = path.read_bytes()
    path.write_bytes(data[:-30] + bytes(10) + data[-20:])
    with pytest.raises(ClipError, match=r"a\.exr can't be read as an OpenEXR image: it is damaged"):
        decode_light(REC709, path)
