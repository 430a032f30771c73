# SPDX-License-Identifier: GPL-3.0-or-later
"""What `understudy doctor` says of the optimized graphs of large models."""

import os

from ..models.graphs.graph_folder import MAX_BYTES, user_graph_folder
from ..sessions.settings import GRAPHS_VARIABLE, parse_graph_bytes
from ..system.cpu_features import processor_identity
from ..system.local_disk import is_on_local_disk
from .output import show


def check_graphs() -> bool:
    """Print how many optimized graphs are kept and where, or why none are; return whether the setting can be read.

    Without them all is well: large models only take longer to open.
    """
    try:
        max_bytes = parse_graph_bytes(os.environ.get(GRAPHS_VARIABLE, "").strip() or str(MAX_BYTES))
    except ValueError as error:
        show(f"{GRAPHS_VARIABLE} can't be used: {error}")
        return False
    graphs = user_graph_folder(max_bytes)
    if not max_bytes or graphs is None:
        reason = "this user has no cache folder" if max_bytes else f"{GRAPHS_VARIABLE} is off"
        show(f"no optimized graphs of large models are kept: {reason}")
        return True
    fault = graphs.fault()
    if not fault and not processor_identity():
        fault = "this system does not say which processor it has"
    if not fault and not is_on_local_disk(graphs.place.path):
        fault = f"{graphs.place.path} is not known to be on a disk of this machine"
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
