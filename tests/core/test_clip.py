# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips without Blender: order of reading, what is shown, and the value contract."""

import hashlib
import os
import random
from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.media.clip import FrameCache
from understudy.core.media.open import file_fingerprint, frame_id, open_clip, open_sequence
from understudy.core.media.prefetching_clip import PrefetchingClip

from tests.core.made_movies import make_clips, movies

pytestmark = pytest.mark.slow


__all__ = ["movies"]


UPRIGHT = [r for r in make_clips.MOVIES if not r.rotation and not r.name.endswith(".avi")]
TRICKY = [
    "b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "intra_refresh.mp4", "uneven.mp4", "late.mp4",
    "stream.ts", "no_times.avi", "mpeg4.avi", "mpeg4.ts", "mpeg2.mpg", "hevc.mp4", "vp9.webm",
]  # fmt: skip


@pytest.fixture(scope="module")
def in_order(movies):
    """The ids of every frame of the tricky movies, each read once from first to last."""
    ids = {}
    for name in TRICKY:
        with open_clip(movies[name]) as clip:
            ids[name] = [frame_id(clip.read(n)) for n in range(clip.info.frame_count)]
    return ids


@pytest.mark.slow
@pytest.mark.parametrize("recipe", UPRIGHT, ids=lambda recipe: recipe.name)
def test_frame_n_shows_the_image_whose_time_has_come(movies, recipe):
    with open_clip(movies[recipe.name]) as clip:
        shown = [make_clips.number_in(clip.read(n)) for n in range(clip.info.frame_count)]
        assert shown == [recipe.shown(n, clip.info.fps) for n in range(clip.info.frame_count)]
        # MPEG program streams store no length; FFmpeg, and so Blender, takes this one for 32 frames.
        if recipe.tick is None and recipe.name != "mpeg2.mpg":
            assert shown == list(range(recipe.pictures))


@pytest.mark.slow
@pytest.mark.parametrize("name", TRICKY)
@settings(max_examples=4, deadline=None)
@given(data=st.data())
def test_any_order_of_reading_gives_the_same_frames(movies, in_order, name, data):
    check_order(movies, in_order, name, data)


@pytest.mark.long
@pytest.mark.parametrize("name", TRICKY)
@settings(max_examples=50, deadline=None)
@given(data=st.data())
def test_more_orders_of_reading_give_the_same_frames(movies, in_order, name, data):
    check_order(movies, in_order, name, data)


def check_order(movies, in_order, name, data):
    numbers = data.draw(st.lists(st.integers(0, len(in_order[name]) - 1), max_size=12))
    with open_clip(movies[name]) as clip:
        assert [frame_id(clip.read(n)) for n in numbers] == [in_order[name][n] for n in numbers]


def test_a_frame_that_was_passed_a_moment_ago_is_read_without_decoding_anew(movies, in_order):
    with open_clip(movies["b_frames.mp4"]) as clip:
        clip.read(0)
        clip.read(12)
        clip._file.close()
        assert [frame_id(clip.read(n)) for n in (8, 6, 11)] == [
            in_order["b_frames.mp4"][n] for n in (8, 6, 11)
        ]


@pytest.mark.slow
@pytest.mark.parametrize("recipe", make_clips.MOVIES, ids=lambda recipe: recipe.name)
def test_some_pixels_of_a_frame_are_those_that_are_read_with_all(movies, recipe):
    """Also in formats where the others are not even converted, and of the frame that is looked at before it is read."""
    path = movies[recipe.name]
    with open_clip(path) as clip, PrefetchingClip(open_clip(path)) as ahead:
        for number in range(min(9, clip.info.frame_count)):
            step = 2 + number
            samples = [one.read_samples(number, step) for one in (clip, ahead)]
            whole = (clip if number % 2 else ahead).read(number)
            assert all(np.array_equal(one, whole[::step, ::step]) for one in samples), number


def test_frames_that_are_only_looked_at_are_not_converted_and_can_be_read_just_after(movies, in_order):
    with open_clip(movies["b_frames.mp4"]) as clip:
        clip._converter.convert = None
        for number in range(13):
            clip.read_samples(number, 7)
        del clip._converter.convert
        clip._file.close()
        assert [frame_id(clip.read(n)) for n in (12, 9)] == [in_order["b_frames.mp4"][n] for n in (12, 9)]


@pytest.mark.slow
@pytest.mark.parametrize("name", TRICKY)
def test_every_frame_reached_by_a_seek_is_the_same(movies, in_order, name):
    count = len(in_order[name])
    numbers = [*range(count - 1, -1, -1), *random.Random(7).sample(range(count), count)]
    with open_clip(movies[name]) as clip:
        for number in numbers:
            assert frame_id(clip.read(number)) == in_order[name][number], number


@pytest.mark.slow
def test_long_jumps_over_key_frames_land_on_the_frame(tmp_path):
    recipe = make_clips.Recipe(
        "long.mp4", pictures=256, options={"g": "30", "preset": "ultrafast", "crf": "20"}
    )
    path = make_clips.make_movie(tmp_path, recipe)
    with open_clip(path) as clip:
        for number in (200, 3, 255, 90, 150, 149, 240, 0, 120, 254):
            assert make_clips.number_in(clip.read(number)) == number


