# SPDX-License-Identifier: GPL-3.0-or-later
"""DPX images: every packing and order of bytes, and what is refused in one clear line."""

from pathlib import Path

import numpy as np
import pytest
from dpx_files import FILLED_LEFT, FILLED_RIGHT, PACKED, sixteen_bits, write_dpx
from understudy.core.errors import ClipError
from understudy.core.media.image_clip import is_image
from understudy.core.media.image_decode import decode_image, decode_over_black
from understudy.core.media.open import open_clip

KINDS = [(8, PACKED), (16, PACKED), *((bits, packing) for bits in (10, 12) for packing in range(3))]
CHANNELS = {50: (0, 1, 2), 51: (0, 1, 2), 52: (3, 2, 1), 6: (0, 0, 0)}


def codes_of(bits: int, channels: int, width: int = 24) -> np.ndarray:
    return np.random.default_rng(bits).integers(0, 1 << bits, (5, width, channels))


@pytest.mark.parametrize("big_endian", [True, False])
@pytest.mark.parametrize("descriptor", CHANNELS)
@pytest.mark.parametrize(("bits", "packing"), KINDS)
def test_codes_of_every_packing_are_read(
    tmp_path: Path, bits: int, packing: int, descriptor: int, big_endian: bool
) -> None:
    channels = {50: 3, 6: 1}.get(descriptor, 4)
    codes = codes_of(bits, channels)
    path = write_dpx(tmp_path / "a.dpx", codes, bits, packing, big_endian=big_endian, descriptor=descriptor)
    assert is_image(path)
    pixels = decode_image(path)
    expected = sixteen_bits(codes, bits, packing) if bits in (10, 12) else codes
    assert pixels.dtype == (np.uint8 if bits == 8 else np.uint16)
    np.testing.assert_array_equal(pixels, expected[..., CHANNELS[descriptor]])


@pytest.mark.parametrize("packing", [PACKED, FILLED_RIGHT, FILLED_LEFT])
def test_lines_of_any_width_and_with_bytes_after_them_are_read(tmp_path: Path, packing: int) -> None:
    for width in (1, 5, 17):
        codes = codes_of(10, 3, width)
        path = write_dpx(tmp_path / f"{width}.dpx", codes, 10, packing, padding=8)
        np.testing.assert_array_equal(decode_over_black(path), sixteen_bits(codes, 10, packing))


@pytest.mark.parametrize(
    ("place", "value", "text"),
    [
        (800, b"\x01", "a DPX image of a rare kind"),
        (800, b"\x64", "Blender does not show DPX images of color differences"),
        (806, b"\x00\x01", "Blender does not show DPX images with run-length encoding"),
        (780, b"\x00\x00\x00\x01", "a DPX image of a rare kind"),
        (803, b"\x0e", "names 14 bits with packing 1"),
        (804, b"\x00\x05", "names 10 bits with packing 5"),
        (808, b"\xff\xff\xff\xff", "names no size or place"),
        (772, b"\x00\x00\x00\x00", "names no size or place"),
        (776, b"\x00\x00\x01\x00", "is cut off"),
        (772, b"\x7f\xff\xff\xff\x7f\xff\xff\xff", "at most .* are allowed"),
        (812, b"\x7f\xff\xff\xff", "is cut off"),
    ],
)
def test_a_damaged_header_is_one_clear_error(tmp_path: Path, place: int, value: bytes, text: str) -> None:
    path = write_dpx(tmp_path / "a.dpx", codes_of(10, 3), 10, FILLED_RIGHT)
    data = bytearray(path.read_bytes())
    data[place : place + len(value)] = value
    path.write_bytes(data)
    with pytest.raises(ClipError, match=rf"a\.dpx .*{text}"):
        open_clip(path)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("descriptor", [51, 100, 103])
def test_damaged_floats_are_read_without_a_word(tmp_path: Path, descriptor: int) -> None:
    channels = {51: 4, 100: 2, 103: 4}[descriptor]
    codes = np.full((2, 6, channels), [[np.nan], [np.inf], [-np.inf], [3e38], [-3e38], [1e-40]], np.float32)
    codes[1, :, -1] = np.inf
    path = write_dpx(tmp_path / "a.dpx", codes, 32, descriptor=descriptor, colorimetric=6)
    assert decode_over_black(path).shape == (2, 6, 3)


def test_images_that_programs_disagree_on_are_refused(tmp_path: Path) -> None:
    eight = write_dpx(tmp_path / "eight.dpx", codes_of(8, 3, 17), 8)
    ten = write_dpx(tmp_path / "ten.dpx", codes_of(10, 4, 16), 10, FILLED_RIGHT)
    for path in (eight, ten):
        with pytest.raises(
            ClipError, match=r"programs disagree on DPX images .* pixels wide; save it with 16 bits"
        ):
            open_clip(path)
