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
