# SPDX-License-Identifier: GPL-3.0-or-later
"""Working ahead: what is expected to be asked for next is done on another thread meanwhile."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


class Prefetcher(Generic[Task, Result]):
    """Does tasks one after the other, all on one thread of its own, and some before they are asked for.

    So `work` may use what is for one thread at a time. At most a fixed number of results wait, however many tasks
    there will be. Whoever asks gets what `work` makes of that very task: what was expected wrongly is dropped.
    """

    def __init__(self, work: Callable[[Task], Result], depth: int, name: str) -> None:
        """Do at most `depth` tasks ahead. The thread, called `name`, starts with the first task."""
        self._work = work
        self._depth = depth
        self._executor = ThreadPoolExecutor(1, name)
        self._thread_id = 0
        self._pending: deque[tuple[Task, Future[Result]]] = deque()

    def result(self, task: Task, upcoming: Iterable[Task] = ()) -> Result:
        """Wait for what `work` makes of `task` and return it, or raise what it raised.

        `upcoming` are the tasks that will be asked for next, in this order; no more of them are looked at than may be
        done ahead.
        """
        future = self._take_pending(task) or self._submit(task)
        wanted = list(islice(upcoming, self._depth))
        known = deque(self._pending)
        self._pending.clear()
        for expected in wanted:
            begun = next((pair for pair in known if pair[0] == expected), None)
            if begun is not None:
                known.remove(begun)
            self._pending.append(begun or (expected, self._submit(expected)))
        for _, dropped in known:
            dropped.cancel()
        return future.result()

    @property
    def on_worker_thread(self) -> bool:
        """Whether this is called on the thread that works."""
        return threading.get_ident() == self._thread_id

    def drain(self) -> None:
        """Drop what was not asked for, and wait until nothing is being done. Not to be called by `work`."""
        self._cancel_pending()
        if self._thread_id:
            # The thread takes what it is given in turn: when it has done this, it has done all.
            self._executor.submit(int).result()

    def close(self) -> None:
        """Drop what was not asked for and end the thread, once the task it is at is done."""
        self._cancel_pending()
        self._executor.shutdown(wait=True)

    def _submit(self, task: Task) -> "Future[Result]":
        return self._executor.submit(self._run_task, task)

    def _run_task(self, task: Task) -> Result:
        self._thread_id = threading.get_ident()
        return self._work(task)

    def _cancel_pending(self) -> None:
        for _, future in self._pending:
            future.cancel()
        self._pending.clear()

    def _take_pending(self, task: Task) -> "Future[Result] | None":
        """Take the task out of those begun; what was to come before it is not wanted any more."""
        if not any(expected == task for expected, _ in self._pending):
            self._cancel_pending()
            return None
        while True:
            expected, future = self._pending.popleft()
            if expected == task:
                return future
            future.cancel()
