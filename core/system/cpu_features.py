# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine's processor computes by itself."""

import platform
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from .system_file import read_system_file

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}
_FLAGS_FIELDS = ("flags", "Features")
"""Which instructions a processor has, as x86 and ARM call it."""
_IDENTITY_FIELDS = (
    *("vendor_id", "cpu family", "model", "model name", "stepping"),
    *("CPU implementer", "CPU architecture", "CPU variant", "CPU part"),
    *_FLAGS_FIELDS,
)


def bf16_instructions(cpu_info: Path = _CPU_INFO) -> tuple[str, ...] | None:
    """Return which instructions for bfloat16 this processor has.

    Parameters
    ----------
    cpu_info : pathlib.Path
        The file in which Linux lists what processors have.

    Returns
    -------
    tuple of str or None
        Their names, such as AVX512_BF16; None where the system does not say, as Windows does not.
    """
    flags = set(_fields(cpu_info).get("flags", "").split())
    return tuple(sorted(flag.upper() for flag in flags & _BF16_FLAGS)) if flags else None


def lacks_bf16(cpu_info: Path = _CPU_INFO) -> bool:
    """Tell whether this processor surely has no instructions for bfloat16.

    Parameters
    ----------
    cpu_info : pathlib.Path
        The file in which Linux lists what processors have.

    Returns
    -------
    bool
        False too where the system does not say, as Windows does not.
    """
    return bf16_instructions(cpu_info) == ()


def processor_identity(cpu_info: Path = _CPU_INFO) -> str:
    """Return what tells this processor from those with other instructions.

    Parameters
    ----------
    cpu_info : pathlib.Path
        The file in which Linux lists what processors have.

    Returns
    -------
    str
        One line; empty where the system does not list a processor's instructions, as Windows and macOS do not.
    """
    fields = _fields(cpu_info)
    if not any(name in fields for name in _FLAGS_FIELDS):
        return ""
    values = (f"{name}: {fields[name]}" for name in _IDENTITY_FIELDS if name in fields)
    return "; ".join((platform.machine(), *values))


@cache
def _fields(cpu_info: Path) -> Mapping[str, str]:
    """Return what is said of the first processor."""
    text = read_system_file(cpu_info).decode("ascii", "replace")
    parts = (line.partition(":") for line in text.partition("\n\n")[0].splitlines())
    return {name.strip(): value.strip() for name, _, value in parts}
