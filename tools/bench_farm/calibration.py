# SPDX-License-Identifier: GPL-3.0-or-later
"""The costs that a simulation needs, from runs of a few real processes."""

import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from understudy.core.farm.estimate import BORDER_FRAMES
from understudy.core.media.open import open_clip

from .processes import ANALYSIS_STAGES, FarmRun
from .simulation import Costs


def measure_decoding(clip: Path, frame_count: int) -> float:
    """Return the processor seconds that decoding a frame takes, in the order of the clip."""
    with open_clip(clip) as opened:
        began = time.process_time()
        for number in range(frame_count):
            opened.read(number)
        return (time.process_time() - began) / frame_count


def fit_costs(runs: Sequence[FarmRun], clip: Path, decode_seconds: float) -> Costs:
    """Return what explains the processes of some runs best.

    A process costs its start, and so much a frame beside decoding: a straight line through the processes of all runs,
    by least squares. Of a frame's part as much is analysis as the stages took of the first run's time.

    Parameters
    ----------
    runs : sequence of FarmRun
        Runs with several numbers of processes, the one with the fewest first.
    clip : pathlib.Path
        What they rendered.
    decode_seconds : float
        See `measure_decoding`.

    Returns
    -------
    Costs
        Seconds of a core, and bytes by what the files of the first run hold.
    """
    processes = [process for run in runs for process in run.processes]
    spent = np.array([process.cpu_seconds for process in processes])
    spent -= decode_seconds * np.array([process.frames_decoded for process in processes])
    columns = np.array([(1.0, process.frames) for process in processes])
    start, frame = np.linalg.lstsq(columns, spent, rcond=None)[0].tolist()
    first = runs[0]
    whole = sum(first.stage_seconds.values()) or 1.0
    analysis = frame * sum(first.stage_seconds.get(name, 0.0) for name in ANALYSIS_STAGES) / whole
    count = sum(process.frames for process in first.processes)
    return Costs(
        start_seconds=start,
        decode_seconds=decode_seconds,
        analysis_seconds=analysis,
        render_seconds=frame - analysis,
        reach_frames=BORDER_FRAMES,
        form_frames=first.frames_decoded - count,
        read_bytes=clip.stat().st_size // count,
        analysis_bytes=first.analysis_bytes // count,
        write_bytes=(first.cache_bytes - first.analysis_bytes + first.layer_bytes + first.output_bytes)
        // count,
    )


def with_own_caches(costs: Costs, runs: Sequence[FarmRun]) -> Costs:
    """Return the costs where each machine keeps crops and layers to itself, and shares analyses and the images."""
    first = runs[0]
    count = sum(process.frames for process in first.processes)
    return replace(costs, write_bytes=first.output_bytes // count)
