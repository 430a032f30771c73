# SPDX-License-Identifier: GPL-3.0-or-later
"""One input of a reader: a few small files, and things that are no plain files. It is kept as JSON."""

import base64
import hashlib
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

_SMALL_BYTES = 1 << 20

VICTIM = b"@VICTIM@"
"""In an input, stands for a folder that no reader may touch."""


@dataclass(frozen=True)
class Sample:
    """What a reader is given.

    `files` are contents by name. `links`, `pipes` and `sparse` are, by name, where a link leads to, named pipes,
    and files that claim so many bytes and hold none.
    """

    files: Mapping[str, bytes]
    links: Mapping[str, str] = field(default_factory=dict)
    pipes: tuple[str, ...] = ()
    sparse: Mapping[str, int] = field(default_factory=dict)

    def with_file(self, name: str, data: bytes) -> "Sample":
        """Return the same with another content of one file."""
        return Sample({**self.files, name: data}, self.links, self.pipes, self.sparse)

    def put(self, place: Path, victim: Path) -> None:
        """Write the input into a folder."""
        whole = os.fsencode(victim)
        for name, data in self.files.items():
            # Only in text: in binary files lengths would be wrong.
            text = data.replace(VICTIM, whole) if _is_text(name) else data
            _make_place(place, name).write_bytes(text)
        for name, target in self.links.items():
            _make_place(place, name).symlink_to(target.replace(VICTIM.decode(), str(victim)))
        for name in self.pipes:
            os.mkfifo(_make_place(place, name))
        for name, size in self.sparse.items():
            with _make_place(place, name).open("ab") as file:
                file.truncate(size)

    def to_json(self) -> str:
        """Return the input as a seed's text: the same input gives the same text."""
        values = {
            "files": {name: _encode_bytes(data) for name, data in sorted(self.files.items())},
            "links": dict(sorted(self.links.items())),
            "pipes": sorted(self.pipes),
            "sparse": dict(sorted(self.sparse.items())),
        }
        return json.dumps({name: value for name, value in values.items() if value}, indent=1) + "\n"

    @property
    def file_name(self) -> str:
        """The name of a seed with this input."""
        return f"{hashlib.sha256(self.to_json().encode()).hexdigest()[:12]}.json"

    @staticmethod
    def from_json(text: str) -> "Sample":
        """Return what `to_json` was given."""
        values = json.loads(text)
        return Sample(
            {name: _read(entry) for name, entry in values.get("files", {}).items()},
            values.get("links", {}),
            tuple(values.get("pipes", ())),
            values.get("sparse", {}),
        )


def is_small(path: Path) -> bool:
    """Tell whether a path is a plain file that a reader of the fuzzer's own, not one of ours, may read whole."""
    return path.is_file() and not path.is_symlink() and path.stat().st_size <= _SMALL_BYTES


def _is_text(name: str) -> bool:
    return name.endswith((".json", ".toml", ".jsonl"))


def _make_place(place: Path, name: str) -> Path:
    path = place / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    return path


def _encode_bytes(data: bytes) -> dict[str, str]:
    """Return bytes as text, if they are that, else packed, whichever is shorter."""
    packed = base64.b85encode(zlib.compress(data, 9)).decode()
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return {"packed": packed}
    return {"text": text} if len(text) <= max(len(packed), 1000) else {"packed": packed}


def _read(entry: Mapping[str, str]) -> bytes:
    if "text" in entry:
        return entry["text"].encode()
    return zlib.decompress(base64.b85decode(entry["packed"]))
