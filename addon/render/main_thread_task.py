# SPDX-License-Identifier: GPL-3.0-or-later
"""What a render's thread has the main thread do, which alone may change Blender's data."""

import threading
from collections.abc import Callable
from functools import cache

from ..blender.console import print_traceback

_TIMEOUT_SECONDS = 10.0
"""How long is waited for the main thread, which looks for a task twice a second."""


def on_main_thread() -> bool:
    """Tell whether Blender's data may be changed here."""
    return threading.current_thread() is threading.main_thread()


class MainThreadTask:
    """One task at a time."""

    def __init__(self) -> None:
        self._done = threading.Event()
        self._task: Callable[[], object] | None = None

    def run(self, task: Callable[[], object]) -> None:
        """Have the main thread call `task`, and wait until it did, or had no time. On a render's thread."""
        self._done.clear()
        self._task = task
        self._done.wait(_TIMEOUT_SECONDS)
        self._task = None

    def run_pending(self) -> None:
        """Call the task, if one waits. On the main thread."""
        task, self._task = self._task, None
        if task is not None:
            try:
                task()
            except Exception as error:  # noqa: BLE001 - the border: Blender would drop the timer
                print_traceback(error)
            finally:
                self._done.set()


@cache
def main_thread_task() -> MainThreadTask:
    """Return the task of this Blender."""
    return MainThreadTask()
