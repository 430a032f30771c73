# SPDX-License-Identifier: GPL-3.0-or-later
"""A job's report as one HTML page that needs nothing else: tables, and a plot of who worked when.

Names of hosts and files come from other machines: everything is escaped, and the page allows neither scripts nor
anything from elsewhere.
"""

import html
from collections.abc import Iterable, Iterator, Sequence

from ..reporting.process_report import range_text
from ..reporting.quoting import quote
from .report import JobReport, exit_text
from .report_file import TaskReport

_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; } td, th { padding: .15rem .9rem .15rem 0; text-align: left; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
svg { width: 100%; height: auto; } svg text { font-size: 11px; fill: currentColor; }
.right { fill: #0072b2; } .failed { fill: #d55e00; } .stopped { fill: #e69f00; } .missing { fill: #cc79a7; }
.line { stroke: #8888; } .bad { color: #d55e00; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"
_WIDTH, _LEFT, _ROW, _EDGE = 900, 180, 20, 4
_MAX_CHARACTERS = 300
_MAX_HOST_CHARACTERS = 26
_MAX_SPANS = 2000
"""Of a strip's parts: a report in which every other frame failed stays a page that opens."""


def report_page(report: JobReport) -> str:
    """Return a report as an HTML page, text in UTF-8 without anything that it loads."""
    state = "" if report.is_complete else ' class="bad"'
    parts = [
        "<!DOCTYPE html>",
        '<html lang="en"><head><meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">',
        f"<title>Farm report</title><style>{_STYLE}</style></head><body>",
        f"<h1{state}>{_text(report.result)}</h1>",
        _frames_table(report),
        "<h2>Frames</h2>",
        _frame_strip(report),
        "<h2>Tasks over time</h2>",
        "<p>The time of each host counts from the start of its own first task, by its own clock.</p>",
        _timeline(report.tasks),
        "<h2>Hosts</h2>",
        _table(
            ("Host", "Tasks", "Frames", "Share", "Seconds", "CPU seconds"),
            (
                (
                    host.host,
                    host.task_count,
                    host.frame_count,
                    f"{host.frame_percent:.1f} %",
                    f"{host.seconds:.1f}",
                    f"{host.cpu_seconds:.1f}",
                )
                for host in report.hosts
            ),
        ),
        "<h2>Stages</h2>",
        _table(
            ("Stage", "Run", "In the cache", "Needed", "Run twice"),
            (
                (name, stage.run, stage.hit, stage.needed, stage.again)
                for name, stage in report.stages.items()
            ),
        ),
        *_list("Notes", report.notes),
        *_list("Files that are no reports", report.skipped),
        "</body></html>",
    ]
    return "\n".join(parts) + "\n"


def _text(value: object) -> str:
    """Return a text of anybody's that is safe in HTML, between tags and in attributes."""
    return html.escape(quote(value, _MAX_CHARACTERS), quote=True)


def _frames_table(report: JobReport) -> str:
    frames = {
        "Expected": report.expected,
        "Missing": report.missing,
        "Failed": report.failed,
        "Failed first, then right": report.failed_then_right,
        "Rendered more than once": report.doubled,
        "Not marked as a composite": report.unmarked,
    }
    rows = ((name, len(part), range_text(part)) for name, part in frames.items())
    return _table(("", "Frames", "Which"), rows)


def _table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    # The first and the last column may be text; what is a number stands on the right.
    body = "".join(
        "<tr>" + "".join(f"<td{_alignment(cell)}>{_text(cell)}</td>" for cell in row) + "</tr>"
        for row in rows
    )
    return "<table><tr>" + "".join(f"<th>{_text(name)}</th>" for name in head) + f"</tr>{body}</table>"


def _alignment(cell: object) -> str:
    is_number = not isinstance(cell, str) or cell.removesuffix(" %").replace(".", "", 1).isdigit()
    return ' class="number"' if is_number else ""


def _list(title: str, lines: Sequence[str]) -> Iterator[str]:
    if lines:
        yield f"<h2>{_text(title)}</h2><ul>"
        yield from (f"<li>{_text(line)}</li>" for line in lines)
        yield "</ul>"


def _frame_strip(report: JobReport) -> str:
    """Draw the expected frames from first to last, those that are not right in other colors."""
    if not report.expected:
        return "<p>No frames.</p>"
    first, last = min(report.expected), max(report.expected)
    scale = (_WIDTH - 2 * _EDGE) / (last - first + 1)
    parts = [f'<svg viewBox="0 0 {_WIDTH} 46" role="img" aria-label="Frames">']
    kinds = {"right": report.right & report.expected, "failed": report.failed, "missing": report.missing}
    for kind, frames in kinds.items():
        for begin, end in _spans(frames)[:_MAX_SPANS]:
            x, width = _EDGE + (begin - first) * scale, max((end - begin + 1) * scale, 0.5)
            title = f"<title>{begin} to {end}: {kind}</title>"
            parts.append(
                f'<rect class="{kind}" x="{x:.2f}" y="4" width="{width:.2f}" height="20">{title}</rect>'
            )
    parts.append(f'<text x="{_EDGE}" y="40">{first}</text>')
    parts.append(f'<text x="{_WIDTH - _EDGE}" y="40" text-anchor="end">{last}</text></svg>')
    return "".join(parts) + _legend(("right", "failed", "missing"))


def _spans(frames: Iterable[int]) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for frame in sorted(frames):
        if spans and frame == spans[-1][1] + 1:
            spans[-1] = spans[-1][0], frame
        else:
            spans.append((frame, frame))
    return spans


def _timeline(tasks: Sequence[TaskReport]) -> str:
    """Draw a row for each host with a bar for each task."""
    starts: dict[str, float] = {}
    for task in tasks:
        starts[task.host] = min(starts.get(task.host, task.started_at), task.started_at)
    hosts = {host: row for row, host in enumerate(sorted(starts))}
    length = max((task.started_at + task.seconds - starts[task.host] for task in tasks), default=0.0) or 1.0
    scale = (_WIDTH - _LEFT - _EDGE) / length
    height = _ROW * len(hosts) + 28
    parts = [f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Tasks over time">']
    for host, row in hosts.items():
        middle = row * _ROW + _ROW * 0.7
        parts.append(f'<text x="0" y="{middle:.0f}">{_text(quote(host, _MAX_HOST_CHARACTERS))}</text>')
    for task in tasks:
        x = _LEFT + (task.started_at - starts[task.host]) * scale
        y = hosts[task.host] * _ROW + 3
        title = f"<title>{_text(_task_text(task))}</title>"
        parts.append(
            f'<rect class="{_kind(task)}" x="{x:.2f}" y="{y}" width="{max(task.seconds * scale, 1.0):.2f}" '
            f'height="{_ROW - 6}" fill-opacity="0.8">{title}</rect>'
        )
    foot = _ROW * len(hosts) + 4
    parts.append(f'<line class="line" x1="{_LEFT}" y1="{foot}" x2="{_WIDTH - _EDGE}" y2="{foot}"/>')
    parts.append(f'<text x="{_LEFT}" y="{foot + 16}">0 s</text>')
    parts.append(f'<text x="{_WIDTH - _EDGE}" y="{foot + 16}" text-anchor="end">{length:.1f} s</text></svg>')
    return "".join(parts) + _legend(("right", "failed", "stopped"))


def _kind(task: TaskReport) -> str:
    if task.frames_failed:
        return "failed"
    return "stopped" if task.exit_code else "right"


def _task_text(task: TaskReport) -> str:
    frames = (
        f"prepared frames {range_text(task.frames_prepared)}"
        if task.prepares
        else f"frames {range_text(task.frames_asked)}"
    )
    text = f"{task.name}: {frames}, {task.seconds:.1f} s"
    if task.exit_code is not None:
        text += f", {exit_text(task.exit_code)}"
    return text + (f"; failed: {range_text(task.frames_failed)}" if task.frames_failed else "")


def _legend(kinds: Sequence[str]) -> str:
    marks = (
        f'<rect class="{kind}" x="{110 * place}" y="2" width="10" height="10"/>'
        f'<text x="{110 * place + 15}" y="11">{kind}</text>'
        for place, kind in enumerate(kinds)
    )
    return f'<svg viewBox="0 0 {_WIDTH} 16" aria-hidden="true">{"".join(marks)}</svg>'
