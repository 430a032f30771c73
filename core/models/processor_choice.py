# SPDX-License-Identifier: GPL-3.0-or-later
"""Which processor runs the models: the first of those that were asked for that is seen to work here."""

from collections.abc import Sequence
from fnmatch import filter as filter_names
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ..errors import first_line
from ..filesystem import Folder
from ..system.cpu_features import lacks_bf16
from .onnx_writer import GraphWriter
from .ort_exceptions import ort_exceptions
from .processor import Processor, open_session, require_provider_names
from .providers import AUTOMATIC, OPENVINO_BF16, OPENVINO_CPU

# TensorRT builds an engine for minutes before the first frame, CoreML computes in half precision, and what OpenVINO
# computes on the CPU has keys of its own: only for those who ask for them by name.
_AUTOMATIC_ORDER = ("cuda", "rocm", "directml", "openvino")
# A file of each of them beside ONNX Runtime's own: looking for it is a thousand times quicker than loading that.
_LIBRARIES = {"cuda": "*providers_cuda*", "rocm": "*providers_migraphx*", "directml": "DirectML*"}
_LIBRARIES |= {"openvino": "*providers_openvino*"}
# By how the names of their processors begin: ONNX Runtime's package, and the variant of the extension.
_BUILDS = dict.fromkeys(("cuda", "tensorrt"), ("onnxruntime-gpu", "cuda"))
_BUILDS |= {name: (f"onnxruntime-{name}", name) for name in ("openvino", "directml")}
_LOG_WARNING, _LOG_FATAL = 2, 4


def select_processor(providers: Sequence[str]) -> tuple[Processor, tuple[str, ...]]:
    """Return the first processor that runs here, of AUTOMATIC or names of PROVIDERS in the order to be tried.

    The CPU comes last in any case, and where the CPU has no bfloat16, OpenVINO runs in 32 bits. The texts say of each
    that was passed over why. Where only the CPU is in question ONNX Runtime is not loaded. Raises ModelError for an
    unknown name.
    """
    require_provider_names(providers)
    passed_over: list[str] = []
    for name in _candidate_names(providers, _available_libraries()):
        if name == "cpu":
            break
        reason = _fault(Processor(name))
        if not reason and name == OPENVINO_BF16:
            reason = _bf16_fault()
            if reason:
                text = f"{name} can't run models here, {OPENVINO_CPU} does: {reason}"
                return Processor(OPENVINO_CPU), (*passed_over, text)
        if not reason:
            return Processor(name), tuple(passed_over)
        passed_over.append(f"{name} can't run models here, the CPU does: {reason}")
    return Processor(), tuple(passed_over)


def _candidate_names(providers: Sequence[str], available: Sequence[str]) -> tuple[str, ...]:
    """Return the names to try in order, the CPU last, with the best that is here in the place of AUTOMATIC."""
    best = [name for name in _AUTOMATIC_ORDER if name in available]
    wanted = [one for name in providers for one in (best if name == AUTOMATIC else [name])]
    return tuple(dict.fromkeys((*wanted, "cpu")))


def _available_libraries() -> tuple[str, ...]:
    """Return which of _LIBRARIES are beside ONNX Runtime, without loading it."""
    spec = find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        return ()
    try:
        with Folder(Path(spec.origin).parent / "capi") as folder:
            names = folder.names()
    except OSError:
        return ()
    return tuple(name for name, pattern in _LIBRARIES.items() if filter_names(names, pattern))


def _fault(processor: Processor) -> str:
    """Say why a processor does not run here: empty if it does, which is found out by running a sum on it."""
    import onnxruntime

    if processor.provider not in onnxruntime.get_available_providers():
        return f"this ONNX Runtime has no {processor.provider}{_remedy(processor.name)}"
    # What is missing is told below, in one line instead of ONNX Runtime's many.
    onnxruntime.set_default_logger_severity(_LOG_FATAL)
    try:
        return _trial_fault(processor)
    finally:
        onnxruntime.set_default_logger_severity(_LOG_WARNING)


def _remedy(name: str) -> str:
    build = next((build for build in _BUILDS if name.startswith(build)), None)
    if build is None:
        return ""
    package, variant = _BUILDS[build]
    return f"; install {package} in its place, or the extension's variant {variant}: see docs/processors.md"


def _trial_fault(processor: Processor) -> str:
    kinds: tuple[type[Exception], ...] = (*ort_exceptions(), RuntimeError, ValueError)
    graph = GraphWriter("sum")
    graph.output(graph.input("number", "float32", 1) + 1, "sum", "float32", 1)
    try:
        session = open_session(graph.model(), processor, 1, processor.options(None, exact=True))
        if processor.provider not in session.get_providers():
            return "ONNX Runtime could not start it; its libraries may be missing"
        session.run(None, {"number": np.ones(1, np.float32)})
    except kinds as error:
        return first_line(error)
    return ""


def _bf16_fault() -> str:
    """Say why OpenVINO, which runs here, computes nothing in bfloat16: empty if it does."""
    if lacks_bf16():
        return "this CPU has neither AVX512_BF16 nor AMX"
    # It keeps to 32 bits without a word where it can't: results of both would have one key.
    if np.array_equal(_product(exact=False), _product(exact=True)):
        return "it computes in 32 bits on this CPU"
    return ""


def _product(*, exact: bool) -> npt.NDArray[np.float32]:
    """Return a matrix product by OpenVINO, whose last bits bfloat16 does not hold."""
    graph, processor = GraphWriter("product"), Processor(OPENVINO_BF16)
    thirds = np.arange(1, 257, dtype=np.float32).reshape(16, 16) / 3
    graph.output(graph.input("row", "float32", 1, 16) @ graph.constant(thirds), "product", "float32", 1, 16)
    session = open_session(graph.model(), processor, 1, processor.options(None, exact=exact))
    return np.asarray(session.run(None, {"row": thirds[:1]})[0], np.float32)
