# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs the models: the CPU or an accelerator, found once and named in keys.

A graphics processor's floats differ from the CPU's in their last bits, so what it computed has keys of its own: a
line `processor=cuda`. What the CPU computed has no such line. That holds only if the processor is known before any
key is made, and if a model never runs elsewhere than its key says.

Source: ONNX Runtime's pages on its execution providers, for their names and options.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import filter as filter_names
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ..errors import ModelError
from ..filesystem import Folder
from .memory_limit import limit_memory
from .onnx_writer import GraphWriter
from .ort_exceptions import ort_exceptions

if TYPE_CHECKING:
    import onnxruntime

HALF_PRECISION_SUFFIX = "-fp16"
"""Ends the name of a processor that is allowed to compute in half precision where a model draws an image."""

PROVIDERS: Mapping[str, str] = {
    "cpu": "CPUExecutionProvider",
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    f"tensorrt{HALF_PRECISION_SUFFIX}": "TensorrtExecutionProvider",
    "directml": "DmlExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    f"openvino{HALF_PRECISION_SUFFIX}": "OpenVINOExecutionProvider",
    "rocm": "MIGraphXExecutionProvider",
}
"""What the processors that ONNX Runtime can use are called here, and there."""

AUTOMATIC = "automatic"
"""The best processor that is here: of _AUTOMATIC_ORDER, the CPU last."""
# TensorRT builds an engine for minutes before the first frame, and CoreML computes in half precision: both only
# for those who ask for them by name.
_AUTOMATIC_ORDER = ("cuda", "rocm", "directml", "openvino")
# A file of each of them beside ONNX Runtime's own: looking for it is a thousand times quicker than loading that.
_LIBRARIES = {"cuda": "*providers_cuda*", "rocm": "*providers_migraphx*", "directml": "DirectML*"}
_LIBRARIES |= {"openvino": "*providers_openvino*"}
_LOG_WARNING, _LOG_FATAL = 2, 4

ProviderOptions = tuple[tuple[str, Mapping[str, str]], ...]
"""Execution providers with their options, in the order in which ONNX Runtime is to try them for each operator."""


