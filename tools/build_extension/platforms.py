# SPDX-License-Identifier: GPL-3.0-or-later
"""The platforms, Pythons and accelerators an extension is made for, and what each needs."""

from dataclasses import dataclass

PYTHONS = ("3.11", "3.13", "3.14")
"""Blender 4.5 and 5.0; 5.1 and 5.2; Debian's 5.2, which is built on the system's Python."""

BUNDLED = {
    "av": "av",
    "onnxruntime": "onnxruntime",
    "opencv-python-headless": "cv2",
    "pillow": "PIL",
    "redis": "redis",
    "cryptography": "cryptography",
    "cffi": "",
    "keyring": "keyring",
    "jaraco-classes": "",
    "jaraco-context": "",
    "jaraco-functools": "",
    "more-itertools": "",
    # For Python 3.11 alone; the others have as much in their own library, and never look at these.
    "importlib-metadata": "",
    "backports-tarfile": "",
    "zipp": "",
}
"""The distributions that an extension carries, and the module that each is imported as, empty where only another one of
them imports it; some other build of ONNX Runtime in a variant for an accelerator.

NumPy is Blender's own: another one beside it would break Blender. ONNX Runtime names flatbuffers, packaging and
protobuf as requirements; running a model imports none of them.
"""


@dataclass(frozen=True)
class Platform:
    """A platform as Blender names it, and the platform tags of the wheels that run there, the best first."""

    name: str
    tags: tuple[str, ...]
    bundled: tuple[str, ...] = ()
    """The distributions that only an extension for this platform carries: what its keyring is asked by."""
    requirements_file: str = "blender-4.5.txt"
    """The file in `requirements` that pins those."""


PLATFORMS = (
    Platform(
        "linux-x64",
        ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64"),
        ("jeepney", "secretstorage"),
    ),
    Platform("windows-x64", ("win_amd64",), ("pywin32-ctypes",), "extension-windows.txt"),
    # ONNX Runtime and PyAV are built for macOS 14 and later, and ONNX Runtime not for Intel.
    Platform(
        "macos-arm64", ("macosx_14_0_arm64", "macosx_13_0_arm64", "macosx_12_0_arm64", "macosx_11_0_arm64")
    ),
)


@dataclass(frozen=True)
class Variant:
    """An extension for an accelerator: what differs is the build of ONNX Runtime."""

    name: str
    runtime: str
    """The distribution of ONNX Runtime."""
    requirements_file: str
    """The file in `requirements` that pins it."""
    platforms: tuple[str, ...]
    """Where there are wheels of it."""
    pythons: tuple[str, ...] = PYTHONS
    """The Pythons that there are wheels of it for."""

    @property
    def bundled(self) -> tuple[str, ...]:
        """The distributions that the variant carries."""
        return tuple(self.runtime if name == "onnxruntime" else name for name in BUNDLED)


VARIANTS = (
    # Apple's processors need no other build: CoreML is in the one for the CPU.
    Variant("cpu", "onnxruntime", "blender-4.5.txt", tuple(platform.name for platform in PLATFORMS)),
    Variant("cuda", "onnxruntime-gpu", "extension-cuda.txt", ("linux-x64", "windows-x64")),
    Variant("directml", "onnxruntime-directml", "extension-directml.txt", ("windows-x64",)),
    # Its wheels for Windows have no OpenVINO in them.
    Variant("openvino", "onnxruntime-openvino", "extension-openvino.txt", ("linux-x64",), ("3.11", "3.13")),
)
CPU = VARIANTS[0]
