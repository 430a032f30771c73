# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a movie is written: links, long names and what is read-only; tags, timecodes and pixel formats as values."""

import signal
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.colour_tags import ColourTags
from understudy.core.export.encoding import choose_encoding
from understudy.core.export.frames import RenderedFrame
from understudy.core.export.image_writer import ImageSequenceWriter
from understudy.core.export.inputs import follow_link, require_movie_name, require_output
from understudy.core.export.metadata import (
    carried_tags,
    carried_track_tags,
    needs_quicktime_tags,
    timecode_after,
    with_mark,
)
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.export.options import EncodingChoice
from understudy.core.export.pixel_formats import losses, nearest_format
from understudy.core.export.source_video import SourceVideo, written_tags
from understudy.core.filesystem import NewFiles, write_file
from understudy.core.provenance.sidecar import sidecar_name


def source(pixel_format="yuv420p", codec="h264", transfer=2):
    return SourceVideo(codec, pixel_format, 64, 64, ColourTags(transfer=transfer))


def encoding(suffix, clip, **choice):
    return choose_encoding(suffix, clip, EncodingChoice(**choice), clip.tags)


@pytest.mark.parametrize("name", ["映" * 80 + ".mp4", "a" * 251 + ".mp4", "b" * 240 + ".mkv"])
def test_long_names_are_written_with_what_lies_beside_them(tmp_path, name):
    beside = sidecar_name(name)
    assert len(beside.encode()) <= 255
    assert beside.endswith(".understudy.json")
    with NewFiles(tmp_path) as files:
        files.create(name, b"movie")
        files.create(beside, b"said")
        files.commit()
    write_file(tmp_path / ("r" * 250 + ".json"), b"{}")
    assert len(list(tmp_path.iterdir())) == 3


@pytest.mark.skipif(
    sys.platform == "win32", reason="there no lock tells a dead program's file from another's"
)
def test_what_a_killed_program_left_is_removed_by_the_next_that_writes_it(tmp_path):
    program = f"""if True:
        import os, signal
        from pathlib import Path
        from understudy.core.filesystem import NewFiles
        NewFiles(Path({str(tmp_path)!r})).create("out.mp4", b"half")
        os.kill(os.getpid(), signal.SIGKILL)
    """
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == -signal.SIGKILL
    (left,) = tmp_path.iterdir()
    others = [
        tmp_path / name for name in (".out.0123abcd.part.mkv", ".out.part.mp4", ".other.0123abcd.part.mp4")
    ]
    for path in others:
        path.write_bytes(b"mine")
    with NewFiles(tmp_path) as before, NewFiles(tmp_path) as files:
        written = before.create("out.mp4", b"first")  # it is being written: not left by anybody
        assert not left.exists()
        files.create("out.mp4", b"second")
        assert written.exists()
        files.commit()
        before.commit()
    assert (tmp_path / "out.mp4").read_bytes() == b"first"
    assert sorted(tmp_path.iterdir()) == sorted([tmp_path / "out.mp4", *others])


def test_long_names_that_begin_alike_have_sidecars_of_their_own():
    names = {sidecar_name("a" * 248 + letter + ".mp4") for letter in "xyz"}
    assert len(names) == 3
    assert sidecar_name("short.mp4") == "short.mp4.understudy.json"


def test_a_folder_that_moves_away_is_said_not_passed_over(tmp_path):
    folder = tmp_path / "folder"
    folder.mkdir()
    pixels = np.zeros((32, 32, 3), np.uint8)
    writer = VideoWriter(folder / "movie.mp4", 32, 32, Fraction(25))
    writer.__enter__()
    writer.write(pixels)
    folder.rename(tmp_path / "other")
    with pytest.raises(OutputError, match=r"movie\.mp4: (its folder was moved or unmounted|no such file)"):
        writer.__exit__(None, None, None)
    folder.mkdir()
    images = ImageSequenceWriter(folder / "%d.png", source())
    for number in range(2):
        images.write_frame(RenderedFrame(number, lambda: pixels, pixels, None, None, False, "", False, None))
    (folder / "0.png").unlink()
    with pytest.raises(OutputError, match=r"0\.png is gone"):
        images.__exit__(None, None, None)


