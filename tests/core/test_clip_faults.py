# SPDX-License-Identifier: GPL-3.0-or-later
"""What is no clip, or no longer one: errors in one line that name it, and nothing read from elsewhere."""

import socket
import zlib
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from understudy.core.errors import ClipError
from understudy.core.media.open import open_clip, open_sequence

from tests.core.made_movies import make_clips, movies

pytestmark = pytest.mark.slow


__all__ = ["movies"]


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


def _half_an_image(path):
    path.write_bytes(make_clips.make_pictures(path.parent, 1)[0].read_bytes()[:40])


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, _garbage, _empty, _sound_only, _half_a_movie, _half_an_image]
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


def test_a_movie_cut_short_shows_its_last_image(movies, tmp_path):
    stored = movies["open_gop.mkv"].read_bytes()
    path = tmp_path / "cut.mkv"
    path.write_bytes(stored[: len(stored) * 2 // 3])
    with open_clip(path) as clip:
        numbers = [make_clips.number_in(clip.read(n)) for n in range(clip.info.frame_count)]
    last = max(numbers)
    assert 10 < last < 39
    assert numbers == [min(n, last) for n in range(40)]


def test_faults_of_a_sequence_name_the_image(tmp_path):
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
