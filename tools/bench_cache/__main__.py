# SPDX-License-Identifier: GPL-3.0-or-later
"""`python -m tools.bench_cache`: tables, a verdict, and the same in out/bench/cache.json.

Needs what requirements/bench.txt lists (`make bench-cache` sees to that), 25 GB of free disk, and patience: the stores
with 100,000 crops are 150 GB of writing in all. `--quick` takes a minute, `--entries 3000` a few.
"""

import argparse
import json
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from .growth import Scale, grow
from .measure import Floor, Run, compare, count_fitting
from .records import ANALYSIS, CROP, SMALL_CROP, Kind
from .verdict import TIMES_FASTER, WITHIN, Verdict, judge

_KINDS = (ANALYSIS, SMALL_CROP, CROP)
_COUNTS = (3_000, 100_000)
_QUICK = (300,)
_SCALE = (1_000, 10_000, 100_000, 1_000_000)


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(prog="python -m tools.bench_cache", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few entries: to see that it works")
    parser.add_argument("--entries", type=int, action="append", help="how many, in place of 3000 and 100000")
    parser.add_argument(
        "--payload", type=int, action="append", help="of how many bytes, in place of all three"
    )
    parser.add_argument("--no-scale", action="store_true", help="leave out our store's growth to a million")
    parser.add_argument("--folder", type=Path, help="measure there, on that disk")
    parser.add_argument("--output", type=Path, default=Path("out/bench/cache.json"))
    options = parser.parse_args()
    counts = options.entries or (_QUICK if options.quick else _COUNTS)
    kinds = [kind for kind in _KINDS if not options.payload or kind.payload_bytes in options.payload]
    began = time.monotonic()
    runs: list[Run] = []
    floors: list[Floor] = []
    growth: list[Scale] = []
    with tempfile.TemporaryDirectory(prefix="bench-cache-", dir=options.folder) as folder:
        root = Path(folder)
        for count in counts:
            for kind in kinds:
                fits = count_fitting(root, kind, count)
                if fits < count:
                    print(f"{count} entries of {kind.payload_bytes} bytes do not fit on the disk: {fits} do")
                measured, floor = compare(root, kind, fits)
                runs += measured
                floors.append(floor)
                _print(kind, measured, floor)
                _write(options.output, runs, floors, growth)
        if not options.no_scale:
            growth = grow(root, ANALYSIS, _SCALE[:2] if options.quick else _SCALE)
            _print_growth(growth)
    _print_verdict(judge(runs))
    _write(options.output, runs, floors, growth)
    print(f"\n{(time.monotonic() - began) / 60:.0f} minutes; written to {options.output}")
    return 0


def _write(output: Path, runs: Sequence[Run], floors: Sequence[Floor], growth: Sequence[Scale]) -> None:
    output.parent.mkdir(parents=True, exist_ok=True)
    written = {
        "runs": [run.as_json() for run in runs],
        "floors": [asdict(floor) for floor in floors],
        "scale": [asdict(step) for step in growth],
        "verdict": [{**asdict(verdict), "ok": verdict.ok} for verdict in judge(runs)],
    }
    output.write_text(json.dumps(written, indent=1) + "\n")


def _print(kind: Kind, runs: list[Run], floor: Floor) -> None:
    ours = next(run for run in runs if run.store == "understudy")
    print(f"\n{ours.entries} entries of {kind.payload_bytes} bytes ({kind.name}); us of processor (elapsed)")
    print(f"{'store':<12}{'put':>18}{'x ours':>8}{'get':>18}{'x ours':>8}{'open s':>9}{'evict':>9}")
    for run in runs:
        print(
            f"{run.store:<12}{run.put_us:9.1f} {f'({run.put_elapsed_us:.1f})':>8}{run.put_us / ours.put_us:8.2f}"
            f"{run.get_us:9.1f} {f'({run.get_elapsed_us:.1f})':>8}{run.get_us / ours.get_us:8.2f}"
            f"{run.open_s:9.4f}{run.evict_us:9.2f}"
        )
    print(f"{'read alone':<38}{floor.read_us:9.1f}{floor.read_us / ours.get_us:17.2f}", flush=True)


def _print_growth(growth: list[Scale]) -> None:
    print(
        f"\n{'entries':>9}{'put us':>9}{'get us':>9}{'open s':>9}{'unaided s':>11}{'index bytes/entry':>19}"
    )
    for step in growth:
        print(
            f"{step.entries:9}{step.put_us:9.1f}{step.get_us:9.1f}{step.open_s:9.4f}"
            f"{step.open_without_sidecars_s:11.3f}{step.index_bytes_per_entry:19.1f}"
        )


def _print_verdict(verdicts: list[Verdict]) -> None:
    print(
        f"\nThe bar: {TIMES_FASTER:g} times faster than json_npy, joblib and diskcache, and at most {WITHIN:g} times"
        "\nthe better of sqlite and lmdb. How much longer the others take:"
    )
    sets: dict[tuple[int, int, str], list[Verdict]] = {}
    for verdict in verdicts:
        sets.setdefault((verdict.payload_bytes, verdict.entries, verdict.action), []).append(verdict)
    for (payload_bytes, entries, action), row in sets.items():
        cells = (f"{v.rival} {v.ratio:.2f} {'ok' if v.ok else 'SHORT'}" for v in row)
        print(f"{payload_bytes:7} x {entries:6} {action} " + "".join(f"{cell:>22}" for cell in cells))
    print(f"{sum(verdict.ok for verdict in verdicts)} of {len(verdicts)} ok", flush=True)


if __name__ == "__main__":
    raise SystemExit(main())
