# SPDX-License-Identifier: GPL-3.0-or-later
"""V11 and V8: movies that claim what no movie has, lists that lead elsewhere, and what is no file."""

import http.server
import os
import re
import subprocess
import sys
import threading
from fractions import Fraction
from pathlib import Path

import pytest
from hostile.bombs import gif, movie, png
from understudy.core.errors import ClipError, OutputError
from understudy.core.export.inputs import open_named_clip
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.bounds import MAX_FRAMES, require_times
from understudy.core.media.open import open_clip

_MEASURE_PROGRAM = """
import resource, sys
from pathlib import Path
from understudy.core.media.open import open_clip
from understudy.core.errors import ClipError
try:
    with open_clip(Path(sys.argv[1])) as clip:
        for number in range(min(clip.info.frame_count, 20)):
            clip.read(number)
    print("read")
except ClipError as fault:
    print(fault)
print(int(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1]))
"""


def read_and_measure(path):
    """Read a movie in a process of its own; return what was said and its peak of memory in KB. It says no more."""
    run = subprocess.run(
        [sys.executable, "-c", _MEASURE_PROGRAM, path],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert run.stderr == ""
    said, peak = run.stdout.splitlines()
    return said, int(peak)


def _write_file(path, data):
    path.write_bytes(data)
    return path


def _write_size_change(folder):
    """Small pictures, then, in mid-stream, large ones."""
    small = movie(folder / "small.h264", 64, 48, options={"preset": "ultrafast"}).read_bytes()
    large = movie(folder / "large.h264", 8_192, 4_096, 2, options={"preset": "ultrafast"}).read_bytes()
    return _write_file(folder / "changing.h264", small + large)


BOMBS = {
    "gif": lambda folder: _write_file(folder / "big.gif", gif(65_535, 65_535)),
    "h264": lambda folder: movie(folder / "big.mp4", 8_192, 8_192, 2, options={"preset": "ultrafast"}),
    "refs": lambda folder: movie(
        folder / "r.mp4", 4_096, 2_304, 18, options={"preset": "ultrafast", "refs": "16"}
    ),
    "png": lambda folder: movie(folder / "png.mov", 9_000, 6_000, 1, "png", "gray"),
    "changing": _write_size_change,
}


@pytest.mark.parametrize("name", BOMBS)
def test_v11_a_small_movie_takes_little_memory(tmp_path, dashboard, name):
    dashboard("memory")
    dashboard("inputs")
    path = BOMBS[name](tmp_path)
    assert path.stat().st_size <= 200_000
    said, peak = read_and_measure(path)
    assert peak < 1_000_000
    assert said == "read" or (path.name in said and "transcode" in said)


def _with_duration(path, seconds):
    """Write a duration into a Matroska file's head: element 0x4489, a float of 8 bytes."""
    import struct

    data = bytearray(path.read_bytes())
    at = data.index(b"\x44\x89\x88")
    data[at + 3 : at + 11] = struct.pack(">d", seconds * 1000)
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("seconds", [1e11, float("inf"), float("nan"), -1e300, 1e300])
def test_v11_a_duration_that_no_movie_has_is_refused(tmp_path, dashboard, seconds):
    dashboard("inputs")
    path = _with_duration(movie(tmp_path / "long.mkv"), seconds)
    with pytest.raises(ClipError, match=r"long\.mkv (says it has|does not say)"):
        open_clip(path)


def test_v11_as_many_frames_as_are_allowed_take_no_memory(tmp_path):
    path = _with_duration(movie(tmp_path / "long.mkv"), (MAX_FRAMES - 5) / 25)
    clip = open_named_clip(path).clip
    with clip:
        assert clip.info.frame_count == MAX_FRAMES - 5
        assert clip.read(MAX_FRAMES - 6).shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("fps", "time_base", "start"),
    [
        (Fraction(10**9), Fraction(1, 10**9), 0),
        (Fraction(-25), Fraction(1, 1000), 0),
        (Fraction(25), Fraction(-1, 1000), 0),
        (Fraction(25), Fraction(1, 1000), -(2**63)),
        (Fraction(25), Fraction(1, 1000), 2**62),
        (Fraction(1, 10**9), Fraction(1, 2**31), 0),
    ],
)
def test_v11_rates_and_starts_that_no_movie_has_are_refused(dashboard, fps, time_base, start):
    dashboard("inputs")
    with pytest.raises(ClipError, match=r"a\.mkv says"):
        require_times(Path("a.mkv"), fps, time_base, start)


