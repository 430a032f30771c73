# SPDX-License-Identifier: GPL-3.0-or-later
"""Files that were joined byte by byte: their times begin anew, or go back a little where pieces overlap."""

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from understudy.core.errors import OutputError
from understudy.core.export.clip_writer import clip_writer
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.open import open_clip
from understudy.core.media.prefetching_clip import PrefetchingClip

FRAMES, FPS, RATE = 12, 30, 48000


def write_piece(path: Path, frame_count: int, start: Fraction = Fraction(0)) -> Path:
    """Write a piece of a recording, with a sound that is a tenth of a second longer than its images."""
    noise = np.random.default_rng(frame_count).integers(0, 255, (48, 64 + 4 * frame_count, 3), np.uint8)
    options = {"output_ts_offset": str(float(start)), "avoid_negative_ts": "disabled"}
    with av.open(str(path), "w", options=options) as container:
        video = container.add_stream("libx264", rate=FPS, options={"bf": "0"})
        video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
        sound = container.add_stream("aac", rate=RATE)
        for number in range(frame_count):
            pixels = np.ascontiguousarray(noise[:, 4 * number : 4 * number + 64])
            container.mux(video.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        container.mux(video.encode())
        for begin in range(0, round(RATE * (frame_count / FPS + 0.1)), RATE // 100):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, RATE // 100), np.int16), "s16", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, begin, Fraction(1, RATE)
            container.mux(sound.encode(frame))
        container.mux(sound.encode())
    return path


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
@pytest.mark.parametrize("sound", ["copy", "encode"])
@pytest.mark.parametrize(
    ("second_frames", "second_start", "count", "begins_anew"),
    [
        (FRAMES, Fraction(0), FRAMES, True),
        (2 * FRAMES, Fraction(0), 2 * FRAMES, True),
        (FRAMES, Fraction(FRAMES, FPS), 2 * FRAMES, False),
    ],
    ids=["as long", "longer", "goes on"],
)
def test_joined_clips_make_a_movie_that_plays(
    tmp_path: Path,
    second_frames: int,
    second_start: Fraction,
    count: int,
    begins_anew: bool,
    sound: str,
    suffix: str,
) -> None:
    first = write_piece(tmp_path / "first.ts", FRAMES)
    second = write_piece(tmp_path / "second.ts", second_frames, second_start)
    joined, output = tmp_path / "joined.ts", tmp_path / f"out{suffix}"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    with PrefetchingClip(open_clip(joined), keep_images=True) as clip:
        assert clip.image_count == count
        writer = clip_writer(clip, output, range(count), clip.info.fps, sound=sound)
        assert isinstance(writer, VideoWriter)
        with writer:
            assert writer.warnings == []
            for number in range(count):
                writer.write_image(clip.decoded_image(number), None)
        assert any("begin anew" in text for text in clip.faults) == begins_anew
    (fault,) = writer.faults
    assert fault.startswith("the audio of joined.ts goes back in time: ")
    with av.open(str(output)) as movie:
        ends = {"video": 0.0, "audio": 0.0}
        last_times = {"video": -1.0, "audio": -1.0}
        for packet in movie.demux():
            if packet.dts is not None:
                assert float(packet.dts * packet.time_base) > last_times[packet.stream.type]
                last_times[packet.stream.type] = float(packet.dts * packet.time_base)
                end = float((packet.pts + packet.duration) * packet.time_base)
                ends[packet.stream.type] = max(ends[packet.stream.type], end)
    assert ends["video"] == pytest.approx(count / FPS, abs=0.06)
    assert ends["audio"] == pytest.approx(count / FPS + 0.1, abs=0.06)


def test_what_a_shorter_last_piece_hides_is_said_before_the_first_frame(tmp_path: Path) -> None:
    pieces = [write_piece(tmp_path / f"{count}.ts", count) for count in (FRAMES, FRAMES // 2)]
    joined = tmp_path / "joined.ts"
    joined.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    with open_clip(joined) as clip:
        hidden = FRAMES - clip.image_count
        assert hidden == FRAMES // 2
        for stop, said in ((clip.image_count, True), (2, False)):
            writer = clip_writer(clip, tmp_path / "out.mp4", range(stop), clip.info.fps)
            with pytest.raises(OutputError, match="no frame was written"), writer:
                assert (
                    any(f"{hidden} more images at its end are not read" in text for text in writer.warnings)
                    == said
                )
