# SPDX-License-Identifier: GPL-3.0-or-later
"""The SHA-256 of model files, remembered in the user's own cache folder: large ones take seconds to hash.

Never beside the models: a folder that someone handed over would say itself what its files are. What is remembered
names a file in keys; before a file is run its bytes are hashed again (`ModelFile.read_and_verify`).
"""

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from ..cache.base.key import SHA256_HEX
from ..errors import ModelError
from ..filesystem import Location, open_input
from ..system.user_cache import is_private_to_user, ownership_fault, user_cache
from .onnx_file import MAX_FILE_BYTES

FILE_NAME = "model-hashes.json"
_MAX_BYTES = 1 << 23
_MAX_ENTRIES = 10_000
_STAMP_LENGTH = 5
_CHUNK_BYTES = 1 << 20

Stamp = tuple[int, ...]
"""Device, inode, size, and the times of the last change of content and of anything, in nanoseconds."""


def file_sha256(path: Path) -> str:
    """Return the hex SHA-256 of a model file. ModelError if it can't be read or is larger than ONNX files can be."""
    digest = sha256()
    try:
        with open_input(path) as file:
            size = os.fstat(file.fileno()).st_size
            if size > MAX_FILE_BYTES:
                raise ModelError(f"{path} has {size / 1e9:.1f} GB: an ONNX file holds 2 GB at most")
            while size > 0 and (
                piece := file.read(min(_CHUNK_BYTES, size))
            ):  # no more than it had: it may grow
                size -= len(piece)
                digest.update(piece)
    except OSError as error:
        raise ModelError(f"can't read the model {path}: {error.strerror or error}") from error
    return digest.hexdigest()


class HashCache:
    """Remembers hashes by path and by all that the system says of a file. For one thread at a time."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        """Read what is remembered, if anything; a memory that is not the user's own counts for nothing."""
        self._location = user_cache(environment)
        self._entries = _read(self._location)
        self._new_entries: dict[str, tuple[Stamp, str]] = {}

    def sha256_of(self, path: Path) -> str:
        """Return the hash of a file. Raises OSError or ModelError if it can't be read."""
        name = _name(path)
        with open_input(path) as file:
            stamp = _stamp(os.fstat(file.fileno()))
        known = self._entries.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        content = file_sha256(path)
        # A file that is written to meanwhile is another one the next time.
        if _stamp(path.stat()) == stamp:
            self._entries[name] = self._new_entries[name] = stamp, content
        return content

    def save(self) -> None:
        """Write what was learned. Where it can't be kept, files are hashed again in the next run."""
        if not self._new_entries or self._location is None:
            return
        new, self._new_entries = self._new_entries, {}
        _write(
            self._location,
            {**{name: one for name, one in _read(self._location).items() if name not in new}, **new},
        )


def forget_hash(path: Path, environment: Mapping[str, str] = os.environ) -> None:
    """Forget the hash of a file that turned out to be another one."""
    place = user_cache(environment)
    kept = _read(place)
    if place is not None and kept.pop(_name(path), None) is not None:
        _write(place, kept)


def _name(path: Path) -> str:
    try:
        return str(path.resolve())
    except RuntimeError:  # a loop of links since it was found
        return str(path.absolute())


def _stamp(status: os.stat_result) -> Stamp:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def _read(place: Location | None) -> dict[str, tuple[Stamp, str]]:
    if place is None or ownership_fault(place):
        return {}
    try:
        with place.open() as folder:
            if not is_private_to_user(folder.status(FILE_NAME)):
                return {}
            kept = json.loads(folder.read_file(FILE_NAME, _MAX_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    if not isinstance(kept, dict):
        return {}
    return {
        name: (tuple(entry[:_STAMP_LENGTH]), entry[_STAMP_LENGTH])
        for name, entry in kept.items()
        if _is_entry(entry)
    }


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, list) or len(entry) != _STAMP_LENGTH + 1:
        return False
    *stamp, content = entry
    if not isinstance(content, str) or not SHA256_HEX.fullmatch(content):
        return False
    return all(type(number) is int for number in stamp)


def _write(place: Location, entries: Mapping[str, tuple[Stamp, str]]) -> None:
    if ownership_fault(place):
        return
    latest = list(entries.items())[-_MAX_ENTRIES:]
    data = json.dumps({name: [*stamp, content] for name, (stamp, content) in latest}).encode()
    with suppress(OSError), place.make(0o700) as folder:
        folder.write_file(FILE_NAME, data)
