# SPDX-License-Identifier: GPL-3.0-or-later
"""Of movies that are damaged, cut or joined, or that go on after their images, each frame is Blender's too."""

from fractions import Fraction

import av
import pytest
from footage import make_clips
from footage.blender_frames import MAX_DIFFERENCE_BY_BITS, largest_difference, request_for, show
from footage.make_clips import Recipe
from understudy.core.media.open import open_clip

pytestmark = [pytest.mark.blender, pytest.mark.slow]

_OPTIONS = {"g": "12", "bf": "0", "crf": "12", "preset": "veryfast"}


def damaged(folder, suffix):
    """Two images in the middle can't be decoded."""
    path = make_clips.make_movie(folder, Recipe(f"damaged{suffix}", options=_OPTIONS))
    with av.open(str(path)) as container:
        packets = [packet for packet in container.demux(video=0) if packet.size][17:19]
    data = bytearray(path.read_bytes())
    for packet in packets:
        begin = packet.pos + (8 if suffix == ".avi" else 0)
        data[begin : begin + packet.size] = bytes(packet.size)
    path.write_bytes(data)
    return path


def cut(folder):
    """It begins within a group of pictures."""
    whole, path = make_clips.make_movie(folder, Recipe("whole.mkv", options=_OPTIONS)), folder / "cut.mkv"
    with av.open(str(whole)) as source, av.open(str(path), "w") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.dts is not None and packet.pts * packet.time_base > Fraction(1, 10):
                packet.stream = stream
                output.mux(packet)
    return path


def joined(folder, name, first, second):
    """Two recordings one after the other in one file, each with times of its own; `first` and `second` images."""
    path = folder / f"joined_{name}.ts"
    pieces = [
        make_clips.make_movie(folder, Recipe(f"{name}_{place}.ts", pictures=count, options=_OPTIONS))
        for place, count in enumerate((first, second))
    ]
    path.write_bytes(b"".join(piece.read_bytes() for piece in pieces))
    return path


def late(folder):
    """A subtitle is shown long after the last image."""
    (folder / "late.srt").write_text("1\n00:00:03,000 --> 00:00:04,000\nlate\n")
    images = make_clips.make_movie(folder, Recipe("images.mkv", options=_OPTIONS))
    path = folder / "late.mkv"
    with (
        av.open(str(images)) as video,
        av.open(str(folder / "late.srt")) as texts,
        av.open(str(path), "w") as output,
    ):
        streams = [output.add_stream_from_template(source.streams[0]) for source in (video, texts)]
        for source, stream in zip((video, texts), streams, strict=True):
            for packet in source.demux():
                if packet.dts is not None:
                    packet.stream = stream
                    output.mux(packet)
    return path


CLIPS = {
    "damaged mp4": lambda folder: damaged(folder, ".mp4"),
    "damaged mkv": lambda folder: damaged(folder, ".mkv"),
    "damaged avi": lambda folder: damaged(folder, ".avi"),
    "cut": cut,
    "joined with a like one": lambda folder: joined(folder, "like", 20, 20),
    "joined with a longer one": lambda folder: joined(folder, "longer", 15, 30),
    "joined with a shorter one": lambda folder: joined(folder, "shorter", 30, 15),
    "late subtitle": late,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Every clip shown by Blender in one process."""
    folder = tmp_path_factory.mktemp("faulty")
    files = {name: make(folder) for name, make in CLIPS.items()}
    clips = []
    for name, path in files.items():
        with open_clip(path) as clip:
            clips.append(request_for(name, [path], clip, range(clip.info.frame_count)))
    return files, *show(folder, clips)


@pytest.mark.parametrize("name", CLIPS)
def test_every_frame_is_blenders(made, name):
    files, facts, picture = made
    with open_clip(files[name]) as clip:
        assert clip.info.frame_count == facts[name]["frames"]
        for frame in range(clip.info.frame_count):
            assert largest_difference(clip.read(frame), picture(name, frame)) <= MAX_DIFFERENCE_BY_BITS[8], (
                frame
            )
