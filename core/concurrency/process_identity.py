# SPDX-License-Identifier: GPL-3.0-or-later
"""Which process something belongs to, and whether that process has ended."""

import os
import platform
import sys
from contextlib import suppress
from functools import cache
from hashlib import sha256

_PROCESS_NAMESPACE = "/proc/self/ns/pid"
_MAX_PROCESS = 2**31 - 1


def process_identity() -> str:
    """Return two words: a digest of this machine, or of the container that counts processes, and this process's id."""
    return f"{_machine_digest()} {os.getpid()}"


def has_ended(identity: str) -> bool:
    """Tell whether a process of this machine has ended, for certain; False for what is no identity of one."""
    machine, _, text = identity.partition(" ")
    if sys.platform == "win32" or machine != _machine_digest() or not (text.isascii() and text.isdecimal()):
        return False  # there a signal 0 would end the process
    number = int(text)
    if not 0 < number <= _MAX_PROCESS:
        return False
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return True
    except OSError:  # it is another user's
        return False
    return False


@cache
def _machine_digest() -> str:
    namespace = ""
    with suppress(OSError):  # only Linux has it
        namespace = os.readlink(_PROCESS_NAMESPACE)  # noqa: PTH115 - it leads to no path  # gate: a kernel's own link
    return sha256(f"{platform.node()}\n{namespace}".encode()).hexdigest()[:16]
