# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes in comes out: clips of every kind, exported without a face, and compared with what another reader says."""

import subprocess
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.options import EncodingChoice
from understudy.core.media.open import open_clip
from understudy.core.media.prefetching_clip import PrefetchingClip

from tests import media_matrix
from tests.media_matrix import CASES, Case

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (media_matrix.FFMPEG and media_matrix.FFPROBE), reason="FFmpeg is not installed"),
]


def export(path, output, choice=None, sound="copy", numbers=None):
    """Write a clip's frames as they are; return what was said before the first."""
    with PrefetchingClip(open_clip(path), keep_images=True) as clip:
        shown = numbers or range(clip.image_count)
        options = EncodingChoice(**choice) if choice else None
        with clip_writer(clip, output, shown, clip.info.fps, choice=options, sound=sound) as writer:
            said = writer.warnings
            for number in shown:
                writer.write_image(clip.decoded_image(number), None)
    return said


@pytest.mark.parametrize(
    "case",
    # Every third one at each change, all of them in the long tests.
    [
        pytest.param(case, id=case.name, marks=[pytest.mark.long] if place % 3 else [])
        for place, case in enumerate(CASES)
    ],
)
def test_every_property_of_the_video_survives(case, tmp_path):
    source, output = media_matrix.make(case, tmp_path), tmp_path / case.output
    said = export(source, output, case.choice)
    assert [line for line in said if case.warning not in line] == []
    assert bool(said) == bool(case.warning)
    before = media_matrix.video_properties(source)
    after = media_matrix.video_properties(output)
    for name in ("color_space", "color_range"):
        if name in case.changes:
            before["frames"] = after["frames"]
    wanted = before | case.changes
    assert {name: value for name, value in after.items() if value != wanted[name]} == {}
    pixel_format = before["pix_fmt"]
    theirs, ours = (media_matrix.samples(path, pixel_format) for path in (source, output))
    assert theirs.size == ours.size
    assert np.abs(theirs - ours).mean() <= case.loss


def tracks_clip(folder, name, *arguments):
    """A clip with two sounds, subtitles, chapters, tags and a timecode."""
    (folder / "words.srt").write_text("1\n00:00:00,040 --> 00:00:00,200\nHello\n")
    (folder / "tags.txt").write_text(
        ";FFMETADATA1\ntitle=A title\nartist=Somebody\ndate=2024-05-06\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=160\ntitle=One\n"
        "[CHAPTER]\nTIMEBASE=1/1000\nSTART=160\nEND=320\ntitle=Two\n"
    )
    files = [str(folder / name) for name in ("words.srt", "tags.txt")]
    inputs = ("-f", "lavfi", "-i", "sine=880:duration=1", "-i", files[0], "-i", files[1])
    maps = ("-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map_metadata", "4", "-map_chapters", "4",
            "-c:v", "libx264", "-qp", "8", "-t", "0.32", "-metadata", "creation_time=2024-05-06T07:08:09Z",
            "-metadata:s:a:0", "language=deu", "-metadata:s:a:1", "language=eng", "-disposition:a:0", "0",
            "-disposition:a:1", "default", "-metadata:s:s:0", "language=fra", *arguments)  # fmt: skip
    return media_matrix.make(Case("tracks", maps, source=name, inputs=inputs), folder)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("clip.mp4", ("-c:a", "aac", "-c:s", "mov_text", "-timecode", "10:00:00:00")),
        ("clip.mkv", ("-c:a", "aac", "-c:s", "srt")),
    ],
)
def test_all_tracks_survive(tmp_path, name, arguments, suffix):
    source, output = tracks_clip(tmp_path, name, *arguments), tmp_path / f"out{suffix}"
    assert export(source, output) == []
    before, after = media_matrix.tracks(source), media_matrix.tracks(output)
    assert [track["codec_type"] for track in after] == ["audio", "audio", "subtitle"]
    for theirs, ours in zip(before, after, strict=True):
        if ours["codec_name"] != theirs["codec_name"]:
            assert ours["codec_type"] == "subtitle"
            ours["packets"] = theirs["packets"] = ours["codec_name"] = theirs["codec_name"] = None
        if theirs["codec_type"] == "subtitle":  # MP4 stores what is shown between two of them too
            ours["packets"] = theirs["packets"] = None
            # and has one of each kind on, if none is by default.
            ours.pop("default", None), theirs.pop("default", None)
        if suffix == ".mov":
            theirs["language"] = {"deu": "ger"}.get(theirs["language"], theirs["language"])
        assert ours == theirs
    theirs, ours = media_matrix.tags(source), media_matrix.tags(output)
    assert ours["title"] == "A title"
    assert [title for _, _, title in ours["chapters"]] == ["One", "Two"]
    assert ours == theirs
    if "-timecode" in arguments:
        assert "10:00:00:00" in str(media_matrix.probe(output, "-show_streams")).replace(
            "'TIMECODE'", "'timecode'"
        )