@dataclass(frozen=True)
class Processor:
    """One of PROVIDERS, by name."""

    name: str = "cpu"

    @property
    def key_inputs(self) -> dict[str, str]:
        """What it adds to the key of a stage whose models it runs: nothing for the CPU."""
        return {} if self.name == "cpu" else {"processor": self.name}

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of it."""
        return PROVIDERS[self.name]

    @property
    def device(self) -> str:
        """What kind of memory it reads, for binding inputs and outputs; `cpu` where binding gains nothing."""
        return {"cuda": "cuda", "tensorrt": "cuda", "directml": "dml"}.get(self._base, "cpu")

    @property
    def fuses_images(self) -> bool:
        """Whether images are fused on it.

        OpenVINO and MIGraphX would compile the graph for every new size. TensorRT too: CUDA stands in for it.
        """
        return self._base in ("cuda", "tensorrt", "directml", "coreml")

    @property
    def is_always_exact(self) -> bool:
        """Whether it computes the same whether asked to be exact or not."""
        return not (self.name.endswith(HALF_PRECISION_SUFFIX) or self.name == "coreml")

    def options(self, engine_folder: Path | None, *, exact: bool) -> ProviderOptions:
        """Return the providers that run a model, the CPU last: it takes what the others can't.

        `engine_folder` is where what is built for a model is kept; None builds it anew in every process. With `exact`
        nothing is computed in less than 32 bits.
        """
        base, half = self._base, self.name.endswith(HALF_PRECISION_SUFFIX) and not exact
        cpu: ProviderOptions = ((PROVIDERS["cpu"], {}),)
        # The quickest algorithm of a trial run may be another one next time, with another last bit; so may TF32's
        # 10-bit products be worse than what a key without `fp16` promises.
        cuda = (PROVIDERS["cuda"], {"cudnn_conv_algo_search": "HEURISTIC", "use_tf32": "0"})
        if base == "cuda":
            return (cuda, *cpu)
        if base == "tensorrt":
            return ((self.provider, _tensorrt_options(engine_folder, half=half)), cuda, *cpu)
        if base == "openvino":
            kept = {} if engine_folder is None else {"cache_dir": str(engine_folder)}
            precision = {"precision": "FP16" if half else "ACCURACY"}
            # Its AUTO lets the CPU begin while the GPU compiles: results of both would have one key.
            return ((self.provider, {"device_type": "GPU", **precision, **kept}), *cpu)
        if base == "coreml":
            # Apple's neural engine has half floats alone.
            units = {"MLComputeUnits": "CPUAndGPU" if exact else "ALL"}
            return ((self.provider, {"ModelFormat": "MLProgram", **units}), *cpu)
        return cpu if base == "cpu" else ((self.provider, {}), *cpu)

    def fusion_options(self) -> ProviderOptions:
        """Return the providers that fuse images: as `options`, but without TensorRT.

        It would build an engine for each new size, and every face has another one.
        """
        skipped = PROVIDERS["tensorrt"]
        return tuple(entry for entry in self.options(None, exact=True) if entry[0] != skipped)

    @property
    def _base(self) -> str:
        return self.name.removesuffix(HALF_PRECISION_SUFFIX)


def available_providers() -> tuple[str, ...]:
    """Return the names of `PROVIDERS` that this ONNX Runtime has; loads it."""
    import onnxruntime

    here = onnxruntime.get_available_providers()
    return tuple(name for name, wanted in PROVIDERS.items() if wanted in here)


def parse_provider(text: str) -> str:
    """Return the name of a processor, or AUTOMATIC. Raises ValueError for any other text."""
    if text != AUTOMATIC and text not in PROVIDERS:
        raise ValueError(f"{text!r} is none of {AUTOMATIC}, {', '.join(PROVIDERS)}")
    return text


def require_provider_names(providers: Sequence[str]) -> None:
    """Raise ModelError for a name that is neither AUTOMATIC nor one of PROVIDERS."""
    unknown = [name for name in providers if name != AUTOMATIC and name not in PROVIDERS]
    if unknown:
        raise ModelError(f"there is no provider {unknown[0]!r}: use {AUTOMATIC}, {', '.join(PROVIDERS)}")


def select_processor(providers: Sequence[str]) -> tuple[Processor, tuple[str, ...]]:
    """Return the first processor that runs here, of AUTOMATIC or names of PROVIDERS in the order to be tried.

    The CPU comes last in any case. The texts say of each that was passed over why. Where only the CPU is in
    question ONNX Runtime is not loaded. Raises ModelError for an unknown name.
    """
    require_provider_names(providers)
    passed_over: list[str] = []
    for name in _candidate_names(providers, _available_libraries()):
        if name == "cpu":
            break
        reason = _fault(Processor(name))
        if not reason:
            return Processor(name), tuple(passed_over)
        passed_over.append(f"{name} can't run models here, the CPU does: {reason}")
    return Processor(), tuple(passed_over)


def open_session(
    data: bytes, processor: Processor, threads: int, provider_options: ProviderOptions
) -> "onnxruntime.InferenceSession":
    """Open a model's bytes. Raises what ONNX Runtime raises, instead of going on with the CPU by itself."""
    import onnxruntime

    providers = [(provider, dict(options)) for provider, options in provider_options]
    options = session_options(processor, threads)
    return onnxruntime.InferenceSession(data, options, providers=providers, enable_fallback=0)


def session_options(processor: Processor, threads: int) -> "onnxruntime.SessionOptions":
    """Return ONNX Runtime's options for a session on a processor; `threads` 0 lets it choose."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    # Threads that wait busily would take the cores from decoding and from the host's own work.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.use_deterministic_compute = processor.name != "cpu"
    limit_memory(options)
    if processor.name == "directml":  # it takes neither
        options.enable_mem_pattern = False
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    return options


def _tensorrt_options(engine_folder: Path | None, *, half: bool) -> dict[str, str]:
    options = {"trt_fp16_enable": "1"} if half else {}
    if engine_folder is None:
        return options
    return options | {
        "trt_engine_cache_enable": "1",
        "trt_engine_cache_path": str(engine_folder),
        "trt_timing_cache_enable": "1",
        "trt_timing_cache_path": str(engine_folder),
    }


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
        return f"this ONNX Runtime has no {processor.provider}"
    # What is missing is told below, in one line instead of ONNX Runtime's many.
    onnxruntime.set_default_logger_severity(_LOG_FATAL)
    try:
        return _trial_fault(processor)
    finally:
        onnxruntime.set_default_logger_severity(_LOG_WARNING)


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
        return str(error).splitlines()[0]
    return ""
