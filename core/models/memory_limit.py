# SPDX-License-Identifier: GPL-3.0-or-later
"""A bound on the memory that models take while they run.

What a graph will need can't be told by looking at it: a few harmless steps in a row can ask for any amount. So all
sessions of a process share one arena of ONNX Runtime's that grows no further than this; a model that wants more fails
with a message, and nothing else does.
"""

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import numpy as np

from ..system import address_space
from .onnx_writer import GraphWriter
from .ort_exceptions import ort_exceptions

if TYPE_CHECKING:
    import onnxruntime

MAX_MEMORY_BYTES = 8 << 30
"""Bytes. The largest networks of the catalogue, of 2048 pixels, take less."""

_MEMORY_SHARE = 0.75


def limit_memory(options: "onnxruntime.SessionOptions") -> None:
    """Let a session take its memory from the process's one bounded arena."""
    import onnxruntime

    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    # Said again for each session: it is made once, and what is said later changes nothing.
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg({"max_mem": memory_limit()}))
    options.add_session_config_entry("session.use_env_allocators", "1")


def release_memory() -> None:
    """Give the system what the arena holds and no session uses: by itself it keeps all of it while the process lives.

    That takes a run which asks for it; what it runs does not matter.
    """
    import onnxruntime

    graph = GraphWriter("nothing")
    graph.output(graph.input("number", "float32", 1) + 1, "sum", "float32", 1)
    options, run_options = onnxruntime.SessionOptions(), onnxruntime.RunOptions()
    options.intra_op_num_threads = 1
    limit_memory(options)
    run_options.add_run_config_entry("memory.enable_memory_arena_shrinkage", "cpu:0")
    with suppress(*ort_exceptions()):
        session = onnxruntime.InferenceSession(graph.model(), options, providers=["CPUExecutionProvider"])
        session.run(None, {"number": np.ones(1, np.float32)}, run_options)


def memory_limit() -> int:
    """Return how many bytes models may take: 8 GiB, or three quarters of what there is if that is less.

    That is the machine's memory, and what is left of this process's address space where that is limited.
    """
    left = address_space.remaining_bytes()
    most = MAX_MEMORY_BYTES if left is None else min(MAX_MEMORY_BYTES, int(left * _MEMORY_SHARE))
    try:
        machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, OSError, ValueError):  # Windows has no sysconf
        return most
    return min(most, int(machine * _MEMORY_SHARE))
