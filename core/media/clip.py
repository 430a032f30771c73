# SPDX-License-Identifier: GPL-3.0-or-later
"""What is known of a clip, what a clip can do, and the fingerprints of files and images."""

import hashlib
import os
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import numpy as np
import numpy.typing as npt

from ..concurrency.lru import LruCache
from ..errors import ClipError, os_error_reason
from ..filesystem import open_input
from .bounds import MAX_MOVIE_BYTES

FramePixels = npt.NDArray[np.uint8] | npt.NDArray[np.uint16]

FRAME_CACHE_SIZE = 8


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
        8, or 16 for a clip whose frames are uint16.
    """

    path: Path
    kind: Literal["movie", "sequence", "picture"]
    width: int
    height: int
    frame_count: int
    fps: Fraction
    bit_depth: int


class Clip(Protocol):
    """Exact frames by number. A clip is used by one thread at a time."""

    @property
    def info(self) -> ClipInfo:
        """The facts of this clip."""
        ...

    @property
    def clip_id(self) -> str:
        """Hex SHA-256 of the file, or for a sequence of the list of its files' hashes in order."""
        ...

    @property
    def stamp(self) -> str:
        """Hex SHA-256 of every file's absolute path, size and time: cheap, and changes when they do."""
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
            (H, W, 3) RGB in C order, uint8, or uint16 with 65535 for white: display-coded, without alpha. It is
            read-only, since the clip may return the same array again.

        Raises
        ------
        ClipError
            There is no such frame, or it can't be read.
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


class FrameCache(LruCache[int, FramePixels]):
    """The last few frames read, by their numbers."""

    def __init__(self, capacity: int = FRAME_CACHE_SIZE) -> None:
        super().__init__(capacity)

    def put(self, name: int, value: FramePixels) -> FramePixels:
        """Keep a frame's pixels, now read-only, and return them."""
        value.flags.writeable = False
        return super().put(name, value)


def frame_id(pixels: FramePixels) -> str:
    """Hex SHA-256 over the dtype's name, the shape and the pixels in C order: content only."""
    digest = hashlib.sha256(f"{pixels.dtype.name} {pixels.shape}\n".encode())
    digest.update(np.ascontiguousarray(pixels).view(np.uint8).data)
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in pieces. Raises ClipError when it can't be read."""
    try:
        with open_input(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise ClipError(
            f"can't read {path}: {os_error_reason(fault).lower()}; check the path and its permissions"
        ) from fault


def files_stamp(paths: Sequence[Path]) -> str:
    """Hex SHA-256 of the files' absolute paths, sizes and times. Raises ClipError for one that is missing."""
    digest = hashlib.sha256()
    for path in paths:
        status = _require_status(path)
        line = f"{path.resolve()}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))
    return digest.hexdigest()


def _require_status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as fault:
        raise ClipError(
            f"can't find {path}: {os_error_reason(fault).lower()}; check the path, or relink the strip to its file"
        ) from fault


def require_file(path: Path) -> None:
    """Raise ClipError unless `path` is a file with something in it."""
    status = _require_status(path)
    if not stat.S_ISREG(status.st_mode):
        raise ClipError(f"{path} is not a file; choose a movie or image file")
    if status.st_size == 0:
        raise ClipError(f"{path} is empty; copy or render it again")
    if status.st_size > MAX_MOVIE_BYTES:
        raise ClipError(f"{path} has {status.st_size / 1e12:.1f} TB: at most 4 TB are read; split the clip")


def require_frame(info: ClipInfo, number: int) -> None:
    """Raise ClipError unless the clip has a frame of this number."""
    if not 0 <= number < info.frame_count:
        raise ClipError(
            f"{info.path} has no frame {number}; choose one from 0 to {info.frame_count - 1}",
        )