def test_what_a_file_can_not_hold_is_said_before_the_first_frame(tmp_path):
    source = tracks_clip(tmp_path, "clip.mkv", "-c:a", "pcm_u8", "-c:s", "srt")
    for suffix, fix in ((".webm", "--sound encode"), (".mp4", "use .mov or .mkv, or --sound encode")):
        with pytest.raises(OutputError, match=r"can't hold the sound of clip\.mkv") as caught:
            export(source, tmp_path / f"out{suffix}")
        assert fix in str(caught.value)
        assert not list(tmp_path.glob("*out*"))
    assert export(source, tmp_path / "out.mkv") == []
    assert export(source, tmp_path / "out.mp4", sound="encode") == []
    assert [track["codec_name"] for track in media_matrix.tracks(tmp_path / "out.mp4")][:2] == ["aac", "aac"]
    assert export(source, tmp_path / "silent.mp4", sound="none") == []
    assert [track["codec_type"] for track in media_matrix.tracks(tmp_path / "silent.mp4")] == ["subtitle"]


def test_images_beyond_the_length_that_a_file_says_are_counted(tmp_path):
    arguments = ("-map", "0:v", "-c:v", "mpeg2video", "-bf", "2")
    source = media_matrix.make(Case("short", arguments, source="clip.mpg"), tmp_path)
    with open_clip(source) as clip:
        missing = media_matrix.FRAMES - clip.image_count  # as Blender has it
    assert missing > 0
    (said,) = export(source, tmp_path / "out.mp4")
    assert f"{missing} more images at its end are not read" in said


