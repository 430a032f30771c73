# SPDX-License-Identifier: GPL-3.0-or-later
"""Farms that nobody has here: 100 and 1,000 workers over the share's bandwidth and the size of a chunk."""

import math
from collections.abc import Mapping, Sequence
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

    sharing: str
    """What goes over the share: all, or the analyses and the rendered images alone."""
    worker_count: int
    bandwidth_mib: float
    chunk_frames: int
    seconds: float
    cpu_seconds: float
    speed_up: float
    """Compared with one core that does each thing once and starts once."""
    share_busy_percent: float


def simulate_farms(
    sharings: Mapping[str, Costs],
    frame_count: int = FRAME_COUNT,
    worker_counts: Sequence[int] = WORKER_COUNTS,
) -> list[ScenarioFigures]:
    """Return every farm's figures for a clip of so many frames; `sharings` are the costs by what is shared."""
    return [
        _figures(name, costs, Farm(workers, frame_count, chunk, bandwidth * _MIB), bandwidth)
        for name, costs in sharings.items()
        for workers in worker_counts
        for bandwidth in BANDWIDTHS_MIB
        for chunk in CHUNK_FRAMES
    ]


def _figures(sharing: str, costs: Costs, farm: Farm, bandwidth_mib: float) -> ScenarioFigures:
    alone = (costs.decode_seconds + costs.analysis_seconds + costs.render_seconds) * farm.frame_count
    outcome = simulate(costs, farm)
    return ScenarioFigures(
        sharing,
        farm.worker_count,
        bandwidth_mib,
        farm.chunk_frames,
        outcome.seconds,
        outcome.cpu_seconds,
        (alone + costs.start_seconds) / outcome.seconds,
        100 * outcome.share_busy_seconds / outcome.seconds,
    )
