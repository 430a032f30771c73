# SPDX-License-Identifier: GPL-3.0-or-later
"""Can this person play the part? Asked of a worker process, so that the window does not wait for the models."""

from pathlib import Path

import bpy

from ..core.errors import ModelError
from ..core.identity import Casting
from .preferences import Preferences
from .session import run_settings
from .window_state import put
from .worker import WorkerProcess

_TICK_SECONDS = 0.1


class CastingCheck:
    """A question to a worker. `tick` never waits."""

    def __init__(self, name: str, casting: Casting, cache_folder: Path, preferences: Preferences) -> None:
        """Ask. Raises ModelError where no worker can be started."""
        self.fault = ""
        self._worker = WorkerProcess(run_settings(cache_folder, preferences))
        self._worker.check(name, (casting,))
        self._worker.finish()

    def tick(self) -> float | None:
        """Take the answer if it is there; return the seconds to the next look, None when there is none."""
        for kind, value in self._worker.answers():
            if kind in ("fault", "gone"):
                self.fault = value
        if not self._worker.ended:
            return _TICK_SECONDS
        put("trouble", self.fault)
        return None


def check_beside(name: str, casting: Casting, cache_folder: Path, preferences: Preferences) -> None:
    """Check a casting beside the editor; what is wrong with it shows in the panel when it is known."""
    try:
        check = CastingCheck(name, casting, cache_folder, preferences)
    except ModelError as error:
        put("trouble", str(error))
        return
    bpy.app.timers.register(check.tick, first_interval=_TICK_SECONDS)
