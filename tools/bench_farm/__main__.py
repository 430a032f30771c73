# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-farm`: one clip by 1, 2, 4 and 8 Blenders on one cache, and what that says of larger farms.

Writes a table, farm.json and farm.png. Every run starts from cold. A simulation gets its costs from the runs of 1 to 4
processes; that of 8 shows how far it can be believed. Then 100 processes contend for leases, and a cache folder with
a million layers is opened.
"""

import argparse
import json
import math
import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from understudy.core.errors import UnderstudyError

from ..bench_render.material import prepare_material
from .calibration import fit_costs, measure_decoding, with_own_caches
from .large_folder import measure_large_folder
from .lease_contention import Contention, ContentionFigures, contend, core_count
from .plot import draw
from .processes import FarmRun, run_farm
from .redis_process import redis_url
from .scenarios import ScenarioFigures, simulate_farms
from .simulation import Costs, Farm, Outcome, simulate

_WORKER_COUNTS = (1, 2, 4, 8)
_CALIBRATION_LIMIT = 4
_HEIGHT_PIXELS, _FRAMES, _QUICK_FRAMES = 720, 96, 32
_LAYERS, _QUICK_LAYERS = 1_000_000, 20_000
_GOAL_PERCENT = 15


def main() -> int:
    """Measure, print and write; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_farm", description=__doc__)
    parser.add_argument("--output", type=Path, default=Path("out/bench"), help="folder for what is made")
    parser.add_argument("--quick", action="store_true", help="a shorter clip, and fewer layers")
    options = parser.parse_args()
    try:
        _bench(options.output.resolve(), quick=options.quick)
    except UnderstudyError as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1
    return 0


