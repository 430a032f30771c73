# SPDX-License-Identifier: GPL-3.0-or-later
"""Small files of each format that can hold a mark, and what they show."""

import hashlib
from fractions import Fraction

import av
import cv2
import numpy as np
from PIL import Image
from understudy.core.export.exr_file import encode_exr
from understudy.core.export.movie_writer import VideoWriter
from understudy.core.media.exr import decode_exr
from understudy.core.provenance.facts import CompositeFacts
from understudy.core.provenance.manifest import sign_file
from understudy.core.provenance.marker import FileMarker
from understudy.core.provenance.settings import MarkSettings

NAMES = ("a.png", "a.jpg", "lzw.tif", "plain.tif", "lossy.webp", "lossless.webp", "a.exr", "a.mp4", "a.mov")
FACTS = CompositeFacts("Understudy 1.2", "neural", ("a" * 64, "b" * 64), ("c" * 64,), ("sha256:" + "d" * 64,))
_PIXELS = np.random.default_rng(20).integers(0, 256, (50, 64, 3), dtype=np.uint8)
_OPTIONS = {
    "a.jpg": {"quality": 90},
    "lzw.tif": {"compression": "tiff_lzw"},
    "lossless.webp": {"lossless": True},
}


def make_file(folder, name):
    """Write an unmarked file, and return its path."""
    path = folder / name
    if path.suffix in (".mp4", ".mov", ".mkv", ".webm"):
        with VideoWriter(path, 64, 50, Fraction(25)) as writer:
            for shift in range(5):
                writer.write(np.roll(_PIXELS, shift, 0))
    elif path.suffix == ".exr":
        path.write_bytes(encode_exr(_PIXELS, primaries=1))
    elif name == "plain.tif":
        cv2.imwrite(str(path), _PIXELS)
    else:
        Image.fromarray(_PIXELS).save(path, **_OPTIONS.get(name, {}))
    return path


def shown(path):
    """Return the hashes of a file's pixels, or of its packets and decoded frames."""
    if path.suffix == ".exr":
        return hashlib.sha256(decode_exr(path, path.read_bytes()).tobytes()).hexdigest()
    if path.suffix not in (".mp4", ".mov"):
        with Image.open(path) as image:
            return hashlib.sha256(np.asarray(image).tobytes()).hexdigest()
    with av.open(str(path)) as container:
        packets = [(packet.pts, hashlib.sha256(bytes(packet)).hexdigest()) for packet in container.demux()]
    with av.open(str(path)) as container:
        frames = [
            hashlib.sha256(frame.to_ndarray().tobytes()).hexdigest() for frame in container.decode(video=0)
        ]
    return packets, frames


def sign_copy(source, target, facts, identity):
    """Sign a copy of a file."""
    with source.open("rb") as plain, target.open("w+b") as signed:
        sign_file(plain, signed, target.name, facts, identity)


def mark(path, facts=FACTS):
    """Mark a file that is finished, with XMP alone. Raises OutputError."""
    assert FileMarker(MarkSettings(is_required=True), lambda: facts).finished_file(path)
