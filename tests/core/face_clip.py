# SPDX-License-Identifier: GPL-3.0-or-later
"""Short clips and pictures with a real face, made from a public domain portrait.

The portrait is NASA's of the astronaut Eileen Collins, as scikit-image carries it (`skimage.data.astronaut`).
"""

from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from skimage import data
from understudy.core.export.movie_writer import VideoWriter

WIDTH, HEIGHT, FPS = 480, 360, Fraction(25)


def portrait():
    """The portrait's upper part, (320, 320, 3) uint8 RGB; the face is about 105 pixels high."""
    return np.ascontiguousarray(data.astronaut()[:320, 60:380])


def _corner(number):
    """Where the portrait's upper left corner is: it goes right and down for 20 frames, and back."""
    step = 20 - abs(number % 40 - 20)
    return 60 + 4 * step, 20 + step


def frame(number):
    """Frame `number`: the portrait moving over a drifting background of soft stripes."""
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    stripes = [128 + 60 * np.sin((x + number) / 23.0), 120 + 50 * np.cos(y / 31.0), 90 + (x + y) / 8]
    picture = np.stack(stripes, 2).astype(np.uint8)
    left, top = _corner(number)
    picture[top : top + 320, left : left + 320] = portrait()
    return picture


def face_box(number):
    """Left, top, right, bottom of the inner face in frame `number`: brows to chin."""
    left, top = _corner(number)
    return left + 125, top + 85, left + 195, top + 175


def write_clip(path: Path, count: int, sound: bool = True) -> Path:
    """Write a movie of `count` frames, with a stereo AAC tone where `sound` is asked for."""
    silent = path.with_name(f"silent_{path.name}")
    with VideoWriter(silent, WIDTH, HEIGHT, FPS) as writer:
        for number in range(count):
            writer.write(frame(number))
    if not sound:
        return silent.rename(path)
    with av.open(str(silent)) as source, av.open(str(path), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        audio = target.add_stream("aac", rate=48000, layout="stereo")
        for packet in source.demux(source.streams.video[0]):
            if packet.dts is not None:
                packet.stream = video
                target.mux(packet)
        samples = int(count / FPS * 48000)
        tone = 0.3 * np.sin(2 * np.pi * np.outer([440, 660], np.arange(samples)) / 48000)
        for first in range(0, samples, 1024):
            block = np.ascontiguousarray(tone[:, first : first + 1024], np.float32)
            piece = av.AudioFrame.from_ndarray(block, "fltp", "stereo")
            piece.sample_rate, piece.pts = 48000, first
            target.mux(audio.encode(piece))
        target.mux(audio.encode(None))
    silent.unlink()
    return path


def write_hidden_clip(path: Path, count: int, hidden) -> Path:
    """Write a movie of `count` frames without sound; in those of `hidden` a board is before the face."""
    with VideoWriter(path, WIDTH, HEIGHT, FPS) as writer:
        for number in range(count):
            image = frame(number)
            if number in hidden:
                left, top, right, bottom = face_box(number)
                image[top - 20 : bottom + 20, left - 20 : right + 20] = (150, 110, 90)
            writer.write(image)
    return path


def write_picture(path: Path, pixels) -> Path:
    """Write (H, W, 3) RGB pixels as PNG or JPEG."""
    assert cv2.imwrite(str(path), np.ascontiguousarray(pixels[..., ::-1]))
    return path


def make_up_portrait(colour):
    """The portrait with strong make-up of a colour: every pixel of the face's box half that colour."""
    pixels = portrait().copy()
    face = pixels[60:200, 100:220]
    face[:] = (face.astype(np.uint16) + np.array(colour, np.uint16)) // 2
    return pixels
