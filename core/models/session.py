# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files, known by their content, and the ONNX Runtime sessions that run them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError

if TYPE_CHECKING:
    import onnxruntime

Tensor = npt.NDArray[np.float32]


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file on disk."""

    path: Path

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what the model is called in keys. ModelError if it can't be read."""
        try:
            with self.path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"can't read the model {self.path}: {error.strerror or error}") from error


class ModelPool:
    """Opens models when first run and keeps them open.

    `opened` counts the sessions made, so that a render which should need no model can prove it.
    """

    def __init__(self, threads: int = 0) -> None:
        """Make an empty pool. `threads` per model run; 0 lets ONNX Runtime choose."""
        self._threads = threads
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}

    @property
    def opened(self) -> int:
        """How many models this pool has loaded."""
        return len(self._sessions)

    def run(self, model: ModelFile, tensor: Tensor, outputs: tuple[str, ...]) -> list[Tensor]:
        """Run a one-input model. Returns the named outputs. ModelError names the file if it can't be run."""
        name = self._session(model, outputs).get_inputs()[0].name
        return self.run_named(model, {name: tensor}, outputs)

    def run_named(
        self, model: ModelFile, inputs: Mapping[str, npt.NDArray[Any]], outputs: tuple[str, ...]
    ) -> list[Tensor]:
        """Run a model on inputs by name, each of the type the file asks for. Returns the named outputs.

        ModelError names the file if it can't be run.
        """
        session = self._session(model, outputs)
        try:
            values = session.run(list(outputs), dict(inputs))
        except _refusals() as error:
            reason = str(error).splitlines()[0]
            shapes = ", ".join(f"{name} {value.shape}" for name, value in inputs.items())
            raise ModelError(f"{model.path.name} failed on an input of {shapes}: {reason}") from error
        return [np.asarray(value) for value in values]

    def _session(self, model: ModelFile, outputs: tuple[str, ...]) -> "onnxruntime.InferenceSession":
        session = self._sessions.get(model.sha256)
        if session is None:
            session = self._sessions[model.sha256] = self._open(model, outputs)
        return session

    def _open(self, model: ModelFile, outputs: tuple[str, ...]) -> "onnxruntime.InferenceSession":
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(
                model.path.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except OSError as error:
            raise ModelError(f"can't read the model {model.path}: {error.strerror or error}") from error
        except _refusals() as error:
            reason = str(error).splitlines()[0]
            raise ModelError(f"{model.path} is not a model ONNX Runtime can run: {reason}") from error
        missing = set(outputs) - {output.name for output in session.get_outputs()}
        if missing:
            raise ModelError(
                f"{model.path} is not the expected model: it lacks the output {sorted(missing)[0]!r}"
            )
        return session

    def close(self) -> None:
        """Let go of every session."""
        self._sessions.clear()


def _refusals() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises for a file or an input it can't use: its own types, with no base in common."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    return (
        state.Fail,
        state.InvalidArgument,
        state.InvalidGraph,
        state.InvalidProtobuf,
        state.NoModel,
        state.NotImplemented,
        state.RuntimeException,
    )
