# SPDX-License-Identifier: GPL-3.0-or-later
"""The worker process, seen from Blender: start it, hand it jobs, take its answers without waiting, end it.

It runs `core.worker` with Blender's own Python and everything that Python finds here, wheels of the extension
included. It reads from a pipe that only this process holds: when Blender ends, however it ends, the pipe closes
and the worker ends too.
"""

import json
import os
import queue
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ...core.errors import ModelError
from ...core.layers import job as layer_job
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.recipe.request import Casting
from ...core.sessions.settings import RunSettings, settings_values

Message = tuple[str, Any]
_ERROR_LINES = 20
_LEAVE_SECONDS = 2.0


class WorkerProcess:
    """One worker process with one run of jobs."""

    def __init__(self, settings: RunSettings) -> None:
        """Start it for a run with these settings, which go through the pipe alone.

        Raises ModelError where this Blender's Python can't be started.
        """
        self._said: deque[str] = deque(maxlen=_ERROR_LINES)
        self._answers: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._clips: dict[ClipSource, int] = {}
        self._casts: dict[tuple[Casting, ...], int] = {}
        self._jobs: dict[int, LayerJob] = {}
        self._next = 0
        self.ended = False
        """Whether the process is gone and everything it said was taken."""
        try:
            self._process = subprocess.Popen(
                command(), env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                text=True, encoding="utf-8", errors="replace", creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )  # fmt: skip
        except OSError as error:
            raise ModelError(f"can't start Blender's Python {sys.executable}: {error.strerror}") from error
        for work in (self._write, self._read, self._listen):
            threading.Thread(target=work, daemon=True).start()
        self._send("begin", settings_values(settings))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def waiting(self) -> tuple[LayerJob, ...]:
        """The jobs that are not done yet; the first is in hand."""
        return tuple(self._jobs.values())

    def submit(self, job: LayerJob) -> None:
        """Hand a job over. What many jobs share is sent once."""
        clip, cast = self._clip(job.source), self._cast(job.castings)
        self._jobs[self._next] = job
        self._send(
            "job",
            {
                "id": self._next,
                "strip": job.strip,
                "frame": job.frame,
                "clip": clip,
                "cast": cast,
                "number": job.number,
                "picture": str(job.picture),
            },
        )
        self._next += 1

    def check(self, strip: str, castings: tuple[Casting, ...]) -> None:
        """Ask whether castings can be played: where not, a `fault` that names the strip says why."""
        self._send("check", {"strip": strip, "cast": self._cast(castings)})

    def note(self, strip: str, castings: tuple[Casting, ...]) -> None:
        """Have the pictures of castings looked at: what is seen is kept in the cache."""
        self._send("note", {"strip": strip, "cast": self._cast(castings)})

    def find_people(self, strip: str, source: ClipSource, first: int, last: int, casting: Casting) -> None:
        """Have the people of a clip found, from frame `first` to `last`, as a casting's recipe sees faces.

        Who is found is kept in the cache; answers are `progress`, 0 to 1, and `fault`.
        """
        clip, cast = self._clip(source), self._cast((casting,))
        asked = {"strip": strip, "clip": clip, "cast": cast, "first": first, "last": last}
        self._send("people", asked)

    def purge(self, strip: str, source: ClipSource | None) -> None:
        """Have deleted what came of a clip, or everything; the answer is `freed`, in bytes."""
        self._send("purge", {"strip": strip, "clip": None if source is None else self._clip(source)})

    def finish(self) -> None:
        """Say that there are no more jobs: the worker tells its report after the last and ends."""
        self._send("end", True)

    def answers(self) -> Iterator[Message]:
        """Yield what came since the last call, without waiting.

        `done` has the job and whether its picture was written; `gone` is why the worker ended without a report.
        """
        while not self.ended:
            try:
                kind, value = self._answers.get_nowait()
            except queue.Empty:
                return
            if kind == "done":
                yield kind, (self._jobs.pop(value["id"]), value["written"])
            elif kind == "left":
                self.ended = True
                if value:
                    yield "gone", value
            else:
                yield kind, value

    def cancel(self) -> None:
        """End the worker at once. What it finished is kept."""
        self._process.terminate()
        self._lines.put(None)
        try:
            self._process.wait(_LEAVE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.ended = True

    def _clip(self, source: ClipSource) -> int:
        """Return the number under which the worker knows a clip, telling it if it does not."""
        if source not in self._clips:
            self._clips[source] = len(self._clips)
            self._send("clip", {"id": self._clips[source], **layer_job.source_values(source)})
        return self._clips[source]

    def _cast(self, castings: tuple[Casting, ...]) -> int:
        """Return the number under which the worker knows castings, telling it if it does not."""
        if castings not in self._casts:
            self._casts[castings] = len(self._casts)
            values = [layer_job.casting_values(casting) for casting in castings]
            self._send("cast", {"id": self._casts[castings], "castings": values})
        return self._casts[castings]

    def _send(self, kind: str, value: object) -> None:
        self._lines.put(json.dumps({kind: value}) + "\n")

    def _write(self) -> None:
        """Feed the pipe from a thread: a pipe that is full would hold up Blender."""
        pipe = self._process.stdin
        try:
            while pipe is not None and (line := self._lines.get()) is not None:
                pipe.write(line)
                if self._lines.empty():
                    pipe.flush()
            if pipe is not None:
                pipe.close()
        except (OSError, ValueError):
            return  # the worker is gone, which the other thread tells

    def _read(self) -> None:
        reported = False
        for line in self._process.stdout or ():
            ((kind, value),) = json.loads(line).items()
            reported |= kind == "report"
            self._answers.put((kind, value))
        status = self._process.wait()
        self._lines.put(None)
        self._answers.put(("left", "" if reported else self._why(status)))

    def _listen(self) -> None:
        for line in self._process.stderr or ():
            if line.strip():
                self._said.append(line.strip())

    def _why(self, status: int) -> str:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        said = f": {self._said[-1]}" if self._said else ""
        return f"the worker ended unexpectedly ({how}){said}"


def command() -> list[str]:
    """Return the command that starts the worker."""
    return [sys.executable, "-P", "-s", "-m", "core.worker"]


def environment() -> dict[str, str]:
    """Return the environment in which the worker finds our core and what this Python finds."""
    root = str(Path(layer_job.__file__).parents[2])
    paths = [root, *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
