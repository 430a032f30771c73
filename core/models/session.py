# SPDX-License-Identifier: GPL-3.0-or-later
"""The ONNX Runtime sessions that run model files."""

from collections.abc import Mapping, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from ..errors import ModelError, first_line
from ..filesystem import Location
from ..reporting.log import room_logger
from ..reporting.quoting import quote
from ..system.address_space import limit_bytes
from ..system.library_versions import library_inputs
from ..system.memory_errors import MEMORY_HINT
from .engine_folder import make_engine_folder
from .graphs.graph_folder import GraphFolder
from .graphs.optimized_graphs import OptimizedGraphs
from .io_binding import run_with_binding
from .memory_limit import release_memory
from .model_file import ModelFile
from .onnx_file import last_initializer, read_model_file, read_onnx_info
from .onnx_skeleton import MAX_SMALL_BYTES, read_skeleton, small_last_initializer
from .open_model import OpenModel
from .openings import OpeningsAhead, check_beside
from .ort_exceptions import is_out_of_memory, ort_exceptions
from .processor import Processor, ProviderOptions, open_session, require_provider_names
from .processor_choice import select_processor

if TYPE_CHECKING:
    import onnxruntime

_LOGGER = room_logger("models")
Tensor = npt.NDArray[np.float32]
Feeds = Tensor | Mapping[str, npt.NDArray[Any]]
"""The first input's tensor, or every input's by name."""


class ModelPool:
    """Opens models when first run and keeps them open.

    `load_count` counts the sessions made, so that a render which should need no model can prove it.
    """

    def __init__(
        self,
        threads: int = 0,
        providers: Sequence[str] = ("cpu",),
        engine_folder: Location | None = None,
        graph_folder: GraphFolder | None = None,
    ) -> None:
        """Make an empty pool. `threads` per model run; 0 lets ONNX Runtime choose.

        `providers` are AUTOMATIC or names of `PROVIDERS` in the order to be tried; see `select_processor`.
        `engine_folder` is a folder for what a processor builds from models, such as TensorRT's engines, in the user's
        own cache; it is made when needed. `graph_folder` keeps what ONNX Runtime makes of large models. ModelError for
        an unknown name.
        """
        require_provider_names(providers)
        self._threads = threads
        self._providers = tuple(providers)
        self._engine_folder = engine_folder
        self._sessions: dict[tuple[str, bool], OpenModel] = {}
        self._openings: OpeningsAhead[tuple[str, bool], OpenModel] = OpeningsAhead()
        self._optimized_graphs = OptimizedGraphs(graph_folder, threads)
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
        opened = self._open_model(model, exact=exact)
        opened.require_outputs(outputs, model.path)
        return self._run(opened.session, model.path.name, feeds, list(outputs))

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

    def open_ahead(self, model: ModelFile, *, exact: bool = True, keep_initializer: bool = False) -> None:
        """Begin to open a model that will be run soon, on another thread; what goes wrong is met when it is run.

        With `keep_initializer` its `last_initializer` is kept.
        """
        key = self._session_key(model, exact=exact)
        # Two at once take more memory. What accelerators make of models is made on the thread that runs them.
        may_begin = self.processor.runs_on_cpu and limit_bytes() is None
        if may_begin and key not in self._sessions:
            work = partial(self._open, model, exact=exact, keep_initializer=keep_initializer)
            self._openings.begin(key, work)

    def last_initializer(self, model: ModelFile, *, exact: bool = True) -> Tensor:
        """Return the values of a model's last initializer, of the bytes that it is opened from; see `onnx_file`."""
        values = self._open_model(model, exact=exact, keep_initializer=True).last_initializer
        return last_initializer(model.read_and_verify(), model.path) if values is None else values

    def finish_graphs(self) -> None:
        """Make, at the end of a program's work, the optimized graphs that it began too few runs for."""
        self._optimized_graphs.finish()

    def close(self) -> None:
        """Let go of every session, and of the memory that they took."""
        self._optimized_graphs.close()
        had_any = self._openings.close() or bool(self._sessions or self._graphs)
        self._sessions.clear()
        self._graphs.clear()
        if had_any:
            release_memory()

    def _session(self, model: ModelFile, *, exact: bool = True) -> "onnxruntime.InferenceSession":
        return self._open_model(model, exact=exact).session

    def _session_key(self, model: ModelFile, *, exact: bool) -> tuple[str, bool]:
        return model.sha256, exact or self.processor.is_always_exact

    def _open_model(self, model: ModelFile, *, exact: bool, keep_initializer: bool = False) -> OpenModel:
        key = self._session_key(model, exact=exact)
        opened = self._sessions.get(key)
        self._optimized_graphs.count_run(is_opening=opened is None or self._openings.has_pending)
        if opened is None:
            opening = self._openings.take(key)
            if opening is None:
                opened = self._open(model, exact=exact, keep_initializer=keep_initializer)
            else:
                opened = opening.result()
            self._sessions[key] = opened
            _LOGGER.info("model %s loaded on %s", quote(model.path.name), self.processor.name)
        return opened

    def _open(self, model: ModelFile, *, exact: bool, keep_initializer: bool = False) -> OpenModel:
        if self.processor.opens_files and model.can_be_opened_by_path():
            options = self._provider_options(exact=exact)
            open_file = partial(self._open_file, model, options, keep_initializer=keep_initializer)
            return self._optimized_graphs.open_model(model, self.processor, options, open_file)
        data = read_model_file(model.path)
        # Nothing is run before it is known to be what the hash names; its structure is walked before it is opened.
        with check_beside(partial(model.verify, data), len(data)):
            read_onnx_info(data, model.path)
            session = self._create_session(data, str(model.path), self._provider_options(exact=exact))
        return OpenModel(session, last_initializer(data, model.path) if keep_initializer else None)

    def _open_file(
        self, model: ModelFile, provider_options: ProviderOptions, *, keep_initializer: bool
    ) -> OpenModel:
        """Open a large model by its path: of bytes ONNX Runtime makes a copy, and keeps both."""
        with model.verify_beside():
            skeleton = read_skeleton(model.path, MAX_SMALL_BYTES)
            info = read_onnx_info(skeleton, model.path)
            session = self._create_session(str(model.path), str(model.path), provider_options)
        return OpenModel(
            session, small_last_initializer(skeleton, info, model.path) if keep_initializer else None
        )

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
        self, model: bytes | str, name: str, provider_options: ProviderOptions
    ) -> "onnxruntime.InferenceSession":
        wanted = provider_options[0][0]
        try:
            session = open_session(model, self.processor, self._threads, provider_options)
        except ort_exceptions() as error:
            if is_out_of_memory(error):
                raise ModelError(
                    f"there is not enough memory to load the model {name}{MEMORY_HINT}"
                ) from error
            reason = first_line(error)
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
                    f"there is not enough memory to run the model {name}{MEMORY_HINT}"
                ) from error
            reason, shapes = first_line(error), [tensor.shape for tensor in tensors.values()]
            raise ModelError(
                f"{name} failed on an input of {', '.join(map(str, shapes))}: {reason}"
            ) from error
        return [np.asarray(value) for value in values]
