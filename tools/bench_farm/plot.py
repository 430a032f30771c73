# SPDX-License-Identifier: GPL-3.0-or-later
"""The bench as one picture: what was measured beside what was predicted, and the farms that nobody has here."""

import math
from collections.abc import Sequence
from pathlib import Path

from ..bench_render.plot import curves, write_panels
from .processes import FarmRun
from .scenarios import ScenarioFigures
from .simulation import Outcome


def draw(
    path: Path, runs: Sequence[FarmRun], predictions: Sequence[Outcome], scenarios: Sequence[ScenarioFigures]
) -> None:
    """Draw the panels side by side. OutputError where the picture can't be written."""
    panels = [
        curves(
            "CPU seconds of one clip by processes on one cache",
            [str(run.worker_count) for run in runs],
            {
                "measured": [run.cpu_seconds for run in runs],
                "predicted": [outcome.cpu_seconds for outcome in predictions],
            },
        )
    ]
    for count in sorted({figures.worker_count for figures in scenarios}):
        own = [figures for figures in scenarios if figures.worker_count == count]
        lines = {
            _bandwidth_text(bandwidth): [
                figures.speed_up for figures in own if figures.bandwidth_mib == bandwidth
            ]
            for bandwidth in dict.fromkeys(figures.bandwidth_mib for figures in own)
        }
        marks = [f"{chunk}" for chunk in dict.fromkeys(figures.chunk_frames for figures in own)]
        panels.append(curves(f"Speed-up of {count} workers by frames a chunk (simulated)", marks, lines))
    write_panels(path, panels)


def _bandwidth_text(bandwidth: float) -> str:
    return "no bound" if math.isinf(bandwidth) else f"{bandwidth:.0f} MiB/s"
