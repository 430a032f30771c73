# SPDX-License-Identifier: GPL-3.0-or-later
"""V11 and V8: pictures that claim more than they are, and what is no file in a picture's place."""

import os
import subprocess
import sys

import cv2
import numpy as np
import pytest
from hostile.bombs import bmp, chunk, dpx, exr, jpeg, png, texts, tiff, webp
from understudy.core.errors import ClipError
from understudy.core.media.bounds import MAX_DECODED_BYTES, MAX_IMAGE_FILE_BYTES
from understudy.core.media.image_clip import is_image
from understudy.core.media.image_decode import decode_image
from understudy.core.media.image_header import read_image_header, strip_ancillary_chunks
from understudy.core.media.open import open_clip, open_sequence

PEAK_LIMIT_KB = 1_000_000  # of the kilobytes that the system counts in

_MEASURE_PROGRAM = """
import resource, sys
from pathlib import Path
from understudy.core.media.open import open_clip
from understudy.core.errors import ClipError
try:
    with open_clip(Path(sys.argv[1])) as clip:
        clip.read(0)
    print("read")
except ClipError as fault:
    print(fault)
print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]))
"""


def open_and_measure(path):
    """Open a clip in a process of its own; return what was said and its peak of memory in KB."""
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE_PROGRAM, path],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    said, peak = run.stdout.splitlines()[-2:]
    return said, int(peak)


BOMBS = {
    "png.png": lambda: png(20_000, 20_000, 8, 0, rows=2_000),
    "sixteen.png": lambda: png(30_000, 30_000, 16, 6, rows=50),
    "one_bit.png": lambda: png(32_000, 32_000, 1, 0),
    "just_allowed.png": lambda: png(8_000, 6_000, 1, 0),
    "texts.png": lambda: png(64, 48, extra=texts(24, 7_900_000)),
    "progressive.jpg": lambda: jpeg(65_500, 65_500),
    "scans.jpg": lambda: jpeg(5_000, 5_000, scans=5_000),
    "tile.tif": lambda: tiff({256: 64, 257: 48, 258: 8, 277: 3, 322: 60_000, 323: 60_000, 324: 8, 325: 8}),
    "tall.tif": lambda: tiff({256: 60_000, 257: 60_000, 258: 16, 277: 3, 273: 8, 279: 8}),
    "samples.tif": lambda: tiff({256: 3_000, 257: 3_000, 258: 64, 277: 60_000, 273: 8, 279: 8}, ">"),
    "bigtiff.tif": lambda: tiff({256: 60_000, 257: 60_000, 258: 8, 277: 3}, big=True),
    "floats.tif": lambda: tiff({256: 30_000, 257: 30_000, 258: 32, 277: 3, 273: 8, 279: 8, 339: 3}),
    "half.tif": lambda: tiff({256: 30_000, 257: 30_000, 258: 16, 277: 3, 273: 8, 279: 8, 339: 3}),
    "film.dpx": lambda: dpx(60_000, 60_000),
    "light.exr": lambda: exr(30_000, 30_000),
    "layers.exr": lambda: exr(4_000, 256, [b"%03d" % number for number in range(900)]),
    "huge.bmp": lambda: bmp(40_000, -40_000),
    "lossless.webp": lambda: webp(b"VP8L", 16_384, 16_384),
    "moving.webp": lambda: webp(b"VP8X", 1 << 24, 1 << 24, moving=True),
    "key.webp": lambda: webp(b"VP8 ", 16_383, 16_383),
}


@pytest.mark.parametrize("name", BOMBS)
def test_v11_a_small_image_takes_little_memory(tmp_path, dashboard, name):
    dashboard("memory")
    dashboard("inputs")
    path = tmp_path / name
    path.write_bytes(BOMBS[name]())
    assert path.stat().st_size <= 200_000
    said, peak = open_and_measure(path)
    assert peak < PEAK_LIMIT_KB
    assert (said == "read") == (name in ("just_allowed.png", "texts.png"))
    assert said == "read" or str(path) in said


def test_v11_the_refusal_says_file_size_and_limit(tmp_path):
    path = tmp_path / "bomb.png"
    path.write_bytes(png(30_000, 30_000, 16, 6, rows=1))
    with pytest.raises(
        ClipError, match=r"bomb\.png says it is 30000x30000, .* at most 403 MB .* make it smaller"
    ):
        decode_image(path)


def test_v11_a_huge_image_file_is_refused_unread(tmp_path, dashboard):
    dashboard("inputs")
    path = tmp_path / "sparse.png"
    path.write_bytes(png(8, 8))
    os.truncate(path, 60 * MAX_IMAGE_FILE_BYTES)
    said, peak = open_and_measure(path)
    assert "can't be read" in said
    assert peak < PEAK_LIMIT_KB // 2


@pytest.mark.parametrize("place", ["picture", "sequence", "clip"])
def test_v8_a_pipe_in_a_images_place_is_refused_at_once(tmp_path, dashboard, place):
    dashboard("inputs")
    path = tmp_path / "pipe.png"
    os.mkfifo(path)
    opening = {"picture": decode_image, "sequence": lambda path: open_sequence([path]), "clip": open_clip}
    assert not is_image(path)
    with pytest.raises(ClipError, match=r"pipe\.png"):
        opening[place](path)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".tif", ".bmp", ".webp"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_headers_say_what_opencv_decodes(tmp_path, suffix, channels):
    stored = np.full((37, 53, channels), 90, np.uint8)
    path = tmp_path / f"picture{suffix}"
    assert cv2.imwrite(str(path), stored)
    header = read_image_header(path.read_bytes())
    assert (header.width, header.height, header.bits) == (53, 37, 8)
    assert header.decoded_bytes == decode_image(path).nbytes
    assert header.working_bytes < MAX_DECODED_BYTES


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_a_image_of_several_bands_comes_back_exactly(tmp_path, suffix):
    pixels = np.random.default_rng(1).integers(0, 65_536, (1_100, 1_300, 3), np.uint16)
    cv2.imwrite(str(tmp_path / f"p{suffix}"), pixels[..., ::-1])
    assert np.array_equal(decode_image(tmp_path / f"p{suffix}"), pixels)


def test_what_is_cut_out_of_a_png_changes_no_pixel(tmp_path):
    path = tmp_path / "plain.png"
    cv2.imwrite(str(path), np.random.default_rng(1).integers(0, 256, (40, 50, 4), np.uint8))
    before, plain = decode_image(path), path.read_bytes()
    extra = texts(1, 100) + chunk(b"acTL", bytes([0, 0, 0, 2, 0, 0, 0, 0])) + chunk(b"iCCP", b"p\0\0junk")
    path.write_bytes(plain[:33] + extra + plain[33:])
    assert strip_ancillary_chunks(path.read_bytes()) == plain
    assert np.array_equal(decode_image(path), before)


@pytest.mark.parametrize(
    "name", ["png.png", "progressive.jpg", "tall.tif", "bigtiff.tif", "huge.bmp", "key.webp"]
)
def test_a_header_cut_anywhere_is_read_or_refused(name):
    whole = BOMBS[name]() if name != "png.png" else png(50, 40)
    for end in range(min(len(whole), 300)):
        header = read_image_header(whole[:end])
        assert header is None or header.width > 0
