# SPDX-License-Identifier: GPL-3.0-or-later
"""Have ONNX Runtime write the graph that it makes of a model, and open one that it wrote.

Its weights are written to a file of their own, which is mapped into memory when the graph is opened: nothing is read
before it is needed, nothing is copied, and what the system keeps of the file in memory serves every process.

Source: ONNX Runtime's onnxruntime_session_options_config_keys.h.
"""

from pathlib import Path
from typing import TYPE_CHECKING

from ..processor import Processor, ProviderOptions, create_session, session_options
from .record import GRAPH_FILE, WEIGHTS_FILE

if TYPE_CHECKING:
    import onnxruntime

_MIN_MAPPED_BYTES = 1024


def write_graph(model: Path, folder: Path, threads: int, provider_options: ProviderOptions) -> None:
    """Write the graph of a model, and its weights, into a folder. Raises what ONNX Runtime raises.

    It takes the memory that opening the model takes, which is given back at the end: none of the arena that models
    share.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = False
    options.optimized_model_filepath = str(folder / GRAPH_FILE)
    options.add_session_config_entry("session.optimized_model_external_initializers_file_name", WEIGHTS_FILE)
    options.add_session_config_entry(
        "session.optimized_model_external_initializers_min_size_in_bytes", str(_MIN_MAPPED_BYTES)
    )
    create_session(str(model), options, provider_options)


def open_graph(
    folder: Path, processor: Processor, threads: int, provider_options: ProviderOptions
) -> "onnxruntime.InferenceSession":
    """Open the graph in a folder as it is. Raises what ONNX Runtime raises."""
    import onnxruntime

    options = session_options(processor, threads)
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return create_session(str(folder / GRAPH_FILE), options, provider_options)
