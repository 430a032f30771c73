# SPDX-License-Identifier: GPL-3.0-or-later
"""What runs the models: the CPU or an accelerator, found once and named in keys.

A graphics processor's floats differ from the CPU's in their last bits, so what it computed has keys of its own: a
line `processor=cuda`. What ONNX Runtime's own code for the CPU computed has no such line. That holds only if the
processor is known before any key is made, and if a model never runs elsewhere than its key says.

Source: ONNX Runtime's pages on its execution providers, for their names and options.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ModelError
from .catalog import IMAGE_OUTPUT_ROLES, PICTURE_ROLES
from .memory_limit import limit_memory
from .providers import AUTOMATIC, HALF_PRECISION_SUFFIX, OPENVINO_BF16, OPENVINO_CPU, PROVIDERS

if TYPE_CHECKING:
    import onnxruntime

ProviderOptions = tuple[tuple[str, Mapping[str, str]], ...]
"""Execution providers with their options, in the order in which ONNX Runtime is to try them for each operator."""


@dataclass(frozen=True)
class Processor:
    """One of PROVIDERS, by name."""

    name: str = "cpu"

    @property
    def key_inputs(self) -> dict[str, str]:
        """What it adds to the key of a stage whose models find something: nothing for the CPU."""
        return _key_inputs(OPENVINO_CPU if self.name == OPENVINO_BF16 else self.name)

    @property
    def picture_key_inputs(self) -> dict[str, str]:
        """What it adds to the key of a stage whose models draw a picture: a swap, or an enhanced one."""
        return _key_inputs(self.name)

    @property
    def reduced_roles(self) -> tuple[str, ...]:
        """The roles of those models that it may run in less than 32 bits."""
        if self.is_always_exact:
            return ()
        return PICTURE_ROLES if self.name == OPENVINO_BF16 else IMAGE_OUTPUT_ROLES

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of it."""
        return PROVIDERS[self.name]

    @property
    def device(self) -> str:
        """What kind of memory it reads, for binding inputs and outputs; `cpu` where binding gains nothing."""
        return {"cuda": "cuda", "tensorrt": "cuda", "directml": "dml"}.get(self._base, "cpu")

    @property
    def runs_on_cpu(self) -> bool:
        """Whether it is the CPU, by ONNX Runtime's own code or by OpenVINO's."""
        return self.name in ("cpu", OPENVINO_CPU, OPENVINO_BF16)

    @property
    def opens_files(self) -> bool:
        """Whether it opens a model by its path as it does by its bytes.

        Others may name what they build from a model by its path.
        """
        return self.name == "cpu"

    @property
    def fuses_images(self) -> bool:
        """Whether images are fused on it.

        OpenVINO and MIGraphX would compile the graph for every new size. TensorRT too: CUDA stands in for it.
        """
        return self._base in ("cuda", "tensorrt", "directml", "coreml")

    @property
    def is_always_exact(self) -> bool:
        """Whether it computes the same whether asked to be exact or not."""
        return not (self.name.endswith(HALF_PRECISION_SUFFIX) or self.name in ("coreml", OPENVINO_BF16))

    def options(self, engine_folder: Path | None, *, exact: bool, threads: int = 0) -> ProviderOptions:
        """Return the providers that run a model, the CPU last: it takes what the others can't.

        `engine_folder` is where what is built for a model is kept; None builds it anew in every process. With `exact`
        nothing is computed in less than 32 bits. `threads` are for providers that don't take ONNX Runtime's own
        number; 0 lets them choose.
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
        if self.name in (OPENVINO_CPU, OPENVINO_BF16):
            precision = "bf16" if self.name == OPENVINO_BF16 and not exact else "f32"
            return ((self.provider, _openvino_cpu_options(precision, threads)), *cpu)
        if base == "openvino":
            kept = {} if engine_folder is None else {"cache_dir": str(engine_folder)}
            floats = {"precision": "FP16" if half else "ACCURACY"}
            # Its AUTO lets the CPU begin while the GPU compiles: results of both would have one key.
            return ((self.provider, {"device_type": "GPU", **floats, **kept}), *cpu)
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


def open_session(
    model: bytes | str, processor: Processor, threads: int, provider_options: ProviderOptions
) -> "onnxruntime.InferenceSession":
    """Open a model's bytes, or the file of that path.

    Raises what ONNX Runtime raises, instead of going on with the CPU by itself.
    """
    return create_session(model, session_options(processor, threads), provider_options)


def create_session(
    model: bytes | str, options: "onnxruntime.SessionOptions", provider_options: ProviderOptions
) -> "onnxruntime.InferenceSession":
    """Open a model as `open_session` does, with ONNX Runtime's own options."""
    import onnxruntime

    providers = [(provider, dict(values)) for provider, values in provider_options]
    return onnxruntime.InferenceSession(model, options, providers=providers, enable_fallback=0)


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


def _key_inputs(name: str) -> dict[str, str]:
    return {} if name == "cpu" else {"processor": name}


def _openvino_cpu_options(precision: str, threads: int) -> dict[str, str]:
    # By itself it takes bfloat16 for everything wherever the processor has it.
    config: dict[str, str | int] = {"INFERENCE_PRECISION_HINT": precision}
    if threads:
        config["INFERENCE_NUM_THREADS"] = threads
    return {"device_type": "CPU", "load_config": json.dumps({"CPU": config})}


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