def test_a_link_is_written_through(tmp_path):
    (tmp_path / "there").mkdir()
    (tmp_path / "link.mp4").symlink_to("there/movie.mp4")
    (tmp_path / "circle.mp4").symlink_to("circle.mp4")
    assert follow_link(tmp_path / "link.mp4", "movie") == (tmp_path / "there" / "movie.mp4").resolve()
    assert follow_link(tmp_path / "plain.mp4", "movie") == tmp_path / "plain.mp4"
    with pytest.raises(OutputError, match="circle"):
        follow_link(tmp_path / "circle.mp4", "movie")


def test_what_is_read_only_is_not_overwritten(tmp_path):
    path = tmp_path / "done.mp4"
    path.touch(mode=0o444)
    path.chmod(0o444)
    with pytest.raises(OutputError, match="read-only"):
        require_output(path, "movie", [])
    path.chmod(0o644)
    require_output(path, "movie", [])


def test_a_pattern_is_a_movie_name_and_must_not_match_what_is_read(tmp_path):
    require_movie_name(tmp_path / "o_%05d.png")
    with pytest.raises(OutputError, match=r"out_%05d\.png"):
        require_movie_name(tmp_path / "o.png")
    with pytest.raises(OutputError, match="which is read"):
        require_output(tmp_path / "o_%05d.png", "movie", [tmp_path / "o_00007.png"])


@pytest.mark.parametrize(
    ("timecode", "frames", "fps", "later"),
    [
        ("10:00:00:00", 0, Fraction(25), "10:00:00:00"),
        ("10:00:00:00", 26, Fraction(25), "10:00:01:01"),
        ("23:59:59:24", 1, Fraction(25), "00:00:00:00"),
        ("00:00:59;29", 1, Fraction(30000, 1001), "00:01:00;02"),
        ("00:09:59;29", 1, Fraction(30000, 1001), "00:10:00;00"),
        ("00:00:00;00", 107892, Fraction(30000, 1001), "01:00:00;00"),
        ("00:00:59;59", 1, Fraction(60000, 1001), "00:01:00;04"),
        ("nonsense", 5, Fraction(25), "nonsense"),
    ],
)
def test_timecodes_count_on(timecode, frames, fps, later):
    assert timecode_after(timecode, frames, fps) == later


def test_what_a_file_says_of_itself_is_not_carried():
    tags = {"major_brand": "isom", "encoder": "Lavf", "BPS-eng": "1", "_STATISTICS_TAGS": "x", "title": "A"}
    assert carried_tags(tags) == {"title": "A"}
    assert carried_track_tags({"name": "Voice", "handler_name": "H", "language": "deu"}, ".mkv") == {
        "title": "Voice",
        "language": "deu",
    }
    assert carried_track_tags({"language": "deu"}, ".mov") == {"language": "ger"}


@pytest.mark.parametrize(
    ("clip", "tags", "movie", "matrix", "full_range"),
    [
        ("yuv420p", ColourTags(), "yuv420p", 6, False),
        ("yuv420p", ColourTags(1, 1, 1, True), "yuv420p", 1, True),
        ("gbrp", ColourTags(matrix=0, full_range=True), "yuv444p", 6, False),
        ("gbrp", ColourTags(matrix=0, full_range=True), "gbrp", 0, True),
        ("rgb24", ColourTags(), "bgr0", 0, True),
        ("gray", ColourTags(), "gray", 2, False),
    ],
)
def test_the_matrix_is_that_of_what_is_stored(clip, tags, movie, matrix, full_range):
    written = written_tags(SourceVideo("x", clip, 64, 64, tags), movie)
    assert (written.matrix, written.full_range) == (matrix, full_range)


@pytest.mark.parametrize("name", ["comment", "COMMENT"])
def test_the_mark_and_the_clips_comment_both_survive(name):
    assert with_mark({name: "theirs", "title": "A"}, "ours") == {"title": "A", "comment": "theirs\nours"}
    assert with_mark({"title": "A"}, "ours") == {"title": "A", "comment": "ours"}
    assert with_mark({name: "theirs"}, "") == {"comment": "theirs"}


def test_only_rare_tags_need_the_form_that_few_players_read():
    assert not needs_quicktime_tags(["title", "ARTIST", "creation_time"])
    assert needs_quicktime_tags(["title", "com.apple.quicktime.make"])


