# SPDX-License-Identifier: GPL-3.0-or-later
"""A cache as plain files, for anybody with NumPy: per entry a JSON file of what it is, and an .npy per array.

`STAGE/DIGEST.json` holds the key text line by line and names the arrays' files, `DIGEST.0.npy` and so on.
What is exported is as private as the cache it comes from, so it is for its owner only too.
"""

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from ..errors import CacheError, OutputError
from .files import create
from .key import Key
from .origins import fields
from .record import KeyText
from .seal import is_sealed
from .store import Arrays, Store

_STAGE = re.compile(r"[a-z0-9_-]{1,40}")
_MOST_JSON = 1 << 21


@dataclass(frozen=True)
class Exchanged:
    """How many entries were copied, and how many could not be."""

    copied: int
    left_out: int


def export(entries: Iterable[KeyText], store: Store, folder: Path) -> Exchanged:
    """Write the results of `entries`, read from `store`, into `folder`, which must be empty or not there.

    Left out are entries that are damaged or sealed. Raises OutputError where a file can't be written.
    """
    copied = left_out = 0
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise OutputError(f"{folder} is not empty: choose an empty or a new folder to export to")
        for entry in entries:
            arrays = store.get(Key(entry.text))
            if arrays is None or is_sealed(arrays):
                left_out += 1
            else:
                _write_entry(folder, entry.text, entry.written, arrays)
                copied += 1
    except OSError as error:
        raise OutputError(
            f"can't export to {folder}: {_reason(error)}; check the folder and space"
        ) from error
    return Exchanged(copied, left_out)


def import_into(store: Store, folder: Path) -> Exchanged:
    """Put every entry that `export` wrote into `folder` into a store.

    Left out is whatever is not exactly that: a key text that does not hash to its key, an array that is not
    of the shape and kind that is said, or that holds Python objects. Raises CacheError where the folder can't
    be read at all.
    """
    if not folder.is_dir():
        raise CacheError(f"there is no folder {folder} to import from: give one that export has written")
    copied = left_out = 0
    for path in sorted(folder.glob("*/*.json")):
        read = _read_entry(path)
        if read is None:
            left_out += 1
        else:
            store.put(*read)
            copied += 1
    return Exchanged(copied, left_out)


def _write_entry(folder: Path, text: str, written: int, arrays: Arrays) -> None:
    key = Key(text)
    stage = fields(text).get("stage", "")
    place = folder / (stage if _STAGE.fullmatch(stage) else "other")
    place.mkdir(mode=0o700, exist_ok=True)
    listed = {}
    for number, (name, array) in enumerate(sorted(arrays.items())):
        # Not by the array's name, which is whatever the cache says it is.
        file = f"{key.hex}.{number}.npy"
        fd = create(place / file, os.O_WRONLY, 0o600)
        with os.fdopen(fd, "wb") as target:
            np.save(target, array, allow_pickle=False)
        listed[name] = {"file": file, "dtype": array.dtype.str, "shape": list(array.shape)}
    said = {
        "key": key.hex,
        "key_text": text.removesuffix("\n").split("\n"),
        "written": written,
        "arrays": listed,
    }
    with os.fdopen(create(place / f"{key.hex}.json", os.O_WRONLY, 0o600), "w", encoding="utf-8") as target:
        json.dump(said, target, indent=1)


def _read_entry(path: Path) -> tuple[Key, dict[str, npt.NDArray[np.generic]]] | None:
    try:
        if path.stat().st_size > _MOST_JSON:
            return None
        said = json.loads(path.read_text(encoding="utf-8"))
        text = "".join(f"{line}\n" for line in said["key_text"])
        if hashlib.sha256(text.encode()).hexdigest() != said["key"] or path.stem != said["key"]:
            return None
        return Key(text), dict(_arrays(path, said["arrays"]))
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None


def _arrays(
    path: Path, listed: Mapping[str, Mapping[str, Any]]
) -> Iterator[tuple[str, npt.NDArray[np.generic]]]:
    for name, about in listed.items():
        if Path(about["file"]).name != about["file"]:
            raise ValueError("a file elsewhere")
        # Mapped first: a header may claim any size, and what is not there is not read.
        array = np.array(np.load(path.parent / about["file"], mmap_mode="r", allow_pickle=False))
        if array.dtype.str != about["dtype"] or list(array.shape) != about["shape"]:
            raise ValueError("not the array that was exported")
        yield name, array


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()
