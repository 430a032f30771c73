# SPDX-License-Identifier: GPL-3.0-or-later
"""Image files as they come from cameras, browsers and film: with alpha of every kind, animated, in OpenEXR."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

H, W = 40, 64


def colours() -> np.ndarray:
    """(H, W, 3) uint8 RGB: red grows to the right, green downwards."""
    pixels = np.full((H, W, 3), 90, np.uint8)
    pixels[..., 0] = np.linspace(0, 255, W)[None]
    pixels[..., 1] = np.linspace(0, 255, H)[:, None]
    return pixels


def alpha() -> np.ndarray:
    """(H, W) uint8: nothing at the top, half in the middle, all at the bottom."""
    rows = np.full((H, W), 255, np.uint8)
    rows[:16], rows[16:26] = 0, 128
    return rows


def write_alpha_image(path: Path, kind: str) -> Path:
    """Write an image that hides a part: of kind rgba, grey, palette, colour key, grey key or sixteen bits."""
    rgba = np.dstack([colours(), alpha()])
    match kind:
        case "rgba":
            options = {"lossless": True, "exact": True} if path.suffix == ".webp" else {}
            Image.fromarray(rgba).save(path, **options)
        case "lossy":
            Image.fromarray(rgba).save(path, quality=80)
        case "grey":
            Image.fromarray(np.dstack([colours()[..., 0], alpha()])).save(path)
        case "palette":
            Image.fromarray(colours()).quantize(32).save(
                path, transparency=bytes([0] * 8 + [128] * 8 + [255] * 16)
            )
        case "colour key":
            Image.fromarray(colours()).save(path, transparency=tuple(int(value) for value in colours()[2, 2]))
        case "grey key":
            Image.fromarray(colours()[..., 0]).save(path, transparency=int(colours()[2, 20, 0]))
        case "sixteen bits":
            cv2.imwrite(str(path), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA).astype(np.uint16) * 257)
        case "undeclared":  # a TIFF file whose fourth channel nothing is said of
            cv2.imwrite(str(path), cv2.cvtColor(rgba, cv2.COLOR_RGBA2BGRA))
    return path


def animated_frames(count: int = 4) -> list[np.ndarray]:
    """Images that differ in all pixels."""
    return [
        np.full((H, W, 3), (30 + 40 * number, 90, 200 - 30 * number), np.uint8) for number in range(count)
    ]


def write_animation(path: Path, delays: list[int], frames: list[np.ndarray] | None = None, **options) -> Path:
    """Write an animated WebP or PNG file whose images are shown for these milliseconds."""
    images = [Image.fromarray(pixels) for pixels in frames or animated_frames(len(delays))]
    if path.suffix == ".webp":
        options = {"lossless": True, **options}
    images[0].save(path, save_all=True, append_images=images[1:], duration=delays, **options)
    return path


def light() -> dict[str, np.ndarray]:
    """The channels of an image in linear light, (H, W) float32, with values below black and above white."""
    red = np.repeat(np.linspace(0, 2, W, dtype=np.float32)[None], H, 0)
    blue = np.repeat(np.linspace(-0.1, 1, H, dtype=np.float32)[:, None], W, 1)
    return {"R": red, "G": np.full((H, W), 0.18, np.float32), "B": blue}


def write_exr(path: Path, channels: dict[str, np.ndarray], compression: int = 0, half: bool = False) -> Path:
    """Write an OpenEXR file of scan lines: `compression` 0 for none, 2 for ZIPS."""
    names = sorted(channels)
    height, width = channels[names[0]].shape

    def attribute(name: str, kind: str, value: bytes) -> bytes:
        return name.encode() + b"\0" + kind.encode() + b"\0" + struct.pack("<i", len(value)) + value

    window = struct.pack("<4i", 0, 0, width - 1, height - 1)
    listed = b"".join(
        name.encode() + b"\0" + struct.pack("<iB3xii", 1 if half else 2, 0, 1, 1) for name in names
    )
    header = SIGNATURE + struct.pack("<I", 2)
    header += attribute("channels", "chlist", listed + b"\0")
    header += attribute("compression", "compression", bytes([compression]))
    header += attribute("dataWindow", "box2i", window) + attribute("displayWindow", "box2i", window)
    header += attribute("lineOrder", "lineOrder", b"\0")
    header += attribute("pixelAspectRatio", "float", struct.pack("<f", 1))
    header += attribute("screenWindowCenter", "v2f", struct.pack("<2f", 0, 0))
    header += attribute("screenWindowWidth", "float", struct.pack("<f", 1)) + b"\0"
    lines = []
    for row in range(height):
        data = b"".join(channels[name][row].astype("<f2" if half else "<f4").tobytes() for name in names)
        if compression == 2:
            data = min(_zips(data), data, key=len)
        lines.append(struct.pack("<ii", row, len(data)) + data)
    at, table = len(header) + 8 * height, b""
    for line in lines:
        table += struct.pack("<Q", at)
        at += len(line)
    path.write_bytes(header + table + b"".join(lines))
    return path


SIGNATURE = b"\x76\x2f\x31\x01"


def _zips(data: bytes) -> bytes:
    values = np.frombuffer(data, np.uint8)
    apart = np.concatenate([values[::2], values[1::2]]).astype(int)
    steps = (np.diff(apart) + 128) & 255
    return zlib.compress(np.concatenate([apart[:1], steps]).astype(np.uint8).tobytes())
