# SPDX-License-Identifier: GPL-3.0-or-later
"""What takes long is computed by one of a run's test processes and read by the others."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


def shared_result(factory: pytest.TempPathFactory, name: str, compute: Callable[[Path], Any]) -> Any:
    """Return what `compute(folder)` returned to the first process that asked for `name` in this run of the tests.

    The others wait for it. It can be pickled; what it names in its folder stays until the run ends.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:  # then each process has a folder of its own in that of the run
        base = base.parent
    folder = base / f"shared_{name}"
    folder.mkdir(exist_ok=True)
    result = folder / "result.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not result.exists():
            place = folder / f"by_{os.getpid()}"  # one that failed leaves its own behind
            place.mkdir()
            computed = pickle.dumps(compute(place))
            result.write_bytes(computed)
    return pickle.loads(result.read_bytes())
