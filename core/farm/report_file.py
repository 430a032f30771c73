# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task of a farm says that it did. It comes from another machine: nothing in it is trusted."""

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..errors import MessageError
from ..reporting.quoting import quote
from .chunks import MAX_FRAME

_MAX_SECONDS = 1e11
_MAX_COUNT = 1 << 40
_MAX_TEXT_CHARACTERS = 500
_RANGES = ("range", "prepared")
_SPAN = re.compile(r"(-?\d{1,7})(?:-(-?\d{1,7}))?", re.ASCII)


@dataclass(frozen=True)
class StageRuns:
    """How often a stage was computed, and how often its result was in the cache."""

    run: int
    hit: int


@dataclass(frozen=True)
class TaskReport:
    """What one task of a farm did, or one process whose report was kept without a task's."""

    name: str
    """The file's name."""
    host: str
    engine: str
    """What ran the task, such as `slurm`; empty for a process that nothing of ours started."""
    frames_asked: frozenset[int]
    """Timeline frames that it was to render; those it rendered where nobody said."""
    frame_step: int
    """Every how many frames one was to be rendered; 0 where it does not say, and all of its range are asked."""
    frames_right: frozenset[int]
    """Timeline frames that it rendered and that did not fail."""
    frames_failed: frozenset[int]
    frames_unmarked: frozenset[int]
    """Those that show new faces in a file that does not say so."""
    frames_prepared: frozenset[int]
    """Timeline frames whose layers it was to make, rendering nothing."""
    prepares: bool
    """Whether it was to render nothing."""
    reason: str
    """Why the task failed, as it said itself; empty where it did not."""
    refusal: str
    """Why the whole render was refused; empty where it was not."""
    exit_code: int | None
    """None where no task says it."""
    started_at: float
    """In seconds since 1970 by its host's own clock, as `ended_at`."""
    ended_at: float
    cpu_seconds: float | None
    """None where nobody measured it."""
    frames_worked_on: int
    """Frames of clips: each strip of a timeline frame counts."""
    faces: int
    stages: Mapping[str, StageRuns]
    models_loaded: int
    frames_decoded: int
    warning_count: int
    extension: str
    """Its version; empty where the report does not say."""
    render_id: tuple[str, int, float, float] | None
    """What tells one process's report from another's: host, process, start and end. None where nothing was rendered."""

    @property
    def has_backward_clock(self) -> bool:
        """Whether it ended before it began, by its own host's clock."""
        return self.ended_at < self.started_at

    @property
    def seconds(self) -> float:
        """How long it took; 0 where its clock went back."""
        return max(self.ended_at - self.started_at, 0.0)


def parse_report(name: str, data: bytes) -> TaskReport:
    """Return what a file says.

    Parameters
    ----------
    name : str
        The file's name.
    data : bytes
        Its content: JSON of `understudy farm run-task`, or what `UNDERSTUDY_REPORT` names.

    Returns
    -------
    TaskReport
        What the task did.

    Raises
    ------
    MessageError
        It is no report; the text says why.
    """
    try:
        value = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise MessageError("it is not JSON") from error
    if not isinstance(value, dict):
        raise MessageError("it is no report of Understudy")
    if "task" not in value:
        return _of_process(name, value)
    task, render = value["task"], value.get("render")
    if not isinstance(task, dict) or not (render is None or isinstance(render, dict)):
        raise MessageError("it is no report of Understudy")
    first, last = (_integer(task, key, -MAX_FRAME, MAX_FRAME) for key in ("first", "last"))
    step = _integer(task, "step", 0, 2 * MAX_FRAME, 0)
    if first > last:
        raise MessageError("its last frame is before its first")
    return _report(
        name,
        render or {},
        host=_text(task, "host"),
        engine=_text(task, "engine"),
        asked=frozenset(range(first, last + 1, max(step, 1))),
        frame_step=step,
        exit_code=_integer(task, "exit_code", -_MAX_COUNT, _MAX_COUNT),
        started_at=_number(task, "started_at_unix_seconds"),
        ended_at=_number(task, "ended_at_unix_seconds"),
        cpu_seconds=_number(task, "cpu_seconds"),
        prepares=_switch(task, "prepares"),
        reason=_text(task, "reason", ""),
    )


def _of_process(name: str, value: Mapping[str, Any]) -> TaskReport:
    if not {"range", "stages", "shown"} <= value.keys():
        raise MessageError("it is no report of Understudy")
    return _report(
        name,
        value,
        host=_text(value, "host"),
        engine="",
        asked=None,
        frame_step=0,
        exit_code=None,
        started_at=_number(value, "started"),
        ended_at=_number(value, "ended"),
        cpu_seconds=None,
        prepares=False,
        reason="",
    )