@pytest.mark.parametrize(
    ("clip", "offered", "nearest"),
    [
        ("yuv420p", ["yuv444p", "yuv420p", "yuv420p10le"], "yuv420p"),
        ("yuv422p", ["yuv420p", "yuv444p", "yuv420p10le"], "yuv444p"),
        ("yuv420p12le", ["yuv420p", "yuv420p10le"], "yuv420p10le"),
        ("yuva444p12le", ["yuv444p10le", "yuva444p10le"], "yuva444p10le"),
        ("nv12", ["yuv420p", "yuv444p"], "yuv420p"),
        ("yuv411p", ["yuv420p", "yuv422p", "yuv444p"], "yuv422p"),
        ("gbrp", ["yuv420p", "yuv444p"], "yuv444p"),
        ("yuvj420p", ["yuv420p", "yuvj420p"], "yuvj420p"),
    ],
)
def test_the_nearest_pixel_format_loses_least(clip, offered, nearest):
    assert nearest_format(clip, offered) == nearest


def test_what_a_pixel_format_loses_is_said():
    assert losses("yuva444p12le", "yuv420p10le") == [
        "12 bits become 10",
        "chroma detail is halved",
        "transparency is lost",
    ]
    assert losses("yuv420p", "yuv444p10le") == []


@pytest.mark.parametrize(
    ("suffix", "clip", "codec", "pixel_format"),
    [
        (".mp4", source(), "h264", "yuv420p"),
        (".mp4", source("yuv420p10le"), "hevc", "yuv420p10le"),
        (".mkv", source("yuv420p10le", transfer=16), "hevc", "yuv420p10le"),
        (".mp4", source(transfer=18), "hevc", "yuv420p"),  # 8 bits of HDR stay what they are
        (".mkv", source("yuv420p", "ffv1", transfer=16), "ffv1", "yuv420p"),
        (".mov", source("yuv422p10le", "prores"), "prores", "yuv422p10le"),
        (".mp4", source("yuv422p10le", "prores"), "hevc", "yuv422p10le"),
        (".mkv", source("yuv444p", "ffv1"), "ffv1", "yuv444p"),
        (".webm", source(), "av1", "yuv420p"),
        (".mp4", source("rgb24", ""), "h264", "yuv420p"),
        (".mp4", source("rgb48le", ""), "h264", "yuv420p"),
    ],
)
def test_the_codec_follows_the_clip(suffix, clip, codec, pixel_format):
    chosen = encoding(suffix, clip)
    assert (chosen.codec, chosen.pixel_format) == (codec, pixel_format)


@pytest.mark.parametrize(
    ("suffix", "clip", "choice", "said"),
    [
        (".mov", source(), {"codec": "ffv1"}, "use .mp4 or .mkv"),
        (".mp4", source(), {"codec": "prores"}, "use .mov or .mkv"),
        (".webm", source(), {"codec": "h264"}, "use .mp4"),
        (".mp4", source(), {"pixel_format": "yuv9000"}, "can't hold the pixel format yuv9000"),
        (
            ".mp4",
            source("yuv420p10le", transfer=18),
            {"codec": "h264", "pixel_format": "yuv420p"},
            "leave out --pixel-format, or --sdr",
        ),
        (".mp4", source("rgb48le", "", transfer=16), {"codec": "h264"}, "use --codec hevc, or --sdr"),
        (".mkv", source(), {"codec": "ffv1", "quality": 5}, "leave out --quality"),
        (".mov", source(), {"codec": "prores", "preset": "fast"}, "leave out --preset"),
    ],
)
def test_what_can_not_be_coded_is_said_with_the_fix(suffix, clip, choice, said):
    with pytest.raises(OutputError) as caught:
        encoding(suffix, clip, **choice)
    assert said in str(caught.value)


def test_quality_is_one_scale():
    best, usual, worst = (
        encoding(".mp4", source(), quality=quality).options["crf"] for quality in (100, 90, 0)
    )
    assert float(best) < float(usual) < float(worst)
    assert encoding(".mov", source(), codec="prores", quality=10).options["profile"] == "proxy"
    assert encoding(".mov", source(), codec="prores").options["profile"] == "hq"
