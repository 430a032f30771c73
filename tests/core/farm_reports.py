# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports of a farm's tasks, made of what a render's own report is made of."""

import json

from understudy.core.farm.report_file import parse_report
from understudy.core.reporting.layer_outcomes import Outcomes
from understudy.core.reporting.process_report import ProcessReport, RenderRecord
from understudy.core.reporting.stage_counts import StageCounter


def render_report(
    frames, failed=(), *, host="one", process=1, began=10.0, refusal="", detections=None, prepares=False
):
    """What `UNDERSTUDY_REPORT` names after a render of `frames`, as plain values."""
    counter, outcomes = StageCounter(), Outcomes()
    for frame in frames:
        counter.record_frame(1)
        if frame in failed:
            outcomes.record_failure("no model", f"frame {frame}: no model")
        else:
            outcomes.record_shown(1, 1)
    counter.runs["detect"] = len(frames) if detections is None else detections
    counter.runs["swap"] = counter.runs["fuse"] = len(frames)
    facts = {**counter.report(1, StageCounter()).as_dict(), "shown": outcomes.as_dict(), "seconds": 0.5}
    report = ProcessReport({"blender": "4.5.1", "extension": "0.2.0"})
    swapped = len(frames) - len(failed)
    report.add(
        RenderRecord(
            facts,
            outcomes,
            0,
            tuple(frames),
            tuple(failed),
            swapped,
            len(failed),
            refusal,
            began,
            began + 5,
            prepares,
        )
    )
    return {**report.as_dict(), "host": host, "process": process}


def task_report(first, last, render, *, host="one", began=9.0, ended=16.0, code=0, prepares=False, reason=""):
    """What `understudy farm run-task` writes."""
    task = {
        "first": first,
        "last": last,
        "host": host,
        "engine": "slurm",
        "started_at_unix_seconds": began,
        "ended_at_unix_seconds": ended,
        "exit_code": code,
        "cpu_seconds": 12.5,
        "prepares": prepares,
        "reason": reason,
    }
    return {"task": task, "render": render}


def parsed(name, value):
    """What a file of such a report says."""
    return parse_report(name, json.dumps(value).encode())


def write(folder, name, value):
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
