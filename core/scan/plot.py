# SPDX-License-Identifier: GPL-3.0-or-later
"""What a scan measured as one image: a small plot of each measure over time, one below the other."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from ..face.types import Pixels
from .measures import FACE_MEASURES, MISSING, Measure
from .problems import PersonSeries, ScanResult

PLOT_PIXELS = 512
"""Width and height of the image: Blender draws its icons as squares."""
_MAX_PLOTS = 6
_MAX_PEOPLE = 4
_LABEL_PIXELS = 24
_MARGIN_PIXELS = 3
_FONT_SCALE = 0.62
_GROUND, _TEXT = (34, 34, 34), (200, 200, 200)
_FLAG, _LIMIT = (126, 46, 40), (232, 163, 61)
_CURVES = ((127, 178, 240), (143, 214, 148), (222, 150, 226), (232, 216, 120))
"""Of people, in the order of how often they are seen."""


@dataclass(frozen=True, eq=False)
class _Plot:
    """One measure: who has which values, where it is flagged, and from where on."""

    measure: Measure
    curves: tuple[tuple[npt.NDArray[np.int32], npt.NDArray[np.float32]], ...]
    flags: tuple[int, ...]
    limits: tuple[float, ...]


def worst_by_column(
    measure: Measure,
    frames: npt.NDArray[np.int32],
    values: npt.NDArray[np.float32],
    numbers: range,
    width: int,
) -> Mapping[int, float]:
    """Return the worst value of a measure that each column of a plot has to show; of a long clip it stands for many.

    Parameters
    ----------
    measure : Measure
        What was measured.
    frames : ndarray, shape (n,), int32
        Frames of the clip, ascending.
    values : ndarray, shape (n,), float32
        The values there; NaN where there is none.
    numbers : range
        The frames that the plot is wide.
    width : int
        Its columns.

    Returns
    -------
    dict of int to float
        Values by the columns that have one, ascending.
    """
    known = np.isfinite(values)
    columns = ((frames[known] - numbers.start) * width // max(len(numbers), 1)).astype(int)
    worst: dict[int, float] = {}
    choose = min if measure.is_low_bad else max
    for column, value in zip(columns.tolist(), values[known].tolist(), strict=True):
        worst[column] = choose(worst.get(column, value), value)
    return worst


def draw_plots(result: ScanResult, numbers: range) -> Pixels | None:
    """Draw what a scan measured.

    Parameters
    ----------
    result : ScanResult
        What was found, with its series.
    numbers : range
        The frames that were looked at.

    Returns
    -------
    ndarray, shape (512, 512, 3), uint8, or None
        RGB: of each measure the curves of up to four people, a dashed line at each limit that was passed, and flagged
        frames in red. Of more than six measures those with the most flagged frames. None where nothing was measured.
    """
    plots = _plots(result)
    if not plots:
        return None
    image = np.full((PLOT_PIXELS, PLOT_PIXELS, 3), _GROUND, np.uint8)
    edges = np.linspace(0, PLOT_PIXELS, len(plots) + 1).astype(int).tolist()
    for plot, top, bottom in zip(plots, edges[:-1], edges[1:], strict=True):
        _draw_plot(image[top:bottom], plot, numbers)
    return image


def _plots(result: ScanResult) -> list[_Plot]:
    series = sorted(result.series, key=lambda one: (-len(one.frames), one.person))[:_MAX_PEOPLE]
    plots = [
        plot
        for column, measure in enumerate(FACE_MEASURES)
        if (plot := _plot(result, measure, [(one, one.values[:, column]) for one in series])).curves
    ]
    # A person who is missed has no values: it is flagged in the first plot, which every face has.
    missed = _flags(result, MISSING)[0]
    if plots and missed:
        plots[0] = _Plot(plots[0].measure, plots[0].curves, (*plots[0].flags, *missed), plots[0].limits)
    first, others = plots[:1], sorted(plots[1:], key=lambda plot: -len(plot.flags))
    return first + others[: _MAX_PLOTS - 1]


def _plot(
    result: ScanResult, measure: Measure, series: Sequence[tuple[PersonSeries, npt.NDArray[np.float32]]]
) -> _Plot:
    curves = tuple((one.frames, values) for one, values in series if np.isfinite(values).any())
    return _Plot(measure, curves, *_flags(result, measure))


def _flags(result: ScanResult, measure: Measure) -> tuple[tuple[int, ...], tuple[float, ...]]:
    """Return the frames that are flagged for a measure, and the limits that were passed."""
    flagged = [
        (problem.frame, reason.limit)
        for problem in result.problems
        for reason in problem.reasons
        if reason.measure == measure.name
    ]
    return tuple(frame for frame, _ in flagged), tuple(sorted({limit for _, limit in flagged}))


def _draw_plot(image: Pixels, plot: _Plot, numbers: range) -> None:
    """Draw a plot into its rows of the image."""
    height, width = image.shape[:2]
    for frame in plot.flags:
        left = (frame - numbers.start) * width // max(len(numbers), 1)
        right = max((frame - numbers.start + 1) * width // max(len(numbers), 1), left + 2)
        image[_LABEL_PIXELS : height - 1, left:right] = _FLAG
    columns = [
        worst_by_column(plot.measure, frames, values, numbers, width) for frames, values in plot.curves
    ]
    shown = [value for curve in columns for value in curve.values()] + list(plot.limits)
    low, high = min(shown), max(shown)
    top, bottom = _LABEL_PIXELS + _MARGIN_PIXELS, height - 1 - _MARGIN_PIXELS

    def row(value: float) -> int:
        return round(top + (bottom - top) * (high - value) / max(high - low, 1e-6))

    for limit in plot.limits:
        for left in range(0, width, 16):
            image[row(limit) : row(limit) + 2, left : left + 9] = _LIMIT
    for curve, colour in zip(columns, _CURVES, strict=False):
        step = max(width // max(len(numbers), 1), 1)
        pieces: list[list[tuple[int, int]]] = []
        for column, value in sorted(curve.items()):
            if not pieces or column - pieces[-1][-1][0] > 2 * step:
                pieces.append([])
            pieces[-1].append((column, row(value)))
        for points in pieces:
            cv2.polylines(image, [np.array(points, np.int32)], isClosed=False, color=colour, thickness=2)
    text = f"{plot.measure.label}: {low:.{plot.measure.digits}f} to {high:.{plot.measure.digits}f}"
    unit = plot.measure.unit.replace("°", "deg").split(" ")[
        0
    ]  # the font has no other letters, and the line no room
    cv2.putText(
        image, f"{text} {unit}".rstrip(), (4, _LABEL_PIXELS - 7), cv2.FONT_HERSHEY_SIMPLEX, _FONT_SCALE, _TEXT, 1,
        cv2.LINE_AA,
    )  # fmt: skip
    image[-1:] = (60, 60, 60)
