# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a clip, what a clip can do, and the fingerprints of images."""

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Literal, Protocol, Self, runtime_checkable

import numpy as np
import numpy.typing as npt

from ..concurrency.lru import LruCache
from ..errors import ClipError
from .source import ClipSource

if TYPE_CHECKING:
    from av.video.frame import VideoFrame

FramePixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16] | npt.NDArray[np.float32]

FRAME_CACHE_SIZE = 8
EIGHT_BITS = 8
"""What most clips have. Of those that have more, faces are made with 16."""


@dataclass(frozen=True)
class ClipInfo:
    """What is known of a clip, as Blender's Video Sequence Editor sees it.

    Attributes
    ----------
    path : pathlib.Path
        The file; of a sequence the first.
    kind : {"movie", "sequence", "image"}
        A movie, several image files or one.
    width, height : int
        The size as shown, in pixels: a rotated movie has them already swapped.
    frame_count : int
        The length that Blender gives a new strip of it, in frames.
    fps : fractions.Fraction
        The nominal frame rate, in frames per second; 0 for images, which have none.
    bit_depth : int
        8, 16 for a clip whose frames are uint16, or 32 for one of light, whose frames are float32.
    """

    path: Path
    kind: Literal["movie", "sequence", "picture"]
    width: int
    height: int
    frame_count: int
    fps: Fraction
    bit_depth: int

    @property
    def title(self) -> str:
        """What messages call the clip: its file, or of several image files the first as what it is."""
        return f"the sequence that begins with {self.path}" if self.kind == "sequence" else str(self.path)

    @property
    def first_frame_text(self) -> str:
        """What messages say of a sequence's frames, whose files may have other numbers; empty for other clips."""
        return f", and frame 0 is {self.path.name}" if self.kind == "sequence" else ""


class Clip(Protocol):
    """Exact frames by number. A clip is used by one thread at a time."""

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        ...

    @property
    def source(self) -> ClipSource:
        """The files of this clip."""
        ...

    @property
    def clip_id(self) -> str:
        """Hex SHA-256 of the file, or for a sequence of the list of its files' hashes in order."""
        ...

    @property
    def stamp(self) -> str:
        """Hex SHA-256 of every file's path and status when the clip was opened: cheap, and holds on this machine."""
        ...

    @property
    def image_count(self) -> int:
        """How many frames its images last: fewer than `info.frame_count` where a file's sound or subtitles go on."""
        ...

    @property
    def faults(self) -> tuple[str, ...]:
        """What is wrong with the file and the frames that were read so far, in words, with their numbers."""
        ...

    def read(self, number: int) -> FramePixels:
        """Return the pixels of a frame, as Blender decodes it for the n-th frame of the strip's content.

        Parameters
        ----------
        number : int
            The frame, counted from 0.

        Returns
        -------
        numpy.ndarray
            (H, W, 3) RGB in C order, uint8, or uint16 with 65535 for white: display-coded, without alpha. Of a clip of
            light float32 as stored, see `light`. It is read-only, since the clip may return the same array again.

        Raises
        ------
        ClipError
            There is no such frame, or it can't be read.
        ClipChangedError
            A file that it is in is not the one that was opened.
        """
        ...

    def close(self) -> None:
        """Let go of the files. Reading again afterwards is an error."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None: ...


@runtime_checkable
class DecodedImages(Protocol):
    """A clip that can give the images of its file as they were decoded: in the file's own pixel format."""

    def decoded_image(self, number: int) -> "VideoFrame | None":
        """Return the image that `read` makes the pixels of frame `number` from, unrotated. Raises ClipError.

        None where it is not at hand. It may be shared: do not write into its planes.
        """
        ...


@runtime_checkable
class SampledFrames(Protocol):
    """A clip that can read some pixels of a frame for less than all of them."""

    def read_samples(self, number: int, step: int) -> FramePixels | None:
        """Return the pixels of a frame that is only looked at.

        Parameters
        ----------
        number : int
            The frame, counted from 0.
        step : int
            Every how many rows and columns.

        Returns
        -------
        numpy.ndarray or None
            `read(number)[::step, ::step]`; None where that would cost as much as `read`.

        Raises
        ------
        ClipError, ClipChangedError
            As for `read`.
        """
        ...


class FrameCache(LruCache[int, FramePixels]):
    """The last few frames read, by their numbers."""

    def __init__(self, capacity: int = FRAME_CACHE_SIZE) -> None:
        super().__init__(capacity)

    def put(self, name: int, value: FramePixels) -> FramePixels:
        """Keep a frame's pixels.

        Parameters
        ----------
        name : int
            The frame's number.
        value : ndarray, shape (H, W, 3), uint8 or uint16
            Its pixels, RGB.

        Returns
        -------
        ndarray
            `value`, now read-only.
        """
        value.flags.writeable = False
        return super().put(name, value)


def frame_id(pixels: FramePixels) -> str:
    """Return what a frame is known by: its content only.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3), uint8, uint16 or float32
        The frame, RGB.

    Returns
    -------
    str
        Hex SHA-256 over the dtype's name, the shape and the pixels in C order.
    """
    digest = hashlib.sha256(f"{pixels.dtype.name} {pixels.shape}\n".encode())
    digest.update(np.ascontiguousarray(pixels).view(np.uint8).data)
    return digest.hexdigest()


def require_frame(info: ClipInfo, number: int) -> None:
    """Raise ClipError unless the clip has a frame of this number."""
    if not 0 <= number < info.frame_count:
        raise ClipError(
            f"{info.title} has no frame {number}; choose one from 0 to {info.frame_count - 1}{info.first_frame_text}",
        )