def test_an_ogg_clip_has_all_its_images(tmp_path):
    """Theora stores an image that it leaves out as nothing at all: the one before stays."""
    arguments = ("-map", "0:v", "-map", "1:a", "-vf", "scale=640:360,noise=alls=60:allf=t", "-c:v", "libtheora",
                 "-b:v", "30k", "-g", "4", "-c:a", "libvorbis", "-ac", "2")  # fmt: skip
    source = media_matrix.make(Case("ogg", arguments, source="clip.ogv"), tmp_path)
    with av.open(str(source)) as container:
        assert [bool(packet.size) for packet in container.demux(video=0)][:5] == [
            True,
            False,
            False,
            False,
            True,
        ]
    with open_clip(source) as clip:
        shown = [clip.read(number) for number in range(clip.image_count)]
        assert clip.faults == ()
    for suffix in (".mkv", ".mp4", ".webm"):
        output = tmp_path / f"out{suffix}"
        assert export(source, output) == []
        with open_clip(output) as movie:
            assert movie.image_count == len(shown)
            difference = [np.abs(movie.read(n).astype(int) - shown[n]).mean() for n in range(len(shown))]
        assert max(difference) < 2
        assert media_matrix.tracks(output)[0]["packets"] == media_matrix.tracks(source)[0]["packets"]
    with pytest.raises(OutputError, match=r"use \.mp4 or \.mkv, or --sound encode"):
        export(source, tmp_path / "out.mov")


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4"])
def test_what_goes_on_after_the_images_survives(tmp_path, name, suffix):
    (tmp_path / "late.srt").write_text(
        "1\n00:00:00,040 --> 00:00:00,200\nHi\n\n2\n00:00:05,000 --> 00:00:06,000\nlate\n"
    )
    case = Case(
        "late", ("-map", "0:v", "-map", "1:a", "-map", "2:s", "-c:v", "libx264", "-c:a", "aac",
                 "-c:s", "srt" if name.endswith("mkv") else "mov_text"),
        source=name, inputs=("-i", str(tmp_path / "late.srt")),
    )  # fmt: skip
    source, output = media_matrix.make(case, tmp_path), tmp_path / f"out{suffix}"
    assert export(source, output) == []
    sound, new_sound = (media_matrix.tracks(path)[0] for path in (source, output))
    assert len(sound["packets"]) > 3 * media_matrix.FRAMES  # a second of it
    assert new_sound["packets"] == sound["packets"]
    (ours, theirs) = (media_matrix.shown_texts(path) for path in (output, source))
    assert len(theirs) == 2
    assert [text for text, _ in ours] == [text for text, _ in theirs]
    assert [time for _, time in ours] == pytest.approx([time for _, time in theirs], abs=0.03)
    assert len(media_matrix.video_properties(output)["times"]) == media_matrix.FRAMES


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("sound", ["copy", "encode"])
def test_a_range_has_the_sound_of_its_frames(tmp_path, suffix, sound):
    ticks = "aevalsrc='if(lt(mod(t,0.2),0.02),sin(6000*t),0)':duration=2:sample_rate=48000"
    case = Case(
        "ticks", ("-map", "0:v", "-map", "2:a", "-c:v", "libx264", "-c:a", "aac", "-b:a", "256k"),
        inputs=("-f", "lavfi", "-i", ticks),
    )  # fmt: skip
    source, output = media_matrix.make(case, tmp_path), tmp_path / f"out{suffix}"
    export(source, output, sound=sound, numbers=range(3, 8))
    command = [media_matrix.FFMPEG, "-loglevel", "error", "-copyts", "-i", str(output), "-map", "0:a",
               "-af", "aresample=first_pts=0", "-f", "s16le", "-ac", "1", "-ar", "48000", "-"]  # fmt: skip
    heard = np.frombuffer(subprocess.run(command, check=True, capture_output=True).stdout, np.int16)
    loud = np.abs(heard.astype(int)) > 6000
    # Frame 3 is shown at 0.12 s and frame 8 would be at 0.32: the tick at 0.2 s is heard 0.08 s after the beginning.
    starts = [int(place) for place in np.flatnonzero(loud) if not loud[max(0, place - 2000) : place].any()]
    video = media_matrix.video_properties(output)["times"][0]
    assert starts[0] / 48000 - video == pytest.approx(0.08, abs=0.003)


def turned(folder, suffix, degrees, pixel_format):
    """A clip that is stored on its side."""
    path = folder / f"turned{suffix}"
    source = media_matrix.make(Case("plain", media_matrix.x264("-pix_fmt", pixel_format)), folder)
    with av.open(str(source)) as clip, av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"qp": "8"})
        stream.width, stream.height, stream.pix_fmt = 96, 64, pixel_format
        stream.set_display_rotation(degrees)
        for number, frame in enumerate(clip.decode(video=0)):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p"])
@pytest.mark.parametrize("degrees", [90, 180, 270])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
def test_a_turned_clip_stays_turned(tmp_path, suffix, degrees, pixel_format):
    source, output = turned(tmp_path, ".mp4", degrees, pixel_format), tmp_path / f"out{suffix}"
    assert export(source, output) == []
    with open_clip(source) as clip, open_clip(output) as movie:
        assert (movie.info.width, movie.info.height) == (clip.info.width, clip.info.height)
        assert np.abs(movie.read(3).astype(int) - clip.read(3)).mean() < 1.5
    if suffix != ".mkv":  # FFmpeg 5.1 does not read it there
        theirs, ours = (media_matrix.video_properties(path)["side data"] for path in (source, output))
        assert len(ours) >= 1
        assert ours == theirs


