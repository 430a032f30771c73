# SPDX-License-Identifier: GPL-3.0-or-later
"""A plan in words, the same for the command line and for Blender's panel, and as values for programs."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from ..reporting.layer_outcomes import pluralise
from .plan import Asset, FarmPlan

_MINUTE_SECONDS, _HOUR_SECONDS = 60, 3600
_SIZE_UNITS = ((10**12, "TB"), (10**9, "GB"), (10**6, "MB"), (10**3, "kB"))


def plan_values(plan: FarmPlan) -> dict[str, Any]:
    """Return a plan as plain values for JSON: the fields of `FarmPlan`, paths as texts, and `task_count`."""
    values: dict[str, Any] = json.loads(json.dumps(asdict(plan), default=str))
    return {**values, "task_count": task_count(plan)}


def task_count(plan: FarmPlan) -> int:
    """Return how many tasks a plan has."""
    return len(plan.chunks) * (2 if plan.prepares_first else 1)


def summary_lines(plan: FarmPlan) -> tuple[str, ...]:
    """Return what a job does and costs, a few words a line, without what stands against it."""
    facts, costs = plan.facts, plan.estimate
    total = costs.frames_to_compute + costs.frames_ready
    step = f", every {facts.frame_step}." if facts.frame_step > 1 else ""
    first = f", {task_count(plan)} with preparing first" if plan.prepares_first else ""
    return (
        f"Frames {facts.first_frame} to {facts.last_frame}{step}: {costs.frames_ready} of {total} ready",
        f"{pluralise(len(plan.chunks), 'task')} of {pluralise(plan.chunk_size, 'frame')} at most{first}",
        f"CPU time: about {duration_text(costs.cpu_seconds)}",
        f"Cache and layers: {size_text(costs.cache_bytes)} more",
        f"Share: {size_text(costs.share_bytes)} read and written",
    )


def plan_lines(plan: FarmPlan) -> Iterator[str]:
    """Yield a plan as a table, a line each, what stands against it last."""
    facts = plan.facts
    programs = f"Blender {facts.blender_version}, Understudy {facts.extension_version}"
    yield f"{facts.project}, scene {facts.scene} ({programs})"
    yield f"output: {facts.output}"
    yield from summary_lines(plan)
    yield f"figures: {plan.estimate.basis}"
    yield ""
    yield f"{'file':<8} {'size':>9} {'travels':<8} path"
    yield from map(_asset_line, facts.assets)
    if facts.strips:
        yield ""
        yield f"{'frames':>15} {'ready':>7} strip"
    for strip in facts.strips:
        span = f"{strip.first_frame} to {strip.last_frame}"
        yield f"{span:>15} {strip.ready_frame_count:>7} {strip.name}"
    yield ""
    yield "every task needs:"
    yield from (f"  {name}={value}" for name, value in plan.environment.items())
    yield ""
    yield from problem_lines(plan)


def problem_lines(plan: FarmPlan) -> tuple[str, ...]:
    """Return what stands against a job, a line each, and in the last whether it can be sent."""
    faults, warnings = len(plan.faults), len(plan.warnings)
    if faults:
        end = f"The job would fail: {pluralise(faults, 'fault')}, {pluralise(warnings, 'warning')}"
    else:
        end = f"The job can be sent: {pluralise(warnings, 'warning')}"
    return (
        *(f"warning: {text}" for text in plan.warnings),
        *(f"fault: {text}" for text in plan.faults),
        end,
    )


def _asset_line(asset: Asset) -> str:
    size = "missing" if asset.byte_count is None else size_text(asset.byte_count)
    if asset.byte_count is None and asset.kind in ("cache", "layers"):
        size = "none yet"
    travels = "yes" if asset.travels else "no"
    return f"{asset.kind:<8} {size:>9} {travels:<8} {asset.stored_path}"


def size_text(byte_count: int) -> str:
    """Return such as "12.3 MB", in powers of 1000."""
    for factor, unit in _SIZE_UNITS:
        if byte_count >= factor:
            return f"{byte_count / factor:.1f} {unit}"
    return f"{byte_count} B"


def duration_text(seconds: float) -> str:
    """Return such as "2 h 5 min", "3 min" or "12 s"."""
    if seconds >= _HOUR_SECONDS:
        hours, rest = divmod(round(seconds), _HOUR_SECONDS)
        return f"{hours} h {rest // _MINUTE_SECONDS} min"
    if seconds >= 2 * _MINUTE_SECONDS:
        return f"{round(seconds / _MINUTE_SECONDS)} min"
    return f"{round(seconds)} s"
