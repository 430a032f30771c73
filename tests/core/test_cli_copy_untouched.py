# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy render --copy-untouched`: what the cache knows to have no face is neither decoded nor encoded."""

import json
import subprocess

import numpy as np
import pytest
from understudy.core.cli.main import main

from tests.core import face_clip
from tests.core.rendered_clip import folder, pictures
from tests.media_matrix import FFMPEG, FFPROBE

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FFMPEG is None, reason="FFmpeg's programs are not installed"),
]

__all__ = ["folder"]

GOP, WITH_FACE = 6, range(12, 18)
FRAMES = 30


@pytest.fixture(scope="module")
def clip(folder):
    """A clip whose third GOP alone has a face."""
    path = folder / "passing.mp4"
    size = f"{face_clip.WIDTH}x{face_clip.HEIGHT}"
    command = (
        FFMPEG, "-loglevel", "error", "-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", "25", "-i", "-",
        "-pix_fmt", "yuv420p", "-c:v", "libx264", "-crf", "10", "-g", str(GOP), "-sc_threshold", "0", str(path),
    )  # fmt: skip
    grey = np.linspace(40, 160, face_clip.WIDTH, dtype=np.uint8)[None, :, None]
    empty = np.broadcast_to(grey, (face_clip.HEIGHT, face_clip.WIDTH, 3))
    images = [face_clip.frame(number) if number in WITH_FACE else empty for number in range(FRAMES)]
    data = b"".join(np.ascontiguousarray(image).tobytes() for image in images)
    subprocess.run(command, input=data, check=True)
    return path


def packets(path):
    command = (FFPROBE, "-v", "error", "-show_packets", "-show_data_hash", "md5", "-of", "json", str(path))
    listed = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packets"]
    return {one["pts"]: one["data_hash"] for one in listed}


def test_only_the_gop_with_a_face_is_decoded_and_encoded(folder, clip, tmp_path, capsys):
    report, movie, plain = tmp_path / "report.json", tmp_path / "movie.mp4", tmp_path / "plain.mp4"
    words = ["render", str(clip), "--face", str(folder / "red.png"), "--cache-dir", str(tmp_path / "cache")]
    assert main([*words, "--output", str(plain)]) == 0
    assert "copied" not in capsys.readouterr().out
    copying = [*words, "--output", str(movie), "--report", str(report), "--copy-untouched"]
    assert main(copying) == 0
    line = f"{FRAMES} frames, {len(WITH_FACE)} of them changed, {FRAMES - len(WITH_FACE)} copied, in "
    assert line in capsys.readouterr().out
    facts = json.loads(report.read_text())
    assert facts["frames_copied"] == FRAMES - len(WITH_FACE)
    assert (facts["frames_written"], facts["frames_changed"]) == (FRAMES, len(WITH_FACE))
    assert facts["frames_decoded"] < 2 * GOP
    was, now = packets(clip), packets(movie)
    assert sorted(was) == sorted(now)
    for number, time in enumerate(sorted(was)):
        assert (was[time] == now[time]) == (number not in WITH_FACE)
    before, whole, spliced = (pictures(path)[1] for path in (clip, plain, movie))
    for number in WITH_FACE:
        assert np.abs(whole[number].astype(int) - spliced[number]).mean() < 1
        assert np.abs(before[number].astype(int) - spliced[number]).max() > 60
    assert main([*copying, "--no-cache"]) == 0
    assert packets(movie).keys() == now.keys()


def test_a_clip_that_can_not_be_copied_is_refused_before_anything_is_computed(folder, clip, tmp_path, capsys):
    words = ["render", str(clip), "--face", str(folder / "red.png"), "--output", str(tmp_path / "movie.mp4")]
    assert main([*words, "--copy-untouched", "--codec", "hevc"]) == 1
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "--codec h264" in said
    assert not (tmp_path / "movie.mp4").exists()


def test_a_clip_without_faces_is_copied_as_a_whole(folder, clip, tmp_path, capsys):
    movie = tmp_path / "movie.mp4"
    words = ["render", str(clip), "--face", str(folder / "red.png"), "--output", str(movie), "--end", "11"]
    assert main([*words, "--copy-untouched"]) == 0
    said = capsys.readouterr()
    assert "no frame was changed" in said.err
    assert said.out.startswith("12 frames, 0 of them changed, 12 copied, in ")
    assert packets(movie).items() <= packets(clip).items()
