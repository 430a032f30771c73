# SPDX-License-Identifier: GPL-3.0-or-later
"""TIFF images of floats: as light their own numbers, else what a display shows of them."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from float_tiffs import write_float_tiff, write_predicted_tiff
from understudy.core.errors import ClipError
from understudy.core.media.image_decode import decode_image, decode_over_black
from understudy.core.media.light_image import decode_light
from understudy.core.media.light_space import LightSpace
from understudy.core.media.open import open_clip
from understudy.core.media.tiff_header import is_float_tiff

LIGHT = np.random.default_rng(7).uniform(-0.2, 9, (12, 16, 4)).astype(np.float32)
LIGHT[..., 3] = np.linspace(0, 1, 16, dtype=np.float32)
LIGHT[0, :4, 0] = np.nan, np.inf, -0.05, 8.0
REC709 = LightSpace("Linear Rec.709")
KINDS = {
    "plain": (np.float32, {}),
    "deflate": (np.float32, {"compression": "zlib"}),
    "tiles": (np.float32, {"tile": (16, 16)}),
    "big endian": (np.float32, {"byteorder": ">"}),
    "64 bits": (np.float64, {}),
    "half": (np.float16, {}),
    "half, deflate": (np.float16, {"compression": "zlib"}),
    "half, big endian": (np.float16, {"byteorder": ">"}),
}


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("kind", KINDS)
def test_floats_are_read_as_they_are_stored(tmp_path: Path, kind: str, channels: int) -> None:
    dtype, options = KINDS[kind]
    stored = LIGHT[..., 0] if channels == 1 else LIGHT[..., :3]
    path = write_float_tiff(tmp_path / "a.tif", stored.astype(dtype), **options)
    assert is_float_tiff(path)
    expected = stored.astype(dtype).astype(np.float32).reshape(12, 16, channels).repeat(3 // channels, 2)
    assert np.array_equal(decode_light(REC709, path), expected, equal_nan=True)
    with open_clip(path) as clip:
        coded = np.round(np.clip(np.nan_to_num(expected, posinf=1), 0, 1) * 65535)
        assert np.array_equal(clip.read(0), coded)
        assert clip.info.bit_depth == 16


def test_the_predictor_for_floats_is_undone(tmp_path: Path) -> None:
    path = write_predicted_tiff(tmp_path / "a.tif", LIGHT[..., :3])
    assert np.array_equal(decode_light(REC709, path), LIGHT[..., :3], equal_nan=True)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_alpha_is_laid_over_black_by_its_light(tmp_path: Path, dtype: type) -> None:
    stored = np.nan_to_num(LIGHT, posinf=2).astype(dtype)
    path = write_float_tiff(tmp_path / "a.tif", stored)
    rgb, alpha = stored[..., :3].astype(np.float32), stored[..., 3:].astype(np.float32)
    assert np.allclose(decode_light(REC709, path), rgb * alpha, rtol=1e-6, atol=1e-7)
    assert np.array_equal(decode_light(REC709, path)[:, -1], rgb[:, -1])
    coded = np.clip(rgb, 0, 1)
    light = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4) * alpha
    shown = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(decode_over_black(path) / 65535 - shown).max() < 1e-4
    assert np.array_equal(decode_image(path), np.round(coded * 65535))


@pytest.mark.parametrize("bits", [16, 32])
def test_channels_that_are_apart_are_refused(tmp_path: Path, bits: int) -> None:
    dtype = np.uint16 if bits == 16 else np.float32
    planes = np.ascontiguousarray(np.moveaxis(np.ones((12, 16, 3), dtype), 2, 0))
    tifffile.imwrite(tmp_path / "a.tif", planes, photometric="rgb", planarconfig="separate")
    with pytest.raises(ClipError, match=r"a\.tif is a TIFF image with its channels apart"):
        open_clip(tmp_path / "a.tif")


def test_what_is_not_read_is_named(tmp_path: Path) -> None:
    half = write_predicted_tiff(tmp_path / "half.tif", LIGHT[..., :3].astype(np.float16))
    with pytest.raises(ClipError, match=r"half\.tif can't be read as an image of"):
        open_clip(half)
    tifffile.imwrite(tmp_path / "whole.tif", np.ones((12, 16, 3), np.uint16), photometric="rgb")
    assert not is_float_tiff(tmp_path / "whole.tif")
    with pytest.raises(ClipError, match=r"whole\.tif holds no floats"):
        decode_light(REC709, tmp_path / "whole.tif")
