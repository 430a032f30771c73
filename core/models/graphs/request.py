# SPDX-License-Identifier: GPL-3.0-or-later
"""What an optimized graph is asked for, and opening one that is kept."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..model_file import ModelFile
from ..open_model import OpenModel
from ..processor import Processor, ProviderOptions
from .record import GRAPH_FILE, INITIALIZER_FILE, WEIGHTS_FILE, GraphRecord
from .runtime import open_graph


@dataclass(frozen=True)
class GraphRequest:
    """What a graph is made of, and for."""

    key: str
    model: ModelFile
    processor: Processor
    provider_options: ProviderOptions
    threads: int


def open_entry(folder: Path, record: GraphRecord, request: GraphRequest) -> OpenModel:
    """Open the graph in a folder, once its files are known to be what was written.

    Parameters
    ----------
    folder : pathlib.Path
        The folder.
    record : GraphRecord
        What was written.
    request : GraphRequest
        What it is opened for.

    Returns
    -------
    OpenModel
        The graph, with the model's last initializer if that is kept.

    Raises
    ------
    ModelError
        A file can't be read, or is not what was written.
    ValueError
        The record does not fit the initializer.
    Exception
        What ONNX Runtime raises.
    """
    values = None
    if record.initializer_sha256:
        data = ModelFile(folder / INITIALIZER_FILE, record.initializer_sha256).read_and_verify()
        values = np.frombuffer(data, np.float32).reshape(record.initializer_shape)
    graph = ModelFile(folder / GRAPH_FILE, record.graph_sha256)
    weights = ModelFile(folder / WEIGHTS_FILE, record.weights_sha256)
    with graph.verify_beside(), weights.verify_beside():
        session = open_graph(folder, request.processor, request.threads, request.provider_options)
    return OpenModel(session, values)
