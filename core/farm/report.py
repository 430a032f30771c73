# SPDX-License-Identifier: GPL-3.0-or-later
"""The reports of a job's tasks as one: what is missing, what was done twice, who did how much."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ..reporting.layer_outcomes import pluralise
from ..reporting.process_report import range_text
from .estimate import BORDER_FRAMES
from .exit_codes import FRAMES_FAILED, TRY_AGAIN, UNFIT_MACHINE, signal_of
from .report_file import TaskReport

FACE_STAGES = ("occlude", "shape", "swap", "enhance")
"""Stages that count faces; the others count frames of clips."""
_EXIT_MEANINGS = {
    FRAMES_FAILED: "frames failed",
    UNFIT_MACHINE: "the machine is unfit",
    TRY_AGAIN: "try again",
}

FORM_FRAMES = 16
"""A face's form is learned from so many frames at most, which the job may not render: `SAMPLE_FRAMES` of the pipeline,
which would load image libraries for a report."""


@dataclass(frozen=True)
class HostShare:
    """What one machine did."""

    host: str
    task_count: int
    frame_count: int
    """Frames that it rendered right, those that others rendered too."""
    frame_percent: float
    """Of the frames that all machines rendered right."""
    seconds: float
    """Of all its tasks together, each by the machine's own clock."""
    cpu_seconds: float
    """Of the tasks that were measured."""


@dataclass(frozen=True)
class StageTotal:
    """How often a stage ran for a job."""

    run: int
    hit: int
    needed: int
    """How often it runs where nothing is computed twice and nothing was in the cache: by frames or by faces."""

    @property
    def again(self) -> int:
        """How often it ran beyond that."""
        return max(self.run - self.needed, 0)


@dataclass(frozen=True)
class JobReport:
    """What a farm did for one job."""

    tasks: tuple[TaskReport, ...]
    """In the order of host and start."""
    skipped: tuple[str, ...]
    """Files that are no reports, each with the reason."""
    expected: frozenset[int]
    right: frozenset[int]
    missing: frozenset[int]
    """Expected frames that no task rendered, right or wrong."""
    failed: frozenset[int]
    """Frames that failed, and that no task rendered right."""
    failed_then_right: frozenset[int]
    """Frames that failed in one task and are right in another."""
    doubled: frozenset[int]
    """Frames that more than one task rendered right."""
    unmarked: frozenset[int]
    """Frames that show new faces in a file that does not say so."""
    stages: Mapping[str, StageTotal]
    hosts: tuple[HostShare, ...]
    notes: tuple[str, ...]
    """What else is worth a look: tasks that were refused or did not finish, clocks, versions."""

    @property
    def is_complete(self) -> bool:
        """Whether each expected frame is right."""
        return not (self.missing or self.failed)

    @property
    def result(self) -> str:
        """What came of the job, in a few words."""
        right = len(self.right & self.expected)
        text = f"{pluralise(len(self.expected), 'frame')}: {right} right"
        parts = {"missing": self.missing, "failed": self.failed, "doubled": self.doubled}
        parts |= {"unmarked": self.unmarked}
        return text + "".join(f", {len(frames)} {name}" for name, frames in parts.items() if frames)

    def as_dict(self) -> dict[str, Any]:
        """Return the report as plain values for JSON; frames as text such as `1-24,30`."""
        return {
            "result": self.result,
            "complete": self.is_complete,
            "expected": range_text(self.expected),
            "right": range_text(self.right),
            "missing": range_text(self.missing),
            "failed": range_text(self.failed),
            "failed_then_right": range_text(self.failed_then_right),
            "doubled": range_text(self.doubled),
            "unmarked": range_text(self.unmarked),
            "stages": {
                name: {"run": total.run, "hit": total.hit, "needed": total.needed, "again": total.again}
                for name, total in self.stages.items()
            },
            "models_loaded": sum(task.models_loaded for task in self.tasks),
            "frames_decoded": sum(task.frames_decoded for task in self.tasks),
            "hosts": [vars(host) for host in self.hosts],
            "tasks": [_task_facts(task) for task in self.tasks],
            "notes": list(self.notes),
            "skipped": list(self.skipped),
        }


def merge(
    tasks: Iterable[TaskReport], skipped: Iterable[str] = (), expected: Iterable[int] | None = None
) -> JobReport:
    """Return the reports of a job's tasks as one; their order does not matter.

    Clocks of two machines are never compared: of one machine's renders of a frame the last one counts, and a frame
    that is right on any machine is right.

    Parameters
    ----------
    tasks : iterable of TaskReport
        What the tasks did.
    skipped : iterable of str
        Files that are no reports, for the report to name.
    expected : iterable of int, optional
        Timeline frames that the job is to have. Without it what its tasks were asked for.

    Returns
    -------
    JobReport
        What the job did.
    """
    ordered = tuple(sorted(tasks, key=_order))
    wanted = frozenset(expected) if expected is not None else _union(_frames_asked(ordered))
    right_by_host: dict[str, set[int]] = {}
    failed_by_host: dict[str, set[int]] = {}
    unmarked_by_host: dict[str, set[int]] = {}
    for task in ordered:
        done, undone = (by_host.setdefault(task.host, set()) for by_host in (right_by_host, failed_by_host))
        done.difference_update(task.frames_failed)
        done.update(task.frames_right)
        undone.difference_update(task.frames_right)
        undone.update(task.frames_failed)
        unmarked = unmarked_by_host.setdefault(task.host, set())
        unmarked.difference_update(task.frames_right)
        unmarked.update(task.frames_unmarked)
    right = _union(right_by_host.values())
    failures = _union(task.frames_failed for task in ordered)
    failed = (_union(failed_by_host.values()) - right) & wanted
    counts = Counter(frame for task in ordered for frame in task.frames_right)
    return JobReport(
        tasks=ordered,
        skipped=tuple(sorted(skipped)),
        expected=wanted,
        right=right,
        missing=wanted - right - failed,
        failed=failed,
        failed_then_right=failures & right,
        doubled=frozenset(frame for frame, count in counts.items() if count > 1),
        unmarked=_union(unmarked_by_host.values()) & right,
        stages=_stage_totals(ordered),
        hosts=_host_shares(ordered, right_by_host),
        notes=tuple(_notes(ordered)),
    )


