# SPDX-License-Identifier: GPL-3.0-or-later
"""Frames as numbered images: their names, their bits, and what they must not overwrite."""

import json
import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.colour_tags import ColourTags
from understudy.core.export.exr_file import encode_exr
from understudy.core.export.frames import RenderedFrame
from understudy.core.export.image_names import image_path, is_image_pattern, matches
from understudy.core.export.image_writer import ImageSequenceWriter, composite
from understudy.core.export.options import EncodingChoice
from understudy.core.export.source_video import SourceVideo
from understudy.core.fusion.patch import Patch, composite_on_frame
from understudy.core.media.exr import decode_exr
from understudy.core.media.movie_clip import MovieClip
from understudy.core.media.open import open_sequence

from tests.media_matrix import FFMPEG, FFPROBE, colours, x265


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


@pytest.mark.skipif(not FFMPEG, reason="ffmpeg is not installed")
@pytest.mark.parametrize(("pixel_format", "is_lost"), [("yuva444p10le", True), ("yuv444p10le", False)])
def test_images_say_that_a_clips_transparency_is_lost(tmp_path, pixel_format, is_lost):
    path = tmp_path / "clip.mov"
    made = ["-f", "lavfi", "-i", "color=red@0.5:s=64x48:d=0.2,format=yuva444p10le", "-c:v", "prores_ks"]
    subprocess.run([FFMPEG, "-v", "error", *made, "-pix_fmt", pixel_format, path], check=True)
    with MovieClip(path) as clip:
        writer = clip_writer(clip, tmp_path / "out_%03d.png", range(2), Fraction(25))
    assert any("transparency is lost" in line for line in writer.warnings) == is_lost


def rendered(clip, number, over=None):
    source = clip.read(number)
    return RenderedFrame(
        number, lambda: np.asarray(source, np.uint8), source, over, None, over is not None, "", False, over
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
        pytest.raises(OutputError, match="leave out --codec"),
    ):
        clip_writer(clip, tmp_path / "o_%d.png", range(3), Fraction(25), choice=EncodingChoice("hevc"))


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_openexr_has_the_linear_light_of_each_pixel(tmp_path, dtype):
    source = SourceVideo("", "rgb24", 50, 37, ColourTags(primaries=9), sample_aspect=Fraction(4, 3))
    pixels = np.random.default_rng(6).integers(0, np.iinfo(dtype).max, (37, 50, 3), dtype, endpoint=True)
    frame = RenderedFrame(
        3, lambda: np.zeros((37, 50, 3), np.uint8), pixels, None, None, False, "", False, None
    )
    with ImageSequenceWriter(tmp_path / "o_%05d.exr", source, "It is made.") as writer:
        writer.write_frame(frame)
    path = tmp_path / "o_00003.exr"
    read = decode_exr(path, path.read_bytes())
    exact = pixels.astype(np.float64) / np.iinfo(dtype).max
    # The step of half floats is a 2048th of a value's light, less than that of its code.
    assert (np.abs(read / 65535 - exact) <= exact / 2048 + 1 / 65535).all()
    if dtype == np.uint8:
        assert np.array_equal((read.astype(np.uint32) * 255 + 32767) // 65535, pixels)


@pytest.mark.skipif(FFPROBE is None, reason="FFmpeg's programs are not installed")
def test_openexr_says_what_its_pixels_are(tmp_path):
    pixels = np.full((40, 300, 3), 188, np.uint8)
    path = tmp_path / "o.exr"
    path.write_bytes(encode_exr(pixels, primaries=9, pixel_aspect=Fraction(4, 3), comment="It is made."))
    command = (FFPROBE, "-v", "error", "-show_streams", "-show_frames", "-of", "json", str(path))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    stream, frame = (json.loads(done.stdout)[name][0] for name in ("streams", "frames"))
    assert done.stderr == ""
    assert (stream["width"], stream["height"], stream["sample_aspect_ratio"]) == (300, 40, "4:3")
    assert frame["tags"]["comments"] == "It is made."
    data = path.read_bytes()
    at = data.index(b"chromaticities\0chromaticities\0") + len(b"chromaticities\0chromaticities\0") + 4
    assert struct.unpack_from("<8f", data, at) == pytest.approx(
        (0.708, 0.292, 0.17, 0.797, 0.131, 0.046, 0.3127, 0.329)
    )
    assert len(data) < pixels.size


@pytest.mark.skipif(FFMPEG is None, reason="FFmpeg's programs are not installed")
def test_hdr_is_not_written_as_linear_light(tmp_path):
    with (
        MovieClip(make_hdr(tmp_path / "hdr.mp4")) as clip,
        pytest.raises(OutputError, match=r"write o_%05d.tif"),
    ):
        clip_writer(clip, tmp_path / "o_%05d.exr", range(1), clip.info.fps)


def make_hdr(path):
    arguments = x265("", "-pix_fmt", "yuv420p10le", *colours("bt2020", "smpte2084", "bt2020nc"))
    command = (
        FFMPEG,
        "-loglevel",
        "error",
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x120:d=0.1",
        *arguments,
        str(path),
    )
    subprocess.run(command, check=True)
    return path
