# SPDX-License-Identifier: GPL-3.0-or-later
"""Farms that nobody has here: 100 and 1,000 workers over the share's bandwidth and the size of a chunk."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .simulation import Costs, Farm, simulate

WORKER_COUNTS = (100, 1000)
CHUNK_FRAMES = (1, 10, 25, 50, 100, 250)
BANDWIDTHS_MIB = (50, 110, 300, 1000, math.inf)
"""A slow NAS, one gigabit, several disks, ten gigabit, and no bound."""
FRAME_COUNT = 50_000
_MIB = 1 << 20


@dataclass(frozen=True)
class ScenarioFigures:
    """One farm, and how it does."""

    worker_count: int
    bandwidth_mib: float
    chunk_frames: int
    seconds: float
    cpu_seconds: float
    speed_up: float
    """Compared with one core that does each thing once and starts once."""
    share_busy_percent: float


def simulate_farms(
    costs: Costs, frame_count: int = FRAME_COUNT, worker_counts: Sequence[int] = WORKER_COUNTS
) -> list[ScenarioFigures]:
    """Return every farm's figures for a clip of so many frames."""
    alone = (costs.decode_seconds + costs.analysis_seconds + costs.render_seconds) * frame_count
    alone += costs.start_seconds
    figures = []
    for workers in worker_counts:
        for bandwidth in BANDWIDTHS_MIB:
            for chunk in CHUNK_FRAMES:
                outcome = simulate(costs, Farm(workers, frame_count, chunk, bandwidth * _MIB))
                figures.append(
                    ScenarioFigures(
                        workers,
                        bandwidth,
                        chunk,
                        outcome.seconds,
                        outcome.cpu_seconds,
                        alone / outcome.seconds,
                        100 * outcome.share_busy_seconds / outcome.seconds,
                    )
                )
    return figures
