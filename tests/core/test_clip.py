# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips without Blender: order of reading, ids, errors, and the value contract."""

import hashlib
import importlib.util
import os
import random
import socket
import sys
import zlib
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from understudy.core.errors import ClipError
from understudy.core.media.clip import FrameCache
from understudy.core.media.open import file_fingerprint, frame_id, open_clip, open_sequence

_spec = importlib.util.spec_from_file_location(
    "make_clips", Path(__file__).parents[1] / "footage" / "make_clips.py"
)
make_clips = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("make_clips", make_clips)
_spec.loader.exec_module(make_clips)

UPRIGHT = [r for r in make_clips.MOVIES if not r.rotation and not r.name.endswith(".avi")]
TRICKY = [
    "b_frames.mp4", "open_gop.mp4", "open_gop.mkv", "intra_refresh.mp4", "uneven.mp4", "late.mp4",
    "stream.ts", "no_times.avi", "mpeg4.avi", "mpeg4.ts", "mpeg2.mpg", "hevc.mp4", "vp9.webm",
]  # fmt: skip


@pytest.fixture(scope="module")
def movies(tmp_path_factory):
    """Every made movie by name."""
    folder = tmp_path_factory.mktemp("movies")
    return {recipe.name: make_clips.make_movie(folder, recipe) for recipe in make_clips.MOVIES}


@pytest.fixture(scope="module")
def in_order(movies):
    """The ids of every frame of the tricky movies, each read once from first to last."""
    ids = {}
    for name in TRICKY:
        with open_clip(movies[name]) as clip:
            ids[name] = [frame_id(clip.read(n)) for n in range(clip.info.frame_count)]
    return ids


@pytest.mark.parametrize("recipe", UPRIGHT, ids=lambda recipe: recipe.name)
def test_frame_n_shows_the_picture_whose_time_has_come(movies, recipe):
    with open_clip(movies[recipe.name]) as clip:
        shown = [make_clips.number_in(clip.read(n)) for n in range(clip.info.frame_count)]
        assert shown == [recipe.shown(n, clip.info.fps) for n in range(clip.info.frame_count)]
        # MPEG program streams store no length; FFmpeg, and so Blender, takes this one for 32 frames.
        if recipe.tick is None and recipe.name != "mpeg2.mpg":
            assert shown == list(range(recipe.pictures))


@pytest.mark.parametrize("name", TRICKY)
@settings(max_examples=12, deadline=None)
@given(data=st.data())
def test_any_order_of_reading_gives_the_same_frames(movies, in_order, name, data):
    numbers = data.draw(st.lists(st.integers(0, len(in_order[name]) - 1), max_size=12))
    with open_clip(movies[name]) as clip:
        assert [frame_id(clip.read(n)) for n in numbers] == [in_order[name][n] for n in numbers]


@pytest.mark.parametrize("name", TRICKY)
def test_every_frame_reached_by_a_seek_is_the_same(movies, in_order, name):
    count = len(in_order[name])
    numbers = [*range(count - 1, -1, -1), *random.Random(7).sample(range(count), count)]
    with open_clip(movies[name]) as clip:
        for number in numbers:
            assert frame_id(clip.read(number)) == in_order[name][number], number


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
def test_lossless_pictures_come_back_exactly(tmp_path, suffix, deep):
    paths = make_clips.make_pictures(tmp_path, 3, suffix, deep)
    with open_sequence(paths) as clip:
        assert (clip.info.kind, clip.info.frame_count, clip.info.fps) == ("sequence", 3, 0)
        assert clip.info.bit_depth == (16 if deep else 8)
        for number in (2, 0, 1):
            expected = make_clips.numbered_picture(number).astype(np.uint16) * (257 if deep else 1)
            assert np.array_equal(clip.read(number), expected)


def test_a_single_picture_is_recognised_by_content_not_by_name(tmp_path):
    path = make_clips.make_pictures(tmp_path, 1)[0].rename(tmp_path / "portrait.mp4")
    with open_clip(path) as clip:
        assert (clip.info.kind, clip.info.frame_count) == ("picture", 1)
        assert np.array_equal(clip.read(0), make_clips.numbered_picture(0))


@pytest.mark.parametrize("channels", [1, 4])
def test_grey_and_alpha_pictures_are_rgb(tmp_path, channels):
    stored = np.random.default_rng(1).integers(0, 256, (9, 11, channels), dtype=np.uint8)
    cv2.imwrite(str(tmp_path / "a.png"), stored)
    with open_clip(tmp_path / "a.png") as clip:
        expected = np.repeat(stored, 3, axis=2) if channels == 1 else stored[..., 2::-1]
        assert np.array_equal(clip.read(0), expected)


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


