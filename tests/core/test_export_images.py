# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames as numbered images: their names, their bits, and what they must not overwrite."""

from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.frames import RenderedFrame
from understudy.core.export.image_names import image_path, is_image_pattern, matches
from understudy.core.export.image_writer import composite
from understudy.core.export.options import EncodingChoice
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.media.open import open_sequence


def write_images(folder, dtype, count=3):
    folder.mkdir()
    paths = [folder / f"in_{number}.png" for number in range(count)]
    random = np.random.default_rng(4)
    for path in paths:
        cv2.imwrite(str(path), random.integers(0, np.iinfo(dtype).max, (32, 48, 3), dtype, endpoint=True))
    return paths


def patch():
    pixels = np.zeros((8, 10, 4), np.uint8)
    pixels[2:6, 2:8] = (200, 40, 90, 128)
    return Patch(5, 6, pixels)


def rendered(clip, number, over=None):
    source = clip.read(number)
    return RenderedFrame(
        number, np.asarray(source, np.uint8), source, over, None, over is not None, "", False
    )


@pytest.mark.parametrize(
    ("name", "number", "file"),
    [("o_%05d.png", 7, "o_00007.png"), ("%d.tif", 12, "12.tif"), ("a%03d_b.tiff", 4321, "a4321_b.tiff")],
)
def test_a_pattern_becomes_names(name, number, file):
    assert is_image_pattern(Path(name))
    assert image_path(Path("folder", name), number) == Path("folder", file)
    assert matches(Path(name), Path(file))


@pytest.mark.parametrize("name", ["o.png", "o_%05d.mp4", "%d_%d.png", "o_%s.png"])
def test_other_names_are_no_pattern(name):
    assert not is_image_pattern(Path(name))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_no_bit_outside_of_faces_changes(tmp_path, dtype, suffix):
    paths = write_images(tmp_path / "in", dtype)
    with open_sequence(paths) as clip:
        with clip_writer(
            clip, tmp_path / f"o_%04d.{suffix}", range(1, 3), Fraction(25), comment="It is made."
        ) as writer:
            for number in (1, 2):
                writer.write_frame(rendered(clip, number, patch() if number == 2 else None))
            writer.add_sidecar("said.json", b"{}")
        files = [tmp_path / f"o_000{number}.{suffix}" for number in (1, 2)]
        assert sorted(tmp_path.glob("o_*")) == files
        first, second = (cv2.imread(str(path), cv2.IMREAD_UNCHANGED)[..., ::-1] for path in files)
        assert first.dtype == dtype
        assert np.array_equal(first, clip.read(1))
        changed = (second != clip.read(2)).any(2)
    assert changed[8:12, 7:13].all()
    assert changed.sum() == 24
    assert (tmp_path / "said.json").read_bytes() == b"{}"
    assert (b"It is made." in files[0].read_bytes()) == (suffix == "png")


def test_a_face_on_16_bits_is_that_on_8():
    frame = np.random.default_rng(5).integers(0, 256, (32, 48, 3)).astype(np.uint8)
    deep = composite(frame.astype(np.uint16) * 257, patch())
    assert np.abs(deep / 257 - composite_on_frame(frame, patch())).max() <= 0.51


def test_what_is_read_is_not_overwritten(tmp_path):
    with (
        open_sequence(write_images(tmp_path / "in", np.uint8)) as clip,
        pytest.raises(OutputError, match="which is read"),
    ):
        clip_writer(clip, tmp_path / "in" / "in_%d.png", range(3), Fraction(25))


def test_images_have_no_codec(tmp_path):
    with (
        open_sequence(write_images(tmp_path / "in", np.uint8)) as clip,
        pytest.raises(OutputError, match="leave --codec"),
    ):
        clip_writer(clip, tmp_path / "o_%d.png", range(3), Fraction(25), choice=EncodingChoice("hevc"))
