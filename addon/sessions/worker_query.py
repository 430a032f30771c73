# SPDX-License-Identifier: GPL-3.0-or-later
"""Questions to a worker process beside the editor: asked and answered without the window's ever waiting."""

from collections.abc import Callable
from typing import Any, cast

import bpy
from bpy.app.handlers import persistent

from .worker_process import WorkerProcess

_TICK_SECONDS = 0.1
# What is asked just now: whoever stops it, loads another file or unregisters must be able to end it.
_ACTIVE_QUERIES: list["WorkerQuery"] = []


class WorkerQuery:
    """What a worker was asked. `tick` never waits."""

    def __init__(
        self,
        topic: str,
        worker: WorkerProcess,
        on_end: Callable[[list[str]], None],
        on_message: Callable[[str, Any], None] = lambda _kind, _value: None,
        on_cancel: Callable[[], None] = lambda: None,
    ) -> None:
        """Take over a worker that has all it needs; `on_end` gets its faults, `on_message` every other answer.

        `on_cancel` is called where it is ended before, as when another file is loaded.
        """
        self.topic = topic
        self._worker = worker
        self._on_end = on_end
        self._on_message = on_message
        self._on_cancel = on_cancel
        self._faults: list[str] = []
        self._timer = self.tick  # one object: Blender knows timers by identity
        worker.finish()

    def tick(self) -> float | None:
        """Take what was answered; return the seconds to the next look, None when there is none."""
        for kind, value in self._worker.messages():
            if kind in ("fault", "gone"):
                self._faults.append(value)
            else:
                self._on_message(kind, value)
        if not self._worker.has_ended:
            return _TICK_SECONDS
        if self in _ACTIVE_QUERIES:
            _ACTIVE_QUERIES.remove(self)
        self._on_end(self._faults)
        return None

    def start(self) -> None:
        """Go on with it beside the editor."""
        _ACTIVE_QUERIES.append(self)
        bpy.app.timers.register(self._timer, first_interval=_TICK_SECONDS, persistent=True)

    def cancel(self) -> None:
        """End the worker at once. What it found so far stays in the cache."""
        if self in _ACTIVE_QUERIES:
            _ACTIVE_QUERIES.remove(self)
        if bpy.app.timers.is_registered(self._timer):
            bpy.app.timers.unregister(self._timer)
        self._worker.cancel()
        self._on_cancel()


def active_queries(topic: str) -> list[WorkerQuery]:
    """List what is asked just now about something."""
    return [question for question in _ACTIVE_QUERIES if question.topic == topic]


def _cancel_all() -> None:
    for question in tuple(_ACTIVE_QUERIES):
        question.cancel()


@persistent
def _on_load(*_: Any) -> None:
    """Another file is loaded: the answers would be about strips that are gone."""
    _cancel_all()


def register() -> None:
    """See to it that no question outlives its file."""
    bpy.app.handlers.load_pre.append(cast("Any", _on_load))


def unregister() -> None:
    """End what is asked still."""
    bpy.app.handlers.load_pre.remove(cast("Any", _on_load))
    _cancel_all()
