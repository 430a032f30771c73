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
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from ...core.errors import ModelError
from ...core.layers import job as layer_job
from ...core.layers.job import LayerJob
from ...core.media.source import ClipSource
from ...core.recipe.request import SwapRequest
from ...core.reporting.log import room_logger
from ...core.sessions.settings import RunSettings, settings_values
from ...core.sheet.request import SheetRequest, sheet_request_values
from ...core.turnover.request import TurnoverRequest, turnover_request_values

_LOGGER = room_logger("addon.sessions")
Message = tuple[str, Any]


class JobResult(NamedTuple):
    """What became of a job."""

    job: LayerJob
    written: bool
    shown: str
    """What its image shows: "swapped", "original" where there is nothing to replace, "failed"."""
    reason: str
    """Why it does not show a new face."""


_MAX_ERROR_LINES = 20
_TERMINATE_TIMEOUT_SECONDS = 2.0


class WorkerProcess:
    """One worker process with one run of jobs."""

    def __init__(self, settings: RunSettings) -> None:
        """Start it for a run with these settings, which go through the pipe alone.

        Raises ModelError where this Blender's Python can't be started.
        """
        self._error_lines: deque[str] = deque(maxlen=_MAX_ERROR_LINES)
        self._messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._outgoing_lines: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._clip_ids: dict[ClipSource, int] = {}
        self._request_ids: dict[tuple[SwapRequest, ...], int] = {}
        self._pending_jobs: dict[int, LayerJob] = {}
        self._next_job_id = 0
        self.has_ended = False
        """Whether the process is gone and everything it said was taken."""
        try:
            self._process = subprocess.Popen(
                worker_command(),
                env=worker_environment(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                encoding="utf-8",
                errors="replace",
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        except OSError as error:
            raise ModelError(f"can't start Blender's Python {sys.executable}: {error.strerror}") from error
        _LOGGER.info("worker %d started", self._process.pid)
        for work in (self._write_lines, self._read_messages, self._read_errors):
            threading.Thread(target=work, daemon=True).start()
        self._send("begin", settings_values(settings))

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def pending_jobs(self) -> tuple[LayerJob, ...]:
        """The jobs that are not done yet; the first is in hand."""
        return tuple(self._pending_jobs.values())

    def submit(self, job: LayerJob) -> None:
        """Hand a job over. What many jobs share is sent once."""
        clip, cast = self._clip_id(job.source), self._request_id(job.requests)
        self._pending_jobs[self._next_job_id] = job
        self._send(
            "job",
            {
                "id": self._next_job_id,
                "strip": job.strip,
                "frame": job.frame,
                "clip": clip,
                "cast": cast,
                "number": job.number,
                "picture": str(job.layer_path),
            },
        )
        self._next_job_id += 1

    def check(self, strip: str, requests: tuple[SwapRequest, ...]) -> None:
        """Ask whether requests can be executed: where not, a `fault` that names the strip says why."""
        self._send("check", {"strip": strip, "cast": self._request_id(requests)})

    def inspect_source_images(self, strip: str, requests: tuple[SwapRequest, ...]) -> None:
        """Have the images of requests looked at: what is seen is kept in the cache."""
        self._send("note", {"strip": strip, "cast": self._request_id(requests)})

    def find_people(
        self, strip: str, source: ClipSource, first: int, last: int, request: SwapRequest
    ) -> None:
        """Have the people of a clip found, from frame `first` to `last`, as a request's recipe sees faces.

        Who is found is kept in the cache; answers are `progress`, 0 to 1, and `fault`.
        """
        clip, cast = self._clip_id(source), self._request_id((request,))
        asked = {"strip": strip, "clip": clip, "cast": cast, "first": first, "last": last}
        self._send("people", asked)

    def make_sheet(self, strip: str, request: SheetRequest) -> None:
        """Have a sheet made: answers are `progress`, 0 to 1, while its frames are chosen, `cells` and `fault`."""
        values = {
            "strip": strip,
            "clip": self._clip_id(request.source),
            "sheet": sheet_request_values(request),
        }
        self._send("sheet", values)

    def make_turnover(self, strip: str, request: TurnoverRequest) -> None:
        """Have a turnover written: answers are `frames`, how many of how many, its `outcome`, `warning` and `fault`."""
        values = {
            "strip": strip,
            "clip": self._clip_id(request.source),
            "turnover": turnover_request_values(request),
        }
        self._send("turnover", values)

    def purge(self, strip: str, source: ClipSource | None, images: Sequence[Path] = ()) -> None:
        """Have deleted what came of images of a person, of a clip, or everything; the answer is `freed`, in bytes."""
        clip = None if source is None else self._clip_id(source)
        self._send("purge", {"strip": strip, "clip": clip, "images": [str(path) for path in images]})

    def finish(self) -> None:
        """Say that there are no more jobs: the worker tells its report after the last and ends."""
        self._send("end", True)

    def messages(self) -> Iterator[Message]:
        """Yield what came since the last call, without waiting.

        `done` has a `JobResult`; `gone` is why the worker ended without a report.
        """
        while not self.has_ended:
            try:
                kind, value = self._messages.get_nowait()
            except queue.Empty:
                return
            if kind == "done":
                job = self._pending_jobs.pop(value["id"])
                shown, reason = value.get("shown", "failed"), value.get("reason", "")
                yield kind, JobResult(job, value["written"], shown, reason)
            elif kind == "left":
                self.has_ended = True
                if value:
                    yield "gone", value
            else:
                yield kind, value

    def cancel(self) -> None:
        """End the worker at once. What it finished is kept."""
        self._process.terminate()
        self._outgoing_lines.put(None)
        try:
            self._process.wait(_TERMINATE_TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.has_ended = True

    def _clip_id(self, source: ClipSource) -> int:
        """Return the number under which the worker knows a clip, telling it if it does not."""
        if source not in self._clip_ids:
            self._clip_ids[source] = len(self._clip_ids)
            self._send("clip", {"id": self._clip_ids[source], **layer_job.source_values(source)})
        return self._clip_ids[source]

    def _request_id(self, requests: tuple[SwapRequest, ...]) -> int:
        """Return the number under which the worker knows requests; it gets them if it does not."""
        if requests not in self._request_ids:
            self._request_ids[requests] = len(self._request_ids)
            values = [layer_job.request_values(request) for request in requests]
            self._send("cast", {"id": self._request_ids[requests], "castings": values})
        return self._request_ids[requests]

    def _send(self, kind: str, value: object) -> None:
        self._outgoing_lines.put(json.dumps({kind: value}) + "\n")

    def _write_lines(self) -> None:
        """Feed the pipe from a thread: a pipe that is full would hold up Blender."""
        pipe = self._process.stdin
        try:
            while pipe is not None and (line := self._outgoing_lines.get()) is not None:
                pipe.write(line)
                if self._outgoing_lines.empty():
                    pipe.flush()
            if pipe is not None:
                pipe.close()
        except (OSError, ValueError):
            return  # the worker is gone, which the other thread tells

    def _read_messages(self) -> None:
        reported = False
        for line in self._process.stdout or ():
            ((kind, value),) = json.loads(line).items()
            reported |= kind == "report"
            self._messages.put((kind, value))
        status = self._process.wait()
        self._outgoing_lines.put(None)
        if reported:
            _LOGGER.info("worker %d ended", self._process.pid)
        else:  # what it printed last may be anything
            _LOGGER.warning("worker %d ended without a report, with status %d", self._process.pid, status)
        self._messages.put(("left", "" if reported else self._end_reason(status)))

    def _read_errors(self) -> None:
        for line in self._process.stderr or ():
            if line.strip():
                self._error_lines.append(line.strip())

    def _end_reason(self, status: int) -> str:
        how = f"signal {-status}" if status < 0 else f"status {status}"
        said = f": {self._error_lines[-1]}" if self._error_lines else ""
        return f"the worker ended unexpectedly ({how}){said}"


def worker_command() -> list[str]:
    """Return the command that starts the worker."""
    return [sys.executable, "-P", "-s", "-m", "core.worker"]


def worker_environment() -> dict[str, str]:
    """Return the environment in which the worker finds our core and what this Python finds."""
    root = str(Path(layer_job.__file__).parents[2])
    paths = [root, *(path for path in sys.path if path)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}
