# SPDX-License-Identifier: GPL-3.0-or-later
"""Opening large models by their optimized graphs, and having those made that are not there yet.

To make one takes twice as long as to open the model. So it is done once in a machine's life and not before the first
frame: on a thread of its own, once models are run again and again, and no other is opened any more. A program that has
nothing else to do can have it done at its end, where an earlier one missed the graph too: a single one does not wait.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from ...errors import ModelError, first_line, os_error_reason
from ...reporting.log import room_logger
from ...reporting.quoting import quote
from ..model_file import ModelFile
from ..open_model import OpenModel
from ..ort_exceptions import ort_exceptions
from ..processor import Processor, ProviderOptions
from .graph_folder import GraphFolder
from .key import graph_key
from .record import model_stamp, read_record
from .request import GraphRequest, open_entry
from .save import save_graph

_LOGGER = room_logger("models")
QUIET_RUNS = 16
"""How many runs of models, none of them opened meanwhile, come before graphs are made: four frames of one face."""


class OptimizedGraphs:
    """What a pool of models has of optimized graphs. `open_model` may be called on any thread, all else on one."""

    def __init__(self, folder: GraphFolder | None, threads: int) -> None:
        """Without a `folder` nothing is kept, and nothing that was kept is opened."""
        self._folder = folder
        self._threads = threads
        self._missing: dict[str, GraphRequest] = {}
        self._run_count = 0
        self._executor: ThreadPoolExecutor | None = None

    def open_model(
        self,
        model: ModelFile,
        processor: Processor,
        provider_options: ProviderOptions,
        open_file: Callable[[], OpenModel],
    ) -> OpenModel:
        """Open a model by its graph, or by `open_file` where there is none that is whole: then one is made later.

        The model is one that can be opened by its path. What is run is what was made of the file that its hash names,
        read whole and hashed as a model file is. ModelError if the file is another by now.
        """
        folder = self._folder
        if folder is None or not _is_eligible(folder, model):
            return open_file()
        key = graph_key(model.sha256, provider_options)
        if not key:
            return open_file()
        request = GraphRequest(key, model, processor, provider_options, self._threads)
        opened = self._open_graph(folder, request)
        if opened is None:
            opened = open_file()
            self._missing[key] = request
        return opened

    def count_run(self, *, is_opening: bool) -> None:
        """Count a run of a model. `is_opening`: it had to be opened, or others are being opened."""
        if not self._missing:
            return
        self._run_count = 0 if is_opening else self._run_count + 1
        if self._run_count >= QUIET_RUNS:
            self._begin(self._take_missing())

    def finish(self) -> None:
        """Make the graphs that were missing in an earlier process too, and wait for them."""
        requests = self._take_missing()
        self._begin([request for request in requests if self._was_missing_before(request.key)])
        if self._executor is not None:
            self._executor.shutdown(wait=True)
            self._executor = None

    def close(self) -> None:
        """Wait for the graph that is being made, and make no more."""
        self._missing.clear()
        if self._executor is not None:
            self._executor.shutdown(wait=True, cancel_futures=True)
            self._executor = None

    def _was_missing_before(self, key: str) -> bool:
        if self._folder is None or self._folder.fault():
            return False
        try:
            return self._folder.record_miss(key)
        except OSError:  # then no graph can be kept either
            return False

    def _take_missing(self) -> list[GraphRequest]:
        """Return what is missing, which is forgotten. A model that is opened ahead may add to it meanwhile."""
        requests = list(self._missing.values())
        self._missing.clear()
        return requests

    def _begin(self, requests: Sequence[GraphRequest]) -> None:
        if not requests:
            return
        if self._executor is None:
            self._executor = ThreadPoolExecutor(1, "understudy graphs")
        with suppress(RuntimeError):  # there may be no more threads: another process makes them
            for request in requests:
                self._executor.submit(self._save, request)

    def _open_graph(self, folder: GraphFolder, request: GraphRequest) -> OpenModel | None:
        request.model.require_unchanged()
        if folder.fault():
            return None
        try:
            # Nothing is kept of a model that its user removed.
            folder.remove_unused()
            with (folder.place / request.key).open() as entry:
                record = read_record(entry)
        except OSError:
            return None
        if record is None:
            return None
        try:
            opened = open_entry(folder.place.path / request.key, record, request)
        except _faults() as error:
            name = quote(request.model.path.name)
            _LOGGER.warning("the optimized graph of %s is not used: %s", name, quote(_reason(error)))
            folder.remove(request.key)
            return None
        folder.mark_used(request.key)
        return opened

    def _save(self, request: GraphRequest) -> None:
        if self._folder is None:
            return
        name = quote(request.model.path.name)
        try:
            reason = save_graph(self._folder, request)
        except _faults() as error:
            reason = _reason(error)
        if reason:
            _LOGGER.info("the optimized graph of %s is not kept: %s", name, quote(reason))
        else:
            _LOGGER.info("the optimized graph of %s is kept in %s", name, quote(self._folder.place.path))


def _is_eligible(folder: GraphFolder, model: ModelFile) -> bool:
    # ONNX Runtime is given the folder's path: names whose parts are not printable are for Python alone.
    return str(folder.place.path).isprintable() and model_stamp(model.path)[0] >= folder.min_model_bytes


def _faults() -> tuple[type[Exception], ...]:
    """Return what can go wrong with files on a disk that is full, damaged or gone, and with what is in them."""
    return (ModelError, OSError, MemoryError, ValueError, RuntimeError, *ort_exceptions())


def _reason(error: Exception) -> str:
    return os_error_reason(error) if isinstance(error, OSError) else first_line(error)
