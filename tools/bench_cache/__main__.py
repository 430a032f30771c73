# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.bench_cache`: a table, and the same in out/bench/cache.json.

Needs what requirements/bench.txt lists (`make bench-cache` sees to that).
"""

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from .measure import Run, Scale, compare, scale
from .records import ANALYSIS, CROP, SMALL_CROP, Kind
from .stores import STORES

_COUNTS = (3_000, 100_000)
_QUICK = (300,)
_SCALE = (1_000, 10_000, 100_000, 1_000_000)
_OVERHEAD = 8192  # what a small entry takes on the disk at least, in the store that takes most
_SHARE = 0.6  # of the free disk


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_cache", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few entries: to see that it works")
    parser.add_argument("--entries", type=int, action="append", help="how many, in place of 3000 and 100000")
    parser.add_argument("--no-scale", action="store_true", help="leave out our store's growth to a million")
    parser.add_argument("--folder", type=Path, help="measure there, on that disk")
    parser.add_argument("--output", type=Path, default=Path("out/bench/cache.json"))
    options = parser.parse_args()
    counts = options.entries or (_QUICK if options.quick else _COUNTS)
    runs: list[Run] = []
    growth: list[Scale] = []
    with tempfile.TemporaryDirectory(prefix="bench-cache-", dir=options.folder) as folder:
        root = Path(folder)
        for kind in (ANALYSIS, SMALL_CROP, CROP):
            for count in counts:
                fitting = _fitting(root, kind, count)
                if fitting < count:
                    print(
                        f"{count} entries of {kind.payload_bytes} bytes in six stores do not fit: {fitting} do"
                    )
                measured = compare(root, kind, fitting)
                runs += measured
                _print(kind, measured)
        if not options.no_scale:
            growth = scale(root, ANALYSIS, _SCALE[:2] if options.quick else _SCALE)
            _print_growth(growth)
    options.output.parent.mkdir(parents=True, exist_ok=True)
    written = {"runs": [run.as_json() for run in runs], "scale": [asdict(step) for step in growth]}
    options.output.write_text(json.dumps(written, indent=1) + "\n")
    print(f"written to {options.output}")
    return 0


def _fitting(root: Path, kind: Kind, count: int) -> int:
    free = shutil.disk_usage(root).free
    return min(count, int(free * _SHARE / (len(STORES) * (kind.payload_bytes + _OVERHEAD))))


def _print(kind: Kind, runs: list[Run]) -> None:
    ours = next(run for run in runs if run.store == "understudy")
    print(f"\n{runs[0].entries} entries of {kind.payload_bytes} bytes ({kind.name})")
    print(f"{'store':<12}{'put us':>9}{'x ours':>8}{'get us':>9}{'x ours':>8}{'open s':>9}{'evict us':>10}")
    for run in runs:
        print(
            f"{run.store:<12}{run.put_us:9.1f}{run.put_us / ours.put_us:8.2f}{run.get_us:9.1f}"
            f"{run.get_us / ours.get_us:8.2f}{run.open_s:9.4f}{run.evict_us:10.2f}"
        )
    sys.stdout.flush()


def _print_growth(growth: list[Scale]) -> None:
    print(
        f"\n{'entries':>9}{'put us':>9}{'get us':>9}{'open s':>9}{'unaided s':>11}{'index bytes/entry':>19}"
    )
    for step in growth:
        print(
            f"{step.entries:9}{step.put_us:9.1f}{step.get_us:9.1f}{step.open_s:9.4f}"
            f"{step.open_without_sidecars_s:11.3f}{step.index_bytes_per_entry:19.1f}"
        )


if __name__ == "__main__":
    raise SystemExit(main())
