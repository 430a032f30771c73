# SPDX-License-Identifier: GPL-3.0-or-later
"""Model files, known by their content, and the ONNX Runtime sessions that run them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError
from ..filesystem import Location
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from ..system.library_versions import library_inputs
from .engine_folder import make_engine_folder
from .hashes import file_sha256, forget_hash
from .io_binding import run_with_binding
from .memory_limit import release_memory
from .onnx_file import read_model_file, read_onnx_info
from .ort_exceptions import is_out_of_memory, ort_exceptions
from .processor import Processor, ProviderOptions, open_session, require_provider_names
from .processor_choice import select_processor

if TYPE_CHECKING:
    import onnxruntime

_LOGGER = room_logger("models")
_MEMORY_HINT = ": close other programs, or raise the limit (ulimit -v)"
Tensor = npt.NDArray[np.float32]
Feeds = Tensor | Mapping[str, npt.NDArray[Any]]
"""The first input's tensor, or every input's by name."""


@dataclass(frozen=True)
class ModelFile:
    """An ONNX file on disk."""

    path: Path
    cached_sha256: str = field(default="", compare=False)
    """Its hash, where it is remembered; empty to compute it."""

    @cached_property
    def sha256(self) -> str:
        """Hex SHA-256 of the file: what the model is called in keys. ModelError if it can't be read."""
        return self.cached_sha256 or file_sha256(self.path)

    def read_and_verify(self) -> bytes:
        """Read the file: what is run or taken from it is what its hash, and so every key, names.

        ModelError if it can't be read, or is another file than when its hash was taken.
        """
        data = read_model_file(self.path)
        if sha256(data).hexdigest() != self.sha256:
            forget_hash(self.path)
            raise ModelError(f"the model {self.path} changed while it was in use: run this again")
        return data


