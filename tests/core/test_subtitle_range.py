# SPDX-License-Identifier: GPL-3.0-or-later
"""The subtitles of a movie that shows a range of a clip's frames."""

import pytest

from tests import media_matrix
from tests.core.test_media_matrix import export
from tests.media_matrix import Case

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (media_matrix.FFMPEG and media_matrix.FFPROBE), reason="FFmpeg is not installed"),
]


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv"])
@pytest.mark.parametrize(
    ("name", "codec"), [("clip.mkv", "srt"), ("clip.mkv", "ass"), ("clip.mp4", "mov_text")]
)
@pytest.mark.parametrize("numbers", [range(6), range(2, 6)])
def test_the_last_subtitle_of_a_range_ends_with_its_frames(tmp_path, name, codec, suffix, numbers):
    (tmp_path / "words.srt").write_text(
        "1\n00:00:00,120 --> 00:00:00,160\nfirst\n\n2\n00:00:00,160 --> 00:00:05,000\nlast\n"
    )
    case = Case(
        "long", ("-map", "0:v", "-map", "2:s", "-c:v", "libx264", "-c:s", codec),
        source=name, inputs=("-i", str(tmp_path / "words.srt")),
    )  # fmt: skip
    source, output = media_matrix.make(case, tmp_path), tmp_path / f"out{suffix}"
    assert export(source, output, numbers=numbers) == []
    assert [text for text, _ in media_matrix.shown_texts(output)] == ["first", "last"]
    packets = media_matrix.probe(output, "-select_streams", "s", "-show_packets")["packets"]
    ends = [float(packet["pts_time"]) + float(packet["duration_time"]) for packet in packets]
    shown = media_matrix.video_properties(output)["times"]
    assert max(ends) == pytest.approx(shown[-1] + 0.04, abs=0.002)
