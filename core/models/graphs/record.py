# SPDX-License-Identifier: GPL-3.0-or-later
"""What is said of an optimized graph in the folder that it is kept in."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from ...cache.base.key import SHA256_HEX
from ...errors import ModelError
from ...filesystem import Folder
from ..read_errors import read_errors

RECORD_FILE = "record.json"
GRAPH_FILE = "graph.onnx"
WEIGHTS_FILE = "weights.bin"
INITIALIZER_FILE = "initializer.bin"
_MAX_BYTES = 1 << 16


@dataclass(frozen=True)
class GraphRecord:
    """What an optimized graph was made from, and the hashes of its files."""

    model: str
    """The path of the model file."""
    model_size: int
    model_mtime_ns: int
    graph_sha256: str
    weights_sha256: str
    initializer_sha256: str = ""
    """Of the values of the model's last initializer, float32; empty where they are not kept."""
    initializer_shape: tuple[int, ...] = ()

    def has_model(self) -> bool:
        """Tell whether the model file is still where it was, and as it was."""
        try:
            stamp = model_stamp(Path(self.model))
        except ModelError:
            return False
        return stamp == (self.model_size, self.model_mtime_ns)


def model_stamp(path: Path) -> tuple[int, int]:
    """Return a model file's size and time of change in nanoseconds. ModelError if it can't be looked at."""
    with read_errors(path):
        status = path.stat()
    return status.st_size, status.st_mtime_ns


def read_record(folder: Folder) -> GraphRecord | None:
    """Return what is said of the graph in a folder; None for what `write_record` did not write. Raises OSError."""
    try:
        values = json.loads(folder.read_file(RECORD_FILE, _MAX_BYTES))
        record = GraphRecord(**{**values, "initializer_shape": tuple(values["initializer_shape"])})
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return record if _is_sound(record) else None


def write_record(folder: Folder, record: GraphRecord) -> None:
    """Write what is said of the graph in a folder. Raises OSError."""
    folder.write_file(RECORD_FILE, json.dumps(asdict(record)).encode())


def _is_sound(record: GraphRecord) -> bool:
    hashes = record.graph_sha256, record.weights_sha256
    optional = (record.initializer_sha256,) if record.initializer_sha256 else ()
    numbers = record.model_size, record.model_mtime_ns, *record.initializer_shape
    return (
        isinstance(record.model, str)
        and record.model.isprintable()
        and all(isinstance(one, str) and SHA256_HEX.fullmatch(one) for one in (*hashes, *optional))
        and all(type(number) is int for number in numbers)
    )
