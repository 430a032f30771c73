# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system says of a clip's files, what is in them, and whether they are still the files that were opened."""

import hashlib
import os
import stat
from collections.abc import Sequence
from io import FileIO
from pathlib import Path
from typing import TypeVar

from ..errors import ClipError, os_error_reason
from ..filesystem import open_input, read_input
from ..reporting.quoting import quote
from .bounds import MAX_IMAGE_FILE_BYTES, MAX_MOVIE_BYTES
from .source import ClipSource

_Value = TypeVar("_Value")
_SAMPLE_BLOCKS = 16
_SAMPLE_BLOCK_BYTES = 1 << 16
"""16 blocks of 64 KiB are 1 MiB: 1 ms on a local disk, and all of a small file."""
_SEQUENCE_BLOCK_BYTES = 1 << 12
_SEQUENCE_BLOCKS = 16

FileStatus = tuple[int, int, int, int, int]
"""Device, inode, size in bytes, and the times of the last change of content and of anything, in nanoseconds."""


class ClipChangedError(ClipError):
    """A file of a clip is not the one that was opened: what is known of the clip says nothing of it."""


def change_text(path: Path) -> str:
    """Return what users read where a file is not the one of which something is known."""
    return f"{quote(path.name)} is not the file that the cache knows: its faces are found anew"


def file_status(path: Path) -> FileStatus:
    """Return what tells a file from others on this machine. ClipError where it is missing."""
    status = _require_status(path)
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def status_if_there(path: Path) -> FileStatus | None:
    """Return a file's status; None for one that is missing."""
    try:
        return file_status(path)
    except ClipError:
        return None


def files_stamp(paths: Sequence[Path], statuses: Sequence[FileStatus]) -> str:
    """Return the hex SHA-256 of files' absolute paths and status: it changes with them, and holds on this machine."""
    digest = hashlib.sha256()
    for path, status in zip(paths, statuses, strict=True):
        digest.update(f"{path.resolve()}\0{status}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def require_file(path: Path) -> None:
    """Raise ClipError unless `path` is a file with something in it."""
    status = _require_status(path)
    if not stat.S_ISREG(status.st_mode):
        raise ClipError(f"{path} is not a file; choose a movie or image file")
    if status.st_size == 0:
        raise ClipError(f"{path} is empty; copy or render it again")
    if status.st_size > MAX_MOVIE_BYTES:
        raise ClipError(f"{path} has {status.st_size / 1e12:.1f} TB: at most 4 TB are read; split the clip")


def require_unchanged(path: Path, status: FileStatus | None) -> None:
    """Raise ClipChangedError unless a file is still what it was when it had this status."""
    try:
        unchanged = file_status(path) == status
    except ClipError as error:
        raise ClipChangedError(str(error)) from error
    if not unchanged:
        raise ClipChangedError(f"{path} was replaced since it was opened; run it again")


def unreadable_error(path: Path, error: OSError) -> ClipError:
    """Return the error for a file that is there and can't be read."""
    return ClipError(
        f"can't read {path}: {os_error_reason(error).lower()}; check the path and its permissions"
    )


def read_image_file(path: Path) -> bytes:
    """Return the bytes of an image file. Raises ClipError."""
    try:
        return read_input(path, MAX_IMAGE_FILE_BYTES)
    except OSError as fault:
        raise unreadable_error(path, fault) from fault


def file_fingerprint(path: Path) -> str:
    """Hex SHA-256 of a file's bytes, read in pieces. Raises ClipError when it can't be read."""
    try:
        with open_input(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as fault:
        raise unreadable_error(path, fault) from fault


def content_id(source: ClipSource) -> str:
    """Return the hex SHA-256 of a clip's file, or of the list of its files' hashes, one a line. Raises ClipError.

    It reads all of them.
    """
    if source.movie:
        return file_fingerprint(source.paths[0])
    listed = "".join(f"{file_fingerprint(path)}\n" for path in source.paths)
    return hashlib.sha256(listed.encode()).hexdigest()


def sample_digest(source: ClipSource) -> bytes:
    """Return the SHA-256 of blocks of a clip's content: the first, the last and some between; at most 1 MiB.

    Of a sequence these are blocks of some of its files, the first and the last among them. Raises ClipError.
    """
    digest = hashlib.sha256()
    paths = source.paths if source.movie else _spread(source.paths, _SEQUENCE_BLOCKS)
    for path in paths:
        try:
            with open_input(path) as file:
                _add_blocks(digest, file, _SAMPLE_BLOCK_BYTES if len(paths) == 1 else _SEQUENCE_BLOCK_BYTES)
        except OSError as fault:
            raise unreadable_error(path, fault) from fault
    return digest.digest()


def _add_blocks(digest: "hashlib._Hash", file: FileIO, block_bytes: int) -> None:
    for start in _spread(range(0, os.fstat(file.fileno()).st_size, block_bytes), _SAMPLE_BLOCKS):
        file.seek(start)
        digest.update(f"{start}\n".encode())
        digest.update(file.read(block_bytes) or b"")


def _spread(values: Sequence[_Value], count: int) -> list[_Value]:
    """Return `count` of some values, evenly spread, the first and the last among them; all where there are fewer."""
    if len(values) <= count:
        return list(values)
    return [values[round(number * (len(values) - 1) / (count - 1))] for number in range(count)]


def _require_status(path: Path) -> os.stat_result:
    try:
        return path.stat()
    except OSError as fault:
        raise ClipError(
            f"can't find {path}: {os_error_reason(fault).lower()}; check the path, or relink the strip to its file"
        ) from fault
