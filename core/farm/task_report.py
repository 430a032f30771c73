# SPDX-License-Identifier: GPL-3.0-or-later
"""The file that says what a task did, for `understudy farm report`."""

import json
import os
import platform
import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ..errors import OutputError, os_error_reason
from ..filesystem import make_folder, read_input, write_file

_MAX_REPORT_BYTES = 64 << 20
_UNSAFE = re.compile(r"[^\w.]+")


@dataclass(frozen=True)
class TaskRecord:
    """A task and how it went."""

    first: int
    """First frame of the timeline."""
    last: int
    """Last frame, itself included."""
    host: str
    engine: str
    started_at_unix_seconds: float
    ended_at_unix_seconds: float
    exit_code: int
    cpu_seconds: float
    """Of Blender and what it started."""
    prepares: bool
    """Whether it filled the cache alone and rendered nothing."""
    reason: str
    """Why it failed; empty where it did not."""
    step: int = 0
    """Every how many frames one is rendered; 0 where Blender did not come to say it."""

    @property
    def file_name(self) -> str:
        """The name of its report: tasks of one folder have different ones.

        In containers all processes may have the same number: so the time, in milliseconds, is a part of it.
        """
        process, time = os.getpid(), round(self.started_at_unix_seconds * 1000)
        return f"{_UNSAFE.sub('_', self.host)}-{process}-{self.first}-{self.last}-{time}.json"


def host_name() -> str:
    """Return the name of this machine."""
    return platform.node() or "unknown"


def read_render_report(path: Path) -> dict[str, Any] | None:
    """Return what Blender's own report says; None where there is none, as when it was killed before it was whole."""
    try:
        values = json.loads(read_input(path, _MAX_REPORT_BYTES))
    except (OSError, ValueError, RecursionError):
        return None
    return values if isinstance(values, dict) else None


def write_task_report(folder: Path, record: TaskRecord, render: dict[str, Any] | None) -> Path:
    """Write a report, whole or not at all, and return its path. Raises OutputError."""
    path = folder / record.file_name
    text = json.dumps({"task": asdict(record), "render": render}, indent=1)
    try:
        make_folder(folder)
        write_file(path, f"{text}\n".encode())
    except OSError as error:
        raise OutputError(f"can't write the task's report {path}: {os_error_reason(error)}") from error
    return path
