# SPDX-License-Identifier: GPL-3.0-or-later
"""The SHA-256 of model files, remembered in the user's own cache folder: large ones take seconds to hash.

Never beside the models: a folder that someone handed over would say itself what its files are. What is remembered
names a file in keys; before a file is run its bytes are hashed again (`ModelFile.read_and_verify`).
"""

import os
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from ..cache.base.key import SHA256_HEX
from ..errors import ModelError
from ..filesystem import open_input
from ..system.user_records import Record, UserRecords
from .onnx_file import MAX_FILE_BYTES
from .read_errors import read_errors

FILE_NAME = "model-hashes.json"
_MAX_ENTRIES = 10_000
_STAMP_LENGTH = 5
_CHUNK_BYTES = 1 << 20


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a model file. ModelError if it can't be read or is larger than ONNX files can be."""
    digest = sha256()
    with read_errors(path), open_input(path) as file:
        size = os.fstat(file.fileno()).st_size
        if size > MAX_FILE_BYTES:
            raise ModelError(f"{path} has {size / 1e9:.1f} GB: an ONNX file holds 2 GB at most")
        # No more than it had: it may grow.
        while size > 0 and (piece := file.read(min(_CHUNK_BYTES, size))):
            size -= len(piece)
            digest.update(piece)
    return digest.hexdigest()


def file_stamp(path: Path) -> Record:
    """Return what tells a model file from others that are put in its place. ModelError if it can't be looked at."""
    with read_errors(path), open_input(path) as file:
        return _stamp(os.fstat(file.fileno()))


class HashCache:
    """Remembers hashes by path and by all that the system says of a file. For one thread at a time."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read what is remembered, if anything; a memory that is not the user's own counts for nothing."""
        self._records = _records(environment)
        self._known = self._records.read()
        self._new: dict[str, Record] = {}

    def sha256_of(self, path: Path) -> str:
        """Return the hash of a file. Raises OSError or ModelError if it can't be read."""
        name = _name(path)
        with open_input(path) as file:
            stamp = _stamp(os.fstat(file.fileno()))
        known = self._known.get(name)
        if known is not None and known[:_STAMP_LENGTH] == stamp:
            return str(known[_STAMP_LENGTH])
        content = file_sha256(path)
        # A file that is written to meanwhile is another one the next time.
        if _stamp(path.stat()) == stamp:
            self._known[name] = self._new[name] = [*stamp, content]
        return content

    def save(self) -> None:
        """Write what was learned. Where it can't be kept, files are hashed again in the next run."""
        new, self._new = self._new, {}
        self._records.update(new)


def forget_hash(path: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Forget the hash of a file that turned out to be another one."""
    _records(environment).forget(_name(path))


def _records(environment: Mapping[str, str]) -> UserRecords:
    return UserRecords(FILE_NAME, _is_record, _MAX_ENTRIES, environment)


def _name(path: Path) -> str:
    try:
        return str(path.resolve())
    except RuntimeError:  # a loop of links since it was found
        return str(path.absolute())


def _stamp(status: os.stat_result) -> Record:
    """Return what tells a file from others: device, inode, size, and times of change in nanoseconds."""
    return [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _is_record(record: object) -> bool:
    if not isinstance(record, list) or len(record) != _STAMP_LENGTH + 1:
        return False
    *stamp, content = record
    if not isinstance(content, str) or not SHA256_HEX.fullmatch(content):
        return False
    return all(type(number) is int for number in stamp)
