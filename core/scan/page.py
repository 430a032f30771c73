# SPDX-License-Identifier: GPL-3.0-or-later
"""A scan as one HTML page that needs nothing else: a table of what was found, and a plot of each measure."""

from collections.abc import Iterator
from html import escape

import numpy as np
import numpy.typing as npt

from ..reporting.quoting import quote
from .measures import FACE_MEASURES, Measure
from .plot import worst_by_column
from .problems import PersonSeries, ScanResult
from .runs import problem_runs

_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
_PLOT_WIDTH, _PLOT_HEIGHT = 900, 56
_MAX_PERSON_PLOTS = 8
_STYLE = """\
:root { color-scheme: dark; }
body { margin: 0; padding: 20px 24px 32px; background: #181818; color: #e6e6e6;
  font: 15px/1.45 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: anywhere; }
h1 { margin: 0; font-size: 22px; font-weight: 600; }
h2 { margin: 28px 0 6px; font-size: 18px; font-weight: 600; }
p { margin: 4px 0 0; color: #b4b4b4; }
table { margin-top: 14px; border-collapse: collapse; }
th, td { padding: 4px 18px 4px 0; text-align: left; vertical-align: top; border-bottom: 1px solid #303030; }
th, td:nth-child(-n+2) { white-space: nowrap; }
figure { margin: 10px 0 0; }
figcaption { font-size: 13px; color: #b4b4b4; }
svg { display: block; width: 100%; height: 56px; background: #222; border-radius: 3px; }
polyline { fill: none; stroke: #7fb2f0; stroke-width: 1.2; vector-effect: non-scaling-stroke; }
line { stroke: #e8a33d; stroke-width: 1; stroke-dasharray: 5 4; vector-effect: non-scaling-stroke; }
rect { fill: #b3473a; fill-opacity: .55; }
"""


def encode_page(clip: str, numbers: range, result: ScanResult) -> bytes:
    """Return a scan as an HTML page in UTF-8. Whatever names say is shown, and does nothing.

    Parameters
    ----------
    clip : str
        The name of the clip.
    numbers : range
        The frames that were to be looked at.
    result : ScanResult
        What was found.

    Returns
    -------
    bytes
        The page.
    """
    title = f"Scan of {_text(clip)}"
    flagged = len(result.flagged_frames)
    unknown = f", {result.unknown_count} could not be looked at" if result.unknown_count else ""
    rows = "".join(
        f"<tr><td>{run.frames_text}</td><td>{_person_text(run.person)}</td><td>{_text(run.text)}</td></tr>\n"
        for run in problem_runs(result.problems)
    )
    table = (
        f"<table>\n<tr><th>Frames</th><th>Person</th><th>Reasons</th></tr>\n{rows}</table>\n" if rows else ""
    )
    plots = "".join(
        f"<h2>{_person_text(series.person)}</h2>\n{''.join(_plots(series, numbers, result))}"
        for series in sorted(result.series, key=lambda one: -len(one.frames))[:_MAX_PERSON_PLOTS]
    )
    page = (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{title}</title>\n<style>\n{_STYLE}</style>\n</head>\n<body>\n'
        f"<h1>{title}</h1>\n<p>{flagged} of {result.frame_count} frames flagged{unknown}.</p>\n"
        f"{table}{plots}</body>\n</html>\n"
    )
    return page.encode("utf-8", errors="replace")


def _plots(series: PersonSeries, numbers: range, result: ScanResult) -> Iterator[str]:
    for column, measure in enumerate(FACE_MEASURES):
        values = series.values[:, column]
        if np.isfinite(values).any():
            flagged = [
                (problem.frame, reason.limit)
                for problem in result.problems
                if problem.person == series.person
                for reason in problem.reasons
                if reason.measure == measure.name
            ]
            yield _plot(measure, series.frames, values, numbers, flagged)


def _plot(
    measure: Measure,
    frames: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
    numbers: range,
    flagged: list[tuple[int, float]],
) -> str:
    """Return the plot of one measure; of a long clip each column shows its worst value."""
    worst = worst_by_column(measure, frames, values, numbers, _PLOT_WIDTH)
    limits = [limit for _, limit in flagged]
    low, high = min([*worst.values(), *limits]), max([*worst.values(), *limits])
    span = max(high - low, 1e-6)

    def y(value: float) -> float:
        return 4 + (_PLOT_HEIGHT - 8) * (high - value) / span

    points = " ".join(f"{column},{y(value):.1f}" for column, value in sorted(worst.items()))
    width = max(_PLOT_WIDTH / max(len(numbers), 1), 1.5)
    marks = "".join(
        f'<rect x="{(frame - numbers.start) * _PLOT_WIDTH / len(numbers):.1f}" y="0" width="{width:.1f}" '
        f'height="{_PLOT_HEIGHT}"/>'
        for frame, _ in flagged
    )
    lines = "".join(
        f'<line x1="0" x2="{_PLOT_WIDTH}" y1="{y(limit):.1f}" y2="{y(limit):.1f}"/>'
        for limit in sorted(set(limits))
    )
    caption = f"{measure.label}{f' ({measure.unit})' if measure.unit else ''}: {low:.2f} to {high:.2f}"
    return (
        f"<figure><figcaption>{_text(caption)}</figcaption>"
        f'<svg viewBox="0 0 {_PLOT_WIDTH} {_PLOT_HEIGHT}" preserveAspectRatio="none">'
        f'{marks}{lines}<polyline points="{points}"/></svg></figure>\n'
    )


def _person_text(person: int | None) -> str:
    return "–" if person is None else f"Person {person + 1}"


def _text(text: str) -> str:
    return escape(quote(text, 1 << 12))
