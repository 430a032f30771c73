# SPDX-License-Identifier: GPL-3.0-or-later
"""Scan the first frames of a clip in this process, `one_scan CLIP CACHE COUNT`, and print what that cost as JSON."""

import json
import sys
import time
from collections.abc import Sequence
from contextlib import redirect_stdout
from io import StringIO

from understudy.core.cli.main import main as run_command

from ..bench_render.peak_memory import peak_mib


def main(arguments: Sequence[str]) -> int:
    """Scan, and print the seconds by the clock and of the processor, the most memory, and the flagged frames."""
    clip, cache, count = arguments
    command = ["scan", clip, "--json", "--quiet", "--cache-dir", cache, "--end", str(int(count) - 1)]
    printed, begin = StringIO(), time.perf_counter()
    with redirect_stdout(printed):
        code = run_command(command)
    wall = time.perf_counter() - begin
    flagged = len(json.loads(printed.getvalue() or '{"frames": []}')["frames"])
    facts = {"wall": wall, "processor": time.process_time(), "peak_mib": peak_mib(), "flagged": flagged}
    print(json.dumps(facts))
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