def test_info_says_what_is_shown(movies):
    with open_clip(movies["turned_90.mp4"]) as clip:
        info = clip.info
        assert (info.kind, info.width, info.height) == ("movie", make_clips.HEIGHT, make_clips.WIDTH)
        assert clip.read(0).shape == (info.height, info.width, 3)
    with open_clip(movies["ntsc.mp4"]) as clip:
        assert clip.info.fps == Fraction(30000, 1001)
        assert clip.info.path == movies["ntsc.mp4"]


@pytest.mark.parametrize(("name", "dtype"), [("bt709.mp4", np.uint8), ("h264_10bit.mp4", np.uint16)])
def test_colours_come_back_as_they_went_in(movies, name, dtype):
    with open_clip(movies[name]) as clip:
        pixels = clip.read(9)
    assert pixels.dtype == dtype
    assert pixels.flags.c_contiguous
    white = np.iinfo(dtype).max
    mean = np.abs(pixels / white * 255 - make_clips.numbered_picture(9)).mean()
    assert mean < 4, "RGB order, matrix and range must be those of the encoder"


@pytest.mark.parametrize(
    ("suffix", "deep"), [(".png", False), (".png", True), (".tif", True), (".bmp", False)]
)
def test_lossless_images_come_back_exactly(tmp_path, suffix, deep):
    paths = make_clips.make_pictures(tmp_path, 3, suffix, deep)
    with open_sequence(paths) as clip:
        assert (clip.info.kind, clip.info.frame_count, clip.info.fps) == ("sequence", 3, 0)
        assert clip.info.bit_depth == (16 if deep else 8)
        for number in (2, 0, 1):
            expected = make_clips.numbered_picture(number).astype(np.uint16) * (257 if deep else 1)
            assert np.array_equal(clip.read(number), expected)


def test_a_single_image_is_recognised_by_content_not_by_name(tmp_path):
    path = make_clips.make_pictures(tmp_path, 1)[0].rename(tmp_path / "portrait.mp4")
    with open_clip(path) as clip:
        assert (clip.info.kind, clip.info.frame_count) == ("picture", 1)
        assert np.array_equal(clip.read(0), make_clips.numbered_picture(0))


def test_grey_images_are_rgb(tmp_path):
    stored = np.random.default_rng(1).integers(0, 256, (9, 11, 1), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), stored)
    with open_clip(tmp_path / "a.png") as clip:
        assert np.array_equal(clip.read(0), np.repeat(stored, 3, axis=2))


def test_frames_handed_out_cannot_be_spoilt(movies):
    with open_clip(movies["b_frames.mp4"]) as clip:
        first = clip.read(5)
        with pytest.raises(ValueError, match="read-only"):
            first[0, 0] = 0
        assert clip.read(5) is first


def test_frame_memory_is_bounded_and_forgets_the_least_used():
    memory = FrameCache(capacity=2)
    pictures = [np.full((1, 1, 3), n, np.uint8) for n in range(3)]
    memory.put(0, pictures[0])
    memory.put(1, pictures[1])
    assert memory.get(0) is pictures[0]
    memory.put(2, pictures[2])
    assert memory.get(1) is None
    assert memory.get(0) is pictures[0]
    assert memory.get(2) is pictures[2]


# Ids


@given(st.integers(1, 5), st.integers(1, 5), st.sampled_from([np.uint8, np.uint16]), st.randoms())
def test_frame_id_is_of_content_alone(height, width, dtype, rng):
    pixels = np.array([rng.randrange(256) for _ in range(height * width * 3)], dtype).reshape(
        height, width, 3
    )
    assert frame_id(np.asfortranarray(pixels)) == frame_id(pixels)
    other = pixels.copy()
    other[-1, -1, -1] ^= 1
    assert frame_id(other) != frame_id(pixels)


def test_frame_id_tells_apart_shapes_and_dtypes_with_equal_bytes():
    sizes = [((2, 6, 3), np.uint8), ((6, 2, 3), np.uint8), ((1, 12, 3), np.uint8), ((2, 3, 3), np.uint16)]
    shapes = [np.zeros(size, dtype) for size, dtype in sizes]
    assert len({frame_id(pixels) for pixels in shapes}) == len(shapes)


def test_clip_ids_are_hashes_of_the_files(movies, tmp_path):
    path = movies["b_frames.mp4"]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    with open_clip(path) as clip:
        assert clip.clip_id == file_fingerprint(path) == digest
    paths = make_clips.make_pictures(tmp_path, 3)
    listed = "".join(hashlib.sha256(p.read_bytes()).hexdigest() + "\n" for p in paths)
    assert open_sequence(paths).clip_id == hashlib.sha256(listed.encode()).hexdigest()
    assert open_sequence(paths).clip_id != open_sequence(paths[::-1]).clip_id
    assert open_clip(paths[0]).clip_id == file_fingerprint(paths[0])


def test_the_stamp_changes_with_path_size_and_time_only(tmp_path):
    first, second = make_clips.make_pictures(tmp_path, 2)
    before = open_sequence([first, second]).stamp
    assert open_sequence([first, second]).stamp == before
    assert open_sequence([second, first]).stamp != before
    os.utime(second, ns=(0, 1))
    assert open_sequence([first, second]).stamp != before
