# SPDX-License-Identifier: GPL-3.0-or-later
"""What `--copy-untouched` can't do is refused before the first frame, with what to do about it."""

import pytest
from understudy.core.errors import OutputError
from understudy.core.export.options import EncodingChoice
from understudy.core.export.packet_copy import plan_splice
from understudy.core.media.movie_clip import MovieClip

from tests.core.spliced_movies import CLOSED, H264, HEVC, clips, copied, make
from tests.media_matrix import FFMPEG

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(FFMPEG is None, reason="FFmpeg's programs are not installed"),
]

__all__ = ["clips"]


def joined(folder):
    """A clip whose parameter sets change on the way, as one that was joined has them."""
    parts = [
        make(folder / f"{qp}.ts", *H264, "-x264-params", more) for qp, more in ((1, "ref=1"), (2, "ref=4"))
    ]
    whole = folder / "whole.ts"
    whole.write_bytes(b"".join(part.read_bytes() for part in parts))
    return copied(whole, folder / "joined.mp4")


def making(suffix, *arguments):
    return lambda folder: make(folder / f"clip{suffix}", *arguments)


def cut(folder):
    return copied(make(folder / "whole.mp4", *H264), folder / "clip.mp4", "-ss", "0.3")


OPEN_HEVC = CLOSED.replace("open-gop=0", "open-gop=1")
REFUSALS = {
    "open": (making(".mp4", *H264, "-x264-params", "open-gop=1:b-adapt=0"), {}, "GOPs are open.*libx264"),
    "open_hevc": (making(".mp4", *HEVC, OPEN_HEVC), {}, "GOPs are open.*open-gop=0"),
    "codec": (making(".mp4", "-c:v", "mpeg4"), {}, "is mpeg4, not H.264.*leave out --copy-untouched"),
    "stream": (making(".ts", *H264), {}, "no parameter sets.*copy it with"),
    "joined": (joined, {}, "parameter sets change.*transcode"),
    "cut": (cut, {}, "edit list hides.*transcode"),
    "other_codec": (None, {"codec": "hevc"}, "the clip is h264.*--codec h264"),
    "other_format": (None, {"pixel_format": "yuv444p"}, "the clip is yuv420p.*--pixel-format yuv420p"),
    "sdr": (None, {"sdr": True}, "leave out one of the two"),
    "lossless": (None, {"quality": 100}, "--quality 99"),
    "fields": (
        making(".mkv", *HEVC, CLOSED, "-field_order", "tt"),
        {},
        "can't make fields: leave out --copy-untouched",
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
