# SPDX-License-Identifier: GPL-3.0-or-later
"""What this machine's processor computes by itself."""

from functools import cache
from pathlib import Path

from ..filesystem import open_input

_CPU_INFO = Path("/proc/cpuinfo")
_BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


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
    flags = _flags(cpu_info)
    return bool(flags) and not flags & _BF16_FLAGS


@cache
def _flags(cpu_info: Path) -> frozenset[str]:
    try:
        with open_input(cpu_info) as file:  # its size is said to be 0
            text = file.readall().decode("ascii", "replace")
    except OSError:
        return frozenset()
    line = next((line for line in text.splitlines() if line.startswith("flags")), "")
    return frozenset(line.partition(":")[2].split())
