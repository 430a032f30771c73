# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie keeps the packets of its clip where nothing changes, and every decoder takes both kinds."""

import json
import subprocess

import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.options import EncodingChoice
from understudy.core.export.packet_copy import plan_splice
from understudy.core.fusion.patch import Patch
from understudy.core.media.movie_clip import MovieClip

from tests.core.second_decoders import LIBDE265, OPENH264, decode_h264, decode_hevc
from tests.media_matrix import FFMPEG, FFPROBE

pytestmark = pytest.mark.skipif(FFMPEG is None, reason="FFmpeg's programs are not installed")

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
    "h264_tagged": (*H264, "-vf", "setsar=4/3", "-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709"),
    "hevc": (*HEVC, CLOSED),
    "hevc_no_b": (*HEVC, f"{CLOSED}:bframes=0"),
    "hevc_10_bits": (*HEVC, f"{CLOSED}:hdr10=1:max-cll=1000,400", "-pix_fmt", "yuv420p10le", "-color_trc", "smpte2084",
                     "-color_primaries", "bt2020", "-colorspace", "bt2020nc"),
    "hevc_layers": (*HEVC, f"{CLOSED}:temporal-layers=1"),
}  # fmt: skip


def make(path, *arguments, rate="25"):
    video = ("-f", "lavfi", "-i", f"testsrc2=s=320x240:r={rate},trim=end_frame={FRAMES}")
    command = (FFMPEG, "-loglevel", "error", "-y", *video, *TONE, "-pix_fmt", "yuv420p", *arguments, "-c:a", "aac", str(path))
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
        splice = plan_splice(clip, output, numbers, fps, choice).with_changes(changed)
        writer = clip_writer(clip, output, numbers, fps, choice=choice, splice=splice)
        with writer:
            for number in splice.encoded_numbers:
                writer.write_image(clip.decoded_image(number), square() if number in changed else None)
    return splice.encoded_numbers


def square():
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[..., 0] = pixels[..., 3] = 255
    return Patch(100, 80, pixels)


def probe(path, *arguments):
    command = (FFPROBE, "-v", "error", "-select_streams", "v", "-of", "json", *arguments, str(path))
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return json.loads(done.stdout)


def packets(path):
    """Return by time the hash of each packet, in the order of the file."""
    listed = probe(path, "-show_packets", "-show_data_hash", "sha256")["packets"]
    if path.suffix != ".mkv":  # Matroska does not store them
        assert [int(one["dts"]) for one in listed] == sorted({int(one["dts"]) for one in listed})
        assert all(int(one["dts"]) <= int(one["pts"]) for one in listed)
    # The sound begins earlier, in the encoder's lead, which Matroska can only hold by moving all tracks on.
    first = min(float(one["pts_time"]) for one in listed) if path.suffix == ".mkv" else 0
    return {round(float(one["pts_time"]) - first, 3): one["data_hash"] for one in listed}


def decoded(path):
    """Return each image's planes and time as FFmpeg's program decodes them; it must have nothing to say."""
    command = (FFMPEG, "-loglevel", "warning", "-xerror", "-i", str(path), "-map", "0:v", "-fps_mode", "passthrough",
               "-copyts", "-f", "framehash", "-hash", "sha256", "-")  # fmt: skip
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    assert done.stderr == ""
    return [line.split(",")[-1].strip() for line in done.stdout.splitlines() if not line.startswith("#")]


def lumas(path, name):
    if name in ("h264_no_b", "h264_baseline"):  # OpenH264 2.3 gives wrong images for x264's B-frames
        return decode_h264(path) if OPENH264 else None
    return decode_hevc(path) if name.startswith("hevc") and LIBDE265 else None


CASES = [
    *((name, "mp4", "mp4", "middle") for name in CODECS),
    *(
        (name, suffix, suffix, place)
        for name in ("h264", "hevc")
        for suffix in ("mp4", "mov", "mkv")
        for place in ("first", "last", "two")
    ),
    *((name, *suffixes, "middle") for name in ("h264", "hevc") for suffixes in (("mkv", "mp4"), ("mp4", "mkv"))),
]
PLACES = {"first": {0, 3}, "middle": {29}, "last": {59}, "two": {14, 26, 50}}


@pytest.mark.parametrize(("name", "before", "after", "place"), CASES, ids=map("-".join, CASES))
def test_untouched_packets_stay_and_others_are_decoded_beside_them(clips, tmp_path, name, before, after, place):
    source, movie = clips(name, f".{before}"), tmp_path / f"movie.{after}"
    changed = PLACES[place]
    encoded = write(source, movie, changed)
    gops = {number // GOP for number in changed}
    assert encoded == [number for number in range(FRAMES) if number // GOP in gops]
    kept, made = packets(source), packets(movie)
    assert sorted(kept) == sorted(made)
    times = sorted(kept)
    for number, time in enumerate(times):
        assert (kept[time] == made[time]) == (number not in encoded), number
    was, now = decoded(source), decoded(movie)
    assert len(was) == len(now) == FRAMES
    same = [one == other for one, other in zip(was, now, strict=True)]
    assert all(same[number] for number in range(FRAMES) if number not in encoded)
    check_pixels(source, movie, changed)
    seconds = lumas(movie, name)
    if seconds is not None:
        check_second(seconds, movie)
    streams = [probe(path, "-show_streams")["streams"][0] for path in (source, movie)]
    for field in ("codec_name", "profile", "pix_fmt", "width", "color_space", "color_transfer", "field_order",
                  "sample_aspect_ratio", "has_b_frames", "avg_frame_rate", "start_time", "codec_tag_string"):  # fmt: skip
        if before == after or field not in ("codec_tag_string", "start_time"):
            assert streams[0].get(field) == streams[1].get(field), field


def check_pixels(source, movie, changed):
    with MovieClip(source) as clip, MovieClip(movie) as result:
        for number in range(FRAMES):
            was = clip.read(number).astype(np.float32)
            now = result.read(number).astype(np.float32)
            scale = 255 / np.iinfo(clip.read(number).dtype).max
            outside = np.ones(was.shape[:2], bool)
            outside[70:150, 90:190] = number not in changed
            assert np.abs(was - now)[outside].mean() * scale < 1.2, number
            assert (now[90:130, 110:170, 0].mean() * scale > 200) == (number in changed) or was[90:130, 110:170, 0].mean() * scale > 190


def check_second(lumas, movie):
    with MovieClip(movie) as result:
        assert len(lumas) == FRAMES
        for number, luma in enumerate(lumas):
            plane = result.decoded_image(number).to_ndarray()[: luma.shape[0], : luma.shape[1]]
            assert np.array_equal(plane, luma), number