def test_usual_rates_and_starts_are_allowed():
    for fps in (Fraction(1, 10), Fraction(24_000, 1_001), Fraction(90_000)):
        for start in (-90_000, 0, 2**33):
            require_times(Path("a.mkv"), fps, Fraction(1, 90_000), start)


PLAYLISTS = {
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
    "local m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{near}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile near.mp4\nduration 1\n",
    "concat of addresses": "ffconcat version 1.0\nfile '{url}/a.mp4'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video {port} RTP/AVP 96\n"
    "a=rtpmap:96 H264/90000\n",
    "rtsp": "RTSPtext\nRTSP://127.0.0.1:{port}/stream\n",
    "dash": '<?xml version="1.0"?>\n<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'mediaPresentationDuration="PT1S" profiles="urn:mpeg:dash:profile:isoff-main:2011"><Period><AdaptationSet>'
    '<Representation id="1" bandwidth="1" mimeType="video/mp4"><BaseURL>{url}/a.mp4</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>\n",
    "data": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\ndata:video/mp2t;base64,AAAA\n#EXT-X-ENDLIST\n",
    "subfile": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nsubfile,,start,0,end,99,,:{near}\n#EXT-X-ENDLIST\n",
    "crypto": '#EXTM3U\n#EXT-X-KEY:METHOD=AES-128,URI="{url}/key"\n#EXTINF:1,\ncrypto:{near}\n#EXT-X-ENDLIST\n',
}


@pytest.fixture
def server():
    """A server that notes each request."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

    listening = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=listening.serve_forever, daemon=True).start()
    yield listening.server_port, asked
    listening.shutdown()
    listening.server_close()


@pytest.mark.parametrize("suffix", [".mp4", ".m3u8"])
@pytest.mark.parametrize("name", PLAYLISTS)
def test_v11_a_list_of_other_files_is_no_movie(tmp_path, dashboard, server, name, suffix):
    dashboard("inputs")
    port, asked = server
    near = movie(tmp_path / "near.mp4")
    text = PLAYLISTS[name].format(url=f"http://127.0.0.1:{port}", port=port, near=near)
    path = tmp_path / f"list{suffix}"
    path.write_text(text)
    with pytest.raises(ClipError, match=re.escape(path.name)):
        open_clip(path)
    assert asked == []


@pytest.mark.parametrize("name", ["subfile,,start,0,end,0,,:near.mp4", "data:x", "concat:near.mp4", "pipe:0"])
def test_a_name_that_is_an_address_to_ffmpeg_is_a_name(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    movie(tmp_path / "near.mp4")
    with pytest.raises(ClipError, match="can't find"):
        open_clip(Path(name))


def test_v8_a_pipe_or_device_in_a_movies_place_is_refused_at_once(tmp_path, dashboard):
    dashboard("inputs")
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "zero.mp4").symlink_to("/dev/zero")
    for name in ("pipe.mp4", "zero.mp4"):
        with pytest.raises(ClipError, match=f"{name} is not a file"):
            open_clip(tmp_path / name)
        with pytest.raises((ClipError, OutputError), match=f"{name} is not a file"):
            VideoWriter(tmp_path / "out.mp4", 64, 48, Fraction(25), tmp_path / name).__enter__()


def test_v16_a_sequence_leaves_no_file_open(tmp_path):
    for number in range(200):
        (tmp_path / f"{number:04}.png").write_bytes(png(64, 48))
    limited = (
        "import resource, sys; from pathlib import Path; resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))\n"
        "from understudy.core.export.inputs import open_named_clip\n"
        "clip = open_named_clip(Path(sys.argv[1])).clip\n"
        "print(sum(clip.read(n).shape[0] for n in range(200)), len(clip.clip_id), len(clip.stamp))"
    )
    run = subprocess.run(
        [sys.executable, "-c", limited, tmp_path], capture_output=True, text=True, timeout=300, check=False
    )
    assert (run.stdout.split(), run.stderr) == (["9600", "64", "64"], "")
