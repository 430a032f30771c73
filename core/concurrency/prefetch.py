# SPDX-License-Identifier: GPL-3.0-or-later
"""Working ahead: what is expected to be asked for next is done on another thread meanwhile."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, TypeVar

Task = TypeVar("Task")
Done = TypeVar("Done")


class Ahead(Generic[Task, Done]):
    """Does tasks one after the other, all on one thread of its own, and some before they are asked for.

    So `work` may use what is for one thread at a time. At most a fixed number of results wait, however many tasks
    there will be. Whoever asks gets what `work` makes of that very task: what was expected wrongly is dropped.
    """

    def __init__(self, work: Callable[[Task], Done], most: int, name: str) -> None:
        """Do at most `most` tasks ahead. The thread, called `name`, starts with the first task."""
        self._work = work
        self._most = most
        self._thread = ThreadPoolExecutor(1, name)
        self._ident = 0
        self._begun: deque[tuple[Task, Future[Done]]] = deque()

    def result(self, task: Task, coming: Iterable[Task] = ()) -> Done:
        """Wait for what `work` makes of `task` and return it, or raise what it raised.

        `coming` are the tasks that will be asked for next, in this order; no more of them are looked at than may be
        done ahead.
        """
        future = self._taken(task) or self._begin(task)
        wanted = list(islice(coming, self._most))
        known = deque(self._begun)
        self._begun.clear()
        for expected in wanted:
            begun = next((pair for pair in known if pair[0] == expected), None)
            if begun is not None:
                known.remove(begun)
            self._begun.append(begun or (expected, self._begin(expected)))
        for _, dropped in known:
            dropped.cancel()
        return future.result()

    @property
    def is_here(self) -> bool:
        """Whether this is called on the thread that works."""
        return threading.get_ident() == self._ident

    def settle(self) -> None:
        """Drop what was not asked for, and wait until nothing is being done. Not to be called by `work`."""
        self._drop()
        if self._ident:
            # The thread takes what it is given in turn: when it has done this, it has done all.
            self._thread.submit(int).result()

    def close(self) -> None:
        """Drop what was not asked for and end the thread, once the task it is at is done."""
        self._drop()
        self._thread.shutdown(wait=True)

    def _begin(self, task: Task) -> "Future[Done]":
        return self._thread.submit(self._here, task)

    def _here(self, task: Task) -> Done:
        self._ident = threading.get_ident()
        return self._work(task)

    def _drop(self) -> None:
        for _, future in self._begun:
            future.cancel()
        self._begun.clear()

    def _taken(self, task: Task) -> "Future[Done] | None":
        """Take the task out of those begun; what was to come before it is not wanted any more."""
        if not any(expected == task for expected, _ in self._begun):
            self._drop()
            return None
        while True:
            expected, future = self._begun.popleft()
            if expected == task:
                return future
            future.cancel()
