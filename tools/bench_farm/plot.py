# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench as one picture: what was measured beside what was predicted, and the farms that nobody has here."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ..bench_render.plot import Canvas, curves, write_panels
from .processes import FarmRun
from .scenarios import ScenarioFigures
from .simulation import Outcome


def draw(
    path: Path, runs: Sequence[FarmRun], predictions: Sequence[Outcome], scenarios: Sequence[ScenarioFigures]
) -> None:
    """Draw the panels side by side. OutputError where the picture can't be written."""
    marks = [str(run.worker_count) for run in runs]
    columns = [
        [
            curves(
                "CPU seconds of one clip by processes on one cache",
                marks,
                {
                    "measured": [run.cpu_seconds for run in runs],
                    "predicted": [outcome.cpu_seconds for outcome in predictions],
                },
            ),
            curves(
                "Frames decoded by processes on one cache",
                marks,
                {
                    "measured": [run.frames_decoded for run in runs],
                    "predicted": [outcome.frames_decoded for outcome in predictions],
                },
            ),
        ]
    ]
    sharings = dict.fromkeys(figures.sharing for figures in scenarios)
    columns += [
        [_speed_ups(scenarios, count, sharing) for sharing in sharings]
        for count in dict.fromkeys(figures.worker_count for figures in scenarios)
    ]
    write_panels(path, [np.concatenate(column) for column in columns])


def _speed_ups(scenarios: Sequence[ScenarioFigures], count: int, sharing: str) -> Canvas:
    farms = [figures for figures in scenarios if (figures.worker_count, figures.sharing) == (count, sharing)]
    lines = {
        _bandwidth_text(bandwidth): [
            figures.speed_up for figures in farms if figures.bandwidth_mib == bandwidth
        ]
        for bandwidth in dict.fromkeys(figures.bandwidth_mib for figures in farms)
    }
    marks = [f"{chunk}" for chunk in dict.fromkeys(figures.chunk_frames for figures in farms)]
    return curves(f"Simulated speed-up of {count} workers by chunk, {sharing}", marks, lines)


def _bandwidth_text(bandwidth: float) -> str:
    return "no bound" if math.isinf(bandwidth) else f"{bandwidth:.0f} MiB/s"