def test_transparency_stays_in_prores_and_ffv1_and_its_loss_is_said(tmp_path):
    fade = ("-vf", "format=yuva444p10le,geq=lum='lum(X,Y)':cb='cb(X,Y)':cr='cr(X,Y)':a='X*10'")
    case = Case("alpha", ("-map", "0:v", "-c:v", "prores_ks", "-profile:v", "4444", "-pix_fmt", "yuva444p10le", *fade),
                source="clip.mov")  # fmt: skip
    source = media_matrix.make(case, tmp_path)
    theirs = media_matrix.samples(source, "yuva444p10le")
    for name, choice in (("out.mov", None), ("out.mkv", {"codec": "ffv1", "pixel_format": "yuva444p10le"})):
        export(source, tmp_path / name, choice)
        ours = media_matrix.samples(tmp_path / name, "yuva444p10le")
        assert np.abs(ours - theirs).mean() < 0.6
    said = export(source, tmp_path / "out.mp4", {"codec": "hevc"})
    assert "transparency is lost" in said[0]


def test_covers_and_attachments_survive_where_they_can(tmp_path):
    case = Case("plain", media_matrix.x264())
    source, movie = media_matrix.make(case, tmp_path), tmp_path / "clip.mkv"
    (tmp_path / "font.ttf").write_bytes(b"a font" * 50)
    command = [media_matrix.FFMPEG, "-loglevel", "error", "-y", "-i", str(source), "-c", "copy",
               "-attach", str(tmp_path / "font.ttf"), "-metadata:s:t", "mimetype=font/ttf", str(movie)]  # fmt: skip
    subprocess.run(command, check=True)
    assert export(movie, tmp_path / "out.mkv") == []
    attached = media_matrix.probe(tmp_path / "out.mkv", "-show_streams")["streams"][1]
    assert (attached["codec_type"], attached["tags"]["filename"]) == ("attachment", "font.ttf")
    assert attached["extradata_size"] == 300
    said = export(movie, tmp_path / "out.mp4")
    assert "the attachment font.ttf" in said[0]
    assert "use .mkv" in said[0]

    cover, covered = tmp_path / "cover.png", tmp_path / "covered.mp4"
    cv2.imwrite(str(cover), np.zeros((16, 16, 3), np.uint8))
    command = [media_matrix.FFMPEG, "-loglevel", "error", "-y", "-i", str(source), "-i", str(cover), "-map", "0",
               "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic", str(covered)]  # fmt: skip
    subprocess.run(command, check=True)
    assert "the cover image" in export(covered, tmp_path / "covered_out.mov")[0]
    for suffix in (".mp4", ".mkv"):
        output = tmp_path / f"covered_out{suffix}"
        assert export(covered, output) == []
        shown = media_matrix.probe(output, "-show_streams")["streams"][1]
        assert (shown["codec_name"], shown["disposition"]["attached_pic"]) == ("png", 1)


@pytest.mark.parametrize(
    ("coding", "pixel_format"), [("qtrle", "rgb24"), ("png", "rgba"), ("ffv1", "gbrp10le")]
)
@pytest.mark.parametrize("size", ["96x64", "1280x720"])
def test_a_clip_of_rgb_keeps_its_colours(tmp_path, coding, pixel_format, size):
    arguments = ("-map", "0:v", "-vf", f"scale={size}", "-c:v", coding, "-pix_fmt", pixel_format)
    name = "clip.mkv" if coding == "ffv1" else "clip.mov"
    source, output = media_matrix.make(Case("rgb", arguments, source=name), tmp_path), tmp_path / "out.mp4"
    export(source, output)
    theirs, ours = (media_matrix.samples(path, "rgb24") for path in (source, output))
    assert np.abs(theirs - ours).mean() < 1.2