def _report(
    name: str,
    render: Mapping[str, Any],
    *,
    host: str,
    engine: str,
    asked: frozenset[int] | None,
    frame_step: int,
    exit_code: int | None,
    started_at: float,
    ended_at: float,
    cpu_seconds: float | None,
    prepares: bool,
    reason: str,
) -> TaskReport:
    rendered, prepared = (parse_range(_text(render, key, "")) for key in _RANGES)
    refusal = _text(render, "refused", "")
    failed, nothing = _frames(render.get("failed", []), "failed"), frozenset[int]()
    process = _integer(render, "process", 0, _MAX_COUNT, 0)
    times = _number(render, "started", 0.0), _number(render, "ended", 0.0)
    warnings = render.get("warnings", [])
    return TaskReport(
        name=name,
        host=host,
        engine=engine,
        frames_asked=nothing if prepares else rendered if asked is None else asked,
        frame_step=frame_step,
        frames_right=nothing if refusal else rendered - failed,
        # What could not be prepared may be rendered yet.
        frames_failed=(rendered if refusal else failed) - (prepared - rendered),
        frames_unmarked=_frames(render.get("unmarked", []), "unmarked"),
        frames_prepared=prepared,
        prepares=prepares,
        reason=reason,
        refusal=refusal,
        exit_code=exit_code,
        started_at=started_at,
        ended_at=ended_at,
        cpu_seconds=cpu_seconds,
        frames_worked_on=_integer(render, "frames", 0, _MAX_COUNT, 0),
        faces=_integer(render, "faces", 0, _MAX_COUNT, 0),
        stages=_stages(render.get("stages", {})),
        models_loaded=_integer(render, "models_loaded", 0, _MAX_COUNT, 0),
        frames_decoded=_integer(render, "frames_decoded", 0, _MAX_COUNT, 0),
        warning_count=len(warnings) if isinstance(warnings, list) else 0,
        extension=_text(render, "extension", ""),
        render_id=(_text(render, "host", ""), process, *times) if render else None,
    )


def parse_range(text: str) -> frozenset[int]:
    """Return the frames that a text such as `1-24,30` names.

    Parameters
    ----------
    text : str
        Frames and ranges in rising order, as `reporting.process_report.range_text` writes them; empty for none.

    Returns
    -------
    frozenset of int
        The frames.

    Raises
    ------
    MessageError
        It has another form, or names a frame that Blender has not.
    """
    frames: set[int] = set()
    before = -MAX_FRAME - 1
    for part in text.split(",") if text else []:
        match = _SPAN.fullmatch(part)
        first = int(match[1]) if match else before
        last = int(match[2]) if match and match[2] else first
        # In rising order alone, so that a short text does not name millions of frames again and again.
        if not before < first <= last <= MAX_FRAME:
            raise MessageError("its range of frames can't be read")
        frames.update(range(first, last + 1))
        before = last
    return frozenset(frames)


def _frames(value: object, kind: str) -> frozenset[int]:
    if not isinstance(value, list) or not all(
        type(frame) is int and abs(frame) <= MAX_FRAME for frame in value
    ):
        raise MessageError(f"its {kind} frames can't be read")
    return frozenset(value)


def _stages(value: object) -> dict[str, StageRuns]:
    if not isinstance(value, dict):
        raise MessageError("its stages can't be read")
    stages = {}
    for name, counts in value.items():
        if not isinstance(counts, dict):
            raise MessageError("its stages can't be read")
        run, hit = (_integer(counts, key, 0, _MAX_COUNT, 0) for key in ("run", "hit"))
        stages[quote(name, 40)] = StageRuns(run, hit)
    return stages


def _integer(values: Mapping[str, Any], key: str, low: int, high: int, default: int | None = None) -> int:
    value = values.get(key, default)
    if type(value) is not int or not low <= value <= high:
        raise MessageError(f"its {key} can't be read")
    return value


def _switch(values: Mapping[str, Any], key: str) -> bool:
    value = values.get(key, False)
    if type(value) is not bool:
        raise MessageError(f"its {key} can't be read")
    return value


def _number(values: Mapping[str, Any], key: str, default: float | None = None) -> float:
    value = values.get(key, default)
    # The order matters: a whole number may be too large to be a float.
    if type(value) not in (int, float) or abs(value) > _MAX_SECONDS or not math.isfinite(value):
        raise MessageError(f"its {key} can't be read")
    return float(value)


def _text(values: Mapping[str, Any], key: str, default: str | None = None) -> str:
    value = values.get(key, default)
    if not isinstance(value, str):
        raise MessageError(f"its {key} can't be read")
    return value if key in _RANGES else value[:_MAX_TEXT_CHARACTERS]
