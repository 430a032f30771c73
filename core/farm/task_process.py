# SPDX-License-Identifier: GPL-3.0-or-later
"""Blender as a task runs it: its lines as they come, signals handed on, and nothing left behind."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial

from ..concurrency.timeouts import StopToken

GRACE_SECONDS = 20.0
"""How long Blender may take to end after a signal before it is killed. Engines give 30 s and more."""
_POLL_SECONDS = 0.1
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows has none
_DRAIN_SECONDS = 10.0
_MAX_LINE_CHARACTERS = 1 << 16
"""Longer lines are several: a program may print what has no line breaks."""


class TaskProcess:
    """A program in a process group of its own, whose standard input stays open as long as this process lives.

    So a signal reaches what it started as well, and it can notice that this process was killed.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], on_line: Callable[[str], None]
    ) -> None:
        """Start it. `on_line` gets each line that it prints, on a thread of its own. Raises OSError."""
        own_group = {} if sys.platform == "win32" else {"process_group": 0}
        self._process = subprocess.Popen(  # type: ignore[call-overload]  # the keyword is new in 3.11
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            text=True,
            encoding="utf-8",
            errors="replace",
            **own_group,
        )
        self._on_line = on_line
        self._reader = threading.Thread(target=self._read_lines, name="task output", daemon=True)
        self._reader.start()

    def wait(self, stop: StopToken, is_lost: Callable[[], bool] = lambda: False) -> int:
        """Wait until it has ended and return its exit code; hand a signal on that comes meanwhile.

        Parameters
        ----------
        stop : StopToken
            Its `signal_number` is handed on, once.
        is_lost : callable
            Tells whether the program is to be killed.

        Returns
        -------
        int
            What the program returned, or minus the number of the signal that ended it.
        """
        kill_at: float | None = None
        give_up_at: float | None = None
        while self._process.poll() is None:
            if stop.signal_number and kill_at is None:
                kill_at = time.monotonic() + GRACE_SECONDS
                self._send(stop.signal_number)
            elif is_lost() or (kill_at is not None and time.monotonic() > kill_at):
                self._kill()
                give_up_at = give_up_at or time.monotonic() + GRACE_SECONDS
                if (
                    time.monotonic() > give_up_at
                ):  # it waits for a share that stalls, and ends once that is back
                    return -int(_KILL)
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_POLL_SECONDS)
        self._kill_remainder()
        self._reader.join(_DRAIN_SECONDS)  # what left the group may keep the pipe open
        assert self._process.stdin is not None
        with suppress(OSError):
            self._process.stdin.close()
        return int(self._process.returncode)

    def _read_lines(self) -> None:
        output = self._process.stdout
        assert output is not None
        with output:
            for line in iter(partial(output.readline, _MAX_LINE_CHARACTERS), ""):
                self._on_line(line.rstrip("\r\n"))

    def _send(self, number: int) -> None:
        if sys.platform == "win32":
            self._process.terminate()
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _kill(self) -> None:
        if sys.platform == "win32":
            self._process.kill()
            return
        with suppress(ProcessLookupError):
            os.killpg(self._process.pid, _KILL)

    def _kill_remainder(self) -> None:
        """End what the program started and left; the group keeps its number as long as a member lives."""
        if sys.platform != "win32":
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, _KILL)