class ModelPool:
    """Opens models when first run and keeps them open.

    `load_count` counts the sessions made, so that a render which should need no model can prove it.
    """

    def __init__(
        self, threads: int = 0, providers: Sequence[str] = ("cpu",), engine_folder: Location | None = None
    ) -> None:
        """Make an empty pool. `threads` per model run; 0 lets ONNX Runtime choose.

        `providers` are AUTOMATIC or names of `PROVIDERS` in the order to be tried; see `select_processor`.
        `engine_folder` is a folder for what a processor builds from models, such as TensorRT's engines, in the user's
        own cache; it is made when needed. ModelError for an unknown name.
        """
        require_provider_names(providers)
        self._threads = threads
        self._providers = tuple(providers)
        self._engine_folder = engine_folder
        self._sessions: dict[tuple[str, bool], onnxruntime.InferenceSession] = {}
        self._graphs: dict[bytes, onnxruntime.InferenceSession] = {}
        self._warnings: dict[str, None] = {}

    @property
    def load_count(self) -> int:
        """How many models this pool has loaded."""
        return len(self._sessions)

    @cached_property
    def processor(self) -> Processor:
        """What runs every model of this pool; found out when first asked for."""
        processor, passed_over = select_processor(self._providers)
        self._warnings.update(dict.fromkeys(passed_over))
        for text in passed_over:
            _LOGGER.warning("%s", quote(text))
        return processor

    @property
    def key_inputs(self) -> dict[str, str]:
        """What the processor adds to the key of every stage that runs a model to find something."""
        return {**self.processor.key_inputs, **library_inputs("numpy", "onnxruntime", "opencv")}

    @property
    def picture_key_inputs(self) -> dict[str, str]:
        """What it adds to the key of a stage whose models draw a picture."""
        return {**self.key_inputs, **self.processor.picture_key_inputs}

    @property
    def warnings(self) -> tuple[str, ...]:
        """Which providers were passed over, and why engines are not kept."""
        return tuple(self._warnings)

    def run(
        self, model: ModelFile, feeds: Feeds, outputs: tuple[str, ...], *, exact: bool = True
    ) -> list[Tensor]:
        """Run a model. Returns the named outputs. ModelError names the file if it can't be run.

        Without `exact` it may compute in less than 32 bits, if the pool's processor is one that does.
        """
        session = self._session(model, exact=exact)
        self._require_outputs(session, model, outputs)
        return self._run(session, model.path.name, feeds, list(outputs))

    def run_all(self, model: ModelFile, feeds: Feeds) -> list[Tensor]:
        """Run a model. Returns all its outputs in its own order."""
        return self._run(self._session(model), model.path.name, feeds, None)

    def run_batch(self, model: ModelFile, images: Tensor, *, exact: bool = True) -> list[Tensor]:
        """Run a one-input model on (n, …) images: at once if it takes any number, else one by one.

        For `exact` see `run`.
        """
        session = self._session(model, exact=exact)
        count = session.get_inputs()[0].shape[0]
        if not isinstance(count, int) or count == len(images):
            return self._run(session, model.path.name, images, None)
        rows = [
            self._run(session, model.path.name, images[row : row + 1], None) for row in range(len(images))
        ]
        return [np.concatenate(parts) for parts in zip(*rows, strict=True)]

    def input_shape(self, model: ModelFile) -> tuple[int | None, ...]:
        """Return the shape of a model's first input, None for a size that may vary."""
        shape = self._session(model).get_inputs()[0].shape
        return tuple(size if isinstance(size, int) else None for size in shape)

    def run_graph(self, graph: bytes, feeds: Mapping[str, npt.NDArray[Any]]) -> list[npt.NDArray[Any]]:
        """Run a graph of our own that makes images, on the same processor.

        Parameters
        ----------
        graph : bytes
            The graph, as an ONNX file.
        feeds : mapping of str to ndarray
            Its inputs by name.

        Returns
        -------
        list of ndarray
            All its outputs.

        Raises
        ------
        ModelError
            It can't be run.
        """
        session = self._graphs.get(graph)
        if session is None:
            session = self._graphs[graph] = self._create_session(
                graph, "the graph of fusion", self.processor.fusion_options()
            )
        return self._run(session, "the graph of fusion", feeds, None)

    def close(self) -> None:
        """Let go of every session, and of the memory that they took."""
        had_any = bool(self._sessions or self._graphs)
        self._sessions.clear()
        self._graphs.clear()
        if had_any:
            release_memory()

    def _session(self, model: ModelFile, *, exact: bool = True) -> "onnxruntime.InferenceSession":
        key = model.sha256, exact or self.processor.is_always_exact
        session = self._sessions.get(key)
        if session is None:
            session = self._sessions[key] = self._open(model, exact=exact)
        return session

    def _open(self, model: ModelFile, *, exact: bool) -> "onnxruntime.InferenceSession":
        data = model.read_and_verify()
        read_onnx_info(data, model.path)
        session = self._create_session(data, str(model.path), self._provider_options(exact=exact))
        _LOGGER.info("model %s loaded on %s", quote(model.path.name), self.processor.name)
        return session

    def _provider_options(self, *, exact: bool) -> ProviderOptions:
        """Return the providers for a model, with a folder for engines where they need one and it is safe."""
        without = self.processor.options(None, exact=exact, threads=self._threads)
        if self._engine_folder is None:
            return without
        chain = self.processor.options(self._engine_folder.path, exact=exact, threads=self._threads)
        if chain == without:
            return chain
        fault = make_engine_folder(self._engine_folder)
        if not fault:
            return chain
        # One line, also where every model finds something else there.
        self._engine_folder = None
        warning = f"what {self.processor.name} builds from models is not kept: {fault}"
        self._warnings[warning] = None
        _LOGGER.warning("%s", quote(warning))
        return without

    def _create_session(
        self, data: bytes, name: str, provider_options: ProviderOptions
    ) -> "onnxruntime.InferenceSession":
        wanted = provider_options[0][0]
        try:
            session = open_session(data, self.processor, self._threads, provider_options)
        except ort_exceptions() as error:
            if is_out_of_memory(error):
                raise ModelError(
                    f"there is not enough memory to load the model {name}{_MEMORY_HINT}"
                ) from error
            reason = str(error).splitlines()[0]
            raise ModelError(
                f"{name} is not a model ONNX Runtime can run{self._provider_hint()}: {reason}"
            ) from error
        # Run elsewhere its results would be kept under a key that is not theirs.
        if wanted not in session.get_providers():
            raise ModelError(f"{name} can't be run by {wanted}{self._provider_hint()}")
        return session

    def _provider_hint(self) -> str:
        return "" if self.processor.name == "cpu" else f" on {self.processor.name} (the provider `cpu` may)"

    def _run(
        self,
        session: "onnxruntime.InferenceSession",
        name: str,
        feeds: Feeds,
        outputs: list[str] | None,
    ) -> list[npt.NDArray[Any]]:
        tensors = feeds if isinstance(feeds, Mapping) else {session.get_inputs()[0].name: feeds}
        try:
            names = outputs or [output.name for output in session.get_outputs()]
            if self.processor.device == "cpu":
                values = session.run(names, dict(tensors))
            else:
                values = run_with_binding(session, tensors, names, self.processor.device)
        except ort_exceptions() as error:
            if is_out_of_memory(error):
                raise ModelError(
                    f"there is not enough memory to run the model {name}{_MEMORY_HINT}"
                ) from error
            reason, shapes = str(error).splitlines()[0], [tensor.shape for tensor in tensors.values()]
            raise ModelError(
                f"{name} failed on an input of {', '.join(map(str, shapes))}: {reason}"
            ) from error
        return [np.asarray(value) for value in values]

    def _require_outputs(
        self, session: "onnxruntime.InferenceSession", model: ModelFile, outputs: tuple[str, ...]
    ) -> None:
        missing = set(outputs) - {output.name for output in session.get_outputs()}
        if missing:
            raise ModelError(
                f"{model.path} is not the expected model: it lacks the output {sorted(missing)[0]!r}"
            )
