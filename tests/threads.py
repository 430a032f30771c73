# SPDX-License-Identifier: GPL-3.0-or-later
"""The same work in several threads that begin together."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")


def run_in_threads(work: Callable[[], _T], threads: int) -> list[_T]:
    """Return what `work` returns in each thread. Raises what it raises in one of them."""
    gate = threading.Barrier(threads)

    def begin() -> _T:
        gate.wait()
        return work()

    with ThreadPoolExecutor(threads) as pool:
        return [future.result() for future in [pool.submit(begin) for _ in range(threads)]]
