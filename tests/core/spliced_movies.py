# SPDX-License-Identifier: GPL-3.0-or-later
"""Clips in H.264 and HEVC, movies that keep packets of them, and what FFmpeg's programs say of both."""

import json
import subprocess

import numpy as np
import pytest
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.options import EncodingChoice
from understudy.core.export.packet_copy import plan_splice
from understudy.core.fusion.patch import Patch
from understudy.core.media.movie_clip import MovieClip

from tests.media_matrix import FFMPEG, FFPROBE, colours

GOP, FRAMES = 12, 60
TONE = ("-f", "lavfi", "-i", "sine=frequency=300:duration=2.4")
H264 = ("-c:v", "libx264", "-crf", "12", "-g", str(GOP), "-keyint_min", str(GOP), "-sc_threshold", "0")
HEVC = ("-c:v", "libx265", "-crf", "12", "-tag:v", "hvc1", "-x265-params")
CLOSED = f"log-level=none:keyint={GOP}:min-keyint={GOP}:scenecut=0:open-gop=0"
CODECS = {
    "h264": H264,
    "h264_no_b": (*H264, "-bf", "0"),
    "h264_baseline": (*H264, "-profile:v", "baseline"),
    "h264_pyramid": (*H264, "-bf", "8", "-x264-params", "b-pyramid=normal"),
    "h264_10_bits": (*H264, "-pix_fmt", "yuv420p10le"),
    "h264_422": (*H264, "-pix_fmt", "yuv422p"),
    "h264_interlaced": (*H264, "-flags", "+ildct+ilme", "-x264-params", "tff=1", "-vf", "setfield=tff"),
    "h264_tagged": (*H264, "-vf", "setsar=4/3", *colours("bt709", "bt709", "bt709")),
    "hevc": (*HEVC, CLOSED),
    "hevc_no_b": (*HEVC, f"{CLOSED}:bframes=0"),
    "hevc_10_bits": (*HEVC, f"{CLOSED}:hdr10=1:max-cll=1000,400", "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084",
                     "-color_primaries", "bt2020", "-colorspace", "bt2020nc"),
    "hevc_layers": (*HEVC, f"{CLOSED}:temporal-layers=1"),
}  # fmt: skip


def make(path, *arguments, rate="25"):
    video = ("-f", "lavfi", "-i", f"testsrc2=s=320x240:r={rate},trim=end_frame={FRAMES}")
    command = (
        FFMPEG,
        "-loglevel",
        "error",
        "-y",
        *video,
        *TONE,
        "-pix_fmt",
        "yuv420p",
        *arguments,
        "-c:a",
        "aac",
        str(path),
    )
    subprocess.run(command, check=True)
    return path


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    folder, made = tmp_path_factory.mktemp("clips"), {}

    def clip(name, suffix):
        if (name, suffix) not in made:
            made[name, suffix] = make(folder / f"{name}{suffix}", *CODECS[name])
        return made[name, suffix]

    return clip


def write(source, output, changed, numbers=None, choice=None):
    """Write a movie with a red square in the frames `changed`; return which frames were encoded."""
    choice = choice or EncodingChoice()
    with MovieClip(source) as clip:
        fps, numbers = clip.info.fps, numbers or range(clip.info.frame_count)
        splice = plan_splice(clip, output, numbers, fps, choice)
        copied = splice.untouched_gops(changed)
        writer = clip_writer(clip, output, numbers, fps, choice=choice, splice=splice)
        with writer:
            writer.copy_gops(copied)
            for number in splice.encoded_numbers(copied):
                writer.write_image(clip.decoded_image(number), square() if number in changed else None)
    return splice.encoded_numbers(copied)


def square():
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[..., 0] = pixels[..., 3] = 255
    return Patch(100, 80, pixels)


def probe(path, *arguments):
    command = (FFPROBE, "-v", "error", "-select_streams", "v", "-of", "json", *arguments, str(path))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def packets(path, *, absolute):
    """Return by time the hash of each packet, in the order of the file; the first is at 0 unless `absolute`."""
    listed = probe(path, "-show_packets", "-show_data_hash", "sha256")["packets"]
    if path.suffix != ".mkv":  # Matroska does not store them
        assert [int(one["dts"]) for one in listed] == sorted({int(one["dts"]) for one in listed})
        assert all(int(one["dts"]) <= int(one["pts"]) for one in listed)
    first = 0 if absolute else min(float(one["pts_time"]) for one in listed)
    return {round(float(one["pts_time"]) - first, 3): one["data_hash"] for one in listed}


def decoded(path):
    """Return each image's planes and time as FFmpeg's program decodes them; it must have nothing to say."""
    command = (FFMPEG, "-loglevel", "warning", "-xerror", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough",
               "-copyts", "-f", "framehash", "-hash", "sha256", "-")  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def copied(source, path, *before, after=()):
    command = (FFMPEG, "-loglevel", "error", *before, "-i", str(source), "-c", "copy", *after, str(path))
    subprocess.run(command, check=True)
    return path
