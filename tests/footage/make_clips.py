# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes small clips whose every frame carries its own number as a bar code that survives compression."""

from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np

WIDTH, HEIGHT = 192, 128
BITS = 8
BLOCK = WIDTH // BITS


def numbered_picture(number, width=WIDTH, height=HEIGHT):
    """(H, W, 3) uint8 RGB: the number in 8 blocks along the top, colours and a moving texture below."""
    bits = [255 if number >> bit & 1 else 0 for bit in range(BITS)]
    picture = np.zeros((height, width, 3), np.uint8)
    ys, xs = np.mgrid[0:height, 0:width]
    picture[..., 0] = xs * 255 // width
    picture[..., 1] = ys * 255 // height
    picture[..., 2] = 128 + 127 * np.sin((xs + 3 * number) / 9) * np.cos((ys - 2 * number) / 7)
    block = width // BITS
    for position, level in enumerate(bits):
        picture[: height // 4, position * block : (position + 1) * block] = level
    for patch, colour in enumerate([(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (13, 13, 13)]):
        picture[-height // 4 :, patch * block : patch * block + block // 2] = colour
    return picture


def number_in(pixels):
    """The number a picture of `numbered_picture`, as read from a clip, carries."""
    height, width, _ = pixels.shape
    block = width // BITS
    white = np.iinfo(pixels.dtype).max
    levels = [
        pixels[height // 16 : height * 3 // 16, p * block + block // 4 : (p + 1) * block - block // 4].mean()
        for p in range(BITS)
    ]
    return sum((level > white / 2) << position for position, level in enumerate(levels))


@dataclass(frozen=True)
class Recipe:
    """How to make one movie."""

    name: str
    codec: str = "libx264"
    pixel_format: str = "yuv420p"
    fps: Fraction = Fraction(25)
    pictures: int = 40
    options: dict[str, str] = field(default_factory=dict)
    times: Callable[[int], int] = lambda number: number  # in ticks of `tick`, from the picture's number
    tick: Fraction | None = None
    matrix: int = 2
    full_range: bool = False
    rotation: int = 0
    audio_seconds: float = 0.0
    size: tuple[int, int] = (WIDTH, HEIGHT)
    depth: int = 8

    def shown(self, frame, fps):
        """Number of the picture an editor must see at `frame`: the last one begun by then."""
        tick = self.tick or 1 / self.fps
        begun = [n for n in range(self.pictures) if (self.times(n) - self.times(0)) * tick <= frame / fps]
        return begun[-1]


def make_movie(folder: Path, recipe: Recipe) -> Path:
    """Encode the recipe's pictures and return the file."""
    path = folder / recipe.name
    tick = recipe.tick or 1 / recipe.fps
    with av.open(str(path), "w") as container:
        stream = container.add_stream(recipe.codec, rate=recipe.fps, options=recipe.options)
        stream.width, stream.height = recipe.size
        stream.pix_fmt = recipe.pixel_format
        stream.codec_context.time_base = tick
        if not stream.codec_context.format.is_rgb:
            stream.codec_context.colorspace = recipe.matrix
            stream.codec_context.color_range = 2 if recipe.full_range else 1
            # With all three named, MOV writes them into its own header as well.
            stream.codec_context.color_primaries = recipe.matrix
            stream.codec_context.color_trc = 2 if recipe.matrix == 2 else 1
        if recipe.rotation:
            stream.set_display_rotation(recipe.rotation)
        if recipe.audio_seconds:
            sound = container.add_stream("aac", rate=48000)
            _write_tone(container, sound, recipe.audio_seconds)
        for number in range(recipe.pictures):
            frame = av.VideoFrame.from_ndarray(numbered_picture(number, *recipe.size), "rgb24")
            if not stream.codec_context.format.is_rgb:
                frame = frame.reformat(
                    format=recipe.pixel_format,
                    dst_colorspace={1: 1, 9: 9}.get(recipe.matrix, 5),
                    dst_color_range=2 if recipe.full_range else 1,
                )
            else:
                frame = frame.reformat(format=recipe.pixel_format)
            frame.pts, frame.time_base = recipe.times(number), tick
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def _write_tone(container, stream, seconds):
    samples = int(seconds * 48000)
    tone = (0.2 * np.sin(np.arange(samples) * 0.05)).astype(np.float32)
    for start in range(0, samples, 1024):
        frame = av.AudioFrame.from_ndarray(tone[None, start : start + 1024], "fltp", "mono")
        frame.sample_rate, frame.pts, frame.time_base = 48000, start, Fraction(1, 48000)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def make_pictures(folder: Path, count: int, suffix: str = ".png", deep: bool = False) -> list[Path]:
    """Write numbered pictures as files, in order; `deep` makes them 16-bit."""
    paths = []
    for number in range(count):
        picture = numbered_picture(number)[..., ::-1]
        path = folder / f"picture_{number:04d}{suffix}"
        cv2.imwrite(str(path), picture.astype(np.uint16) * 257 if deep else picture)
        paths.append(path)
    return paths


_SLOW_GOP = {"g": "12", "bf": "3", "crf": "12", "preset": "veryfast"}


def _uneven_times(number):
    """Times in 1/600 s of a movie whose rate wanders: pictures last 12, 24 or 48 ticks."""
    return sum((12, 24, 48, 24)[earlier % 4] for earlier in range(number))


MOVIES = (
    Recipe("b_frames.mp4", options=_SLOW_GOP),
    Recipe("open_gop.mp4", options=_SLOW_GOP | {"x264-params": "open-gop=1:b-pyramid=normal", "bf": "8"}),
    Recipe("open_gop.mkv", options=_SLOW_GOP | {"x264-params": "open-gop=1"}),
    Recipe("intra_refresh.mp4", options={"g": "12", "x264-params": "intra-refresh=1"}),
    Recipe("ntsc.mp4", fps=Fraction(30000, 1001), options=_SLOW_GOP),
    Recipe("film.mkv", fps=Fraction(24000, 1001), options=_SLOW_GOP),
    Recipe("uneven.mp4", tick=Fraction(1, 600), times=_uneven_times, options=_SLOW_GOP),
    Recipe("uneven.mkv", tick=Fraction(1, 600), times=_uneven_times, options=_SLOW_GOP),
    Recipe("late.mp4", times=lambda n: n + 11, audio_seconds=2.0, options=_SLOW_GOP),
    Recipe("stream.ts", options=_SLOW_GOP, audio_seconds=1.6),
    Recipe("no_times.avi", options=_SLOW_GOP),
    Recipe("mpeg4.avi", codec="mpeg4", options={"g": "12", "bf": "2", "qscale": "2"}),
    Recipe("mpeg4.ts", codec="mpeg4", options={"g": "30", "bf": "2", "qscale": "2"}),
    Recipe("mpeg2.mpg", codec="mpeg2video", options={"g": "15", "bf": "2", "qscale": "2"}),
    Recipe(
        "hevc.mp4", codec="libx265", options={"x265-params": "keyint=12:bframes=3:open-gop=1:log-level=none"}
    ),
    Recipe("turned_90.mp4", rotation=90, options=_SLOW_GOP),
    Recipe("turned_180.mp4", rotation=180, options=_SLOW_GOP),
    Recipe("turned_270.mp4", rotation=270, options=_SLOW_GOP),
    Recipe("bt601.mp4", matrix=6, options=_SLOW_GOP),
    Recipe("bt709.mp4", matrix=1, options=_SLOW_GOP),
    Recipe("bt2020.mp4", matrix=9, options=_SLOW_GOP),
    Recipe("unnamed_large.mp4", size=(1920, 1080), pictures=4, options=_SLOW_GOP),
    Recipe("full_range.mp4", full_range=True, matrix=1, options=_SLOW_GOP),
    Recipe("mjpeg.mov", codec="mjpeg", pixel_format="yuvj420p", full_range=True, options={"qscale": "2"}),
    Recipe("yuv422.mov", pixel_format="yuv422p", matrix=1, options=_SLOW_GOP),
    Recipe("yuv444.mov", pixel_format="yuv444p", matrix=1, options=_SLOW_GOP),
    Recipe("grey.mp4", pixel_format="gray", options=_SLOW_GOP),
    Recipe("rgb.mov", codec="qtrle", pixel_format="rgb24"),
    Recipe("gbr.mkv", codec="ffv1", pixel_format="bgr0"),
    Recipe(
        "vp9.webm",
        codec="libvpx-vp9",
        matrix=1,
        pictures=20,
        options={"g": "8", "crf": "10", "cpu-used": "8"},
    ),
    Recipe("wide_pixels.mp4", matrix=1, options=_SLOW_GOP | {"x264-params": "sar=64/45"}),
    Recipe("fields.mp4", matrix=1, options=_SLOW_GOP | {"x264-params": "tff=1"}),
    Recipe(
        "hlg.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        matrix=9,
        depth=16,
        options={"x265-params": "keyint=12:log-level=none:colorprim=bt2020:transfer=arib-std-b67"},
    ),
    Recipe("odd.mkv", codec="ffv1", size=(191, 127), options={}),
    Recipe("h264_10bit.mp4", pixel_format="yuv420p10le", matrix=1, depth=16, options=_SLOW_GOP),
    Recipe(
        "hevc_10bit.mp4",
        codec="libx265",
        pixel_format="yuv420p10le",
        matrix=9,
        depth=16,
        options={"x265-params": "keyint=12:log-level=none"},
    ),
    Recipe("prores.mov", codec="prores_ks", pixel_format="yuv422p10le", matrix=1, depth=16, options={}),
    Recipe(
        "turned_10bit.mp4", pixel_format="yuv420p10le", rotation=90, matrix=1, depth=16, options=_SLOW_GOP
    ),
)


def turned_jpeg(path: Path) -> Path:
    """Write picture 0 as a JPEG whose EXIF data asks for a quarter turn (orientation 6)."""
    _, jpeg = cv2.imencode(".jpg", numbered_picture(0)[..., ::-1])
    # A TIFF header and one directory with the one tag 0x0112, orientation, of type SHORT.
    exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0"
    segment = b"\xff\xe1" + (len(exif) + 2).to_bytes(2, "big") + exif
    path.write_bytes(jpeg[:2].tobytes() + segment + jpeg[2:].tobytes())
    return path