# Faults


def _garbage(path):
    path.write_bytes(np.random.default_rng(3).bytes(5000))


def _empty(path):
    path.write_bytes(b"")


def _sound_only(path):
    with av.open(str(path), "w", format="wav") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _half_a_movie(path):
    whole = make_clips.make_movie(path.parent, make_clips.Recipe("whole.mp4", pictures=4))
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])


def _half_a_picture(path):
    path.write_bytes(make_clips.make_pictures(path.parent, 1)[0].read_bytes()[:40])


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, _garbage, _empty, _sound_only, _half_a_movie, _half_a_picture]
)
def test_what_is_no_clip_is_named_in_one_line(tmp_path, make):
    path = tmp_path / "clip.mp4"
    make(path)
    with pytest.raises(ClipError) as caught:
        open_clip(path)
    message = str(caught.value)
    assert str(path) in message
    assert "\n" not in message
    assert ";" in message, "the fix must follow"


def test_a_playlist_cannot_reach_the_network(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/x.ts"
        path = tmp_path / "clip.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:2,\n{address}\n#EXT-X-ENDLIST\n")
        with pytest.raises(ClipError, match=r"clip\.m3u8"):
            open_clip(path)
        with pytest.raises(TimeoutError):
            server.accept()


def test_a_name_that_looks_like_an_address_is_a_file(movies, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("concat:a.mp4").write_bytes(movies["b_frames.mp4"].read_bytes())
    with open_clip(Path("concat:a.mp4")) as clip:
        assert make_clips.number_in(clip.read(3)) == 3


@pytest.mark.parametrize("number", [-1, 40, 10**9])
def test_a_frame_that_is_not_there_is_refused(movies, number):
    with open_clip(movies["b_frames.mp4"]) as clip, pytest.raises(ClipError, match=f"no frame {number};"):
        clip.read(number)


def test_a_closed_movie_is_refused(movies):
    clip = open_clip(movies["b_frames.mp4"])
    clip.read(3)
    clip.close()
    clip.close()
    with pytest.raises(ClipError, match="was closed"):
        clip.read(3)


def test_a_movie_cut_short_shows_its_last_picture(movies, tmp_path):
    stored = movies["open_gop.mkv"].read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(stored[: len(stored) * 2 // 3])
    with open_clip(path) as clip:
        numbers = [make_clips.number_in(clip.read(n)) for n in range(clip.info.frame_count)]
    last = max(numbers)
    assert 10 < last < 39
    assert numbers == [min(n, last) for n in range(40)]


def test_faults_of_a_sequence_name_the_picture(tmp_path):
    with pytest.raises(ClipError, match="no files"):
        open_sequence([])
    paths = make_clips.make_pictures(tmp_path, 3)
    cv2.imwrite(str(paths[1]), np.zeros((5, 5, 3), np.uint8))
    cv2.imwrite(str(paths[2]), np.zeros((make_clips.HEIGHT, make_clips.WIDTH, 3), np.uint16))
    clip = open_sequence([*paths, tmp_path / "gone.png"])
    for number, name, fault in [
        (1, paths[1].name, "5x5"),
        (2, paths[2].name, "8-bit"),
        (3, "gone.png", "find"),
    ]:
        with pytest.raises(ClipError, match=fault) as caught:
            clip.read(number)
        assert name in str(caught.value)
    with pytest.raises(ClipError, match=r"gone\.png"):
        _ = clip.clip_id


def test_a_png_with_an_odd_colour_profile_is_read_in_silence(tmp_path, capfd):
    picture = np.random.default_rng(2).integers(0, 256, (20, 30, 3), np.uint8)
    path = tmp_path / "profile.png"
    ok, plain = cv2.imencode(".png", picture[..., ::-1])
    assert ok
    body = b"iCCP" + b"odd\0\0" + zlib.compress(b"no profile")
    chunk = len(body[4:]).to_bytes(4) + body + zlib.crc32(body).to_bytes(4)
    path.write_bytes(plain.tobytes()[:33] + chunk + plain.tobytes()[33:])
    with open_clip(path) as clip:
        assert np.array_equal(clip.read(0), picture)
    assert capfd.readouterr().err == ""
