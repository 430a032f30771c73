# SPDX-License-Identifier: GPL-3.0-or-later
"""A movie keeps the packets of its clip where nothing changes, and every decoder takes both kinds."""

import subprocess

import numpy as np
import pytest
from understudy.core.errors import ClipError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.options import EncodingChoice
from understudy.core.export.packet_copy import plan_splice
from understudy.core.media.movie_clip import MovieClip

from tests.core.second_decoders import LIBDE265, OPENH264, decode_h264, decode_hevc
from tests.core.spliced_movies import (
    CODECS,
    FRAMES,
    GOP,
    H264,
    clips,
    copied,
    decoded,
    make,
    packets,
    probe,
    write,
)
from tests.media_matrix import FFMPEG

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FFMPEG is None, reason="FFmpeg's programs are not installed"),
]

__all__ = ["clips"]


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


@pytest.mark.parametrize(
    ("name", "before", "after", "place"),
    [
        # Every third one at each change, all of them in the long tests.
        pytest.param(*case, id="-".join(case), marks=[pytest.mark.long] if number % 3 else [])
        for number, case in enumerate(CASES)
    ],
)
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
