# SPDX-License-Identifier: GPL-3.0-or-later
"""Running a session with its outputs in a device's own memory."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    import onnxruntime


def run_with_binding(
    session: "onnxruntime.InferenceSession",
    feeds: Mapping[str, npt.NDArray[Any]],
    outputs: Sequence[str],
    device: str,
) -> list[npt.NDArray[Any]]:
    """Run a session with its outputs bound to a device's memory, and fetch them together at the end.

    Parameters
    ----------
    session : onnxruntime.InferenceSession
        The session.
    feeds : mapping of str to ndarray
        Its inputs by name.
    outputs : sequence of str
        The names of the outputs to fetch.
    device : str
        The device, as ONNX Runtime names it.

    Returns
    -------
    list of ndarray
        The outputs, in the order of `outputs`.
    """
    binding = session.io_binding()
    # What is bound is not copied: it has to lie in one piece, and to live until the run is over.
    held = {name: np.asarray(value, order="C") for name, value in feeds.items()}
    for name, value in held.items():
        binding.bind_cpu_input(name, value)
    for name in outputs:
        binding.bind_output(name, device)
    session.run_with_iobinding(binding)
    return list(binding.copy_outputs_to_cpu())
