# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes finished frames as numbered image files: 8 or 16 bits as the clip has, or linear light in OpenEXR."""

import struct
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import cv2
import numpy as np

from ..errors import OutputError, os_error_reason
from ..face.types import Floats
from ..filesystem import write_file
from ..fusion.patch import LightPatch, Patch, composite_on_frame
from ..geometry.levels import as_floats, is_deep
from ..media.clip import FramePixels
from .exr_file import encode_exr, encode_light_exr, is_half
from .frames import RenderedFrame
from .image_names import image_path
from .source_video import SourceVideo

_PNG_HEADER_BYTES = 33
"""A PNG's signature and its first chunk."""


class ImageSequenceWriter:
    """A context manager that writes images; each is whole as soon as it is there. See `VideoWriter`.

    `source` is the clip's own video track, for what OpenEXR files say of their pixels.
    """

    def __init__(self, pattern: Path, source: SourceVideo, comment: str = "", light_space: str = "") -> None:
        """`light_space` names the colour space of a clip of light."""
        self._pattern = pattern
        self._light_space = light_space
        self._source = source
        self._comment = comment
        self._sidecar: tuple[str, bytes | Callable[[Sequence[Path]], bytes]] | None = None
        self._mark: Callable[[bytes, str, int], bytes] | None = None
        self._written: list[Path] = []
        self.warnings: list[str] = []
        """What of the clip the images don't have."""

    def __enter__(self) -> Self:
        return self

    def add_sidecar(self, name: str, data: bytes | Callable[[Sequence[Path]], bytes]) -> None:
        """Have a file of the images' folder written after the last of them; see `VideoWriter.add_sidecar`."""
        self._sidecar = name, data

    def mark_with(self, mark: Callable[[bytes, str, int], bytes]) -> None:
        """Have each image marked in which something is changed, by its bytes, name and frame number."""
        self._mark = mark

    def write_frame(self, frame: RenderedFrame) -> None:
        """Write a frame under its number.

        Parameters
        ----------
        frame : RenderedFrame
            The frame: its source pixels and its patch.

        Raises
        ------
        OutputError
            It can't be written.
        """
        path = image_path(self._pattern, frame.number)
        if frame.source.dtype == np.float32:
            light = np.asarray(frame.source, np.float32)
            data = encode_light_exr(
                composite_light(light, frame.own if isinstance(frame.own, LightPatch) else None),
                half=is_half(light),
                space=self._light_space,
                comment=self._comment,
            )
        else:
            data = self._encode(composite(frame.source, frame.own_patch))
        if self._mark is not None and frame.is_changed:
            data = self._mark(data, path.name, frame.number)
        write_output(path, data)
        self._written.append(path)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is None:
            gone = next((path for path in self._written if not path.exists()), None)
            if gone is not None:
                raise OutputError(
                    f"{gone} is gone: its folder was moved or unmounted meanwhile; render again"
                )
        if error is None and self._sidecar is not None:
            name, data = self._sidecar
            write_output(self._pattern.with_name(name), data(self._written) if callable(data) else data)

    def _encode(self, pixels: FramePixels) -> bytes:
        suffix = self._pattern.suffix.lower()
        if suffix == ".exr":
            primaries, aspect = self._source.tags.primaries, self._source.upright_aspect
            return encode_exr(pixels, primaries=primaries, pixel_aspect=aspect, comment=self._comment)
        is_png = suffix == ".png"
        try:
            done, data = cv2.imencode(".png" if is_png else ".tif", np.ascontiguousarray(pixels[..., ::-1]))
        except (cv2.error, MemoryError) as error:
            raise OutputError(f"can't encode an image for {self._pattern}; make the clip smaller") from error
        if not done:
            raise OutputError(f"can't encode an image for {self._pattern}; choose a .png name")
        return with_png_comment(data.tobytes(), self._comment) if is_png and self._comment else data.tobytes()


def write_output(path: Path, data: bytes) -> None:
    """Write a file of an image sequence. Raises OutputError."""
    try:
        write_file(path, data)
    except OSError as error:
        reason = os_error_reason(error).lower()
        raise OutputError(f"can't write {path}: {reason}; check the folder and free space") from error


def composite(pixels: FramePixels, patch: Patch | None) -> FramePixels:
    """Lay a patch over a frame; other pixels keep their bits.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8 or uint16
        The frame, RGB.
    patch : Patch or None
        What is laid over it.

    Returns
    -------
    ndarray, the same shape and dtype
        The frame with the patch.
    """
    if pixels.dtype == np.uint8 or patch is None:
        return composite_on_frame(np.asarray(pixels, np.uint8), patch) if patch is not None else pixels
    out = np.array(pixels, np.uint16)
    height, width = patch.pixels.shape[:2]
    region = out[patch.top : patch.top + height, patch.left : patch.left + width]
    if is_deep(patch.pixels):
        upper = as_floats(patch.pixels)
        share = upper[..., 3:] / np.float32(255)
        region[:] = np.rint(region + (upper[..., :3] * np.float32(257) - region) * share).astype(np.uint16)
        return out
    alpha = patch.pixels[..., 3:].astype(np.uint32)
    mixed = region.astype(np.uint32) * (255 - alpha) + patch.pixels[..., :3].astype(np.uint32) * 257 * alpha
    region[:] = (mixed + 127) // 255
    return out


def composite_light(pixels: Floats, patch: LightPatch | None) -> Floats:
    """Lay a patch over a frame of light; other pixels keep their bits.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), float32
        The frame, RGB as stored.
    patch : LightPatch or None
        What is laid over it.

    Returns
    -------
    ndarray, the same shape, float32
        The frame with the patch.
    """
    if patch is None:
        return pixels
    out = pixels.copy()
    height, width = patch.pixels.shape[:2]
    region = out[patch.top : patch.top + height, patch.left : patch.left + width]
    alpha = patch.pixels[..., 3:]
    with np.errstate(invalid="ignore"):  # where the frame is infinite, or no number
        region[:] = np.where(alpha > 0, region + (patch.pixels[..., :3] - region) * alpha, region)
    return out


def with_png_comment(data: bytes, comment: str) -> bytes:
    """Return a PNG file with a comment in its metadata."""
    text = b"tEXtComment\0" + comment.encode("latin-1", errors="replace")
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    return data[:_PNG_HEADER_BYTES] + chunk + data[_PNG_HEADER_BYTES:]
