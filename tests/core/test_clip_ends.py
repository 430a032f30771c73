# SPDX-License-Identifier: GPL-3.0-or-later
"""How long the images of a movie last, whatever else is in its file, and which of them are damaged."""

from contextlib import ExitStack
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from understudy.core.export.inputs import frame_range
from understudy.core.media.open import open_clip

FRAMES = 36
_SOUND_CODECS = {".avi": "pcm_s16le", ".webm": "libopus"}


def write_movie(
    path: Path,
    *,
    sound_seconds: float = 0.0,
    subtitles: Path | None = None,
    codec: str = "libx264",
    b_frames: int = 0,
    options: dict[str, str] | None = None,
) -> Path:
    """Write 36 moving frames at 30 a second, and what else is asked for."""
    noise = np.random.default_rng(5).integers(0, 255, (120, 160 + 4 * FRAMES, 3), np.uint8)
    with ExitStack() as stack:
        container = stack.enter_context(av.open(str(path), "w", options=options or {}))
        video = container.add_stream(codec, rate=30, options={"g": "12", "bf": str(b_frames)})
        video.width, video.height, video.pix_fmt = 160, 120, "yuv420p"
        sound = (
            container.add_stream(_SOUND_CODECS.get(path.suffix, "aac"), rate=8000) if sound_seconds else None
        )
        texts = None if subtitles is None else stack.enter_context(av.open(str(subtitles)))
        text_stream = None if texts is None else container.add_stream_from_template(texts.streams[0])
        for number in range(FRAMES):
            pixels = np.ascontiguousarray(noise[:, 4 * number : 4 * number + 160])
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(video.encode())
        if sound is not None:
            for start in range(0, int(8000 * sound_seconds), 800):
                frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), "s16", "mono")
                frame.sample_rate, frame.pts, frame.time_base = 8000, start, Fraction(1, 8000)
                container.mux(sound.encode(frame))
            container.mux(sound.encode())
        for packet in () if texts is None else texts.demux():
            if packet.size:
                packet.stream = text_stream
                container.mux(packet)
    return path


@pytest.mark.parametrize("ending", ["mkv", "mp4", "mov", "avi", "ts"])
@pytest.mark.parametrize("sound_seconds", [0.0, 0.5, 6.0])
def test_a_long_sound_makes_no_frames(tmp_path: Path, ending: str, sound_seconds: float) -> None:
    path = write_movie(tmp_path / f"clip.{ending}", sound_seconds=sound_seconds)
    with open_clip(path) as clip:
        assert frame_range(clip, None, None) == range(FRAMES)
        assert clip.faults == ()


def test_late_subtitles_make_no_frames(tmp_path: Path) -> None:
    subtitles = tmp_path / "late.srt"
    subtitles.write_text("1\n00:00:05,000 --> 00:00:06,000\nlate\n")
    with open_clip(write_movie(tmp_path / "clip.mkv", subtitles=subtitles)) as clip:
        assert clip.info.frame_count > FRAMES  # as Blender has it
        assert frame_range(clip, None, None) == range(FRAMES)
        last = clip.read(FRAMES - 1)
        assert not np.array_equal(last, clip.read(FRAMES - 2))


