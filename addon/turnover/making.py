# SPDX-License-Identifier: GPL-3.0-or-later
"""Write a turnover: by a worker process while the editor goes on, or before returning where there is no window."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import bpy

from ...core.errors import OutputError
from ...core.reporting.layer_outcomes import pluralise
from ...core.reporting.quoting import quote
from ..blender.reports import Level, show_report
from ..layers.consent_file import consent_file
from ..layers.folders import cache_folder
from ..properties.preferences import preferences
from ..properties.status import set_window_state, window_state
from ..sessions.open import run_settings
from ..sessions.worker_process import WorkerProcess
from ..sessions.worker_query import WorkerQuery, active_queries
from .strip_request import turnover_request

_TOPIC = "turnover"
_MAX_WARNINGS = 10


@dataclass
class _Result:
    """What a turnover of a strip has come to so far."""

    strip: str
    folder: Path
    warnings: list[str]
    outcome: dict[str, Any] = field(default_factory=dict)

    def reports(self, faults: Sequence[str] = ()) -> list[tuple[Level, str]]:
        """Return what is to be said at the end, the summary last."""
        warnings: list[tuple[Level, str]] = [("WARNING", text) for text in self.warnings[:_MAX_WARNINGS]]
        if faults or not self.outcome:
            return [*warnings, ("ERROR", faults[0] if faults else f"{self.strip}: nothing was written")]
        written, failed = self.outcome["written"], self.outcome["failed"]
        text = f"Turnover of {self.strip}: {pluralise(written, 'frame')} in {self.folder}"
        if failed:
            return [*warnings, ("WARNING", f"{text}; {failed} failed: {self.outcome['reason']}")]
        return [*warnings, ("INFO", text)]


def write_turnover_now(scene: bpy.types.Scene, strip: Any, folder: Path) -> list[tuple[Level, str]]:
    """Write a turnover of a strip before returning; return what is to be said of it. Raises UnderstudyError."""
    from ...core.sessions.prefetching_session import PrefetchingSession
    from ...core.turnover.session_turnover import make_turnover

    request, warnings = turnover_request(scene, strip, folder)
    result = _Result(strip.name, folder, warnings)
    settings = run_settings(cache_folder(scene), preferences(), consent_file(scene))
    with closing(PrefetchingSession(settings)) as session:
        outcome = make_turnover(session, request, lambda _count, _total: None, online=settings.online)
        result.warnings += session.warnings
    result.outcome = outcome.as_dict()
    return result.reports()


def start_turnover(scene: bpy.types.Scene, strip: Any, folder: Path) -> None:
    """Have a worker write a turnover of a strip; at the end a report says so. Raises UnderstudyError.

    One at a time: a second would take the processor from the first, and perhaps write into its folder.
    """
    require_no_turnover()
    request, warnings = turnover_request(scene, strip, folder)
    result = _Result(strip.name, folder, warnings)
    worker = WorkerProcess(run_settings(cache_folder(scene), preferences(), consent_file(scene)))
    worker.make_turnover(strip.name, request)

    def on_message(kind: str, value: Any) -> None:
        if kind == "frames":
            _show_progress(*value)
        elif kind == "warning":
            result.warnings.append(value)
        elif kind == "outcome":
            result.outcome = value

    def on_end(faults: list[str]) -> None:
        _clear_state()
        set_window_state("trouble", faults[0] if faults else "")
        for level, text in result.reports(faults):
            show_report(text, level)

    set_window_state("trouble", "")
    set_window_state("turnover_strip", strip.name)
    set_window_state("turnover_status", "Starting")
    WorkerQuery(_TOPIC, worker, on_end, on_message, _clear_state).start()


def require_no_turnover() -> None:
    """Raise OutputError while a worker writes a turnover."""
    if is_writing_turnover():
        strip = window_state().turnover_strip
        raise OutputError(
            f"A turnover of {quote(strip)} is being written already: wait for its end, or stop it in the panel"
        )


def is_writing_turnover() -> bool:
    """Tell whether a worker writes a turnover."""
    return bool(active_queries(_TOPIC))


def stop_turnover() -> None:
    """End the worker at once. The frames that it wrote stay, without a manifest."""
    for query in active_queries(_TOPIC):
        query.cancel()


def _show_progress(count: int, total: int) -> None:
    set_window_state("turnover_progress", round(count / max(total, 1), 3))
    set_window_state("turnover_status", f"{count} of {pluralise(total, 'frame')}")


def _clear_state() -> None:
    for name in ("turnover_strip", "turnover_progress", "turnover_status"):
        window_state().property_unset(name)
