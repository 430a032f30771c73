# SPDX-License-Identifier: GPL-3.0-or-later
"""What an optimized graph was made from, and for: whatever may make it another one."""

from hashlib import sha256

from ...system.cpu_features import processor_identity
from ..processor import ProviderOptions

_FORMAT = 1
"""Of the folder in which a graph is kept; a higher number leaves those of lower ones alone."""


def graph_key(model_sha256: str, provider_options: ProviderOptions) -> str:
    """Return the name of a model's optimized graph.

    Parameters
    ----------
    model_sha256 : str
        Hex SHA-256 of the model file.
    provider_options : ProviderOptions
        What the graph is optimized for.

    Returns
    -------
    str
        64 hex digits; empty where the system does not say which processor this is. ONNX Runtime arranges weights as
        the processor likes them.
    """
    identity = processor_identity()
    if not identity:
        return ""
    import onnxruntime

    providers = [[name, sorted(options.items())] for name, options in provider_options]
    lines = (
        f"understudy optimized graph {_FORMAT}",
        f"model {model_sha256}",
        f"onnxruntime {onnxruntime.__version__} {onnxruntime.get_build_info()}",
        f"providers {providers}",
        "level all",
        f"processor {identity}",
    )
    return sha256("\n".join(lines).encode()).hexdigest()
