# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie keeps the packets of its clip where nothing changes, and every decoder takes both kinds."""

import json
import subprocess

import numpy as np
import pytest
from understudy.core.errors import ClipError, OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.options import EncodingChoice
from understudy.core.export.packet_copy import plan_splice
from understudy.core.fusion.patch import Patch
from understudy.core.media.movie_clip import MovieClip

from tests.core.second_decoders import LIBDE265, OPENH264, decode_h264, decode_hevc
from tests.media_matrix import FFMPEG, FFPROBE, colours

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
    *(
        (name, *suffixes, "middle")
        for name in ("h264", "hevc")
        for suffixes in (("mkv", "mp4"), ("mp4", "mkv"))
    ),
]
PLACES = {"first": {0, 3}, "middle": {29}, "last": {59}, "two": {14, 26, 50}}


@pytest.mark.parametrize(("name", "before", "after", "place"), CASES, ids=map("-".join, CASES))
def test_untouched_packets_stay_and_others_are_decoded_beside_them(
    clips, tmp_path, name, before, after, place
):
    source, movie = clips(name, f".{before}"), tmp_path / f"movie.{after}"
    changed = PLACES[place]
    encoded = write(source, movie, changed)
    gops = {number // GOP for number in changed}
    assert encoded == [number for number in range(FRAMES) if number // GOP in gops]
    # The sound begins earlier, in the encoder's lead, which Matroska can only hold by moving all tracks on.
    kept, made = (packets(path, absolute=before == after != "mkv") for path in (source, movie))
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
                  "sample_aspect_ratio", "has_b_frames", "avg_frame_rate", "start_time",
                  "codec_tag_string"):  # fmt: skip
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
            assert (now[90:130, 110:170, 0].mean() * scale > 200) == (number in changed) or was[
                90:130, 110:170, 0
            ].mean() * scale > 190


def check_second(lumas, movie):
    with MovieClip(movie) as result:
        assert len(lumas) == FRAMES
        for number, luma in enumerate(lumas):
            plane = result.decoded_image(number).to_ndarray()[: luma.shape[0], : luma.shape[1]]
            assert np.array_equal(plane, luma), number


@pytest.mark.parametrize("numbers", [range(5, 41), range(24, 36), range(30)], ids=str)
def test_a_range_keeps_the_gops_that_it_has_as_a_whole(clips, tmp_path, numbers):
    source, movie = clips("h264", ".mp4"), tmp_path / "movie.mp4"
    encoded = write(source, movie, {26}, numbers)
    whole = {place for place in range(5) if set(range(place * GOP, (place + 1) * GOP)) <= set(numbers)} - {2}
    assert encoded == [number for number in numbers if number // GOP not in whole]
    kept, made = (list(packets(path, absolute=True).items()) for path in (source, movie))
    kept, made = sorted(kept)[numbers.start : numbers.stop], sorted(made)
    assert [round(time - numbers.start / 25, 3) for time, _ in kept] == [time for time, _ in made]
    same = [one == other for (_, one), (_, other) in zip(kept, made, strict=True)]
    assert same == [number not in encoded for number in numbers]
    assert len(decoded(movie)) == len(numbers)


def test_a_rotated_clip_with_frames_of_its_own_times_stays_so(tmp_path):
    source, movie = tmp_path / "source.mp4", tmp_path / "movie.mp4"
    plain = make(
        tmp_path / "plain.mp4",
        *H264,
        "-vf",
        "setpts='N+if(gte(N,20),3,0)+if(gte(N,40),2,0)'",
        "-fps_mode",
        "vfr",
    )
    copied(plain, source, after=("-metadata:s:v", "rotate=90"))
    write(source, movie, {29})
    kept, made = packets(source, absolute=True), packets(movie, absolute=True)
    assert sorted(kept) == sorted(made)
    assert sum(kept[time] == made[time] for time in kept) == FRAMES - GOP
    sides = [probe(path, "-show_streams")["streams"][0]["side_data_list"] for path in (source, movie)]
    assert sides[0] == sides[1]


def test_no_change_keeps_every_packet_and_all_changes_none(clips, tmp_path):
    source, movie = clips("h264", ".mp4"), tmp_path / "movie.mp4"
    assert write(source, movie, set()) == []
    assert packets(source, absolute=True) == packets(movie, absolute=True)
    assert write(source, movie, set(range(FRAMES))) == list(range(FRAMES))
    kept, made = packets(source, absolute=True), packets(movie, absolute=True)
    assert sorted(kept) == sorted(made)
    assert not set(kept.values()) & set(made.values())


def test_sound_is_kept_beside_what_is_copied(clips, tmp_path):
    source, movie = clips("h264", ".mp4"), tmp_path / "movie.mp4"
    write(source, movie, {29})
    hashes = [
        subprocess.run(
            (FFMPEG, "-loglevel", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "hash", "-"),
            check=True, capture_output=True, text=True,
        ).stdout
        for path in (source, movie)
    ]  # fmt: skip
    assert hashes[0] == hashes[1]


def joined(folder):
    """A clip whose parameter sets change on the way, as one that was joined has them."""
    parts = [
        make(folder / f"{qp}.ts", *H264, "-x264-params", more) for qp, more in ((1, "ref=1"), (2, "ref=4"))
    ]
    whole = folder / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return copied(whole, folder / "joined.mp4")


def copied(source, path, *before, after=()):
    command = (FFMPEG, "-loglevel", "error", *before, "-i", str(source), "-c", "copy", *after, str(path))
    subprocess.run(command, check=True)
    return path


def making(suffix, *arguments):
    return lambda folder: make(folder / f"clip{suffix}", *arguments)


def cut(folder):
    return copied(make(folder / "whole.mp4", *H264), folder / "clip.mp4", "-ss", "0.3")


OPEN_HEVC = CLOSED.replace("open-gop=0", "open-gop=1")
REFUSALS = {
    "open": (making(".mp4", *H264, "-x264-params", "open-gop=1:b-adapt=0"), {}, "GOPs are open.*libx264"),
    "open_hevc": (making(".mp4", *HEVC, OPEN_HEVC), {}, "GOPs are open.*open-gop=0"),
    "codec": (making(".mp4", "-c:v", "mpeg4"), {}, "is mpeg4, not H.264.*leave --copy-untouched"),
    "stream": (making(".ts", *H264), {}, "no parameter sets.*copy it with"),
    "joined": (joined, {}, "parameter sets change.*transcode"),
    "cut": (cut, {}, "edit list hides.*transcode"),
    "other_codec": (None, {"codec": "hevc"}, "the clip is h264.*--codec h264"),
    "other_format": (None, {"pixel_format": "yuv444p"}, "the clip is yuv420p.*--pixel-format yuv420p"),
    "sdr": (None, {"sdr": True}, "leave it or --sdr away"),
    "lossless": (None, {"quality": 100}, "--quality 99"),
    "fields": (
        making(".mkv", *HEVC, CLOSED, "-field_order", "tt"),
        {},
        "can't make fields: leave --copy-untouched",
    ),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_can_not_be_kept_is_refused_with_the_fix(clips, tmp_path, name):
    make_clip, choice, text = REFUSALS[name]
    source = clips("h264", ".mp4") if make_clip is None else make_clip(tmp_path)
    with MovieClip(source) as clip, pytest.raises(OutputError, match=text):
        plan_splice(clip, tmp_path / "out.mp4", range(10), clip.info.fps, EncodingChoice(**choice))
    assert not (tmp_path / "out.mp4").exists()


@pytest.mark.parametrize(
    ("output", "text"), [("out.webm", "can't hold h264: use .mp4"), ("out_%05d.png", "give a movie name")]
)
def test_outputs_that_hold_no_such_packets_are_refused(clips, tmp_path, output, text):
    with MovieClip(clips("h264", ".mp4")) as clip, pytest.raises(OutputError, match=text):
        plan_splice(clip, tmp_path / output, range(10), clip.info.fps, EncodingChoice())


def test_a_clip_that_is_replaced_meanwhile_is_no_movie(clips, tmp_path):
    source, movie = tmp_path / "source.mp4", tmp_path / "movie.mp4"
    source.write_bytes(clips("h264", ".mp4").read_bytes())
    with MovieClip(source) as clip:
        numbers = range(clip.info.frame_count)
        splice = plan_splice(clip, movie, numbers, clip.info.fps, EncodingChoice())
        writer = clip_writer(clip, movie, numbers, clip.info.fps, splice=splice)
        writer.__enter__()
        writer.copy_gops(splice.untouched_gops(()))
        source.write_bytes(clips("h264_no_b", ".mp4").read_bytes())
        with pytest.raises(ClipError, match="replaced"):
            writer.__exit__(None, None, None)
    assert [path.name for path in tmp_path.iterdir()] == ["source.mp4"]