def _frames_asked(tasks: tuple[TaskReport, ...]) -> Iterator[Iterable[int]]:
    """Yield what tasks were asked for. The step of one that did not come to say it is what the others say."""
    step = max((task.frame_step for task in tasks), default=0) or 1
    for task in tasks:
        has_range = task.exit_code is not None and not task.frame_step
        yield sorted(task.frames_asked)[::step] if has_range else task.frames_asked


def _order(task: TaskReport) -> tuple[str, float, float, str]:
    return task.host, task.started_at, task.ended_at, task.name


def _union(sets: Iterable[Iterable[int]]) -> frozenset[int]:
    return frozenset().union(*sets)


def _stage_totals(tasks: tuple[TaskReport, ...]) -> dict[str, StageTotal]:
    rendered = [task.frames_right | task.frames_failed | task.frames_prepared for task in tasks]
    # A timeline frame may show several clips, and a clip several faces: as many as in the mean.
    frame_count = sum(map(len, rendered)) or 1
    distinct = len(_union(rendered))
    clip_frames = round(sum(task.frames_worked_on for task in tasks) / frame_count * distinct)
    faces = round(sum(task.faces for task in tasks) / frame_count * distinct)
    totals = {}
    border = 2 * BORDER_FRAMES + (FORM_FRAMES if any("shape" in task.stages for task in tasks) else 0)
    for name in dict.fromkeys(name for task in tasks for name in task.stages):
        counts = [task.stages[name] for task in tasks if name in task.stages]
        needed = faces if name in FACE_STAGES else clip_frames
        if name in ("detect", "landmark", "embed", "attribute") and clip_frames:
            needed += border
        if name == "nudity":  # it looks at whole shots, whatever frames the tasks render
            needed = max(entry.run for entry in counts)
        totals[name] = StageTotal(
            sum(entry.run for entry in counts), sum(entry.hit for entry in counts), needed
        )
    return dict(sorted(totals.items()))


def _host_shares(
    tasks: tuple[TaskReport, ...], right_by_host: Mapping[str, set[int]]
) -> tuple[HostShare, ...]:
    whole = sum(map(len, right_by_host.values())) or 1
    by_host: dict[str, list[TaskReport]] = {}
    for task in tasks:
        by_host.setdefault(task.host, []).append(task)
    shares = []
    for host, own in sorted(by_host.items()):
        frames = right_by_host[host]
        shares.append(
            HostShare(
                host,
                len(own),
                len(frames),
                round(100 * len(frames) / whole, 1),
                round(sum(task.seconds for task in own), 3),
                round(sum(task.cpu_seconds or 0.0 for task in own), 3),
            )
        )
    return tuple(shares)


def _notes(tasks: tuple[TaskReport, ...]) -> Iterable[str]:
    for task in tasks:
        if task.refusal:
            yield f"{task.name}: {task.refusal}"
        if task.exit_code not in (None, 0):
            reason = f": {task.reason}" if task.reason else ""
            yield f"{task.name}: ended with {exit_text(task.exit_code)} on {task.host}{reason}"
        elif task.render_id is None and not task.prepares:
            yield f"{task.name}: ended with 0 on {task.host}, without a report of a render"
        if task.has_backward_clock:
            yield f"{task.name}: it ends before it starts: the clock of {task.host} was set back meanwhile"
        if task.warning_count:
            yield f"{task.name}: {pluralise(task.warning_count, 'warning')}"
    versions = {task.extension for task in tasks if task.extension}
    if len(versions) > 1:
        yield f"the machines have several versions of the extension: {', '.join(sorted(versions))}"


def exit_text(code: int | None) -> str:
    """Return an exit code with its meaning, as `exit code 4 (the machine is unfit)`."""
    if code is None:
        return "no exit code"
    number = signal_of(code)
    meaning = f"ended by signal {number}" if number else _EXIT_MEANINGS.get(code, "")
    return f"exit code {code}" + (f" ({meaning})" if meaning else "")


def _task_facts(task: TaskReport) -> dict[str, Any]:
    return {
        "file": task.name,
        "host": task.host,
        "engine": task.engine,
        "frames_asked": range_text(task.frames_asked),
        "frames_right": range_text(task.frames_right),
        "frames_failed": range_text(task.frames_failed),
        "frames_prepared": range_text(task.frames_prepared),
        "exit_code": task.exit_code,
        "seconds": round(task.seconds, 3),
        "cpu_seconds": task.cpu_seconds,
        "clock_went_back": task.has_backward_clock,
        "refused": task.refusal,
        "reason": task.reason,
    }
