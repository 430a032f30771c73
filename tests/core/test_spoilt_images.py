# SPDX-License-Identifier: GPL-3.0-or-later
"""Spoilt DPX, TIFF and OpenEXR files: each is read, or refused in one line that names it; nothing is printed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from dpx_files import FILLED_RIGHT, PACKED, write_dpx
from exr_files import Part, write_exr, write_exr_parts
from float_tiffs import write_float_tiff, write_predicted_tiff
from understudy.core.errors import ClipError
from understudy.core.media.image_decode import decode_over_black
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import LightSpace
from understudy.core.media.tiff_header import is_float_tiff

LIGHT = np.random.default_rng(0).random((24, 32, 3)).astype(np.float32)
CODES = (LIGHT * 1023).astype(int)
SPACE = LightSpace("ACEScg")
ROUNDS = 60
ODD_NUMBERS = (0, 1, 0xFF, 0xFFFF, 1 << 20, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def exr_parts(path: Path) -> Path:
    depth = Part("depth", {"Z": LIGHT[..., 0]})
    return write_exr_parts(path, depth, Part("rgb", {c: LIGHT[..., n] for n, c in enumerate("RGB")}, (3, 4)))


KINDS: dict[str, Callable[[Path], Path]] = {
    "dpx10": lambda path: write_dpx(path, CODES, 10, FILLED_RIGHT),
    "dpx_packed": lambda path: write_dpx(path, CODES, 10, PACKED, big_endian=False),
    "float_tiff": lambda path: write_float_tiff(path, LIGHT),
    "half_tiff": lambda path: write_float_tiff(path, LIGHT.astype(np.float16), compression="zlib"),
    "tiles_tiff": lambda path: write_float_tiff(path, LIGHT, tile=(16, 16)),
    "predicted_tiff": lambda path: write_predicted_tiff(path, LIGHT),
    "exr": lambda path: write_exr(path, LIGHT),
    "exr_parts": exr_parts,
}


def spoil(data: bytes, random: np.random.Generator) -> bytes:
    """Cut a file off, and change a few of its bytes, most of them where headers are: at its ends."""
    spoilt = bytearray(data[: int(random.integers(8, len(data)))] if random.integers(4) == 0 else data)
    for _ in range(int(random.integers(1, 5))):
        at = int(random.integers(4, len(spoilt)))
        if random.integers(4):
            at = int(random.integers(4, min(len(spoilt), 900)))
            at = len(spoilt) - at if random.integers(2) else at
        if random.integers(2):
            spoilt[at] ^= 1 << int(random.integers(8))
        else:
            number = int(random.choice(ODD_NUMBERS))
            spoilt[at : at + 4] = number.to_bytes(4, "little" if random.integers(2) else "big")
    return bytes(spoilt)


@pytest.mark.parametrize("kind", KINDS)
def test_a_spoilt_file_is_read_or_refused_in_one_line(
    tmp_path: Path, kind: str, capfd: pytest.CaptureFixture[str]
) -> None:
    whole = KINDS[kind](tmp_path / "whole.tif").read_bytes()
    path, random = tmp_path / "spoilt.tif", np.random.default_rng(1)
    refusals = []
    for _ in range(ROUNDS):
        path.write_bytes(spoil(whole, random))
        is_float_tiff(path)
        for decode in (decode_over_black, lambda path: decode_light(SPACE, path)):
            try:
                pixels = decode(path)
            except ClipError as fault:
                refusals.append(str(fault))
            else:
                assert pixels.ndim == 3
    assert len(refusals) > ROUNDS // 4
    assert all(str(path) in text and "\n" not in text for text in refusals)
    assert capfd.readouterr() == ("", "")
