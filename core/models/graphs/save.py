# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the optimized graph of a model, and keep it."""

import shutil
from pathlib import Path

from ...errors import ModelError
from ...face.types import Floats
from ...filesystem import Folder
from ...system.address_space import limit_bytes
from ...system.free_memory import free_memory_bytes
from ...system.local_disk import is_on_local_disk
from ..hashes import file_sha256
from ..onnx_file import read_onnx_info
from ..onnx_skeleton import MAX_SMALL_BYTES, read_skeleton, small_last_initializer
from .graph_folder import GraphFolder
from .record import GRAPH_FILE, INITIALIZER_FILE, WEIGHTS_FILE, GraphRecord, model_stamp, write_record
from .request import GraphRequest
from .runtime import open_graph, write_graph

_SPARE_FACTOR = 3
"""Making a graph takes the memory of two models (measured with 554 MB), and keeping it the disk of one."""


def save_graph(graphs: GraphFolder, request: GraphRequest) -> str:
    """Make the optimized graph of a model and keep it.

    Parameters
    ----------
    graphs : GraphFolder
        Where it is kept. What was unused longest makes room.
    request : GraphRequest
        The model, which was opened before: its file is known to be one that is not refused.

    Returns
    -------
    str
        Why it is not kept; empty if it is.

    Raises
    ------
    ModelError
        The model can't be read, or is another file by now.
    OSError
        The graph can't be written, or another process was first.
    Exception
        What ONNX Runtime raises.
    """
    size = model_stamp(request.model.path)[0]
    reason = graphs.fault() or _shortage(graphs.place.path, size)
    if reason:
        return reason
    graphs.remove_unused()
    if graphs.has_claim(request.key):
        return "another process keeps it"
    if not graphs.make_room(size):
        return f"it takes more than the {graphs.max_bytes / 1e9:.1f} GB that all may take"
    with graphs.new_entry(request.key) as entry:
        record = _write_files(entry, request)
        # Weights that were cut off, as on a full disk, are met here.
        open_graph(entry.path, request.processor, request.threads, request.provider_options)
        write_record(entry, record)
    return ""


def disk_fault(folder: Path) -> str:
    """Say why graphs must not be kept on a folder's disk; empty if they may be."""
    return "" if is_on_local_disk(folder) else f"{folder} is not known to be on a disk of this machine"


def _shortage(folder: Path, model_bytes: int) -> str:
    """Say what a graph must not be made for; empty if it may be."""
    fault = disk_fault(folder)
    if fault:
        return fault
    if shutil.disk_usage(folder).free < _SPARE_FACTOR * model_bytes:
        return f"the disk of {folder} is almost full"
    free = free_memory_bytes()
    if limit_bytes() is not None or free is None or free < _SPARE_FACTOR * model_bytes:
        return "memory is short"
    return ""


def _write_files(entry: Folder, request: GraphRequest) -> GraphRecord:
    path = request.model.path
    size, mtime_ns = model_stamp(path)
    with request.model.verify_beside():
        values = _last_initializer(path)
        write_graph(path, entry.path, request.threads, request.provider_options)
    if values is not None:
        entry.write_file(INITIALIZER_FILE, values.tobytes())
    return GraphRecord(
        str(path.absolute()),
        size,
        mtime_ns,
        file_sha256(entry.path / GRAPH_FILE),
        file_sha256(entry.path / WEIGHTS_FILE),
        "" if values is None else file_sha256(entry.path / INITIALIZER_FILE),
        () if values is None else values.shape,
    )


def _last_initializer(path: Path) -> Floats | None:
    """Return a model's last initializer, None where it has none to keep. ModelError for a file that is refused."""
    skeleton = read_skeleton(path, MAX_SMALL_BYTES)
    info = read_onnx_info(skeleton, path)
    try:
        return small_last_initializer(skeleton, info, path)
    except ModelError:  # it is no matrix of floats, and nobody will ask for it
        return None
