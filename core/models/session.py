# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files, known by their content, and the ONNX Runtime sessions that run them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import file_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from .onnx_file import onnx_facts, read_checked, require_size

if TYPE_CHECKING:
    import onnxruntime

Tensor = npt.NDArray[np.float32]
Feeds = Tensor | Mapping[str, npt.NDArray[Any]]
"""The first input's tensor, or every input's by name."""

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "rocm": "ROCMExecutionProvider",
}
"""What the processors that ONNX Runtime can use are called here, and there."""

AUTOMATIC = "automatic"
"""The best processor that is here: of _BY_ITSELF, the CPU last."""
# TensorRT builds an engine for minutes before the first frame, and CoreML computes in half precision: both only
# for those who ask for them by name.
_BY_ITSELF = ("cuda", "rocm", "directml", "openvino")


def available_providers() -> tuple[str, ...]:
    """Return the names of `PROVIDERS` that this ONNX Runtime has; loads it."""
    import onnxruntime

    here = onnxruntime.get_available_providers()
    return tuple(name for name, wanted in PROVIDERS.items() if wanted in here)


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file on disk."""

    path: Path
    known_sha256: str = field(default="", compare=False)
    """Its hash, where it is remembered; empty to compute it."""

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what the model is called in keys. ModelError if it can't be read."""
        if self.known_sha256:
            return self.known_sha256
        try:
            require_size(self.path)
            with self.path.open("rb") as file:
                return file_digest(file, "sha256").hexdigest()
        except OSError as error:
            raise ModelError(f"can't read the model {self.path}: {error.strerror or error}") from error


class ModelPool:
    """Opens models when first run and keeps them open.

    `opened` counts the sessions made, so that a render which should need no model can prove it.
    """

    def __init__(self, threads: int = 0, providers: Sequence[str] = ("cpu",)) -> None:
        """Make an empty pool. `threads` per model run; 0 lets ONNX Runtime choose.

        `providers` are AUTOMATIC or names of `PROVIDERS` in the order to be tried; the CPU comes last in any case.
        One that is not there, or can't run a model, is passed over with a warning. ModelError for an unknown name.
        """
        unknown = [name for name in providers if name != AUTOMATIC and name not in PROVIDERS]
        if unknown:
            raise ModelError(f"there is no provider {unknown[0]!r}: use {AUTOMATIC}, {', '.join(PROVIDERS)}")
        self._threads = threads
        self._providers = tuple(dict.fromkeys((*providers, "cpu")))
        self._sessions: dict[str, onnxruntime.InferenceSession] = {}
        self._used: dict[str, str] = {}
        self._warnings: list[str] = []

    @property
    def opened(self) -> int:
        """How many models this pool has loaded."""
        return len(self._sessions)

    @property
    def providers(self) -> dict[str, str]:
        """Which provider runs each loaded model, by the model's file name."""
        return dict(self._used)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which providers were passed over, and why."""
        return tuple(self._warnings)

    def run(self, model: ModelFile, feeds: Feeds, outputs: tuple[str, ...]) -> list[Tensor]:
        """Run a model. Returns the named outputs. ModelError names the file if it can't be run."""
        session = self._session(model)
        self._require(session, model, outputs)
        return self._run(session, model, feeds, list(outputs))

    def run_all(self, model: ModelFile, feeds: Feeds) -> list[Tensor]:
        """Run a model. Returns all its outputs in its own order."""
        return self._run(self._session(model), model, feeds, None)

    def run_batch(self, model: ModelFile, pictures: Tensor) -> list[Tensor]:
        """Run a one-input model on (n, …) pictures: at once if it takes any number, else one by one."""
        session = self._session(model)
        count = session.get_inputs()[0].shape[0]
        if not isinstance(count, int) or count == len(pictures):
            return self._run(session, model, pictures, None)
        rows = [self._run(session, model, pictures[row : row + 1], None) for row in range(len(pictures))]
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def input_shape(self, model: ModelFile) -> tuple[int | None, ...]:
        """Return the shape of a model's first input, None for a size that may vary."""
        shape = self._session(model).get_inputs()[0].shape
        return tuple(size if isinstance(size, int) else None for size in shape)

    def close(self) -> None:
        """Let go of every session."""
        self._sessions.clear()

    def _session(self, model: ModelFile) -> "onnxruntime.InferenceSession":
        session = self._sessions.get(model.sha256)
        if session is None:
            session = self._sessions[model.sha256] = self._open(model)
        return session

    def _run(
        self,
        session: "onnxruntime.InferenceSession",
        model: ModelFile,
        feeds: Feeds,
        outputs: list[str] | None,
    ) -> list[Tensor]:
        tensors = feeds if isinstance(feeds, Mapping) else {session.get_inputs()[0].name: feeds}
        try:
            values = session.run(outputs, tensors)
        except _refusals() as error:
            reason, shapes = str(error).splitlines()[0], [tensor.shape for tensor in tensors.values()]
            raise ModelError(
                f"{model.path.name} failed on an input of {', '.join(map(str, shapes))}: {reason}"
            ) from error
        return [np.asarray(value) for value in values]

    def _open(self, model: ModelFile) -> "onnxruntime.InferenceSession":
        import onnxruntime

        data = read_checked(model.path)
        onnx_facts(data, model.path)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.log_severity_level = 3
        available = available_providers()
        for name in _tried(self._providers, available):
            wanted = PROVIDERS[name]
            if name not in available:
                self._warn(f"{name} can't run models here: this ONNX Runtime has no {wanted}")
                continue
            chain = list(dict.fromkeys((wanted, PROVIDERS["cpu"])))
            try:
                session = onnxruntime.InferenceSession(data, options, providers=chain)
            except _refusals() as error:
                reason = str(error).splitlines()[0]
                if name == "cpu":
                    raise ModelError(f"{model.path} is not a model ONNX Runtime can run: {reason}") from error
                self._warn(f"{name} can't run {model.path.name}: {reason}")
                continue
            if wanted in session.get_providers():
                self._used[model.path.name] = name
                return session
            self._warn(f"{name} can't run {model.path.name}: ONNX Runtime could not start it")
        raise ModelError(
            f"{model.path} can't be run: this ONNX Runtime has no CPU provider; install it again"
        )

    def _require(
        self, session: "onnxruntime.InferenceSession", model: ModelFile, outputs: tuple[str, ...]
    ) -> None:
        missing = set(outputs) - {output.name for output in session.get_outputs()}
        if missing:
            raise ModelError(
                f"{model.path} is not the expected model: it lacks the output {sorted(missing)[0]!r}"
            )

    def _warn(self, text: str) -> None:
        if text not in self._warnings:
            self._warnings.append(text)


def _tried(providers: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """Return the names to try in order, with the best that is here in the place of AUTOMATIC."""
    best = [name for name in _BY_ITSELF if name in available]
    return tuple(dict.fromkeys(one for name in providers for one in (best if name == AUTOMATIC else [name])))


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
