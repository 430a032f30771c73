# SPDX-License-Identifier: GPL-3.0-or-later
"""The layer image says exactly what was fused, in a file any program reads, or says that it doesn't."""

from pathlib import Path

import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from understudy.core.errors import ClipError
from understudy.core.filesystem import Folder
from understudy.core.fusion.patch import Patch, composite_on_frame, composite_patches
from understudy.core.layers.label import (
    Label,
    ReadBuffer,
    RequestSummary,
    label_text,
    layer_key,
    layer_label,
    peek_label,
    pieces_with_label,
)
from understudy.core.layers.samples import LayerPatch
from understudy.core.layers.tiff import layer_pieces, read_patch

KEY = "0123456789abcdef" * 4
SUMMARY = RequestSummary("fedcba9876543210" * 4, 3, 2, 1)
RANDOM = np.random.default_rng(7)


def write_layer(
    path: Path, key: str, patch: Patch | None, size: tuple[int, int], summary: RequestSummary | None = None
) -> None:
    path.write_bytes(b"".join(layer_pieces(key, patch, size, summary)))


def relabel(path: Path, label: Label, summary: RequestSummary) -> bool:
    with Folder(path.parent) as folder:
        pieces = pieces_with_label(folder, path.name, label, summary)
    if pieces:
        path.write_bytes(b"".join(pieces))
    return bool(pieces)


def random_pixels(width: int, height: int) -> np.ndarray:
    pixels = RANDOM.integers(1, 256, (height, width, 4), np.uint8)
    pixels[::3, ::2, 3] = 0
    pixels[pixels[..., 3] == 0] = 0
    return pixels


def expected_frame(patch: Patch, size: tuple[int, int]) -> np.ndarray:
    frame = np.zeros((size[1], size[0], 4), np.uint8)
    height, width = patch.pixels.shape[:2]
    frame[patch.top : patch.top + height, patch.left : patch.left + width] = patch.pixels
    return frame


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 300), st.integers(1, 300), st.data())
def test_any_patch_in_any_frame_is_read_back_bit_for_bit(
    tmp_path: Path, width: int, height: int, data: st.DataObject
) -> None:
    left, top = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    patch_width, patch_height = (
        data.draw(st.integers(1, width - left)),
        data.draw(st.integers(1, height - top)),
    )
    patch = Patch(left, top, random_pixels(patch_width, patch_height))
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, patch, (width, height))
    with Image.open(path) as picture:
        assert picture.mode == "RGBA"
        assert np.array_equal(np.asarray(picture), expected_frame(patch, (width, height)))
    assert layer_key(path) == KEY


def test_another_reader_sees_the_same_pixels_and_the_file_is_as_small_as_the_face(tmp_path: Path) -> None:
    patch = Patch(700, 300, random_pixels(480, 500))
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, patch, (1920, 1080))
    assert np.array_equal(tifffile.imread(path), expected_frame(patch, (1920, 1080)))
    assert path.stat().st_size < 1.4 * (480 + 64) * (500 + 64) * 4


@pytest.mark.parametrize("kind", [np.uint16, np.float16])
@pytest.mark.parametrize("size", [(1920, 1080), (60, 50)])
def test_deep_samples_are_read_back_bit_for_bit(tmp_path: Path, kind: type, size: tuple[int, int]) -> None:
    pixels = random_pixels(40, 30).astype(kind) * kind(250)
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, LayerPatch(13, 11, pixels), size, SUMMARY)
    image = tifffile.imread(path)
    assert image.dtype == kind
    assert np.array_equal(image[11:41, 13:53], pixels)
    assert np.count_nonzero(image) == np.count_nonzero(pixels)
    patch = read_patch(path.read_bytes(), size)
    assert patch is not None
    there = patch.pixels[11 - patch.top : 41 - patch.top, 13 - patch.left : 53 - patch.left]
    assert there.tobytes() == pixels.tobytes()
    with Folder(path.parent) as folder:
        peek = peek_label(folder, path.name)
    assert peek is not None
    assert peek.has_pixels
    assert peek.label == layer_label(path)


def test_an_empty_layer_is_transparent_and_tiny(tmp_path: Path) -> None:
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, None, (1920, 1080))
    with Image.open(path) as picture:
        assert picture.size == (1920, 1080)
        assert not np.asarray(picture).any()
    assert path.stat().st_size < 25_000
    assert layer_key(path) == KEY


def test_the_file_says_that_it_is_a_composite(tmp_path: Path) -> None:
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, None, (64, 64))
    with Image.open(path) as picture:
        assert "composite" in picture.tag_v2[270]


@pytest.mark.slow
@pytest.mark.parametrize(
    "patch",
    [
        Patch(10, 10, random_pixels(60, 60)),
        Patch(0, 0, random_pixels(200, 100)),
        LayerPatch(10, 10, random_pixels(60, 60).astype(np.uint16) * 257),
        LayerPatch(10, 10, random_pixels(60, 60).astype(np.float16)),
        None,
    ],
)
def test_no_flipped_bit_leaves_a_layer_known_that_shows_anything_else(
    tmp_path: Path, patch: Patch | None
) -> None:
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, patch, (200, 100), SUMMARY)
    whole, known = path.read_bytes(), layer_label(path)
    label = whole.index(b"understudy layer")
    said = range(label, label + len(label_text(KEY, 0, SUMMARY)))
    offsets = [*range(said.stop), *RANDOM.integers(said.stop + 16, len(whole), 200).tolist()]
    for offset in offsets:
        broken = bytearray(whole)
        broken[offset] ^= 1 << int(RANDOM.integers(8))
        path.write_bytes(broken)
        flipped_label = layer_label(path)
        # A bit of the label itself may name another key, question or count, but never goes unseen.
        assert flipped_label is None or (offset in said and flipped_label != known), offset


