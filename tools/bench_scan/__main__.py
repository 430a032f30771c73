# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-scan`: what `understudy scan` costs of clips whose analysis is kept, as a table.

Each scan is a process of its own. The seconds are the processor's; those of the start, which scanning a single frame
takes as well, are named beside.
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from understudy.core.errors import UnderstudyError

from .clip import keep_analysis, write_long_clip

_FRAME_COUNTS = (1000, 10_000)
_QUICK_FRAME_COUNTS = (100, 1000)
_BAR_SECONDS_A_FRAME = 5.0 / 10_000
_ROUNDS = 3
"""Of several scans the one counts that other work on the machine disturbed least."""


def main(arguments: Sequence[str]) -> int:
    """Make the clips, scan them, print the table; 1 where scanning takes longer than it may."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="short clips")
    parser.add_argument("--folder", type=Path, help="where clips and caches are made and stay")
    options = parser.parse_args(arguments)
    counts = _QUICK_FRAME_COUNTS if options.quick else _FRAME_COUNTS
    try:
        with TemporaryDirectory() as temporary:
            return _measure(options.folder or Path(temporary), counts)
    except (UnderstudyError, subprocess.CalledProcessError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _measure(folder: Path, counts: Sequence[int]) -> int:
    is_met = True
    print(f"{'frames':>8} {'flagged':>8} {'wall s':>8} {'CPU s':>8} {'start CPU s':>12} {'peak MiB':>9}")
    for count in counts:
        clip, cache = folder / f"{count}.mp4", folder / f"cache_{count}"
        if not cache.is_dir():
            write_long_clip(clip, count)
            keep_analysis(clip, cache, count)
        start, cost = _scan(clip, cache, 1)["processor"], _scan(clip, cache, count)
        seconds = cost["processor"] - start
        print(
            f"{count:>8} {cost['flagged']:>8} {cost['wall']:>8.2f} {seconds:>8.2f} {start:>12.2f} "
            f"{cost['peak_mib']:>9.0f}",
            flush=True,
        )
        # Of the longest clip, which is the last: what a scan costs once is too much of a short one.
        is_met = seconds <= count * _BAR_SECONDS_A_FRAME
    return 0 if is_met else 1


def _scan(clip: Path, cache: Path, frame_count: int) -> dict[str, Any]:
    """Return what scanning the first frames of a clip costs in a process of its own. Raises CalledProcessError."""
    command = [sys.executable, "-m", f"{__package__}.one_scan", str(clip), str(cache), str(frame_count)]
    scans: list[dict[str, Any]] = [
        json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout) for _ in range(_ROUNDS)
    ]
    return min(scans, key=lambda cost: float(cost["processor"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
