# SPDX-License-Identifier: GPL-3.0-or-later
"""What ONNX Runtime raises for a file, an input or a processor that it can't use."""


def ort_exceptions() -> tuple[type[Exception], ...]:
    """Return its own exception types, which have no base in common."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        state.EPFail,
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NoModel,
        state.NotImplemented,
        state.RuntimeException,
    )


# What the C++ library says of memory that it did not get.
_OUT_OF_MEMORY_TEXTS = (
    "bad_alloc",
    "failed to allocate memory",
    "out of memory",
    "smaller than requested bytes",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Tell whether ONNX Runtime failed because it did not get the memory that it asked for.

    Parameters
    ----------
    error
        One of `ort_exceptions`.

    Returns
    -------
    bool
        False where it failed of anything else, such as a damaged file.
    """
    text = str(error).lower()
    return any(known in text for known in _OUT_OF_MEMORY_TEXTS)
