# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs that are run in a process of their own."""

import os
import subprocess
import sys


def run_python(program: str, *arguments: object, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a program in a fresh process, with what `variables` add to the environment."""
    return subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **variables},
    )
