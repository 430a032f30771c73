# SPDX-License-Identifier: GPL-3.0-or-later
"""`understudy doctor`: whether everything that a render needs is here, and intact."""

import os
import platform
from importlib import import_module
from pathlib import Path

from ..errors import CacheError, FarmError, OutputError
from ..farm.places import missing_places, unusable_places
from ..media.modern_image import readable_heif_kinds
from ..models.embedded import embedded_folder
from ..models.processor import parse_provider
from ..models.processor_choice import select_processor
from ..models.providers import AUTOMATIC, OPENVINO_BF16
from ..provenance.certificates import read_identity
from ..provenance.settings import mark_settings
from ..sessions.environment_reader import EnvironmentReader
from ..sessions.settings import PROVIDER_VARIABLE
from ..system.cpu_features import bf16_instructions
from ..system.version import program_name
from .doctor_graphs import check_graphs
from .doctor_models import check_models
from .doctor_safeguard import check_safeguard
from .doctor_settings import check_settings
from .output import show

_LIBRARIES = {"NumPy": "numpy", "OpenCV": "cv2", "ONNX Runtime": "onnxruntime", "PyAV": "av"}


def doctor(folder: Path | None = None) -> bool:
    """Print versions and the state of the embedded models in `folder`; return whether all is well."""
    show(f"{program_name()}, Python {platform.python_version()}, {platform.platform()}")
    checks = [_check_library(name, module) for name, module in _LIBRARIES.items()]
    checks += [_check_encoder(), _check_images()]
    checks.append(check_settings())
    checks.append(_check_processor())
    checks.append(_check_marks())
    checks.append(check_models(embedded_folder() if folder is None else folder))
    checks.append(_check_places())
    checks.append(check_safeguard())
    checks.append(check_graphs())
    return all(checks)


def _check_library(name: str, module: str) -> bool:
    try:
        show(f"{name} {import_module(module).__version__}")
    except ImportError as error:
        show(f"{name} can't be loaded ({type(error).__name__}): install Understudy again")
        return False
    return True


def _check_images() -> bool:
    """Print which image formats are read; return whether their decoders are here."""
    try:
        from av.codec import codecs_available
    except ImportError:
        return False
    missing = {"exr", "tiff"} - codecs_available
    if missing:
        show(
            f"PyAV has no decoder for {', '.join(sorted(missing))}: install the av wheel from the package index"
        )
        return False
    show("images are read as PNG, JPEG, TIFF (also of floats), BMP, WebP, OpenEXR and DPX")
    kinds = readable_heif_kinds()
    if kinds:
        show(f"images of people are read as {' and '.join(kinds)}, too")
    return True


def _check_places() -> bool:
    """Print which folders the environment names that are not there or can't be used; return whether all can."""
    try:
        faults = [*missing_places(os.environ), *unusable_places(os.environ)]
    except (FarmError, TimeoutError) as error:
        faults = [str(error)]
    for fault in faults:
        show(fault)
    return not faults


def _check_processor() -> bool:
    try:
        name = EnvironmentReader(os.environ).value(PROVIDER_VARIABLE, parse_provider, AUTOMATIC)
        processor, passed_over = select_processor((name,))
    except CacheError:  # which `check_settings` prints
        return False
    except ImportError as error:
        show(f"{PROVIDER_VARIABLE}: {error}")
        return False
    for line in (f"models run on {processor.name}", *passed_over, _bf16_line()):
        show(line)
    return True


def _bf16_line() -> str:
    """Say whether `openvino-bf16` is worth installing here."""
    instructions = bf16_instructions()
    if instructions is None:
        return "this system does not say whether the CPU computes in bfloat16"
    if not instructions:
        return f"this CPU has no bfloat16: {OPENVINO_BF16} would run in 32 bits"
    return f"this CPU has bfloat16 ({', '.join(instructions)}), which {OPENVINO_BF16} uses: see docs/processors.md"


def _check_marks() -> bool:
    try:
        settings = mark_settings(os.environ, online=True)
        if settings.certificate is not None:
            read_identity(settings.certificate, settings.key, settings.password)
    except OutputError as error:
        show(str(error))
        return False
    signer = "this machine's own certificate" if settings.certificate is None else settings.certificate
    manifest = f", and with C2PA manifests signed with {signer}" if settings.has_manifest else ""
    show(f"outputs are marked with XMP{manifest}" if settings.is_on else "outputs are not marked")
    return True


def _check_encoder() -> bool:
    try:
        from av.codec import codecs_available
    except ImportError:
        return False
    if "libx264" not in codecs_available:
        show("PyAV has no H.264 encoder: install the av wheel from the package index")
        return False
    return True