def _bench(output: Path, *, quick: bool) -> None:
    work = output / "farm"
    frame_count = _QUICK_FRAMES if quick else _FRAMES
    material = prepare_material(output, None, None)
    clip = material.at_height(_HEIGHT_PIXELS, frame_count)
    load_before = os.getloadavg()[0]
    decode_seconds = measure_decoding(clip, frame_count)
    runs = []
    for count in _WORKER_COUNTS:
        print(f"bench: {count} processes", flush=True)
        runs.append(run_farm(work, clip, material.face, frame_count, count))
    costs = fit_costs([run for run in runs if run.worker_count <= _CALIBRATION_LIMIT], clip, decode_seconds)
    predictions = [
        simulate(costs, Farm(run.worker_count, frame_count, math.ceil(frame_count / run.worker_count)))
        for run in runs
    ]
    print("bench: simulated farms", flush=True)
    scenarios = simulate_farms({"all shared": costs, "analyses shared": with_own_caches(costs, runs)})
    print("bench: leases and a large folder", flush=True)
    leases = _contend(work)
    large = measure_large_folder(_empty(work / "large") / "cache", _QUICK_LAYERS if quick else _LAYERS)
    shutil.rmtree(work / "large")
    report = {
        "machine": {"cores": core_count(), "load_before": load_before, "load_after": os.getloadavg()[0]},
        "clip": {"frames": frame_count, "height": _HEIGHT_PIXELS, "bytes": clip.stat().st_size},
        "runs": [_run_facts(run, runs[0], outcome) for run, outcome in zip(runs, predictions, strict=True)],
        "costs": vars(costs),
        "farms": [_scenario_facts(figures) for figures in scenarios],
        "leases": {name: _lease_facts(figures) for name, figures in leases.items()},
        "large_folder": vars(large),
    }
    (output / "farm.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    draw(output / "farm.png", runs, predictions, scenarios)
    _print(report, costs)
    print(f"\nwritten to {output}/farm.json and farm.png")


def _empty(folder: Path) -> Path:
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    return folder


def _contend(work: Path) -> dict[str, ContentionFigures]:
    """Let processes contend in a folder, and on a server where there is one; one lease in ten is lost."""
    figures = {}
    lost = tuple(range(0, Contention.key_count, 10))
    with redis_url(work / "redis") as url:
        for name, address in {"folder": "", "Redis": url}.items():
            if name == "folder" or url:
                folder = _empty(work / "leases")
                contention = Contention(folder, lost_keys=lost, redis_url=address)
                figures[name] = contend(contention)
    return figures


def _run_facts(run: FarmRun, alone: FarmRun, predicted: Outcome) -> dict[str, Any]:
    return {
        "workers": run.worker_count,
        "seconds": round(run.seconds, 2),
        "cpu_seconds": round(run.cpu_seconds, 2),
        "predicted_cpu_seconds": round(predicted.cpu_seconds, 2),
        "stages": dict(run.stages),
        "predicted_analyses": predicted.analyses,
        "frames_decoded": run.frames_decoded,
        "predicted_frames_decoded": predicted.frames_decoded,
        "bytes_written": run.bytes_written,
        "cache_bytes": run.cache_bytes,
        "analysis_bytes": run.analysis_bytes,
        "layer_bytes": run.layer_bytes,
        "output_bytes": run.output_bytes,
        "lease_waits": run.lease_waits,
        "lease_wait_seconds": round(run.lease_wait_seconds, 3),
        "equal_frames": sum(
            one == other for one, other in zip(run.frame_digests, alone.frame_digests, strict=True)
        ),
    }


def _scenario_facts(figures: ScenarioFigures) -> dict[str, Any]:
    bandwidth = None if math.isinf(figures.bandwidth_mib) else figures.bandwidth_mib
    rounded = {name: round(value, 2) for name, value in vars(figures).items() if isinstance(value, float)}
    return {**vars(figures), **rounded, "bandwidth_mib": bandwidth}


def _lease_facts(figures: ContentionFigures) -> dict[str, Any]:
    return {
        "seconds": round(figures.seconds, 2),
        "polls": figures.polls,
        "polls_per_second": round(figures.polls_per_second, 1),
        "results": len(figures.computed),
        "computed_again": figures.computed_again,
        "wrong_values": figures.wrong_values,
    }


def _print(report: Mapping[str, Any], costs: Costs) -> None:
    runs: Sequence[Mapping[str, Any]] = report["runs"]
    print(f"\n{'processes':<28}" + "".join(f"{run['workers']:>12}" for run in runs))
    for name in ("seconds", "cpu_seconds", "predicted_cpu_seconds"):
        print(f"{name.replace('_', ' '):<28}" + "".join(f"{run[name]:>12.1f}" for run in runs))
    for stage in runs[0]["stages"]:
        print(f"{stage + ' runs':<28}" + "".join(f"{run['stages'].get(stage, 0):>12}" for run in runs))
    for name in ("frames_decoded", "predicted_frames_decoded", "lease_waits", "equal_frames"):
        print(f"{name.replace('_', ' '):<28}" + "".join(f"{run[name]:>12}" for run in runs))
    print(f"{'lease wait seconds':<28}" + "".join(f"{run['lease_wait_seconds']:>12.2f}" for run in runs))
    print(f"{'MiB written':<28}" + "".join(f"{run['bytes_written'] / (1 << 20):>12.1f}" for run in runs))
    last = runs[-1]
    off = 100 * (last["predicted_cpu_seconds"] / last["cpu_seconds"] - 1)
    print(
        f"\n{last['workers']} processes: predicted {off:+.1f} % (goal: within {_GOAL_PERCENT} %); "
        f"start {costs.start_seconds:.2f} s, a frame {costs.decode_seconds:.4f} s decoding, "
        f"{costs.analysis_seconds:.3f} s analyses, {costs.render_seconds:.3f} s the rest"
    )
    groups = dict.fromkeys(
        (figures["worker_count"], figures["sharing"], figures["bandwidth_mib"]) for figures in report["farms"]
    )
    for workers, sharing, bandwidth in groups:
        best = max(
            (
                figures
                for figures in report["farms"]
                if (figures["worker_count"], figures["sharing"], figures["bandwidth_mib"])
                == (workers, sharing, bandwidth)
            ),
            key=lambda figures: figures["speed_up"],
        )
        print(
            f"{workers} workers, {sharing}, {bandwidth or 'any number of'} MiB/s: "
            f"{best['speed_up']:.0f} times at best, with {best['chunk_frames']} frames a chunk"
        )
    for name, figures in report["leases"].items():
        print(f"100 processes, {name}: " + ", ".join(f"{key} {value}" for key, value in figures.items()))
    print("large folder: " + ", ".join(f"{key} {value}" for key, value in report["large_folder"].items()))


if __name__ == "__main__":
    sys.exit(main())
