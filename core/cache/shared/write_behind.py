# SPDX-License-Identifier: GPL-3.0-or-later
"""Writing to shared tiers off the hot path: a queue bounded in bytes, and one thread."""

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence

from ...concurrency.thread_start import try_start_thread
from ..base.key import Key
from ..base.payload import frozen_copy
from ..base.store import Arrays

BACKLOG_BYTES = 64 << 20
_BATCH_ENTRIES = 64
_BATCH_BYTES = 8 << 20
_POLL_SECONDS = 0.05
_ENTRY_OVERHEAD_BYTES = 512  # what an entry in the queue costs besides its arrays: an estimate

Item = tuple[Key, Arrays]
_Task = tuple[Item, int] | Callable[[], None]


class WriteBehind:
    """Hands results to `write` in the background, in the order they came. Safe to use from several threads."""

    def __init__(self, write: Callable[[Sequence[Item]], None], backlog_bytes: int = BACKLOG_BYTES) -> None:
        """Make an empty queue; the thread starts with the first entry. `write` must not raise."""
        self._write = write
        self._max_bytes = backlog_bytes
        self._condition = threading.Condition()
        self._tasks: deque[_Task] = deque()
        self._queue_bytes = 0
        self._busy = False
        self._closed = False
        self._dropped_count = 0
        self._thread: threading.Thread | None = None

    def put(self, key: Key, arrays: Arrays) -> None:
        """Queue a copy of `arrays`; where that would exceed the bound, they are dropped and counted."""
        cost = sum(array.nbytes for array in arrays.values()) + _ENTRY_OVERHEAD_BYTES
        with self._condition:
            if self._closed or self._queue_bytes + cost > self._max_bytes:
                self._dropped_count += 1
                return
            self._queue_bytes += cost
        item = key, frozen_copy(arrays)
        with self._condition:
            if not self._queue((item, cost)):
                self._queue_bytes -= cost
                self._dropped_count += 1

    def run_after(self, action: Callable[[], None]) -> None:
        """Run `action` once all that was queued before it is written; at once where nothing is or can be queued."""
        with self._condition:
            if not self._closed and self._queue(action):
                return
        action()

    def flush(self, seconds: float) -> bool:
        """Wait until the queue is empty.

        Parameters
        ----------
        seconds : float
            How long at most.

        Returns
        -------
        bool
            Whether it is empty.
        """
        with self._condition:
            return self._condition.wait_for(self._is_idle, seconds)

    def close(self, seconds: float, keep_waiting: Callable[[float], bool] = lambda _waited: True) -> None:
        """Flush, then drop and count what is left. Later puts are dropped.

        Parameters
        ----------
        seconds : float
            How long it is waited at most.
        keep_waiting : callable
            Takes the seconds waited so far; is asked now and then whether to wait any longer.
        """
        began = time.monotonic()
        while (waited := time.monotonic() - began) < seconds and keep_waiting(waited):
            if self.flush(min(_POLL_SECONDS, seconds - waited)):
                break
        with self._condition:
            self._closed = True
            self._dropped_count += sum(isinstance(task, tuple) for task in self._tasks)
            self._tasks.clear()
            self._condition.notify_all()

    @property
    def dropped_count(self) -> int:
        """How many results were not written, because the queue was full or closed."""
        with self._condition:
            return self._dropped_count

    def _is_idle(self) -> bool:
        return not self._tasks and not self._busy

    def _queue(self, task: _Task) -> bool:
        """Have the thread do a task after those before it; tell whether there is a thread to do it."""
        if self._thread is None:
            self._thread = try_start_thread(self._work, "understudy write-behind")
            if self._thread is None:
                return False
        self._tasks.append(task)
        self._condition.notify_all()
        return True

    def _work(self) -> None:
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._tasks or self._closed)
                if not self._tasks:
                    return
                tasks, cost = self._take_batch()
                self._busy = True
            if callable(tasks):
                tasks()
            else:
                self._write(tasks)
            with self._condition:
                self._queue_bytes -= cost
                self._busy = False
                self._condition.notify_all()

    def _take_batch(self) -> tuple[list[Item] | Callable[[], None], int]:
        """Take the action that is next, or the results that are."""
        items: list[Item] = []
        total = 0
        while self._tasks and len(items) < _BATCH_ENTRIES and total < _BATCH_BYTES:
            task = self._tasks[0]
            if callable(task):
                if not items:
                    self._tasks.popleft()
                    return task, 0
                break
            self._tasks.popleft()
            items.append(task[0])
            total += task[1]
        return items, total
