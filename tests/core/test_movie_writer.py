# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing movies: pictures in, the same pictures out; sound as it was; and never half a file."""

import importlib.util
import sys
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from understudy.core.errors import ClipError, OutputError
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.export.options import EncodingChoice
from understudy.core.media.open import open_clip

_spec = importlib.util.spec_from_file_location(
    "make_clips", Path(__file__).parents[1] / "footage" / "make_clips.py"
)
make_clips = importlib.util.module_from_spec(_spec)
sys.modules.setdefault("make_clips", make_clips)
_spec.loader.exec_module(make_clips)

SIZE = (make_clips.WIDTH, make_clips.HEIGHT)


UNWRITABLE = {
    ("av1", ".mov"),
    ("prores", ".mp4"),
    ("ffv1", ".mov"),
    *((codec, ".webm") for codec in ("h264", "hevc", "prores", "ffv1")),
}


def write_numbers(path, count, fps=Fraction(25), audio_from=None, size=SIZE):
    with VideoWriter(path, *size, fps, audio_from) as writer:
        for number in range(count):
            writer.write(make_clips.numbered_picture(number, *size))
    return path


def sound_of(path, stream=0):
    """The decoded samples of an audio stream, and the seconds from the first sample to the first picture."""
    with av.open(str(path)) as container:
        audio = container.streams.audio[stream]
        frames = list(container.decode(audio))
        samples = np.concatenate([frame.to_ndarray() for frame in frames], axis=1)
        video = container.streams.video[0]
        start = (video.start_time or 0) * video.time_base
    return samples, float(start - frames[0].pts * frames[0].time_base)


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize("fps", [Fraction(25), Fraction(30000, 1001), Fraction(2997, 100)])
def test_frames_come_back_by_number_and_colour(tmp_path, suffix, fps):
    path = write_numbers(tmp_path / f"out{suffix}", 30, fps)
    with open_clip(path) as clip:
        assert clip.info.frame_count == 30
        assert float(clip.info.fps) == pytest.approx(float(fps), rel=1e-4)
        for number in range(30):
            pixels = clip.read(number)
            assert make_clips.number_in(pixels) == number
            assert np.abs(pixels.astype(int) - make_clips.numbered_picture(number)).mean() < 3


@pytest.mark.slow
@pytest.mark.parametrize(("size", "matrix"), [((640, 360), 6), ((1280, 720), 1)])
@pytest.mark.parametrize(
    "colour", [(200, 30, 60), (20, 180, 40), (128, 128, 128), (255, 255, 255), (0, 0, 0)]
)
def test_flat_colours_survive_at_both_size_classes(tmp_path, size, matrix, colour):
    path = tmp_path / "flat.mp4"
    flat = np.full((size[1], size[0], 3), colour, np.uint8)
    with VideoWriter(path, *size, Fraction(25)) as writer:
        writer.write(flat)
        writer.write(flat)
    with av.open(str(path)) as container:
        context = container.streams.video[0].codec_context
        assert (context.colorspace, context.color_range, context.pix_fmt) == (matrix, 1, "yuv420p")
        assert context.name == "h264"
    with open_clip(path) as clip:
        assert np.abs(clip.read(1).astype(int) - flat).max() <= 3


def test_an_odd_size_gains_one_column_and_row_and_says_so(tmp_path):
    for size, expected in (((191, 127), ["images of 191 x 127 become 192 x 128 pixels"]), ((192, 128), [])):
        with VideoWriter(tmp_path / "said.mp4", *size, Fraction(25)) as writer:
            writer.write(np.zeros((*size[::-1], 3), np.uint8))
            assert [line.partition(",")[0] for line in writer.warnings] == expected
    path = write_numbers(tmp_path / "odd.mp4", 3, size=(191, 127))
    with open_clip(path) as clip:
        assert (clip.info.width, clip.info.height) == (192, 128)
        shown = clip.read(2).astype(int)
    assert np.abs(shown[:127, :191] - make_clips.numbered_picture(2, 191, 127)).mean() < 5
    # Luma only, since a chroma sample is shared by two columns.
    luma = shown @ (0.299, 0.587, 0.114)
    assert np.abs(luma[:, 191] - luma[:, 190]).mean() < 3


@pytest.fixture(scope="module")
def talking(tmp_path_factory):
    """A clip whose sound starts 0.44 s before its 40 pictures."""
    recipe = next(r for r in make_clips.MOVIES if r.name == "late.mp4")
    return make_clips.make_movie(tmp_path_factory.mktemp("talking"), recipe)


@pytest.mark.parametrize("suffix", [".mp4", ".mov"])
def test_sound_is_copied_sample_for_sample_at_its_offset(tmp_path, talking, suffix):
    path = write_numbers(tmp_path / f"out{suffix}", 40, audio_from=talking)
    (theirs, lead), (ours, our_lead) = sound_of(talking), sound_of(path)
    assert np.array_equal(ours, theirs)
    assert lead == pytest.approx(0.44, abs=0.001)
    assert our_lead == pytest.approx(lead, abs=0.001)
    with open_clip(path) as clip:
        assert [make_clips.number_in(clip.read(n)) for n in (0, 20, 39)] == [0, 20, 39]


