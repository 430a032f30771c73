# SPDX-License-Identifier: GPL-3.0-or-later
"""The processors that models can be run on, as the preferences offer them."""

from ...core.models.processor import available_providers
from ...core.models.providers import AUTOMATIC, OPENVINO_BF16
from ...core.system.cpu_features import lacks_bf16

PROVIDER_ITEMS = (
    (AUTOMATIC, "Automatic", "A graphics processor if ONNX Runtime can use one here, else the CPU"),
    ("cpu", "CPU", "Runs everywhere, and gives the same result everywhere"),
    ("cuda", "CUDA", "NVIDIA graphics processors"),
    ("tensorrt", "TensorRT", "NVIDIA graphics processors; the first run takes minutes to build its engines"),
    (
        "tensorrt-fp16",
        "TensorRT, Half Precision",
        "The same; maskers, swappers and enhancers in half precision",
    ),
    ("directml", "DirectML", "Graphics processors under Windows"),
    ("coreml", "CoreML", "Apple processors; computes in half precision"),
    ("openvino", "OpenVINO", "Intel graphics processors"),
    ("openvino-fp16", "OpenVINO, Half Precision", "The same; maskers, swappers, enhancers in half precision"),
    ("rocm", "ROCm", "AMD graphics processors"),
    # After the others: preferences hold which one it is by its place.
    ("openvino-cpu", "OpenVINO on the CPU", "The CPU, in 32 bits"),
    (
        "openvino-bf16",
        "OpenVINO on the CPU, bfloat16",
        "The CPU; swappers and enhancers in bfloat16, which takes half the time on a CPU that has it",
    ),
)


def provider_notes(provider: str) -> list[str]:
    """Say, a line each, why models run otherwise than a provider's name says; it may load ONNX Runtime."""
    # Looking loads it: only for who chose something.
    if provider in (AUTOMATIC, "cpu"):
        return []
    if provider not in available_providers():
        return ["This ONNX Runtime does not have it: models run on the CPU"]
    if provider == OPENVINO_BF16 and lacks_bf16():
        return ["This CPU has no bfloat16: OpenVINO runs models in 32 bits"]
    return []
