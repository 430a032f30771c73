# SPDX-License-Identifier: GPL-3.0-or-later
"""OpenEXR images: linear light, shown through the sRGB curve, as Blender's Standard view does.

FFmpeg's decoder reads them: it comes with PyAV, and OpenCV's is switched off for its age. Light below black and above
white is cut off. Of several layers that one is read which Blender's strip shows, see `exr_layer`.
"""

import struct
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from ..errors import ClipError
from ..filesystem import open_input
from .bounds import require_image_size
from .clip import FramePixels
from .exr_channel import SingleLayer, channel_plane, single_layers
from .exr_damage import require_decompressed
from .exr_header import read_exr_parts
from .exr_layer import shown_layer
from .exr_part import chunk_bytes, single_part

if TYPE_CHECKING:
    import av
    import numpy.typing as npt

SIGNATURE = b"\x76\x2f\x31\x01"
_PLANES = {"gbrp": (2, 0, 1), "gbrap": (2, 0, 1), "gray": (0, 0, 0), "ya": (0, 0, 0)}
"""Where red, green and blue are in FFmpeg's formats of floating point numbers, by their names."""
_SAMPLES = {"16le": "<f2", "32le": "<f4"}
_PIXEL_BYTES = 16
"""Four floats of 32 bits, as decoded."""
_BAND_BYTES = 1 << 22


def decode_exr(path: Path, data: bytes) -> FramePixels:
    """Decode an OpenEXR file.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its bytes.

    Returns
    -------
    ndarray, shape (H, W, 3), uint16
        RGB, coded as sRGB, 65535 for white.

    Raises
    ------
    ClipError
        It can't be read, or takes more memory than is allowed.
    """
    planes = _decode_planes(path, data)
    result = np.empty((*planes[0].shape, 3), np.uint16)
    rows = max(1, _BAND_BYTES // (4 * len(planes[0][0])))
    for channel, plane in enumerate(planes):
        for row in range(0, len(plane), rows):
            coded = encode_srgb(plane[row : row + rows].astype(np.float32)) * 65535
            result[row : row + rows, :, channel] = np.round(coded).astype(np.uint16)
    return result


def decode_exr_light(path: Path, data: bytes) -> FramePixels:
    """Decode an OpenEXR file to its own numbers.

    Parameters
    ----------
    path : pathlib.Path
        The file, for messages.
    data : bytes
        Its bytes.

    Returns
    -------
    ndarray, shape (H, W, 3), float32
        RGB as stored: half floats are the same numbers, and what is no number or infinite is so too.

    Raises
    ------
    ClipError
        It can't be read, or takes more memory than is allowed.
    """
    return np.stack([plane.astype(np.float32) for plane in _decode_planes(path, data)], 2)


def _decode_planes(path: Path, data: bytes) -> "tuple[npt.NDArray[np.floating[Any]], ...]":
    """Return the red, green and blue of a file, each (H, W). Raises ClipError."""
    import av

    layers = _shown_layers(path, data)
    planes: list[npt.NDArray[np.floating[Any]]] = []
    try:
        for layer in layers:  # not in a generator, which would make another error of StopIteration
            planes += _layer_planes(path, layer)
        return tuple(planes)
    except (av.FFmpegError, StopIteration, ValueError, MemoryError) as fault:
        raise ClipError(
            f"{path} can't be read as an OpenEXR image; save it with channels R, G, B and ZIP compression"
        ) from fault


def _layer_planes(path: Path, layer: SingleLayer) -> "tuple[npt.NDArray[np.floating[Any]], ...]":
    """Return what FFmpeg decodes of a layer. Raises ClipError, what PyAV does, StopIteration and ValueError."""
    import av

    with av.open(BytesIO(layer.data), mode="r", format="exr_pipe") as container:  # gate: memory
        container.streams.video[0].codec_context.options = {"layer": layer.name}
        planes = _planes(next(container.decode(video=0)))
    require_decompressed(path, layer.data, planes)
    return planes if layer.channel is None else (channel_plane(layer.channel, planes[0]),)


def _shown_layers(path: Path, data: bytes) -> tuple[SingleLayer, ...]:
    """Return the layer that is shown, in a file with one window, or each of its colours so. Raises ClipError."""
    try:
        parts, header_end = read_exr_parts(data)
        shown = shown_layer(parts)
        number = 0 if shown is None else shown.part
        width, height = parts[number].window("dataWindow")
        decoded = width * height * _PIXEL_BYTES
        working = 3 * decoded + chunk_bytes(parts[number])
        require_image_size(path, width, height, decoded, working, len(data))
        if shown is None:
            raise ClipError(
                f"{path} has no layer that Blender's sequencer shows; save it with channels R, G and B"
            )
        return single_layers(single_part(data, parts, header_end, number), shown.prefix)
    except (ValueError, struct.error) as fault:
        raise ClipError(f"{path} can't be read as an OpenEXR image: {fault}; save it again") from fault


def _planes(frame: "av.VideoFrame") -> "tuple[npt.NDArray[np.floating[Any]], ...]":
    """Return the red, green and blue light of a frame, each (H, W). ValueError where it has none."""
    order = _PLANES.get(frame.format.name.rpartition("f")[0])
    sample = _SAMPLES.get(frame.format.name.rpartition("f")[2])
    if order is None or sample is None:
        raise ValueError(f"OpenEXR as {frame.format.name}")
    return tuple(
        np.frombuffer(cast("Any", frame.planes[at]), sample).reshape(frame.height, -1)[:, : frame.width]
        for at in order
    )


def is_exr(path: Path) -> bool:
    """Whether the file's first bytes are those of an OpenEXR image."""
    try:
        with open_input(path) as file:
            return file.read(len(SIGNATURE)) == SIGNATURE
    except OSError:
        return False


def encode_srgb(linear: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    """Code linear light by the sRGB curve.

    Parameters
    ----------
    linear : ndarray, any shape, float32
        Linear light; what is beyond 0 to 1 is cut off, what is no number is black.

    Returns
    -------
    ndarray, the same shape, float32
        The curve's values, 0 to 1.
    """
    return srgb_curve(np.clip(np.nan_to_num(linear, nan=0.0, posinf=1.0, neginf=0.0), 0, 1))


def srgb_curve(linear: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    """Code linear light by the sRGB curve, and what is beyond 0 to 1 by what continues it, as Blender does.

    Parameters
    ----------
    linear : ndarray, any shape, float32
        Linear light.

    Returns
    -------
    ndarray, the same shape, float32
        The curve's values.
    """
    powers = 1.055 * np.maximum(linear, 0) ** np.float32(1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, powers)


def decode_srgb(coded: "npt.NDArray[np.float32]") -> "npt.NDArray[np.float32]":
    """Return the linear light of values of the sRGB curve, and of what continues it: it undoes `srgb_curve`.

    Parameters
    ----------
    coded : ndarray, any shape, float32
        Values of the curve.

    Returns
    -------
    ndarray, the same shape, float32
        Linear light.
    """
    powers = ((np.maximum(coded, 0) + 0.055) / 1.055) ** np.float32(2.4)
    return np.where(coded <= 0.04045, coded / 12.92, powers)