@pytest.mark.long
def test_sound_of_a_real_late_clip_stays_in_sync(tmp_path, shared):
    source = shared / "footage" / "24_stage_cuts_mic_crowd_540p.mp4"
    with (
        open_clip(source) as clip,
        VideoWriter(tmp_path / "out.mp4", 960, 540, clip.info.fps, source) as writer,
    ):
        for number in range(clip.info.frame_count):
            writer.write(clip.read(number))
        info = clip.info
    (theirs, lead), (ours, our_lead) = sound_of(source), sound_of(tmp_path / "out.mp4")
    assert np.array_equal(ours, theirs)
    assert our_lead == pytest.approx(lead, abs=0.001)
    assert lead == pytest.approx(0.834, abs=0.001)
    with open_clip(tmp_path / "out.mp4") as clip:
        assert (clip.info.frame_count, clip.info.fps) == (info.frame_count, info.fps)


def test_sound_ends_with_the_images_when_only_some_are_written(tmp_path, talking):
    path = write_numbers(tmp_path / "out.mp4", 10, audio_from=talking)
    samples, _ = sound_of(path)
    seconds = samples.shape[1] / 48000
    assert 0.84 <= seconds <= 0.84 + 2 * 1024 / 48000


def test_a_clip_without_sound_gives_a_movie_without_sound(tmp_path):
    silent = write_numbers(tmp_path / "silent.mp4", 2)
    path = write_numbers(tmp_path / "out.mp4", 2, audio_from=silent)
    with av.open(str(path)) as container:
        assert len(container.streams) == 1


# Faults


def write_then_fail(path, error):
    with VideoWriter(path, *SIZE, Fraction(25)) as writer:
        for number in range(20):
            writer.write(make_clips.numbered_picture(number))
        raise error


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_a_fault_leaves_nothing_and_the_old_file_as_it_was(tmp_path, error):
    path = tmp_path / "out.mp4"
    path.write_bytes(b"what was there before")
    with pytest.raises(error):
        write_then_fail(path, error)
    assert path.read_bytes() == b"what was there before"
    assert list(tmp_path.iterdir()) == [path]


def test_the_target_appears_only_at_the_end(tmp_path):
    path = tmp_path / "out.mp4"
    with VideoWriter(path, *SIZE, Fraction(25)) as writer:
        writer.write(make_clips.numbered_picture(0))
        assert not path.exists()
    assert list(tmp_path.iterdir()) == [path]


def _missing_folder(folder):
    return folder / "nowhere" / "out.mp4"


def _a_folder(folder):
    (folder / "out.mp4").mkdir()
    return folder / "out.mp4"


def _no_container(folder):
    return folder / "out.nonsense"


def _wrong_container(folder):
    return folder / "out.wav"


@pytest.mark.parametrize("make", [_missing_folder, _a_folder, _no_container, _wrong_container])
def test_an_unwritable_target_is_named_in_one_line(tmp_path, make):
    path = make(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(OutputError) as caught:
        write_numbers(path, 2)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before


def test_no_frame_or_a_wrong_one_is_refused(tmp_path):
    with pytest.raises(OutputError, match="no frame"):
        write_numbers(tmp_path / "out.mp4", 0)
    with (
        pytest.raises(OutputError, match=r"must be \(128, 192, 3\) uint8"),
        VideoWriter(tmp_path / "out.mp4", *SIZE, Fraction(25)) as writer,
    ):
        writer.write(np.zeros((4, 4, 3), np.uint8))
    with pytest.raises(OutputError, match="positive"):
        VideoWriter(tmp_path / "out.mp4", 0, 4, Fraction(25))
    assert list(tmp_path.iterdir()) == []


def test_sound_from_a_file_that_is_not_there_is_a_clip_fault(tmp_path):
    with pytest.raises(ClipError, match=r"gone\.mp4"):
        write_numbers(tmp_path / "out.mp4", 2, audio_from=tmp_path / "gone.mp4")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".webm"])
@pytest.mark.parametrize("codec", ["h264", "hevc", "av1", "prores", "ffv1"])
def test_short_movies_of_each_codec_are_written_or_refused_with_the_fix(tmp_path, codec, suffix, count):
    path = tmp_path / f"out{suffix}"
    writer = VideoWriter(path, 64, 64, Fraction(25), choice=EncodingChoice(codec=codec))
    if (codec, suffix) in UNWRITABLE:
        with pytest.raises(OutputError, match=rf"\{suffix} files can't hold {codec}: use \.m"), writer:
            raise AssertionError("it is to be refused before the first frame")
        return
    with writer:
        for number in range(count):
            writer.write(np.full((64, 64, 3), 60 * number, np.uint8))
    with av.open(str(path)) as movie:
        stream = movie.streams.video[0]
        packets = [packet for packet in movie.demux(stream) if packet.pts is not None]
        assert len(packets) == count
        for packet in packets:
            assert packet.dts is None or -0.2 < packet.dts * packet.time_base <= packet.pts * packet.time_base
            assert packet.pts * packet.time_base < 0.2
    with open_clip(path) as clip:
        levels = [255 * clip.read(n).mean() / np.iinfo(clip.read(n).dtype).max for n in range(count)]
        assert levels == pytest.approx([60 * n for n in range(count)], abs=3)
