# SPDX-License-Identifier: GPL-3.0-or-later
"""The names of the processors that models may run on. It loads nothing: a command's help lists them."""

from collections.abc import Mapping

HALF_PRECISION_SUFFIX = "-fp16"
"""Ends the name of a processor that is allowed to compute in half precision where a model draws an image."""

OPENVINO_CPU = "openvino-cpu"
OPENVINO_BF16 = "openvino-bf16"
"""OpenVINO on the CPU: all in 32 bits, or swappers and enhancers in bfloat16 and all else as the first does it."""

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
    OPENVINO_CPU: "OpenVINOExecutionProvider",
    OPENVINO_BF16: "OpenVINOExecutionProvider",
}
"""What the processors that ONNX Runtime can use are called here, and there."""

AUTOMATIC = "automatic"
"""The best graphics processor that is here, the CPU if there is none."""