@pytest.mark.parametrize("ending", ["mkv", "webm", "avi", "ts", "mp4", "fragmented.mp4"])
@pytest.mark.parametrize("has_sound", [False, True])
def test_a_file_that_was_cut_off_is_named_before_it_is_read(
    tmp_path: Path, ending: str, has_sound: bool
) -> None:
    subtitles = tmp_path / "late.srt"
    subtitles.write_text("1\n00:00:05,000 --> 00:00:06,000\nlate\n")
    flags = {"fragmented.mp4": "frag_keyframe+empty_moov", "mp4": "faststart"}.get(ending)
    whole = write_movie(
        tmp_path / f"whole.{ending}",
        sound_seconds=6.0 * has_sound,
        subtitles=subtitles if ending == "mkv" else None,
        codec="libvpx-vp9" if ending == "webm" else "libx264",
        options={"movflags": flags} if flags else {},
    )
    with open_clip(whole) as clip:
        assert clip.faults == ()
    data, path = whole.read_bytes(), tmp_path / f"clip.{ending}"
    for size in (len(data) // 2 + 1, len(data) * 3 // 4 + 1):
        path.write_bytes(data[:size])
        with open_clip(path) as clip:
            (text,) = clip.faults
            assert text.startswith(f"clip.{ending} was cut off: ")
            for number in frame_range(clip, None, None):
                clip.read(number)
            assert clip.faults[0] == text


@pytest.mark.parametrize("ending", ["mkv", "mp4"])
def test_a_file_that_goes_on_after_its_end_was_not_cut_off(tmp_path: Path, ending: str) -> None:
    path = write_movie(tmp_path / f"clip.{ending}")
    path.write_bytes(path.read_bytes() + b"\xff" * 100)
    with open_clip(path) as clip:
        assert clip.faults == ()


def test_a_stream_of_unknown_length_was_not_cut_off(tmp_path: Path) -> None:
    data, path = write_movie(tmp_path / "whole.mkv").read_bytes(), tmp_path / "clip.mkv"
    place = data.index(b"\x18\x53\x80\x67") + 4
    path.write_bytes(data[:place] + b"\x01" + b"\xff" * 7 + data[place + 8 : -200])
    with open_clip(path) as clip:
        assert clip.faults == ()


def test_frames_that_are_damaged_are_named(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "clip.mp4")
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size]
    inner = [packet for packet in packets if not packet.is_keyframe][10:12]
    data = bytearray(path.read_bytes())
    for packet in inner:
        data[packet.pos : packet.pos + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    numbers = sorted(round(float(packet.pts * packet.time_base) * 30) for packet in inner)
    with open_clip(path) as clip:
        for number in range(FRAMES):
            clip.read(number)
        (text,) = clip.faults
    assert text.startswith("clip.mp4 is damaged: frame")
    assert all(f"{number}" in text for number in numbers)


def test_images_that_a_file_without_its_first_key_frame_lacks_are_named(tmp_path: Path) -> None:
    whole, path = write_movie(tmp_path / "whole.mkv"), tmp_path / "clip.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as cut:
        stream = cut.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.pts * packet.time_base > Fraction(
                1, 10
            ):  # frame 4 is the first
                packet.stream = stream
                cut.mux(packet)
    with open_clip(path) as clip:
        shown = [clip.read(number) for number in frame_range(clip, None, None)]
        (text,) = clip.faults
    assert text == (
        "clip.mkv is damaged: frames 0-7 show what could be decoded, and others up to the next key frame may be "
        "wrong; copy or transcode it again"
    )
    assert all(np.array_equal(image, shown[8]) for image in shown[:8])
    assert not np.array_equal(shown[8], shown[9])


@pytest.mark.parametrize("codec", ["libx264", "mpeg4"])
def test_a_file_without_times_of_showing_is_not_damaged_by_that(tmp_path: Path, codec: str) -> None:
    path = write_movie(tmp_path / "clip.avi", codec=codec, b_frames=2)
    with open_clip(path) as clip:
        for number in range(FRAMES):
            clip.read(number)
        assert clip.faults == ()
    with av.open(str(path)) as container:
        packet = [packet for packet in container.demux(video=0) if packet.size][20]
    data = bytearray(path.read_bytes())
    data[packet.pos + 8 : packet.pos + 8 + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    with open_clip(path) as clip:
        for number in range(FRAMES):
            clip.read(number)
        (text,) = clip.faults
    assert text.startswith("clip.avi is damaged: frame")


def test_files_that_were_joined_byte_by_byte_are_named(tmp_path: Path) -> None:
    path = write_movie(tmp_path / "clip.ts")
    path.write_bytes(path.read_bytes() * 2)
    with open_clip(path) as clip:
        numbers = frame_range(clip, None, None)
        for number in numbers:
            clip.read(number)
        (text,) = clip.faults
    assert numbers == range(FRAMES)
    assert text.startswith(
        "clip.ts goes on after frame 35 with times that begin anew: images of times that have passed are not read"
    )
