# SPDX-License-Identifier: GPL-3.0-or-later
"""Real Blenders that render the chunks of one project on one cache at the same time."""

import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
from understudy.core.cache.maintenance.statistics import statistics
from understudy.core.cache.stores.local import PackStore
from understudy.core.errors import UnderstudyError
from understudy.core.farm.report import JobReport, merge
from understudy.core.farm.report_folder import read_folder

from ..demo.project import Project, build

_ROOT = Path(__file__).resolve().parents[2]
_CACHE = "understudy_cache"
ANALYSIS_STAGES = ("detect", "landmark", "embed", "attribute")


@dataclass(frozen=True)
class ProcessFigures:
    """What one process used."""

    frames: int
    frames_decoded: int
    cpu_seconds: float


@dataclass(frozen=True)
class FarmRun:
    """What so many processes used together for one clip, from cold."""

    worker_count: int
    seconds: float
    """Until the last one ended, starts included."""
    processes: tuple[ProcessFigures, ...]
    stages: Mapping[str, int]
    """How often each stage ran."""
    stage_seconds: Mapping[str, float]
    bytes_written: int
    """By all processes, to whatever files."""
    cache_bytes: int
    """What the packs hold at the end."""
    analysis_bytes: int
    """What analyses take of that."""
    layer_bytes: int
    output_bytes: int
    lease_waits: int
    lease_wait_seconds: float
    frame_digests: tuple[str, ...]
    """Of the pixels of each frame, in order."""
    job: JobReport

    @property
    def cpu_seconds(self) -> float:
        """Of all processes."""
        return sum(process.cpu_seconds for process in self.processes)

    @property
    def frames_decoded(self) -> int:
        """By all processes."""
        return sum(process.frames_decoded for process in self.processes)


def split(frame_count: int, parts: int) -> list[tuple[int, int]]:
    """Return the first and last frames, from 1, of so many contiguous chunks of nearly the same length."""
    edges = [frame_count * part // parts for part in range(parts + 1)]
    return [(first + 1, last) for first, last in pairwise(edges)]


def run_farm(work: Path, clip: Path, face: Path, frame_count: int, worker_count: int) -> FarmRun:
    """Render a clip from cold with so many processes at once. Raises UnderstudyError where one fails."""
    folder = work / f"workers_{worker_count}"
    folder.mkdir(parents=True, exist_ok=True)
    project = build(folder, clip, face, frame_count, ())
    reports, frames = folder / "reports", folder / "frames"
    for place in (reports, frames):
        place.mkdir(exist_ok=True)
        for old in place.iterdir():
            old.unlink()
    began = time.perf_counter()
    tasks = [_start(project, chunk, folder, frames) for chunk in split(frame_count, worker_count)]
    ends = [task.process.wait() for task in tasks]
    seconds = time.perf_counter() - began
    if any(ends):
        raise UnderstudyError(f"a Blender ended with code {max(ends)} (see {folder}/*.log)")
    facts = [_write_report(task, reports) for task in tasks]
    job = merge(read_folder(reports).tasks, expected=range(1, frame_count + 1))
    if not job.is_complete:
        raise UnderstudyError(f"not every frame is right ({job.result}; see {folder}/*.log)")
    cache = folder / _CACHE
    renders = [json.loads(task.report.read_text(encoding="utf-8")) for task in tasks]
    return FarmRun(
        worker_count=worker_count,
        seconds=seconds,
        processes=tuple(
            ProcessFigures(last - first + 1, render["frames_decoded"], used["cpu_seconds"])
            for (first, last), render, used in zip(
                split(frame_count, worker_count), renders, facts, strict=True
            )
        ),
        stages={name: total.run for name, total in job.stages.items()},
        stage_seconds={
            name: sum(render["stages"].get(name, {}).get("seconds", 0.0) for render in renders)
            for name in job.stages
        },
        bytes_written=sum(used["bytes_written"] for used in facts),
        cache_bytes=_size(cache.glob("*.pack")),
        analysis_bytes=_analysis_bytes(cache),
        layer_bytes=_size(project.layers.glob("*.tif")),
        output_bytes=_size(frames.glob("*.png")),
        lease_waits=sum(used["lease_waits"]["count"] for used in facts),
        lease_wait_seconds=sum(used["lease_waits"]["seconds"] for used in facts),
        frame_digests=tuple(_digest(path) for path in sorted(frames.glob("*.png"))),
        job=job,
    )


@dataclass(frozen=True)
class _Task:
    chunk: tuple[int, int]
    process: "subprocess.Popen[bytes]"
    facts: Path
    report: Path


def _start(project: Project, chunk: tuple[int, int], folder: Path, frames: Path) -> _Task:
    name = f"{chunk[0]:06d}"
    facts, report = folder / f"{name}.facts", folder / f"{name}.report"
    facts.unlink(missing_ok=True)
    report.unlink(missing_ok=True)
    command = [sys.executable, "-m", "tools.bench_farm.blender_job", "--blend", str(project.blend)]
    command += ["--facts", str(facts), "--output", str(frames)]
    command += ["--first", str(chunk[0]), "--last", str(chunk[1])]
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    places = {"PYTHONPYCACHEPREFIX": str(_ROOT / "out" / "compiled"), "UNDERSTUDY_REPORT": str(report)}
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=_ROOT, env={**kept, **places}, stdout=log, stderr=subprocess.STDOUT
        )
    return _Task(chunk, process, facts, report)


def _write_report(task: _Task, reports: Path) -> dict[str, Any]:
    """Write the report of a task as `understudy farm run-task` does; return what the process used."""
    facts: dict[str, Any] = json.loads(task.facts.read_text(encoding="utf-8"))
    entry = {
        "first": task.chunk[0],
        "last": task.chunk[1],
        # A host each, so that the report's shares are those of processes.
        "host": f"{platform.node()} {task.process.pid}",
        "engine": "bench",
        "exit_code": task.process.returncode,
        **{name: facts[name] for name in ("started_at_unix_seconds", "ended_at_unix_seconds", "cpu_seconds")},
    }
    render = json.loads(task.report.read_text(encoding="utf-8"))
    text = json.dumps({"task": entry, "render": render})
    (reports / f"{task.chunk[0]:06d}.json").write_text(text, encoding="utf-8")
    return facts


def _size(paths: Sequence[Path] | Any) -> int:
    return sum(path.stat().st_size for path in paths)


def _analysis_bytes(cache: Path) -> int:
    store = PackStore(cache, read_only=True)
    try:
        stages = statistics(store).stages
    finally:
        store.close()
    return sum(stages[name].payload_bytes for name in ANALYSIS_STAGES if name in stages)


def _digest(path: Path) -> str:
    pixels = cv2.imread(str(path), cv2.IMREAD_UNCHANGED)
    return hashlib.sha256(pixels.tobytes()).hexdigest()
