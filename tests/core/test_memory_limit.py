# SPDX-License-Identifier: GPL-3.0-or-later
"""Once models are let go of, their memory is the system's again: Blender lives on after a render."""

import gc
from pathlib import Path

import numpy as np
import pytest
from understudy.core.models.onnx_writer import GraphWriter
from understudy.core.models.session import ModelPool

_STATUS = Path("/proc/self/status")
_MIB = 1 << 20


def resident_bytes() -> int:
    """Bytes of memory that this process holds."""
    line = next(text for text in _STATUS.read_text().splitlines() if text.startswith("VmRSS"))
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not _STATUS.is_file(), reason="only Linux tells how much memory a process holds")
def test_a_closed_pool_gives_its_memory_back() -> None:
    graph = GraphWriter("large")
    number = graph.input("x", "float32", "n")
    graph.output(((number * 2) + 1) * ((number * 3) + 2), "y", "float32", "n")
    pool = ModelPool(1)
    pool.run_graph(graph.model(), {"x": np.ones(16 * _MIB, np.float32)})
    gc.collect()
    before = resident_bytes()
    pool.close()
    assert before - resident_bytes() > 100 * _MIB
