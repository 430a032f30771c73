# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy doctor` says of the optimized graphs of large models."""

import os

from ..errors import CacheError
from ..models.graphs.graph_folder import MAX_BYTES, user_graph_folder
from ..models.graphs.save import disk_fault
from ..sessions.environment_reader import EnvironmentReader
from ..sessions.settings import GRAPHS_VARIABLE, parse_graph_bytes
from ..system.cpu_features import processor_identity
from .output import show


def check_graphs() -> bool:
    """Print how many optimized graphs are kept and where, or why none are; return whether the setting can be read.

    Without them all is well: large models only take longer to open.
    """
    try:
        max_bytes = EnvironmentReader(os.environ).value(GRAPHS_VARIABLE, parse_graph_bytes, MAX_BYTES)
    except CacheError:  # which `check_settings` prints
        return False
    graphs = user_graph_folder(max_bytes)
    if not max_bytes or graphs is None:
        reason = "this user has no cache folder" if max_bytes else f"{GRAPHS_VARIABLE} is off"
        show(f"no optimized graphs of large models are kept: {reason}")
        return True
    processor_fault = "" if processor_identity() else "this system does not say which processor it has"
    fault = graphs.fault() or processor_fault or disk_fault(graphs.place.path)
    if fault:
        show(f"no optimized graphs of large models are kept: {fault}")
        return True
    entries = graphs.entries()
    used = sum(entry.size_bytes for entry in entries)
    show(
        f"optimized graphs of large models: {len(entries)}, {used / 1e9:.1f} of {max_bytes / 1e9:.1f} GB, in "
        f"{graphs.place.path}"
    )
    return True
