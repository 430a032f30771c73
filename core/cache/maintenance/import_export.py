# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache as plain files, for anybody with NumPy: per entry a JSON file of what it is, and an .npy per array.

`STAGE/DIGEST.json` holds the key text line by line and names the arrays' files, `DIGEST.0.npy` and so on.
What is exported is as private as the cache it comes from, so it is for its owner only too.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import CacheError, OutputError, os_error_reason
from ...filesystem import Folder, Location
from ..base.key import Key
from ..base.store import Arrays, Store
from ..packs.record import MAX_PAYLOAD_BYTES, MAX_TEXT_BYTES, EntryInfo
from ..stores.encryption import is_encrypted
from .lineage import key_fields
from .npy import Array, read_npy

_STAGE_NAME = re.compile(r"[a-z0-9_-]{1,40}")
_ENTRY_FILE_NAME = re.compile(r"([0-9a-f]{64})\.json")
_ARRAY_NUMBER = re.compile(r"[0-9]{1,4}")
_MAX_JSON_BYTES = 1 << 23  # a key text of a megabyte, each of its bytes written out
_MAX_ARRAYS = 1000


@dataclass(frozen=True)
class TransferCounts:
    """How many entries were copied, and how many could not be."""

    copied: int
    skipped: int


def export(entries: Iterable[EntryInfo], store: Store, folder: Path) -> TransferCounts:
    """Write the results of `entries`, read from `store`, into `folder`, which must be empty or not there.

    Left out are entries that are damaged or encrypted. Raises OutputError where a file can't be written.
    """
    copied = left_out = 0
    try:
        with _open_empty_folder(folder) as place:
            for entry in entries:
                arrays = store.get(Key(entry.text))
                if arrays is None or is_encrypted(arrays):
                    left_out += 1
                else:
                    _write_entry(place, entry.text, entry.written_at, arrays)
                    copied += 1
    except OSError as error:
        raise OutputError(
            f"can't export to {folder}: {os_error_reason(error).lower()}; check the folder and space"
        ) from error
    return TransferCounts(copied, left_out)


def import_into(store: Store, folder: Path) -> TransferCounts:
    """Put every entry that `export` wrote into `folder` into a store.

    Left out is whatever is not exactly that: a key text that does not hash to its key, an array that is not
    of the shape and kind that is said, or that holds Python objects, a link, a pipe. Raises CacheError where the
    folder can't be read at all.
    """
    copied = left_out = 0
    try:
        with Location(folder).open() as place:
            for stage in sorted(filter(_STAGE_NAME.fullmatch, place.names())):
                for key, arrays in _entries(place, stage):
                    if arrays is not None and _put(store, Key(key), arrays):
                        copied += 1
                    else:
                        left_out += 1
    except FileNotFoundError as error:
        raise CacheError(
            f"there is no folder {folder} to import from: give one that export has written"
        ) from error
    except OSError as error:
        raise CacheError(
            f"can't import from {folder}: {os_error_reason(error).lower()}; give a folder that export has written"
        ) from error
    return TransferCounts(copied, left_out)


def _open_empty_folder(path: Path) -> Folder:
    """Open an empty folder, made if need be. Raises OutputError where it is not empty, OSError."""
    try:
        folder = Folder(path)
    except FileNotFoundError:
        folder = Location(path).make(0o700)
    if folder.names():
        folder.close()
        raise OutputError(f"{path} is not empty: choose an empty or a new folder to export to")
    return folder


def _write_entry(folder: Folder, text: str, written_at: int, arrays: Arrays) -> None:
    key = Key(text)
    stage = key_fields(text).get("stage", "")
    with folder.make_child(stage if _STAGE_NAME.fullmatch(stage) else "other", 0o700) as place:
        listed = {}
        for number, (name, array) in enumerate(sorted(arrays.items())):
            # Not by the array's name, which is whatever the cache says it is.
            file = f"{key.hex}.{number}.npy"
            with os.fdopen(place.create_file(file, os.O_WRONLY, 0o600), "wb") as target:
                np.save(target, array, allow_pickle=False)
            listed[name] = {"file": file, "dtype": array.dtype.str, "shape": list(array.shape)}
        said = {
            "key": key.hex,
            "key_text": text.removesuffix("\n").split("\n"),
            "written": written_at,
            "arrays": listed,
        }
        place.write_file(f"{key.hex}.json", json.dumps(said, indent=1).encode(), mode=0o600)


def _entries(folder: Folder, stage: str) -> Iterator[tuple[str, dict[str, Array] | None]]:
    """Yield the key text and arrays of each entry of a stage; no arrays for one that is not as exported."""
    try:
        place = folder.open_child(stage)
    except OSError:  # a link, a file: nothing that export makes
        return
    with place:
        for name in sorted(place.names()):
            match = _ENTRY_FILE_NAME.fullmatch(name)
            if match is None:
                continue
            try:
                yield _read_entry(place, match[1])
            except (OSError, ValueError, KeyError, TypeError, RecursionError):
                yield "", None


def _read_entry(folder: Folder, digest: str) -> tuple[str, dict[str, Array]]:
    """Read the entry of a key, by its digest in hex. Raises OSError, or an error of Python's for what is odd."""
    said = json.loads(
        folder.read_file(f"{digest}.json", _MAX_JSON_BYTES).decode("utf-8"),
        object_pairs_hook=_reject_duplicate_names,
    )
    lines = said["key_text"]
    if not isinstance(lines, list) or any(not isinstance(line, str) or "\n" in line for line in lines):
        raise ValueError("no lines")
    raw = "".join(f"{line}\n" for line in lines).encode()
    if said["key"] != digest or hashlib.sha256(raw).hexdigest() != digest or len(raw) > MAX_TEXT_BYTES:
        raise ValueError("not the key text of this entry")
    listed = said["arrays"]
    if not isinstance(listed, dict) or len(listed) > _MAX_ARRAYS:
        raise ValueError("no arrays")
    arrays: dict[str, Array] = {}
    left = MAX_PAYLOAD_BYTES
    for name, about in listed.items():
        file = about["file"]
        if not isinstance(file, str) or not _is_array_file_name(file, digest):
            raise ValueError("a file elsewhere")
        array = read_npy(folder, file, left)
        if array.dtype.str != about["dtype"] or list(array.shape) != about["shape"]:
            raise ValueError("not the array that was exported")
        left -= array.nbytes
        arrays[name] = array
    return raw.decode(), arrays


def _is_array_file_name(file: str, digest: str) -> bool:
    number = file.removeprefix(f"{digest}.").removesuffix(".npy")
    return file == f"{digest}.{number}.npy" and _ARRAY_NUMBER.fullmatch(number) is not None


def _put(store: Store, key: Key, arrays: dict[str, Array]) -> bool:
    if is_encrypted(arrays):
        return False
    try:
        store.put(key, arrays)
    except (TypeError, ValueError):  # a name or a size that no cache keeps
        return False
    return True


def _reject_duplicate_names(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    table = dict(pairs)
    if len(table) != len(pairs):
        raise ValueError("a name occurs twice")
    return table