@pytest.mark.parametrize("size", [0, 4, 100, 5000, -1])
def test_a_cut_off_layer_is_unknown(tmp_path: Path, size: int) -> None:
    path = tmp_path / "layer.tif"
    write_layer(path, KEY, Patch(10, 10, random_pixels(60, 60)), (200, 100))
    path.write_bytes(path.read_bytes()[:size])
    assert layer_key(path) is None


def test_memory_that_held_a_longer_image_says_nothing_of_the_next(tmp_path: Path) -> None:
    long, cut, short = tmp_path / "long.tif", tmp_path / "cut.tif", tmp_path / "short.tif"
    write_layer(long, KEY, Patch(10, 10, random_pixels(150, 80)), (200, 100), SUMMARY)
    write_layer(short, KEY[::-1], Patch(10, 10, random_pixels(20, 20)), (200, 100))
    cut.write_bytes(long.read_bytes()[:-100])  # what is cut off still stands in the memory
    room = ReadBuffer()
    labels = [layer_label(path, room) for path in (short, long, cut, tmp_path / "none.tif", short, long)]
    whole, little = Label(KEY, SUMMARY), Label(KEY[::-1], None)
    assert labels == [little, whole, None, None, little, whole]


def test_what_was_asked_for_is_said_and_can_be_said_anew_without_touching_a_pixel(tmp_path: Path) -> None:
    path = tmp_path / "layer.tif"
    patch = Patch(10, 10, random_pixels(60, 60))
    write_layer(path, KEY, patch, (200, 100))
    bare = layer_label(path)
    assert bare == Label(KEY, None)
    assert relabel(path, bare, SUMMARY)
    assert layer_label(path) == Label(KEY, SUMMARY)
    assert np.array_equal(tifffile.imread(path), expected_frame(patch, (200, 100)))
    later = RequestSummary("ab" * 32, 3)
    assert not relabel(path, bare, later)  # somebody else said something since
    assert relabel(path, Label(KEY, SUMMARY), later)
    assert layer_label(path) == Label(KEY, later)
    write_layer(tmp_path / "at_once.tif", KEY, patch, (200, 100), later)
    assert (tmp_path / "at_once.tif").read_bytes() == path.read_bytes()


def test_missing_and_foreign_files_are_unknown(tmp_path: Path) -> None:
    assert layer_key(tmp_path / "nothing.tif") is None
    foreign = tmp_path / "foreign.tif"
    Image.fromarray(random_pixels(30, 30)).save(foreign)
    assert layer_key(foreign) is None


@pytest.mark.parametrize("size", [(65536, 64), (64, 65536), (0, 64), (65535, 65535)])
def test_a_frame_that_is_too_large_for_a_layer_is_refused(size: tuple[int, int]) -> None:
    with pytest.raises(ClipError, match="can't have a layer"):
        layer_pieces(KEY, None, size)


def test_a_face_that_fills_more_than_a_layers_file_is_refused() -> None:
    face = np.broadcast_to(np.full((1, 1, 4), 255, np.uint8), (16384, 32768, 4))
    with pytest.raises(ClipError, match="can't have a layer"):
        layer_pieces(KEY, Patch(0, 0, face), (32768, 16384))


def test_laying_over_leaves_transparent_pixels_exactly_and_takes_opaque_ones_exactly() -> None:
    frame = RANDOM.integers(0, 256, (90, 120, 3), np.uint8)
    pixels = random_pixels(50, 40)
    pixels[5:10, :, 3] = 255
    out = composite_on_frame(frame, Patch(30, 20, pixels))
    shown = np.zeros((90, 120), np.uint8)
    shown[20:60, 30:80] = pixels[..., 3]
    assert np.array_equal(out[shown == 0], frame[shown == 0])
    assert np.array_equal(out[25:30, 30:80], pixels[5:10, :, :3])
    mixed = (
        frame[20:60, 30:80] + (pixels[..., :3].astype(float) - frame[20:60, 30:80]) * pixels[..., 3:] / 255
    )
    assert np.abs(out[20:60, 30:80] - mixed).max() <= 0.5 + 1e-6


def test_patches_that_overlap_are_laid_over_each_other_in_order() -> None:
    red = np.full((20, 20, 4), (255, 0, 0, 255), np.uint8)
    blue = np.full((20, 20, 4), (0, 0, 255, 128), np.uint8)
    both = composite_patches([Patch(0, 0, red), Patch(10, 10, blue)], (100, 100))
    assert both is not None
    assert (both.left, both.top, both.pixels.shape) == (0, 0, (30, 30, 4))
    assert both.pixels[5, 5].tolist() == [255, 0, 0, 255]
    assert both.pixels[15, 15].tolist() == [127, 0, 128, 255]
    assert both.pixels[25, 25].tolist() == [0, 0, 255, 128]
    assert both.pixels[25, 5].tolist() == [0, 0, 0, 0]
